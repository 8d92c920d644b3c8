//! The proxies and the CA bundles that an environment names.

use dprobe::topology::{Proxies, Trust};

use crate::check::{self, SECRET, escaped};

/// Variables, one a line. A line that begins with `@` stands for a proxy with a password.
pub(super) fn environment(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let variable = |line: &str| match line.strip_prefix('@') {
        Some(place) => format!("HTTP_PROXY=http://user:{SECRET}@{place}"),
        None => line.to_owned(),
    };
    let environment: Vec<String> = text.lines().map(variable).collect();
    let proxies = Proxies::read(&environment);
    check::no_secret(&format!("{proxies:?}"));
    check::all_printable(&proxies);
    check::all_shorter(&proxies, escaped(253));
    check::comes_back(&proxies);
    for proxy in [&proxies.http, &proxies.https, &proxies.all].into_iter().flatten() {
        assert!(!proxy.host.is_empty() && proxy.port > 0, "{proxy:?}");
    }
    for (scheme, host) in [("http", "db.test"), ("https", "172.18.0.3"), ("http", "::1"), ("http", "")] {
        let _ = proxies.for_target(scheme, host, 8080);
    }
    assert_eq!(proxies.for_target("http", "localhost", 80), None);
    let trust = Trust::read(&environment);
    check::all_printable(&trust);
    check::all_shorter(&trust, escaped(500));
}
