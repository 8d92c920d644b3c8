//! Which answers a reverse proxy makes up by itself when what stands behind it fails, and which proxy it was.

use dprobe_probes::http::HttpFact;

use crate::topology::{Container, ProxyProgram};

/// What shows in the body that the proxy itself wrote it, in lower case.
const PAGES: [(&str, ProxyProgram); 10] = [
    ("<center>nginx", ProxyProgram::Nginx),
    ("<center>openresty", ProxyProgram::Nginx),
    ("no server is available to handle this request", ProxyProgram::Haproxy),
    ("the server returned an invalid or incomplete response", ProxyProgram::Haproxy),
    ("the server didn't respond in time", ProxyProgram::Haproxy),
    ("upstream connect error or disconnect/reset before headers", ProxyProgram::Envoy),
    ("upstream request timeout", ProxyProgram::Envoy),
    ("no healthy upstream", ProxyProgram::Envoy),
    ("the proxy server received an invalid", ProxyProgram::Apache),
    ("the gateway did not receive a timely response", ProxyProgram::Apache),
];

/// What a gateway says where it could not get a good answer (RFC 9110, 15.6.3 to 15.6.5).
#[must_use]
pub fn is_gateway_error(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// The proxy that wrote this answer itself, by the page that it has for it. An answer that it only handed on has none.
#[must_use]
pub fn written_by(fact: &HttpFact) -> Option<ProxyProgram> {
    let status = fact.status.filter(|status| is_gateway_error(*status))?;
    // The start of the body is kept with its line breaks escaped.
    let body =
        fact.body_start.as_deref().unwrap_or_default().replace("\\r", " ").replace("\\n", " ").to_ascii_lowercase();
    if let Some((_, program)) = PAGES.iter().find(|(mark, _)| body.contains(mark)) {
        return Some(*program);
    }
    let server = server(fact);
    match body.trim() {
        "" if server.is_some_and(|server| server.eq_ignore_ascii_case("caddy")) => Some(ProxyProgram::Caddy),
        // Traefik says no more than the phrase of the status, and not who it is.
        "bad gateway" if status == 502 && server.is_none() => Some(ProxyProgram::Traefik),
        "gateway timeout" if status == 504 && server.is_none() => Some(ProxyProgram::Traefik),
        "no available server" if status == 503 && server.is_none() => Some(ProxyProgram::Traefik),
        _ => None,
    }
}

/// The proxy that an answer came through, or that a container runs.
#[must_use]
pub fn program(fact: &HttpFact, container: &Container) -> Option<ProxyProgram> {
    let named = server(fact).and_then(|server| by_name(server.split(['/', ' ']).next().unwrap_or_default()));
    written_by(fact).or(named).or_else(|| runs(container))
}

/// The proxy that a container runs, by its program and its image.
#[must_use]
pub fn runs(container: &Container) -> Option<ProxyProgram> {
    let words = container.command.iter().take(4).map(|word| word.rsplit('/').next().unwrap_or_default());
    words.chain([container.image_name()]).find_map(by_name)
}

fn by_name(name: &str) -> Option<ProxyProgram> {
    Some(match name.to_ascii_lowercase().as_str() {
        "nginx" | "openresty" | "nginx-unprivileged" | "angie" => ProxyProgram::Nginx,
        "caddy" => ProxyProgram::Caddy,
        "haproxy" => ProxyProgram::Haproxy,
        "envoy" => ProxyProgram::Envoy,
        "traefik" => ProxyProgram::Traefik,
        "apache" | "httpd" | "apache2" => ProxyProgram::Apache,
        _ => return None,
    })
}

fn server(fact: &HttpFact) -> Option<&str> {
    fact.headers.iter().find(|header| header.name == "server").map(|header| header.value.as_str())
}

#[cfg(test)]
mod tests {
    use dprobe_probes::http::{HttpHeader, HttpPhases};

    use super::*;

    fn answer(status: u16, server: Option<&str>, body: &str) -> HttpFact {
        let header = |value: &str| HttpHeader { name: "server".to_owned(), value: value.to_owned() };
        HttpFact {
            url: "http://front/".to_owned(),
            host_header: None,
            via: None,
            address: None,
            phases: HttpPhases::default(),
            status: Some(status),
            headers: server.map(header).into_iter().collect(),
            body_start: (!body.is_empty()).then(|| body.to_owned()),
            tls: None,
            failure: None,
            ..HttpFact::default()
        }
    }

    #[test]
    fn pages_that_proxies_write_themselves() {
        use ProxyProgram::{Apache, Caddy, Envoy, Haproxy, Nginx, Traefik};
        let nginx = "<html>\\r\\n<head><title>502 Bad Gateway</title></head>\\r\\n<body>\\r\\n<center><h1>502 Bad \
                     Gateway</h1></center>\\r\\n<hr><center>nginx/1.22.1</center>\\r\\n</body>\\r\\n</html>\\r\\n";
        let haproxy = "<html><body><h1>503 Service Unavailable</h1>\\nNo server is available to handle this \
                       request.\\n</body></html>\\n";
        let envoy = "upstream connect error or disconnect/reset before headers. reset reason: connection failure";
        let apache = "<!DOCTYPE HTML PUBLIC><title>502 Proxy Error</title> The proxy server received an invalid\\nresponse from an upstream server.";
        let cases = [
            (answer(502, Some("nginx/1.22.1"), nginx), Some(Nginx)),
            (answer(503, None, haproxy), Some(Haproxy)),
            (answer(503, Some("envoy"), envoy), Some(Envoy)),
            (answer(502, Some("Apache/2.4"), apache), Some(Apache)),
            (answer(502, Some("Caddy"), ""), Some(Caddy)),
            (answer(502, None, "Bad Gateway"), Some(Traefik)),
            (answer(504, None, "Gateway Timeout"), Some(Traefik)),
            (answer(503, None, "no available server\\n"), Some(Traefik)),
            (answer(502, Some("nginx/1.22.1"), "{\"error\":\"the bank is closed\"}"), None),
            (answer(500, Some("nginx/1.22.1"), "<center>nginx/1.22.1</center>"), None),
            (answer(503, None, ""), None),
        ];
        for (fact, program) in cases {
            assert_eq!(written_by(&fact), program, "{fact:?}");
        }
    }
}
