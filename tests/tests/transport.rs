//! Faults of the transport that no listener and no rule explains.

use std::net::TcpStream;
use std::time::Duration;

use dprobe_tests::{Lab, Stack, check};

#[test]
fn a_program_that_has_stopped_accepting() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let hung = stack.container("hung").on(&net).alias("api").runs(["web", "tcp:0.0.0.0:80,hang,backlog=1"]).start();
    // The host is on the bridge as well.
    let address = (hung.ip(net.name()), 80).into();
    let dial = || TcpStream::connect_timeout(&address, Duration::from_millis(500));
    let waiting: Vec<TcpStream> = (0..8).map_while(|_| dial().ok()).collect();
    assert!(waiting.len() < 8, "the queue never gets full");

    check([web.name(), "api:80"]).unreachable("accept-queue-full").words(["accepts no more", "docker restart"]);
}

#[test]
fn a_source_without_a_port_left() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let range = ["--sysctl", "net.ipv4.ip_local_port_range=50000 50001"];
    let web = stack.container("web").on(&net).flags(range).start();
    let db = stack.container("db").on(&net).alias("db").runs(["postgres", "-h", "0.0.0.0"]).start();
    let to = format!("dial:{}:5432", db.ip(net.name()));
    for number in 0..2 {
        // Each leaves its port in TIME_WAIT for a minute.
        let inside = format!("container:{}", web.name());
        let one = stack.container(&format!("dialler{number}")).flags(["--network", &inside]);
        one.runs(["web", &to]).unready().start().wait_for_status("exited");
    }

    let outcome = check([web.name(), "db:5432"]);
    outcome.unreachable("source-ports-exhausted").words(["50000", "port", "docker restart"]);
    outcome.fix_works(&stack);
}

#[test]
fn long_packets_are_lost() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    let ask = || lab.check([web.name(), "api:80"]);
    ask().healthy();

    lab.host("sysctl -qw net.bridge.bridge-nf-call-iptables=1 && iptables -I DOCKER-USER -m length --length 1301:65535 -j DROP");
    let outcome = ask();
    outcome.says("degraded", Some("mtu-black-hole"), 1).words(["1300", "mtu"]);
    outcome.degraded("mtu-black-hole");
}

#[test]
fn healthy_with_a_short_mtu() {
    let stack = Stack::new();
    let net = stack.network_with("short", &["-o", "com.docker.network.driver.mtu=1280"]);
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();

    check([web.name(), "api:80"]).healthy();
    check([web.name(), "http://api/"]).healthy();
}

#[test]
fn a_lan_behind_a_docker_network() {
    let Some(mut lab) = Lab::new() else { return };
    let stack = lab.stack();
    let web = stack.container("web").start();
    // A VPN with a range, and a server in it that the machine outside plays.
    lab.outside("ip addr add 10.99.5.20/32 dev lo");
    lab.host(&format!("ip route add 10.99.0.0/16 via {}", lab.router_address()));
    lab.outside_runs(["tcp:10.99.5.20:80,http=200"]);
    let server = || lab.check([web.name(), "http://10.99.5.20/"]);
    server().healthy();
    lab.docker(["network", "create", "--subnet", "10.99.5.0/24", "in-the-way"]);

    let outcome = server();
    outcome.unreachable("subnet-overlap").words(["in-the-way", "10.99.0.0/16"]);
    outcome.fix_works(&stack);
    lab.docker(["network", "create", "--subnet", "10.99.5.0/24", "in-the-way"]);
    lab.check(["host", "10.99.5.20:80"]).unreachable("subnet-overlap");
}

#[test]
fn a_bridge_that_is_down_or_bare() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let db = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    let bridge = format!("br-{}", &lab.docker(["network", "inspect", "-f", "{{.Id}}", net.name()])[..12]);
    lab.host(&format!("ip link set {bridge} down"));

    let outcome = lab.check([web.name(), "mongodb:27017"]);
    outcome.unreachable("bridge-down").words([bridge.as_str(), "is down"]);
    outcome.fix_works(&stack);

    lab.host(&format!("ip addr flush dev {bridge}"));
    lab.check([web.name(), "mongodb:27017"]).healthy();
    let outcome = lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    outcome.unreachable("bridge-down").words(["has lost its address"]);
    outcome.fix_works(&stack);
    lab.check(["host", &format!("{}:27017", db.ip(net.name()))]).healthy();
}

#[test]
fn a_macvlan_and_its_own_host() {
    let Some(mut lab) = Lab::new() else { return };
    lab.runs(["tcp:0.0.0.0:5432"]);
    let stack = lab.stack();
    lab.docker([
        "network",
        "create",
        "-d",
        "macvlan",
        "-o",
        "parent=eth0",
        "--subnet",
        "198.51.100.0/25",
        "--ip-range",
        "198.51.100.64/28",
        "lan",
    ]);
    let web = stack.container("web").flags(["--network", "lan"]).runs(["nginx"]).start();

    let outcome = lab.check([web.name(), &format!("{}:5432", lab.address())]);
    outcome.unreachable("macvlan-host-isolation").words(["macvlan", "docker network connect"]);
    lab.check(["host", &format!("{}:80", web.ip("lan"))]).unreachable("macvlan-host-isolation");
}
