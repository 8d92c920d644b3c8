//! Faults of the way from a container through its host to the outside, each on a host of its own that may be broken.

use dprobe_tests::{Container, Lab, Stack};

/// `web` on a network of a lab.
fn web(stack: &Stack) -> Container {
    let net = stack.network("favorites-net");
    stack.container("web").on(&net).start()
}

#[test]
fn a_host_that_does_not_forward() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let web = web(&stack);
    lab.host("sysctl -w net.ipv4.ip_forward=0");

    let outcome = lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    outcome.unreachable("ip-forward-off").words(["sysctl -w net.ipv4.ip_forward=1"]);
    outcome.fix_works(&stack);
    lab.host("sysctl -w net.ipv4.ip_forward=0");
    lab.check([web.name(), &format!("http://{}/", lab.outside_name())]).unreachable("ip-forward-off");
}

#[test]
fn rules_of_the_engine_that_were_wiped() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let web = web(&stack);
    lab.host("iptables -F && iptables -t nat -F && iptables -X && iptables -t nat -X && iptables -P FORWARD ACCEPT");

    let ask = || lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    ask().unreachable("engine-rules-wiped").words(["systemctl restart docker"]);
    lab.restart();
    web.docker("start");
    ask().healthy();
    lab.host("iptables -t nat -F && iptables -t nat -X");
    ask().unreachable("engine-rules-wiped");
}

#[test]
fn a_network_without_masquerading() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network_with("quiet", &["-o", "com.docker.network.bridge.enable_ip_masquerade=false"]);
    let web = stack.container("web").on(&net).start();

    let outcome = lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    outcome.unreachable("masquerade-off").words([net.name(), "masquerad"]);
    outcome.fix_works(&stack);
}

#[test]
fn a_masquerading_rule_that_was_removed() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let bridge = format!("br-{}", &lab.docker(["network", "inspect", "-f", "{{.Id}}", net.name()])[..12]);
    lab.host(&format!("iptables -t nat -D POSTROUTING -s {}/28 ! -o {bridge} -j MASQUERADE", net.address(0)));

    let outcome = lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    outcome.unreachable("masquerade-off").words(["iptables -t nat -A POSTROUTING"]);
    outcome.fix_works(&stack);
}

#[test]
fn the_network_that_leads_nowhere_is_the_way_out() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let quiet = stack.network_with("a-quiet", &["-o", "com.docker.network.bridge.enable_ip_masquerade=false"]);
    let front = stack.network("front");
    let web = stack.container("web").on(&front).start();
    let ask = || lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    ask().healthy();
    web.join(&quiet, &[]);

    let outcome = ask();
    outcome.unreachable("wrong-default-gateway").words([quiet.name(), front.name()]);
    outcome.fix_works(&stack);
}

#[test]
fn a_rule_that_keeps_containers_inside() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let web = web(&stack);
    let ask = || lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    ask().healthy();
    for rule in [
        "DOCKER-USER -o eth0 -j DROP",
        "FORWARD -p tcp --dport 80 -j REJECT --reject-with icmp-admin-prohibited",
        "FORWARD -p tcp --dport 80 -j REJECT --reject-with tcp-reset",
    ] {
        lab.host(&format!("iptables -I {rule}"));
        let outcome = ask();
        outcome.unreachable("egress-blocked").words(["iptables -D", "The host itself gets through"]);
        outcome.fix_works(&stack);
    }
}

#[test]
fn an_outside_that_does_not_answer_the_host_either() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let web = web(&stack);
    lab.outside(&format!("iptables -I INPUT -p tcp --dport 80 -d {} -j DROP", lab.outside_address()));

    let outcome = lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
    outcome.says("unreachable", None, 1).replays();
    assert_eq!(outcome.codes(), ["egress-blocked"]);
    outcome.words(["host either"]);
}
