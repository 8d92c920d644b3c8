//! `tls-version-refused`: client and server have no version or cipher of TLS in common.

use dprobe_probes::tls::TlsFault;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "tls-version-refused",
    summary: "the server speaks no version of TLS, or no cipher, that clients of today do",
    page: r"
Both sides have to know one version of TLS and one cipher. TLS 1.0 and 1.1 are given up (RFC 8996), and libraries of today do
not speak them any more: `unsupported protocol`, `tlsv1 alert protocol version`, `sslv3 alert handshake failure`,
`no protocols available`.

## How dprobe knows

It offers TLS 1.2 and 1.3 with the ciphers of today (those with forward secrecy and AEAD). The server answers with an older
version, or ends the handshake by the alert `protocol_version`, `insufficient_security` or `handshake_failure`, and has not
asked for a certificate of the client's. Then dprobe says hello once more with everything from SSL 3 to TLS 1.2, and sees which
version and cipher the server chooses. Where that is TLS 1.2, it depends on the client whether it knows the cipher: the verdict
is left open.

## Why it happens

The server is old, or is configured for old clients only. The alert `handshake_failure` has other reasons as well: the server
has no certificate, or none for this name.

## How to fix it

Allow TLS 1.2 and 1.3 on the server (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`), or bring it up to date.

## How to reproduce it

    openssl s_server -tls1_1 -cipher ALL:@SECLEVEL=0 -accept 443 …
    dprobe check web https://api/

Related: tls-client-certificate, tls-sni-required
",
    yields_to: &["tls-client-certificate", "tls-sni-required", "tls-not-spoken"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (seen, fault) =
        case.tls_fault(|fault| matches!(fault, TlsFault::VersionRefused | TlsFault::NoCommonCipher))?;
    let host = &case.to.host;
    let old = seen.fact.old.as_ref();
    let (severity, title, what) = match (fault, old) {
        // Whether the source's own client knows that cipher is not known here.
        (_, Some(_)) if case.speaks_old_ciphers() => (
            Severity::Warning,
            format!("{host} takes only ciphers of old, which not every client knows"),
            "The server speaks TLS 1.2 with a cipher that many clients of today do not offer (Go, Java and Rust among them). Those              with OpenSSL may get through."
                .to_owned(),
        ),
        (_, Some(old)) => (
            Severity::Error,
            format!("{host} speaks {} only, and neither TLS 1.2 nor TLS 1.3", old.version),
            format!(
                "Offered everything, the server chooses {}, which is given up (RFC 8996). OpenSSL 3, Go, Java and others of today                  do not speak it.",
                old.version
            ),
        ),
        (TlsFault::VersionRefused, None) => (
            Severity::Error,
            format!("{host} takes neither TLS 1.2 nor TLS 1.3"),
            "The server turns both versions down (protocol_version), and versions of old as well.".to_owned(),
        ),
        (_, None) => (
            Severity::Error,
            format!("{host} ends the handshake (handshake_failure), whatever is offered"),
            "The server ends the handshake with versions and ciphers of today and of old alike. Mostly it has no certificate that              it could show, or none for this name."
                .to_owned(),
        ),
    };
    Some(Found {
        severity,
        stage: StageName::Tls,
        title,
        explanation: what,
        because: vec![seen.id.to_owned()],
        fixes: vec![change(format!(
            "allow TLS 1.2 and 1.3 on the server of {host}, with their usual ciphers (nginx: `ssl_protocols TLSv1.2 TLSv1.3;` and              no `ssl_ciphers`), or bring it up to date"
        ))],
    })
}
