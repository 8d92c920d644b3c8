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

It offers TLS 1.2 and 1.3 with the ciphers of today (those with forward secrecy), as OpenSSL 3, Go and Java do. The server
answers with an older version, or ends the handshake by the alert `protocol_version`, `insufficient_security` or
`handshake_failure`, and has not asked for a certificate of the client's.

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
    let (title, what) = if *fault == TlsFault::VersionRefused {
        (
            format!("{host} speaks neither TLS 1.2 nor TLS 1.3"),
            "The server turns both versions down. What is left are TLS 1.1 and older, which clients of today do not speak.",
        )
    } else {
        (
            format!("{host} ends the handshake: it takes none of the ciphers of today"),
            "The server ends the handshake without another reason than that nothing suits it (handshake_failure). Mostly it \
             knows only ciphers that clients of today do not offer; some servers say the same where they have no certificate.",
        )
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tls,
        title,
        explanation: format!(
            "{what} dprobe offers what OpenSSL 3, Go and Java offer; a client that is set up for old servers may still get \
             through."
        ),
        because: vec![seen.id.to_owned()],
        fixes: vec![change(format!(
            "allow TLS 1.2 and 1.3 on the server of {host}, with their usual ciphers (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`), \
             or bring it up to date"
        ))],
    })
}
