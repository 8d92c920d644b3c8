//! Faults of the DNS servers behind a container's lookups.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use dprobe_tests::docker::{docker_ok, inspect};
use dprobe_tests::{Container, Lab, Network, Stack, check};

/// A name of the outside world, and the port that a container of the stack serves in its place.
const API: &str = "api.example.test";
const URL: &str = "api.example.test:8080";

/// A DNS server at a step of a network, with these options.
fn server(stack: &Stack, net: &Network, step: u8, options: &str) -> Ipv4Addr {
    let address = net.address(step);
    let spec = format!("dns:0.0.0.0:53{options}");
    let server = stack.container(&format!("dns{step}")).on(net).flags(["--ip", &address.to_string()]);
    server.runs(["web", &spec]).start();
    address
}

/// The same on the default bridge, where the engine chooses the address.
fn bridge_server(stack: &Stack, name: &str, options: &str) -> Ipv4Addr {
    stack.container(name).runs(["web", &format!("dns:0.0.0.0:53{options}")]).start().ip("bridge")
}

/// A container that stands for the outside world, and the zone that leads there.
fn api(stack: &Stack, net: Option<&Network>) -> String {
    let api = stack.container("outside").runs(["node", "tcp:0.0.0.0:8080"]);
    let address = match net {
        Some(net) => api.on(net).start().ip(net.name()),
        None => api.start().ip("bridge"),
    };
    format!(",zone={API}={address}")
}

/// `web` on a network with these DNS servers.
fn web(stack: &Stack, net: Option<&Network>, servers: &[Ipv4Addr]) -> Container {
    let flags: Vec<String> = servers.iter().flat_map(|server| ["--dns".to_owned(), server.to_string()]).collect();
    let web = stack.container("web").flags(flags.iter().map(String::as_str));
    match net {
        Some(net) => web.on(net).start(),
        None => web.start(),
    }
}

#[test]
fn embedded_dns_broken_by_a_flushed_table() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    check([web.name(), "mongodb:27017"]).healthy();

    let pid = inspect(web.name()).expect("web")["State"]["Pid"].to_string();
    let mut flush = Command::new("nsenter");
    flush.args([&format!("--net=/proc/{pid}/ns/net"), "iptables", "-t", "nat", "-F"]);
    if !dprobe_tests::command::run(&mut flush, Duration::from_secs(20)).status.success() {
        // Only root may.
        return;
    }
    check([web.name(), URL]).unreachable("embedded-dns-broken");
    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("embedded-dns-broken").words(["127.0.0.11", "docker restart"]);
    outcome.fix_works(&stack);
}

#[test]
fn dns_server_unreachable_on_a_network_where_containers_are_found() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let zone = api(&stack, Some(&net));
    let silent = server(&stack, &net, 14, ",silent");
    let good = server(&stack, &net, 13, &zone);
    let broken = web(&stack, Some(&net), &[silent]);
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    check([broken.name(), "mongodb:27017"]).healthy();
    let outcome = check([broken.name(), URL]);
    outcome.unreachable("dns-server-unreachable").words([&silent.to_string(), "--dns"]);
    outcome.shows(["does not answer", API]);

    broken.remove();
    check([web(&stack, Some(&net), &[good]).name(), URL]).healthy();
}

#[test]
fn dns_server_unreachable_on_the_default_bridge() {
    let stack = Stack::new();
    let silent = bridge_server(&stack, "silent", ",silent");
    let web = web(&stack, None, &[silent]);

    let outcome = check([web.name(), URL]);
    outcome.unreachable("dns-server-unreachable").words([&silent.to_string(), "--dns"]);
}

#[test]
fn dns_server_unreachable_behind_a_firewall_that_lets_the_host_through() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let ask = || lab.check([web.name(), &format!("http://{}/", lab.outside_name())]);
    ask().healthy();

    lab.host("iptables -I FORWARD -p udp --dport 53 -j DROP");
    ask().unreachable("dns-server-unreachable").words(["does answer the host", "firewall"]);
    lab.host("iptables -D FORWARD -p udp --dport 53 -j DROP");
    ask().healthy();
}

#[test]
fn dns_server_unreachable_that_the_engine_gives_to_every_container() {
    let dead = "198.51.100.99";
    let Some(lab) = Lab::with(&["--dns", dead]) else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    for web in [stack.container("web").on(&net).start(), stack.container("bridged").start()] {
        let outcome = lab.check([web.name(), &format!("http://{}/", lab.outside_name())]);
        outcome.unreachable("dns-server-unreachable").words([dead, "daemon.json"]);
    }
}

#[test]
fn dns_server_error_of_both_kinds() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    for (step, rcode) in [(14, "servfail"), (13, "refused")] {
        let server = server(&stack, &net, step, &format!(",rcode={rcode}"));
        let web = web(&stack, Some(&net), &[server]);
        let outcome = check([web.name(), URL]);
        outcome.unreachable("dns-server-error").words([&server.to_string(), rcode, "--dns"]);
        web.remove();
    }
}

#[test]
fn dns_server_error_for_one_name_alone() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let server = server(&stack, &net, 14, ",zone=localhost=127.0.0.1,rcode=servfail");
    let web = web(&stack, Some(&net), &[server]);

    check([web.name(), URL]).unreachable("dns-server-error").words(["fails for api.example.test"]);
}

#[test]
fn an_error_of_the_first_server_is_made_up_for_by_the_second() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let zone = api(&stack, Some(&net));
    let failing = server(&stack, &net, 14, ",rcode=servfail");
    let good = server(&stack, &net, 13, &zone);

    check([web(&stack, Some(&net), &[failing, good]).name(), URL]).healthy();
}

#[test]
fn dns_first_server_dead_behind_dockers_resolver() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let zone = api(&stack, Some(&net));
    let silent = server(&stack, &net, 14, ",silent");
    let good = server(&stack, &net, 13, &zone);
    let slow = web(&stack, Some(&net), &[silent, good]);

    let outcome = check([slow.name(), URL]);
    outcome.degraded("dns-first-server-dead").words([&silent.to_string(), &good.to_string(), "4 seconds", "without"]);
    // Somebody with less patience gets nothing, for the same reason.
    check([slow.name(), URL, "-t", "2s"]).unreachable("dns-first-server-dead");

    slow.remove();
    check([web(&stack, Some(&net), &[good, silent]).name(), URL]).healthy();
}

#[test]
fn dns_first_server_dead_on_the_default_bridge() {
    let stack = Stack::new();
    let zone = api(&stack, None);
    let silent = bridge_server(&stack, "silent", ",silent");
    let good = bridge_server(&stack, "good", &zone);
    let slow = web(&stack, None, &[silent, good]);

    let outcome = check([slow.name(), URL]);
    outcome.degraded("dns-first-server-dead").words([&silent.to_string(), &good.to_string(), "5 seconds"]);

    slow.remove();
    check([web(&stack, None, &[good, silent]).name(), URL]).healthy();
}

#[test]
fn dns_loopback_stub_on_both_kinds_of_network() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let zone = api(&stack, Some(&net));
    let good = server(&stack, &net, 13, &zone);
    let stub = Ipv4Addr::new(127, 0, 0, 53);
    for net in [None, Some(&net)] {
        let web = web(&stack, net, &[stub]);
        let outcome = check([web.name(), URL]);
        outcome.unreachable("dns-loopback-stub").words(["127.0.0.53", "resolvectl dns", "--dns"]);
        web.remove();
    }
    check([web(&stack, Some(&net), &[good]).name(), URL]).healthy();
}

#[test]
fn dns_server_of_the_containers_own_on_loopback() {
    let stack = Stack::new();
    let zone = api(&stack, None);
    let spec = format!("dns:127.0.0.1:53{zone}");
    let web = stack.container("web").flags(["--dns", "127.0.0.1"]).runs(["web", &spec]).start();

    check([web.name(), URL]).healthy();
}

#[test]
fn dns_name_not_found() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let zone = api(&stack, Some(&net));
    let dns = server(&stack, &net, 14, &zone);
    let web = web(&stack, Some(&net), &[dns]);

    check([web.name(), URL]).healthy();
    let outcome = check([web.name(), "apis.example.test:8080"]);
    outcome.unreachable("dns-name-not-found").words(["apis.example.test", "NXDOMAIN", "spelling"]);
}

#[test]
fn dns_name_not_found_without_an_address() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = server(&stack, &net, 14, ",rcode=noerror");
    let web = web(&stack, Some(&net), &[dns]);

    check([web.name(), URL]).unreachable("dns-name-not-found").words(["has no address"]);
}

#[test]
fn search_domain_shadow_by_a_wildcard() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let wildcard = server(&stack, &net, 14, ",zone=*.corp.test=198.51.100.7");
    let plain = server(&stack, &net, 13, ",zone=wiki.corp.test=198.51.100.7");
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    let flags = |dns: Ipv4Addr, options: &[&str]| -> Vec<String> {
        let dns = dns.to_string();
        let all = ["--dns", &dns, "--dns-search", "corp.test"].into_iter().chain(options.iter().copied());
        all.map(ToOwned::to_owned).collect()
    };
    let start =
        |name: &str, flags: &[String]| stack.container(name).on(&net).flags(flags.iter().map(String::as_str)).start();
    let web = start("web", &flags(wildcard, &["--dns-opt", "ndots:1"]));

    let outcome = check([web.name(), "mongodb:27017", "-t", "2s"]);
    outcome.unreachable("search-domain-shadow").words(["corp.test", "198.51.100.7", "ndots:1", "--dns-search ."]);
    // The way around it that is told, and the two ways to mend it.
    check([web.name(), "mongodb.:27017"]).healthy();
    check([start("as-docker-has-it", &flags(wildcard, &[])).name(), "mongodb:27017"]).healthy();
    check([start("without-wildcard", &flags(plain, &["--dns-opt", "ndots:1"])).name(), "mongodb:27017"]).healthy();
}

#[test]
fn search_domain_shadow_of_a_misspelt_name() {
    // Some networks answer for addresses that are nobody's; that of a lab does not.
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let wildcard = server(&stack, &net, 14, ",zone=*.corp.test=198.51.100.7");
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    let flags = ["--dns", &wildcard.to_string(), "--dns-search", "corp.test"].map(ToOwned::to_owned);
    let web = stack.container("web").on(&net).flags(flags.iter().map(String::as_str)).start();

    let outcome = lab.check([web.name(), "mongdb:9"]);
    outcome.unreachable("search-domain-shadow").words(["mongodb:9", "corp.test"]);
}

/// Makes a container look like Alpine.
fn put_musl_into(container: &Container) {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("alpine-release");
    std::fs::write(&file, "3.20.3\n").expect("a file");
    docker_ok(["cp", file.to_str().expect("a path"), &format!("{container}:/etc/alpine-release")]);
}

#[test]
fn libc_dns_difference_where_the_servers_disagree() {
    let stack = Stack::new();
    let zone = api(&stack, None);
    let knows = bridge_server(&stack, "knows", &format!("{zone},slow=60ms"));
    let denies = bridge_server(&stack, "denies", "");
    let web = web(&stack, None, &[knows, denies]);

    // With glibc the first server decides.
    check([web.name(), URL]).healthy();
    put_musl_into(&web);
    let outcome = check([web.name(), URL]);
    outcome.unreachable("libc-dns-difference").words(["musl", "glibc", &format!("--dns {knows}"), "now and then"]);
}

#[test]
fn libc_dns_difference_where_one_family_is_denied() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let zone = api(&stack, Some(&net));
    let server = server(&stack, &net, 14, &format!("{zone},aaaa=nxdomain"));
    let web = web(&stack, Some(&net), &[server]);

    check([web.name(), URL]).healthy();
    put_musl_into(&web);
    check([web.name(), URL]).unreachable("libc-dns-difference").words(["musl", "AAAA"]);
}

#[test]
fn musl_and_glibc_agree_where_all_servers_do() {
    let stack = Stack::new();
    let zone = api(&stack, None);
    let servers = ["one", "two"].map(|name| bridge_server(&stack, name, &zone));
    let web = web(&stack, None, &servers);
    put_musl_into(&web);

    check([web.name(), URL]).healthy();
}

#[test]
fn ipv6_no_route_by_name_and_by_address() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = server(&stack, &net, 14, &format!(",zone={API}=2001:db8::7"));
    let web = web(&stack, Some(&net), &[dns]);

    for target in [URL, "[2001:db8::7]:8080"] {
        let outcome = check([web.name(), target]);
        outcome.unreachable("ipv6-no-route").words(["IPv6", net.name(), "--ipv6"]);
    }
}

#[test]
fn a_name_with_an_address_of_each_family_needs_only_one() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let zone = api(&stack, Some(&net));
    let dns = server(&stack, &net, 14, &format!("{zone},zone={API}=2001:db8::7"));

    check([web(&stack, Some(&net), &[dns]).name(), URL]).healthy();
}

#[test]
fn ipv6_no_route_where_ipv6_is_off_altogether() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let off = ["--sysctl", "net.ipv6.conf.all.disable_ipv6=1"];
    let web = stack.container("web").on(&net).flags(off).start();

    check([web.name(), "[2001:db8::7]:8080"]).unreachable("ipv6-no-route").words(["IPv6", net.name()]);
}
