//! Engines and hosts looked over: each fault on a host of its own that may be broken.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use dprobe_tests::{Checkup, Dprobe, Lab, Network, Stack, Tunnel, until};
use serde_json::json;

/// A lab with a network, and the name of its bridge.
fn lab_with_network(flags: &[&str]) -> Option<(Lab, Stack, Network, String)> {
    let lab = Lab::with(flags)?;
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let bridge = format!("br-{}", &lab.docker(["network", "inspect", "-f", "{{.Id}}", net.name()])[..12]);
    Some((lab, stack, net, bridge))
}

fn no_agent_stays(lab: &Lab) {
    let agents = || lab.docker(["ps", "-aq", "--filter", "label=io.dprobe.agent"]);
    until("the agents are removed", Duration::from_secs(10), || agents().is_empty().then_some(()));
}

#[test]
fn a_healthy_machine() {
    let Some((lab, stack, net, _)) = lab_with_network(&[]) else { return };
    stack.container("web").on(&net).start();
    let _inside = stack.network_with("inside", &["--internal"]);

    let checkup = lab.doctor();
    checkup.healthy();
    assert!(checkup.glance("filter").starts_with("the engine's rules are there"), "{}", checkup.glance("filter"));
    assert_eq!(checkup.glance("containers"), "1, all running");
    let shown = lab.dprobe(["doctor"]).run();
    assert!(shown.stdout.contains("HEALTHY") && shown.stdout.contains("✓ forwarding"), "{}", shown.stdout);
    let quiet = lab.dprobe(["doctor", "-q"]).run();
    assert_eq!(quiet.stdout.lines().count(), 1, "{}", quiet.stdout);
    no_agent_stays(&lab);
}

#[test]
fn the_machine_that_the_tests_run_on() {
    // What is found there is not ours to say; that it is looked over is.
    Checkup::by(Dprobe::new(["doctor"])).replays();
}

#[test]
fn an_engine_that_does_not_answer() {
    let done = Dprobe::new(["doctor"]).env("DOCKER_HOST", "unix:///nonexistent/docker.sock").run();
    assert_eq!(done.status.code(), Some(3), "{}", done.stderr);
}

#[test]
fn switches_of_the_kernel() {
    let Some((lab, stack, ..)) = lab_with_network(&[]) else { return };
    lab.host("sysctl -qw net.ipv4.ip_forward=0");
    let checkup = lab.doctor();
    checkup.finds("ip-forward-off").only(&["ip-forward-off"]);
    checkup.fix_works("ip-forward-off", &stack).healthy();

    let quiet = stack.network_with("quiet", &["-o", "com.docker.network.bridge.enable_icc=false"]);
    lab.host("sysctl -qw net.bridge.bridge-nf-call-iptables=0");
    let checkup = lab.doctor();
    checkup.finds("bridge-nf-off").only(&["bridge-nf-off"]).words("bridge-nf-off", [quiet.name()]);
    checkup.fix_works("bridge-nf-off", &stack).healthy();

    lab.docker(["network", "create", "--ipv6", "--subnet", "fd00:dead::/64", "six"]);
    lab.host("sysctl -qw net.ipv6.conf.all.forwarding=0");
    let checkup = lab.doctor();
    checkup.finds("ipv6-forward-off").only(&["ipv6-forward-off"]).words("ipv6-forward-off", ["six"]);
    checkup.fix_works("ipv6-forward-off", &stack).healthy();
}

#[test]
fn rules_that_were_wiped() {
    let Some((lab, stack, ..)) = lab_with_network(&[]) else { return };
    lab.host("iptables -F && iptables -t nat -F && iptables -X && iptables -t nat -X && iptables -P FORWARD ACCEPT");
    let checkup = lab.doctor();
    checkup.finds("engine-rules-wiped").only(&["engine-rules-wiped"]);
    assert_eq!(checkup.severity("engine-rules-wiped"), "error");
    checkup.fix_works("engine-rules-wiped", &stack).healthy();

    lab.host("iptables -t nat -F && iptables -t nat -X");
    lab.doctor().finds("engine-rules-wiped").words("engine-rules-wiped", ["translate addresses"]);
}

#[test]
fn rules_for_networks_that_were_removed() {
    let Some((lab, stack, net, bridge)) = lab_with_network(&[]) else { return };
    lab.host(&format!("iptables -t nat -D POSTROUTING -s {}/28 ! -o {bridge} -j MASQUERADE", net.address(0)));
    let checkup = lab.doctor();
    checkup.finds("masquerade-off").only(&["masquerade-off"]);
    checkup.fix_works("masquerade-off", &stack).healthy();

    lab.host("iptables -F DOCKER-ISOLATION-STAGE-2");
    let checkup = lab.doctor();
    checkup.finds("isolation-missing").words("isolation-missing", [net.name()]);
    checkup.fix_works("isolation-missing", &stack).healthy();

    let _routed = stack.network_with("routed", &["-o", "com.docker.network.bridge.enable_ip_masquerade=false"]);
    let checkup = lab.doctor();
    checkup.healthy().finds("masquerade-off");
    assert_eq!(checkup.severity("masquerade-off"), "note");
}

#[test]
fn an_engine_that_was_told_to_make_no_rules() {
    let Some(lab) = Lab::with(&["--iptables=false"]) else { return };
    let checkup = lab.doctor();
    checkup.healthy().finds("engine-makes-no-rules");
    checkup.lacks("engine-rules-wiped");
}

#[test]
fn bridges() {
    let Some((lab, stack, net, bridge)) = lab_with_network(&[]) else { return };
    stack.container("web").on(&net).start();
    for fault in [format!("ip link set {bridge} down"), format!("ip addr flush dev {bridge}")] {
        lab.host(&fault);
        let checkup = lab.doctor();
        checkup.finds("bridge-down").only(&["bridge-down"]).words("bridge-down", [net.name(), &bridge]);
        assert_eq!(checkup.severity("bridge-down"), "error");
        checkup.fix_works("bridge-down", &stack).healthy();
    }
    lab.host(&format!("ip link del {bridge}"));
    let checkup = lab.doctor();
    checkup.finds("bridge-down").words("bridge-down", ["is gone"]);
    checkup.fix_works("bridge-down", &stack).lacks("bridge-down");
}

#[test]
fn a_route_into_the_range_of_a_network() {
    let Some((lab, stack, ..)) = lab_with_network(&[]) else { return };
    lab.docker(["network", "create", "--subnet", "10.99.5.0/24", "in-the-way"]);
    lab.doctor().healthy();
    lab.host(&format!("ip route add 10.99.0.0/16 via {}", lab.router_address()));
    let checkup = lab.doctor();
    checkup.healthy().finds("subnet-overlap");
    assert_eq!(checkup.severity("subnet-overlap"), "note", "somebody chose a piece of that range");

    lab.host(&format!("ip route add 10.99.5.64/26 via {}", lab.router_address()));
    let checkup = lab.doctor();
    checkup.finds("subnet-overlap").only(&["subnet-overlap"]).words("subnet-overlap", ["in-the-way", "10.99.5.64/26"]);
    checkup.fix_works("subnet-overlap", &stack).healthy();
}

#[test]
fn an_uplink_that_carries_less_than_the_bridges() {
    let Some((lab, ..)) = lab_with_network(&[]) else { return };
    lab.host("ip link set eth0 mtu 1400");
    lab.doctor().finds("mtu-black-hole").only(&["mtu-black-hole"]).words("mtu-black-hole", ["1400", "ICMP"]);
    drop(lab);
    let Some(lab) = Lab::with(&["--mtu=1400"]) else { return };
    lab.host("ip link set eth0 mtu 1400");
    lab.doctor().healthy();
}

#[test]
fn dns_servers_on_the_loopback() {
    let Some(lab) = Lab::new() else { return };
    fs::write(lab.resolv_conf(), "nameserver 127.0.0.1\n").expect("a file");
    let checkup = lab.doctor();
    checkup.healthy().finds("dns-loopback-stub").words("dns-loopback-stub", ["127.0.0.1", "8.8.8.8"]);
    drop(lab);
    let Some(lab) = Lab::with(&["--dns=192.0.2.53"]) else { return };
    fs::write(lab.resolv_conf(), "nameserver 127.0.0.1\n").expect("a file");
    lab.doctor().healthy().lacks("dns-loopback-stub");
    drop(lab);
    let Some(lab) = Lab::with(&["--dns=127.0.0.53"]) else { return };
    fs::write(lab.resolv_conf(), "nameserver 127.0.0.1\n").expect("a file");
    lab.doctor().only(&["dns-loopback-stub"]);
}

#[test]
fn address_ranges_that_run_out() {
    let Some(lab) = Lab::with(&["--default-address-pool", "base=10.77.0.0/22,size=24"]) else { return };
    lab.docker(["network", "create", "one"]);
    lab.docker(["network", "create", "two"]);
    lab.doctor().healthy().finds("address-pools-small");
    lab.docker(["network", "create", "three"]);
    lab.doctor().finds("address-pools-exhausted");
    assert!(!lab.engine().docker(["network", "create", "four"]).status.success(), "there was a range left");
    let checkup = lab.doctor();
    checkup.only(&["address-pools-exhausted"]);
    checkup.fix_works("address-pools-exhausted", &lab.stack()).healthy();
}

#[test]
fn an_engine_beside_another() {
    let Some([here, there]) = Lab::pair() else { return };
    let runtime = tempfile::tempdir().expect("a directory");
    let socket = there.engine().address().expect("an address").trim_start_matches("unix://").to_owned();
    symlink(socket, runtime.path().join("docker.sock")).expect("a link");
    let checkup = Checkup::by(here.dprobe(["doctor"]).env("XDG_RUNTIME_DIR", runtime.path()));
    checkup.healthy().finds("other-engine").words("other-engine", [runtime.path().to_string_lossy()]);
}

#[test]
fn an_engine_that_is_reached_from_afar() {
    let Some((lab, ..)) = lab_with_network(&[]) else { return };
    let tunnel = Tunnel::to(lab.engine());
    let from_afar = |words: &[&str]| Checkup::by(Dprobe::new(words).env("DOCKER_HOST", tunnel.host()));
    let blind = from_afar(&["doctor"]);
    blind.healthy();
    assert!(blind.glance("filter").contains("--deep"), "{}", blind.glance("filter"));
    let deep = from_afar(&["doctor", "--deep"]);
    deep.healthy();
    assert!(deep.stderr.contains("privileged helper"), "{}", deep.stderr);
    assert!(deep.glance("filter").starts_with("the engine's rules are there"), "{}", deep.glance("filter"));

    lab.host("iptables -F && iptables -t nat -F && iptables -X && iptables -t nat -X && iptables -P FORWARD ACCEPT");
    from_afar(&["doctor"]).healthy();
    let deep = from_afar(&["doctor", "--deep"]);
    deep.finds("engine-rules-wiped");
    assert_eq!(
        deep.severity("engine-rules-wiped"),
        "warning",
        "whether it was told to make none is not known from afar"
    );
    no_agent_stays(&lab);
}

#[test]
fn an_old_version_is_a_note() {
    let mut report = Checkup::by(Dprobe::new(["doctor"])).report;
    report["engine"]["version"] = json!("20.10.24+dfsg1");
    let checkup = Checkup::replayed(&report);
    checkup.finds("engine-old").words("engine-old", ["20.10.24"]);
    assert_eq!(checkup.severity("engine-old"), "note");
    report["engine"]["version"] = json!("29.1.0");
    Checkup::replayed(&report).lacks("engine-old");
}
