//! The URL of a request, taken apart.

use hyper::Uri;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The host: a name, or an address literal without brackets.
    pub(crate) host: String,
    /// The port: the one in the URL, or that of the scheme.
    pub(crate) port: u16,
    /// Whether it is https or wss.
    pub(super) tls: bool,
    /// Whether a WebSocket is asked for (RFC 6455).
    pub(super) websocket: bool,
    /// Host and port as they go into the `Host` header (RFC 9110, 7.2).
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
    /// The URL as it is reported: without credentials.
    pub(crate) shown: String,
}

impl Target {
    /// Take a URL apart.
    ///
    /// # Errors
    /// When it is no http or https URL with a host; the text says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("not a URL: {error}"))?;
        let (tls, websocket, default_port) = match uri.scheme_str() {
            Some("http") => (false, false, 80),
            Some("https") => (true, false, 443),
            Some("ws") => (false, true, 80),
            Some("wss") => (true, true, 443),
            Some(_) => return Err("not an http or https URL".to_owned()),
            None => return Err("a URL without a scheme".to_owned()),
        };
        let host = uri.host().ok_or("a URL without a host")?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() || bare.contains(['[', ']']) {
            return Err("a URL without a host".to_owned());
        }
        let port = port_of(&uri)?;
        let authority = match port.filter(|port| *port != default_port) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self {
            host: bare.to_owned(),
            port: port.unwrap_or(default_port),
            tls,
            websocket,
            shown: without_credentials(url),
            authority,
            path,
        })
    }

    /// The URL as a proxy wants to see it, which knows no other schemes than http (RFC 9112, section 3.2.2).
    pub(super) fn absolute(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }
}

/// A URL as it was written, but for user and password.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    format!("{scheme}://{place}{tail}")
}

/// The port in a URL, where it has one. The library takes a port that is no number for none at all.
fn port_of(uri: &Uri) -> Result<Option<u16>, String> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let after_host = authority.rsplit(['@', ']']).next().unwrap_or_default();
    match after_host.rsplit_once(':') {
        None | Some((_, "")) => Ok(None),
        Some((_, port)) => match port.parse() {
            Ok(0) | Err(_) => Err(format!("a URL with the port {port}")),
            Ok(port) => Ok(Some(port)),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_port_comes_from_the_url_or_the_scheme() {
        let target = Target::parse("http://web/").unwrap();
        assert_eq!((target.host.as_str(), target.port, target.tls), ("web", 80, false));
        let target = Target::parse("https://web:8443/a?b=c").unwrap();
        assert_eq!((target.port, target.tls, target.path.as_str()), (8443, true, "/a?b=c"));
        assert_eq!(target.authority, "web:8443");
        assert_eq!(Target::parse("https://web:443").unwrap().authority, "web");
    }

    #[test]
    fn brackets_belong_to_the_header_and_not_to_the_address() {
        let target = Target::parse("http://[2001:db8::1]:8080/").unwrap();
        assert_eq!(target.host, "2001:db8::1");
        assert_eq!(target.authority, "[2001:db8::1]:8080");
    }

    #[test]
    fn credentials_are_not_shown() {
        let target = Target::parse("http://ada:lovelace@web/x").unwrap();
        assert_eq!(target.shown, "http://web/x");
        assert_eq!(target.host, "web");
    }

    #[test]
    fn a_url_is_shown_as_it_was_written() {
        for url in ["http://web", "https://web:443/a", "ws://web/x?y"] {
            assert_eq!(Target::parse(url).unwrap().shown, url);
        }
        let socket = Target::parse("wss://web/x").unwrap();
        assert_eq!((socket.port, socket.tls, socket.websocket), (443, true, true));
    }

    #[test]
    fn a_query_without_a_path_gets_one() {
        assert_eq!(Target::parse("http://web?x=1").unwrap().path, "/?x=1");
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        for url in [
            "",
            "web",
            "/x",
            "ftp://web/",
            "http://",
            "http://web:0/",
            "http://web:99999/",
            "http://a b/",
            "http://[]/",
        ] {
            assert!(Target::parse(url).is_err(), "{url:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(url in "(https?://)?\\PC{0,60}") {
            let _ = Target::parse(&url);
        }
    }
}
