//! Whom the TLS clients in a container trust.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Container;

/// Whom the TLS clients in a container trust: the CA bundles in its file system, and the variables that name some.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The variables of its environment that name a bundle or a folder of certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<TrustVariable>,
    /// The bundles that were found: that of the image, and those that variables name. None where nobody looked, as where no
    /// TLS is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundles: Option<Vec<Bundle>>,
}

/// A variable that says where CA certificates are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustVariable {
    /// Its name.
    pub name: String,
    /// The file or folder.
    pub path: String,
}

/// A file with CA certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    /// Where it is in the container.
    pub path: String,
    /// How many certificates are in it.
    pub certificates: usize,
    /// The variable that names it; none for the place where distributions keep theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
}

/// The variables that name a file of certificates, and who heeds them.
const FILES: [(&str, &str); 5] = [
    ("SSL_CERT_FILE", "OpenSSL, Go and curl"),
    ("NODE_EXTRA_CA_CERTS", "Node.js"),
    ("REQUESTS_CA_BUNDLE", "Python's requests"),
    ("CURL_CA_BUNDLE", "curl"),
    ("GIT_SSL_CAINFO", "git"),
];

/// The one that names a folder.
const FOLDER: &str = "SSL_CERT_DIR";

/// Programs that bring the roots of their own along, by the names of their binaries and images, and their names for people.
const OWN_ROOTS: [(&str, &str); 9] = [
    ("node", "Node.js"),
    ("nodejs", "Node.js"),
    ("npm", "Node.js"),
    ("npx", "Node.js"),
    ("yarn", "Node.js"),
    ("next-server", "Node.js"),
    ("bun", "Bun"),
    ("deno", "Deno"),
    ("java", "Java"),
];

/// Images of the same.
const OWN_ROOTS_IMAGES: [(&str, &str); 9] = [
    ("node", "Node.js"),
    ("bun", "Bun"),
    ("deno", "Deno"),
    ("openjdk", "Java"),
    ("eclipse-temurin", "Java"),
    ("amazoncorretto", "Java"),
    ("tomcat", "Java"),
    ("keycloak", "Java"),
    ("zulu-openjdk", "Java"),
];

impl Trust {
    /// What an environment says: `NAME=VALUE` each.
    #[must_use]
    pub fn read(environment: &[String]) -> Self {
        let known = |name: &str| name == FOLDER || FILES.iter().any(|(file, _)| *file == name);
        let variables = environment
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .filter(|(name, path)| known(name) && !path.is_empty())
            .map(|(name, path)| TrustVariable {
                name: name.to_owned(),
                path: dprobe_probes::text::printable(path.as_bytes(), 500),
            })
            .take(FILES.len() + 1)
            .collect();
        Self { variables, bundles: None }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// The files that variables name.
    pub fn files(&self) -> impl Iterator<Item = &TrustVariable> {
        self.variables.iter().filter(|variable| variable.name != FOLDER)
    }

    /// The folder that a variable names, whose certificates are not read.
    #[must_use]
    pub fn folder(&self) -> Option<&TrustVariable> {
        self.variables.iter().find(|variable| variable.name == FOLDER)
    }

    /// Whether bundles were looked for and there is none with anything in it.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let empty = |bundles: &Vec<Bundle>| bundles.iter().all(|bundle| bundle.certificates == 0);
        self.bundles.as_ref().is_some_and(empty) && self.folder().is_none()
    }
}

impl TrustVariable {
    /// The programs that heed it, for people.
    #[must_use]
    pub fn heeded_by(&self) -> &'static str {
        FILES.iter().find(|(name, _)| *name == self.name).map_or("OpenSSL and Go", |(_, who)| who)
    }
}

impl Container {
    /// The runtime in it that brings its own roots along, whatever the image has; none where there is none that is known.
    #[must_use]
    pub fn own_roots(&self) -> Option<&'static str> {
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let by_command = self.command.iter().take(4).find_map(|word| {
            let name = base(word);
            OWN_ROOTS.iter().find(|(known, _)| *known == name).map(|(_, who)| *who)
        });
        let image = base(self.image.split('@').next().unwrap_or_default());
        let image = image.split(':').next().unwrap_or_default();
        let extra = self.trust.variables.iter().any(|variable| variable.name == "NODE_EXTRA_CA_CERTS");
        by_command
            .or_else(|| OWN_ROOTS_IMAGES.iter().find(|(known, _)| *known == image).map(|(_, who)| *who))
            .or_else(|| extra.then_some("Node.js"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_of_the_variables_that_name_some() {
        let environment =
            ["SSL_CERT_FILE=/ca.pem", "SSL_CERT_DIR=/certs", "NODE_EXTRA_CA_CERTS=", "PASSWORD=x"].map(str::to_owned);
        let trust = Trust::read(&environment);
        let names: Vec<&str> = trust.variables.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["SSL_CERT_FILE", "SSL_CERT_DIR"]);
        assert_eq!(trust.files().count(), 1);
        assert!(!trust.is_missing(), "nobody looked");
        assert!(Trust { bundles: Some(Vec::new()), ..Trust::default() }.is_missing());
        assert!(!Trust { bundles: Some(Vec::new()), ..trust }.is_missing(), "a folder may have them");
    }
}
