//! Connections that a packet filter drops or refuses, and those that only look like it.

use std::time::Duration;

use dprobe_tests::docker::docker_ok;
use dprobe_tests::{Container, Dprobe, Engine, Lab, Network, Outcome, Stack, Tunnel, check, until};

/// A rule in the host's packet filter of a lab.
struct Rule(&'static str);

/// `web` and `mongodb` on a network of a lab, in good health.
fn pair(stack: &Stack) -> (Network, Container, Container) {
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let db = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    (net, web, db)
}

/// With each rule the check fails for this reason, the rule is quoted, and the first fix takes it away.
fn each_rule_is_named(lab: &Lab, stack: &Stack, code: &str, rules: &[Rule], ask: impl Fn() -> Outcome) {
    ask().healthy();
    for Rule(rule) in rules {
        lab.host(&format!("iptables -I {rule}"));
        let outcome = ask();
        let spec = rule.split_once(' ').map_or("", |(_, spec)| spec);
        let last = spec.rsplit(" -j ").next().unwrap_or_default();
        outcome.unreachable(code).words([last.split(' ').next().unwrap_or_default(), "iptables -D"]);
        outcome.fix_works(stack);
    }
    ask().healthy();
}

#[test]
fn rules_that_drop_between_containers() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let (_, web, _) = pair(&stack);
    // On one bridge only what the bridge hands to iptables is filtered.
    lab.host("sysctl -qw net.bridge.bridge-nf-call-iptables=1");

    let rules = [
        Rule("DOCKER-USER -p tcp --dport 27017 -j DROP"),
        Rule("FORWARD -p tcp -m multiport --dports 80,27017 -j DROP"),
        Rule("FORWARD -p tcp --sport 27017 -j DROP"),
        Rule("DOCKER-USER -j DROP"),
    ];
    each_rule_is_named(&lab, &stack, "firewall-drop", &rules, || lab.check([web.name(), "mongodb:27017"]));
}

#[test]
fn rules_that_refuse_between_containers() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let (_, web, _) = pair(&stack);
    lab.host("sysctl -qw net.bridge.bridge-nf-call-iptables=1");

    let rules = [
        Rule("DOCKER-USER -p tcp --dport 27017 -j REJECT"),
        Rule("DOCKER-USER -p tcp --dport 27017 -j REJECT --reject-with tcp-reset"),
        Rule("FORWARD -p tcp --dport 27017 -j REJECT --reject-with icmp-host-prohibited"),
        Rule("FORWARD -p tcp --dport 27017 -j REJECT --reject-with icmp-net-unreachable"),
    ];
    each_rule_is_named(&lab, &stack, "firewall-reject", &rules, || lab.check([web.name(), "mongodb:27017"]));
}

#[test]
fn rules_that_keep_containers_from_the_host() {
    let Some(mut lab) = Lab::new() else { return };
    lab.runs(["tcp:0.0.0.0:5432"]);
    let stack = lab.stack();
    let (_, web, _) = pair(&stack);

    let rules = [
        Rule("INPUT -p tcp --dport 5432 -j DROP"),
        Rule("INPUT -p tcp --dport 5432 -j REJECT --reject-with icmp-host-prohibited"),
        Rule("INPUT -p tcp --dport 5432 -j REJECT"),
    ];
    each_rule_is_named(&lab, &stack, "host-firewall", &rules, || lab.check([web.name(), "gateway:5432"]));

    lab.host("iptables -P INPUT DROP && iptables -I INPUT -i lo -j ACCEPT");
    let outcome = lab.check([web.name(), "gateway:5432"]);
    outcome.unreachable("host-firewall").words(["iptables -P INPUT DROP"]);
    outcome.fix_works(&stack);
}

#[test]
fn a_rule_of_ufw_is_told_in_the_words_of_ufw() {
    let Some(mut lab) = Lab::new() else { return };
    lab.runs(["tcp:0.0.0.0:5432"]);
    let stack = lab.stack();
    let (net, web, _) = pair(&stack);
    lab.host(
        "iptables -N ufw-skip-to-policy-input && iptables -A ufw-skip-to-policy-input -j DROP && \
         iptables -A INPUT -p tcp --dport 5432 -j ufw-skip-to-policy-input",
    );

    let outcome = lab.check([web.name(), "gateway:5432"]);
    let subnet = format!("{}/28", net.address(0));
    outcome.unreachable("host-firewall").words(["ufw allow proto tcp from", &subnet, "port 5432"]);
}

#[test]
fn two_faults_at_once_are_both_named() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("redis").on(&net).alias("redis").runs(["redis-server", "--bind", "127.0.0.1"]).start();
    lab.host("sysctl -qw net.bridge.bridge-nf-call-iptables=1 && iptables -I DOCKER-USER -p tcp --dport 6379 -j DROP");

    let outcome = lab.check([web.name(), "redis:6379"]);
    outcome.unreachable("firewall-drop");
    assert_eq!(outcome.codes(), ["firewall-drop", "bind-loopback"]);
}

#[test]
fn a_published_port_behind_a_rule() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let other = stack.network("other-net");
    let web = stack.container("web").on(&other).start();
    stack.container("db").on(&net).flags(["-p", "5433:5432"]).runs(["postgres", "-c", "listen_addresses=*"]).start();
    let ask = || lab.check([web.name(), "gateway:5433"]);
    ask().healthy();

    lab.host("iptables -I INPUT -p tcp --dport 5433 -j DROP");
    let outcome = ask();
    outcome.unreachable("host-firewall");
    outcome.fix_works(&stack);
}

#[test]
fn without_the_right_to_read_rules_the_way_to_them_is_told() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let (_, web, _) = pair(&stack);
    lab.host("sysctl -qw net.bridge.bridge-nf-call-iptables=1 && iptables -I DOCKER-USER -p tcp --dport 27017 -j DROP");

    let tunnel = Tunnel::to(lab.engine());
    let from_afar = |words: &[&str]| Dprobe::new(words).env("DOCKER_HOST", tunnel.host()).json();
    let blind = from_afar(&["check", web.name(), "mongodb:27017"]);
    blind.unreachable("firewall-drop").words(["--deep", "could not see"]);
    let deep = from_afar(&["check", web.name(), "mongodb:27017", "--deep"]);
    deep.unreachable("firewall-drop").words(["iptables -A DOCKER-USER", "27017"]);
    assert!(deep.stderr.contains("privileged helper"), "{}", deep.stderr);
    // The engine removes what has ended in its own time.
    until("the helper to be gone", Duration::from_secs(10), || {
        lab.docker(["ps", "-aq", "--filter", "label=io.dprobe.agent"]).is_empty().then_some(())
    });
}

#[test]
fn a_rule_inside_a_container() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let db = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    let sandbox = docker_ok(["inspect", "--format", "{{.NetworkSettings.SandboxKey}}", db.name()]);
    // It goes with the container. Only root may enter.
    let rule = format!("nsenter --net={sandbox} iptables -A INPUT -p tcp --dport 27017 -j REJECT");
    if !Engine::of_this_machine().shell(&rule).status.success() {
        return;
    }

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("firewall-reject").words(["inside", db.name(), "nsenter"]);
    outcome.fix_works(&stack);
}

#[test]
fn a_network_without_talk_between_its_containers() {
    let stack = Stack::new();
    let net = stack.network_with("quiet", &["-o", "com.docker.network.bridge.enable_icc=false"]);
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("icc-disabled").words([net.name(), "enable_icc=false"]);
    outcome.fix_works(&stack);
}

#[test]
fn healthy_without_talk_to_oneself() {
    let stack = Stack::new();
    let net = stack.network_with("quiet", &["-o", "com.docker.network.bridge.enable_icc=false"]);
    let web = stack.container("web").on(&net).runs(["nginx"]).start();

    check([web.name(), "localhost:80"]).healthy();
    check(["host", &format!("{}:80", web.ip(net.name()))]).healthy();
}
