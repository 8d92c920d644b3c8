//! Certificates, right and wrong ones, made anew for each test.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};

/// A certificate chain and its key, both as PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate of the server first.
    pub chain: String,
    /// Its private key.
    pub key: String,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Claims {
    names: Vec<String>,
    /// The years at whose beginnings it gets valid and ends.
    years: (i32, i32),
    padding: usize,
    authority: bool,
}

impl Claims {
    /// A certificate for these DNS names and addresses, that is valid now.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            names: names.into_iter().map(ToOwned::to_owned).collect(),
            years: (2020, 2120),
            padding: 0,
            authority: false,
        }
    }

    /// It has ended in 2021.
    pub fn expired(self) -> Self {
        Self { years: (2020, 2021), ..self }
    }

    /// It gets valid in 2110.
    pub fn not_yet_valid(self) -> Self {
        Self { years: (2110, 2120), ..self }
    }

    /// It is so many bytes longer than it has to be, by an extension that means nothing.
    pub fn padded(self, bytes: usize) -> Self {
        Self { padding: bytes, ..self }
    }

    /// It may sign others as well, as `openssl req -x509` makes them.
    pub fn of_an_authority(self) -> Self {
        Self { authority: true, ..self }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).expect("names of a certificate");
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = self.names.first() {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.not_before = date_time_ymd(self.years.0, 1, 1);
        params.not_after = date_time_ymd(self.years.1, 1, 1);
        if self.authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        if self.padding > 0 {
            // Below 2.999, which is for examples (ITU-T X.660).
            let octets = octet_string(self.padding);
            params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 999, 1], octets));
        }
        params
    }

    /// Signed by nobody else.
    #[must_use]
    pub fn self_signed(&self) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = self.params().self_signed(&key).expect("a certificate");
        Pair { chain: certificate.pem(), key: key.serialize_pem() }
    }
}

/// An OCTET STRING of zeros with a length in four bytes (ITU-T X.690, 8.1.3.5).
fn octet_string(length: usize) -> Vec<u8> {
    let length = u32::try_from(length).expect("a length of four bytes");
    let mut der = vec![0x04, 0x84];
    der.extend(length.to_be_bytes());
    der.resize(der.len() + length as usize, 0);
    der
}

/// A private authority.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// One that signs itself.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = authority(name);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// One below it.
    #[must_use]
    pub fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = authority(name);
        let pem = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate as PEM, which whoever trusts it adds to a bundle.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate signed by it, without its own.
    #[must_use]
    pub fn issues(&self, claims: &Claims) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = claims.params().signed_by(&key, &self.issuer).expect("a certificate");
        Pair { chain: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Pair {
    /// The same with more certificates behind it.
    #[must_use]
    pub fn with(mut self, pem: &str) -> Self {
        self.chain.push_str(pem);
        self
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}
