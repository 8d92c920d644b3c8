//! Podman behind its Docker-compatible socket, where there is one.

use dprobe_tests::Lab;

#[test]
fn healthy_pairs() {
    let Some(lab) = Lab::podman() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api").runs(["node", "tcp:0.0.0.0:3000,http=200"]).start();
    // The second one finds the agent's image there.
    for target in ["api:3000", "http://api:3000/", &format!("{}:3000", api.name())] {
        lab.check([web.name(), target]).healthy();
    }
    let lonely = stack.container("lonely").start();
    let plain = stack.container("plain").runs(["nginx"]).start();
    lab.check([lonely.name(), &format!("{}:80", plain.ip("podman"))]).healthy();
    let outcome = lab.check([web.name(), "api:3001"]);
    outcome.unreachable("wrong-port").dial_works();
}

#[test]
fn names_that_do_not_resolve() {
    let Some(lab) = Lab::podman() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    lab.check([web.name(), "mongdob:27017"]).unreachable("unknown-name").dial_works();

    let (one, two) = (stack.container("one").start(), stack.container("two").runs(["nginx"]).start());
    let outcome = lab.check([one.name(), &format!("{}:80", two.name())]);
    outcome.unreachable("default-bridge-no-dns").words(["podman network create", "podman"]);
    outcome.fix_works(&stack);
}

#[test]
fn networks_that_are_not_shared() {
    let Some(lab) = Lab::podman() else { return };
    let stack = lab.stack();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let web = stack.container("web").on(&front).start();
    let db = stack.container("db").on(&back).runs(["postgres", "-h", "*"]).start();
    let outcome = lab.check([web.name(), &format!("{}:5432", db.name())]);
    outcome.unreachable("no-shared-network").words(["podman network connect"]);
    outcome.fix_works(&stack);
}

#[test]
fn servers_on_loopback_and_none_at_all() {
    let Some(lab) = Lab::podman() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod"]).start();
    let nobody = stack.container("idle").on(&net).alias("nobody").start();
    let outcome = lab.check([web.name(), "mongodb:27017"]);
    outcome.unreachable("bind-loopback").words(["mongod --bind_ip_all"]);
    // By its address, for the DNS server of Podman 4.3 may fall silent when a container comes or goes.
    let mended = stack.container("mended").on(&net).runs(outcome.argv()).start();
    lab.check([web.name(), &format!("{}:27017", mended.ip(net.name()))]).healthy();
    lab.check([web.name(), &format!("{}:80", nobody.ip(net.name()))]).unreachable("nothing-listening");
}

#[test]
fn the_host_has_another_name() {
    let Some(mut lab) = Lab::podman() else { return };
    lab.runs(["tcp:0.0.0.0:5432"]);
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    lab.check([web.name(), "host.containers.internal:5432"]).healthy();
    let outcome = lab.check([web.name(), "host.docker.internal:5432"]);
    outcome.unreachable("host-name-missing").words(["host.containers.internal:5432"]);
    outcome.dial_works();
}
