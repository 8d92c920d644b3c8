//! Containers that cannot start, for their network is not there, or not the one they mean.

use dprobe_tests::{Stack, check};

#[test]
fn a_network_that_was_never_made() {
    let stack = Stack::new();
    let network = stack.unique("favorites-net");
    let web = stack.container("web").start();
    let mongodb = stack.container("mongodb").flags(["--network", &network]).runs(["mongod", "--bind_ip_all"]).create();
    assert!(!stack.engine().docker(["start", mongodb.name()]).status.success());

    let outcome = check([web.name(), &format!("{}:27017", mongodb.name())]);
    outcome.unreachable("network-missing").words([&network, "docker network create", "docker start"]);
    outcome.fix_works(&stack);
}

#[test]
fn a_network_that_was_never_made_for_both() {
    let stack = Stack::new();
    let network = stack.unique("both-net");
    let web = stack.container("web").flags(["--network", &network]).create();
    let mongodb = stack.container("mongodb").flags(["--network", &network]).runs(["mongod", "--bind_ip_all"]).create();

    let outcome = check([web.name(), &format!("{}:27017", mongodb.name())]);
    outcome.unreachable("network-missing").words([&network, "docker network create"]);
    outcome.fix_works(&stack);
}

#[test]
fn a_network_that_was_removed_while_its_container_was_stopped() {
    let stack = Stack::new();
    let (gone, other) = (stack.network("gone"), stack.network("other"));
    let web = stack.container("web").on(&other).start();
    let mongodb = stack.container("mongodb").on(&gone).alias("db.shop.test").runs(["mongod", "--bind_ip_all"]).start();
    mongodb.docker("stop");
    assert!(stack.engine().docker(["network", "rm", gone.name()]).status.success());

    let outcome = check([web.name(), &format!("{}:27017", mongodb.name())]);
    outcome.unreachable("network-missing").words([gone.name()]);
    outcome.fix_works(&stack);
    check([web.name(), "db.shop.test:27017"]).healthy();
}

#[test]
fn a_network_that_was_made_anew_while_its_container_was_stopped() {
    let stack = Stack::new();
    let old = stack.network("favorites-net");
    let mongodb = stack.container("mongodb").on(&old).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    mongodb.docker("stop");
    assert!(stack.engine().docker(["network", "rm", old.name()]).status.success());
    let new = stack.network("favorites-net");
    assert_eq!(old.name(), new.name());
    let web = stack.container("web").on(&new).start();

    let target = format!("{}:27017", mongodb.name());
    let outcome = check([web.name(), &target]);
    outcome.unreachable("network-recreated").words([new.name(), "docker network disconnect"]);
    assert!(!stack.engine().docker(["start", mongodb.name()]).status.success());
    let outcome = check([web.name(), &target]);
    outcome.unreachable("network-recreated").words(["not found"]);
    outcome.fix_works(&stack);
    check([web.name(), "mongodb:27017"]).healthy();
}

#[test]
fn a_stopped_container_of_a_network_that_is_there_has_lost_nothing() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let id = stack.engine().docker_ok(["network", "inspect", "--format", "{{.Id}}", net.name()]);
    for (name, flags) in [("a", vec!["--network", net.name()]), ("b", vec!["--network", &id]), ("c", vec![])] {
        let mongodb = stack.container(name).flags(flags).create();
        let outcome = check([web.name(), &format!("{}:27017", mongodb.name())]);
        outcome.says("unreachable", None, 1);
        assert!(!outcome.codes().iter().any(|code| code.starts_with("network-")), "{:?}", outcome.codes());
    }
}
