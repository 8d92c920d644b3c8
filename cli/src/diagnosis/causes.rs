//! The causes, one file each. To add one: write its file by the shape of its neighbours, name it in the list below, and
//! give it a fault stack in `tests/`.

use super::case::Case;
use crate::report::{Diagnosis, Fix, Severity, StageName};

/// A way for a connection to fail.
#[derive(Debug)]
pub struct Cause {
    /// The stable identifier. Never renamed, never used for anything else.
    pub code: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The long explanation in Markdown, for `dprobe explain` and `docs/causes.md`.
    pub page: &'static str,
    /// The causes that tell more of the same fault: where one of them is found, this one is not reported beside it.
    pub yields_to: &'static [&'static str],
    /// Whether it is at work in a case.
    pub(super) find: fn(&Case<'_>) -> Option<Found>,
}

/// What a cause found; a [`Diagnosis`] but for the code, which the cause has already.
pub(super) struct Found {
    /// How bad it is.
    pub(super) severity: Severity,
    /// The step of the way that it blocks.
    pub(super) stage: StageName,
    /// What is wrong, in one line.
    pub(super) title: String,
    /// Why, in two or three sentences.
    pub(super) explanation: String,
    /// The evidence.
    pub(super) because: Vec<String>,
    /// What to do, the smallest change first.
    pub(super) fixes: Vec<Fix>,
}

impl Found {
    /// The diagnosis of the cause with this code.
    pub(super) fn by(self, code: &str) -> Diagnosis {
        let Self { severity, stage, title, explanation, because, fixes } = self;
        Diagnosis { code: code.to_owned(), severity, stage, title, explanation, because, fixes }
    }
}

/// Declares the modules of the causes and collects them, in the order in which equals are reported.
macro_rules! causes {
    ($($module:ident)*) => {
        $(mod $module;)*
        static CAUSES: &[Cause] = &[$($module::CAUSE),*];
    };
}

/// The cause of what can not be dialled at all.
pub(super) const UNREADABLE: &str = url_malformed::CAUSE.code;

causes! {
    url_malformed
    source_network_none
    source_not_running
    network_missing
    network_recreated
    source_netns_stranded
    default_bridge_no_dns
    no_shared_network
    internal_network
    service_no_task
    overlay_gossip_blocked
    overlay_data_blocked
    vip_broken
    target_not_running
    target_restarting
    target_paused
    embedded_dns_broken
    hosts_override
    link_stale
    host_name_missing
    source_host_network
    search_domain_shadow
    unknown_name
    libc_dns_difference
    dns_first_server_dead
    dns_loopback_stub
    dns_server_unreachable
    dns_server_error
    dns_name_not_found
    ipv6_no_route
    ambiguous_name
    stale_ip
    publish_failed
    flag_after_image
    published_on_internal
    container_ip_from_desktop
    not_published
    published_random_port
    published_loopback_only
    published_loopback_from_container
    published_other_protocol
    published_wrong_port
    wrong_server_answers
    localhost_socket
    localhost_is_container
    localhost_v6
    host_port_used_inside
    wrong_port
    bind_loopback
    bind_other_address
    bind_one_family
    udp_not_tcp
    target_starting
    nothing_listening
    other_engine
    dind_localhost
    rootless_host_loopback
    health_lies
    host_bind_loopback
    host_gateway_mismatch
    host_not_listening
    ip_forward_off
    engine_rules_wiped
    wrong_default_gateway
    masquerade_off
    subnet_overlap
    bridge_down
    macvlan_host_isolation
    icc_disabled
    accept_queue_full
    source_ports_exhausted
    host_firewall
    firewall_drop
    firewall_reject
    egress_blocked
    mtu_black_hole
    tls_not_spoken
    tls_required
    tls_sni_required
    tls_client_certificate
    tls_version_refused
    tls_ca_bundle_missing
    tls_untrusted
    tls_name_mismatch
    tls_expired
    proxy_is_loopback
    proxy_unreachable
    proxy_captures_internal
    proxy_required
    upstream_stale
    bad_gateway
    underscore_hostname
    host_header_rejected
    redirect_to_localhost
    http_error
    link_env_collision
    protected_mode
    db_host_denied
    db_tls_mismatch
    too_many_connections
    protocol_mismatch
    advertised_address
}

/// The name that servers which are particular about names allow in any case.
pub(crate) use host_header_rejected::OTHER_HOST;

/// Every cause that dprobe knows.
#[must_use]
pub fn causes() -> &'static [Cause] {
    CAUSES
}

/// The cause with a code.
#[must_use]
pub fn cause(code: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_is_a_cause_of_the_same_name_and_has_a_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diagnosis/causes");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the folder of the causes")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
            .collect();
        let codes: BTreeSet<String> = causes().iter().map(|cause| cause.code.to_owned()).collect();
        assert_eq!(files, codes);
        assert_eq!(codes.len(), causes().len(), "a code is declared twice");
        for cause in causes() {
            for heading in ["## How dprobe knows", "## Why it happens", "## How to fix it", "## How to reproduce it"] {
                assert!(cause.page.contains(heading), "{} lacks {heading:?}", cause.code);
            }
            assert!(cause.yields_to.iter().all(|code| codes.contains(*code)), "{} yields to nothing", cause.code);
            assert!(!cause.summary.ends_with('.'), "{}: a summary is a fragment", cause.code);
        }
    }

    #[test]
    fn related_codes_exist() {
        for cause in causes() {
            let related = cause.page.lines().find_map(|line| line.strip_prefix("Related: ")).unwrap_or_default();
            for code in related.split(", ").filter(|code| !code.is_empty()) {
                assert!(super::cause(code.trim_matches('`')).is_some(), "{} names {code}", cause.code);
            }
        }
    }
}
