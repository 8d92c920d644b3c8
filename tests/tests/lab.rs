//! A lab in good health, of which nothing is to be said.

use dprobe_tests::{Lab, binary};

#[test]
fn healthy() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let db = stack.container("mongodb").on(&net).alias("mongodb").flags(["-p", "27017:27017"]);
    db.runs(["mongod", "--bind_ip_all"]).start();

    lab.check([web.name(), "mongodb:27017"]).healthy();
    lab.check([web.name(), &format!("http://{}/", lab.outside_address())]).healthy();
    lab.check([web.name(), &format!("http://{}/", lab.outside_name())]).healthy();
    lab.check(["host", "localhost:27017"]).healthy();
}

#[test]
fn healthy_by_the_default_bridge() {
    let Some(mut lab) = Lab::new() else { return };
    lab.runs(["tcp:0.0.0.0:5432"]);
    let stack = lab.stack();
    let api = stack.container("api").runs(["nginx"]).start();
    let web = stack.container("web").start();

    lab.check([web.name(), &format!("{}:80", api.ip("bridge"))]).healthy();
    lab.check([web.name(), &format!("{}:80", lab.outside_name())]).healthy();
    lab.check([web.name(), "gateway:5432"]).healthy();
    lab.restart();
    api.docker("start");
    lab.check(["host", &format!("{}:80", api.ip("bridge"))]).healthy();
}

#[test]
fn nothing_of_a_lab_is_felt_outside_and_nothing_is_left() {
    let Some([here, mut there]) = Lab::pair() else { return };
    let forwarding = || std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").expect("a setting");
    let before = forwarding();
    here.host("sysctl -w net.ipv4.ip_forward=0");
    assert_eq!(here.host("cat /proc/sys/net/ipv4/ip_forward").trim(), "0");
    assert_eq!(there.host("cat /proc/sys/net/ipv4/ip_forward").trim(), "1");
    assert_eq!(forwarding(), before);
    there.runs(["tcp:0.0.0.0:5432"]);
    here.host(&format!("{} act dial:{}:5432", binary::agent().display(), there.address()));
    let socket = here.engine().address().expect("an address").trim_start_matches("unix://").to_owned();
    let dir = std::path::Path::new(&socket).parent().expect("a directory").to_owned();
    let name = dir.file_name().expect("a name").to_owned();
    assert!(dir.exists());
    drop((here, there));
    assert!(!dir.exists(), "{}", dir.display());
    let hierarchies = std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
    let left: Vec<_> = hierarchies.map(|entry| entry.path().join(&name)).filter(|group| group.exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}
