//! Inspects as engines of different ages write them.

use serde_json::json;

use super::*;
use crate::engine::networks::networks;

fn keys() -> NetworkKeys {
    let bodies = serde_json::from_value(json!([
        {"Id": "b1", "Name": "bridge", "Driver": "bridge",
         "Options": {"com.docker.network.bridge.default_bridge": "true"}},
        {"Id": "a1", "Name": "app", "Driver": "bridge", "Created": "2026-01-01T00:00:00Z"},
        {"Id": "a2a2a2a2a2a2a2a2", "Name": "app", "Driver": "bridge", "Created": "2026-01-02T00:00:00Z"},
        {"Id": "h1", "Name": "host", "Driver": "host"},
    ]))
    .expect("networks");
    NetworkKeys::new(&networks(bodies))
}

fn read(body: Value) -> Container {
    container(body, &keys(), EngineClock::read("2026-11-21T02:05:00Z")).expect("a container")
}

/// `docker run --name web --network app --network-alias www --hostname custom -p 18099:80 -p 127.0.0.1::27017/udp …` on Engine 20.10.
fn engine_20_10() -> Value {
    json!({
        "Id": "9eafe244bf44e26b81b3d09a43a8a2cca9e6db1972809e8d405971f199d98c81",
        "Created": "2026-11-21T02:03:56.1Z", "Path": "mongod", "Args": ["--bind_ip", "127.0.0.1", "--password", "hunter2"],
        "State": {"Status": "running", "Running": true, "Paused": false, "Restarting": false, "OOMKilled": false,
            "Dead": false, "Pid": 4711, "ExitCode": 0, "Error": "", "StartedAt": "2026-11-21T02:04:00Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            "Health": {"Status": "unhealthy", "FailingStreak": 2, "Log": [
                {"Start": "…", "End": "…", "ExitCode": 0, "Output": "first"},
                {"Start": "…", "End": "…", "ExitCode": 1, "Output": "curl: (7)\u{1b}[0m refused\n"}]}},
        "Image": "sha256:d1ea", "Name": "/web", "RestartCount": 3, "Driver": "overlay2",
        "HostConfig": {"Binds": null, "NetworkMode": "app", "PortBindings": {
                "27017/udp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
                "80/tcp": [{"HostIp": "", "HostPort": "18099"}]},
            "Links": null, "ExtraHosts": ["db:172.18.0.200"],
            "Dns": ["198.51.100.53", "rubbish"], "DnsSearch": ["corp.test\u{1b}"], "DnsOptions": ["ndots:1"], "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
        "Mounts": [{"Type": "bind", "Source": "/srv/hosts", "Destination": "/etc/hosts", "Mode": "", "RW": true}],
        "Config": {"Hostname": "custom", "Image": "mongo:7", "Tty": false, "Env": ["PASSWORD=hunter2"],
            "ExposedPorts": {"27017/udp": {}, "80/tcp": {}, "99/sctp": {}},
            "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "front\u{1b}[31m",
                "com.docker.compose.project.config_files": "/srv/compose.yaml,/srv/compose.override.yaml"}},
        "NetworkSettings": {"Bridge": "", "Ports": {
                "27017/udp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}],
                "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "18099"}, {"HostIp": "::", "HostPort": "18099"}],
                "99/tcp": null},
            "Networks": {"app": {"IPAMConfig": null, "Links": ["db:linked"],
                "Aliases": ["www", "9eafe244bf44", "custom"], "NetworkID": "a1", "EndpointID": "345c",
                "Gateway": "172.18.0.1", "IPAddress": "172.18.0.2", "IPPrefixLen": 16, "IPv6Gateway": "",
                "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "MacAddress": "02:42:AC:12:00:02", "DriverOpts": null}}}
    })
}

fn published(container_port: u16, protocol: Protocol, host_ip: &str, host_port: Option<u16>) -> PublishedPort {
    PublishedPort { container_port, protocol, host_ip: host_ip.parse().ok(), host_port }
}

#[test]
fn everything_of_a_20_10_inspect_arrives() {
    let web = read(engine_20_10());
    assert_eq!((web.name.as_str(), web.image.as_str(), web.hostname.as_str()), ("web", "mongo:7", "custom"));
    assert_eq!(web.state.status, Status::Running);
    assert_eq!(web.state.restart_count, 3);
    let up = web.state.up_s.expect("an age");
    assert!((60.0..61.0).contains(&up), "{up}");
    assert_eq!(web.network_mode, NetworkMode::Network("app".to_owned()));
    assert_eq!(web.extra_hosts, ["db:172.18.0.200"]);
    assert!(web.own_hosts_file);
    assert_eq!(web.dns, ["198.51.100.53".parse::<IpAddr>().expect("an address")]);
    assert_eq!((web.dns_search, web.dns_options), (vec!["corp.test\\x1b".to_owned()], vec!["ndots:1".to_owned()]));
    assert_eq!(web.links, [Link { container: "db".to_owned(), alias: "linked".to_owned() }]);
    let endpoint = &web.attachments["app"];
    assert_eq!(endpoint.network_id, "a1");
    assert_eq!(endpoint.ipv4, "172.18.0.2".parse().ok());
    assert_eq!((endpoint.ipv6, endpoint.gateway), (None, "172.18.0.1".parse().ok()));
    assert_eq!(endpoint.names, ["web", "www", "9eafe244bf44", "custom"]);
    assert_eq!(endpoint.mac.as_deref(), Some("02:42:ac:12:00:02"));
}

#[test]
fn what_was_asked_for_and_what_was_published_are_kept_apart() {
    let web = read(engine_20_10());
    assert_eq!(
        web.published,
        [
            published(80, Protocol::Tcp, "0.0.0.0", Some(18099)),
            published(80, Protocol::Tcp, "::", Some(18099)),
            published(27017, Protocol::Udp, "127.0.0.1", Some(32768)),
        ]
    );
    assert_eq!(
        web.requested,
        [published(80, Protocol::Tcp, "", Some(18099)), published(27017, Protocol::Udp, "127.0.0.1", None)]
    );
    let ports: Vec<String> =
        web.exposed.iter().map(|exposed| format!("{}/{}", exposed.port, exposed.protocol)).collect();
    assert_eq!(ports, ["80/tcp", "27017/udp"], "SCTP is left out");
}

#[test]
fn secrets_and_control_characters_stay_out() {
    let web = read(engine_20_10());
    assert!(!format!("{web:?}").contains("hunter2"), "{web:?}");
    assert_eq!(web.command[..3], ["mongod", "--bind_ip", "127.0.0.1"]);
    let compose = web.compose.expect("compose labels");
    assert_eq!((compose.project.as_str(), compose.service.as_str()), ("shop", "front\\x1b[31m"));
    assert_eq!(compose.files, ["/srv/compose.yaml", "/srv/compose.override.yaml"]);
    let health = web.state.health.expect("a health check");
    assert_eq!(health.status, HealthStatus::Unhealthy);
    assert_eq!(health.last_output, "curl: (7)\\x1b[0m refused");
}

#[test]
fn newer_engines_list_their_dns_names_and_leave_fields_out() {
    // API 1.44 and later: DNSNames instead of the short id in Aliases; 1.52 drops the fields of the default bridge.
    let web = read(json!({
        "Id": "1f1f1f1f1f1f1f1f", "Name": "/web", "Path": "nginx",
        "State": {"Status": "running", "StartedAt": "2026-11-21T02:04:59.9Z"},
        "HostConfig": {"NetworkMode": "bridge", "PortBindings": {}},
        "Config": {"Hostname": "1f1f1f1f1f1f", "Image": "nginx", "ExposedPorts": {"80/tcp": {}}},
        "NetworkSettings": {"Ports": {"80/tcp": null}, "Networks": {
            "bridge": {"NetworkID": "b1", "IPAddress": "172.17.0.2", "Gateway": "172.17.0.1", "DNSNames": null},
            "app": {"NetworkID": "a2a2a2a2a2a2a2a2", "IPAddress": "", "GlobalIPv6Address": "fd00::2", "Gateway": "",
                "IPv6Gateway": "fd00::1", "Aliases": ["www"], "DNSNames": ["web", "www", "1f1f1f1f1f1f"]}}}
    }));
    assert_eq!(web.network_mode, NetworkMode::DefaultBridge);
    assert!(web.published.is_empty() && web.requested.is_empty());
    assert!(web.attachments["bridge"].names.is_empty(), "the default bridge has no resolver");
    let second = &web.attachments["app@a2a2a2a2a2a2"];
    assert_eq!(second.names, ["web", "www", "1f1f1f1f1f1f"]);
    assert_eq!((second.ipv4, second.ipv6), (None, "fd00::2".parse().ok()));
    assert_eq!(second.gateway, "fd00::1".parse().ok());
    assert_eq!(second.mac, None);
}

#[test]
fn a_stopped_container_publishes_nothing_and_keeps_what_it_asked_for() {
    let db = read(json!({
        "Id": "d1", "Name": "/db",
        "State": {"Status": "created", "ExitCode": 128, "OOMKilled": true, "StartedAt": "0001-01-01T00:00:00Z",
            "Error": "driver failed programming external connectivity: port is already allocated"},
        "HostConfig": {"NetworkMode": "app", "PortBindings": {
            "5432/tcp": [{"HostIp": "", "HostPort": "0"}, {"HostIp": "10.0.0.1", "HostPort": "5000-5010"}]}},
        "NetworkSettings": {"Ports": {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": "5432"}]},
            "Networks": {"app": {"NetworkID": "", "Aliases": null}}}
    }));
    assert_eq!(db.state.status, Status::Created);
    assert!(db.state.oom_killed && db.state.error.contains("already allocated"));
    assert_eq!((db.state.exit_code, db.state.up_s), (128, None));
    assert!(db.published.is_empty());
    assert_eq!(
        db.requested,
        [published(5432, Protocol::Tcp, "", None), published(5432, Protocol::Tcp, "10.0.0.1", None)]
    );
    assert_eq!(db.attachments["app"].network_id, "a1", "an engine that has not attached it yet gives no id");
    assert_eq!(db.attachments["app"].names, ["db"]);
}

#[test]
fn a_network_that_is_gone_keeps_the_id_that_the_container_has() {
    let web =
        read(json!({"Id": "w", "Name": "/web", "NetworkSettings": {"Networks": {"app": {"NetworkID": "removed"}}}}));
    assert_eq!(web.attachments["app"].network_id, "removed");
}

#[test]
fn modes_and_links_are_read() {
    let mode = |text: &str| read(json!({"Id": "i", "Name": "n", "HostConfig": {"NetworkMode": text}})).network_mode;
    assert_eq!(mode("default"), NetworkMode::DefaultBridge);
    assert_eq!(mode(""), NetworkMode::DefaultBridge);
    assert_eq!(mode("host"), NetworkMode::Host);
    assert_eq!(mode("none"), NetworkMode::None);
    assert_eq!(mode("container:0123"), NetworkMode::Container("0123".to_owned()));
    assert_eq!(mode("favorites-net"), NetworkMode::Network("favorites-net".to_owned()));
    assert_eq!(
        link("/db:/web/alias"),
        Some(Link { container: "db".to_owned(), alias: "alias".to_owned() }),
        "as HostConfig has it"
    );
}

#[test]
fn sections_of_another_form_do_not_hide_a_container() {
    let odd = read(json!({
        "Id": "o", "Name": "odd", "State": "running", "Config": [], "HostConfig": {"PortBindings": 7}, "Mounts": {},
        "NetworkSettings": null, "Args": "none"
    }));
    assert_eq!((odd.name.as_str(), odd.state.status), ("odd", Status::Unknown));
    assert!(container(json!({"message": "no such container"}), &keys(), None).is_none());
    assert!(container(json!(null), &keys(), None).is_none());
}

#[test]
fn a_task_of_a_service_has_the_names_of_the_service_on_overlay_networks() {
    let networks = networks(
        serde_json::from_value(json!([
            {"Id": "o1", "Name": "app_default", "Driver": "overlay", "Scope": "swarm"},
            {"Id": "i1", "Name": "ingress", "Driver": "overlay", "Scope": "swarm"},
        ]))
        .expect("networks"),
    );
    let mut body = engine_20_10();
    body["Name"] = json!("/app_web.1.tte3ligllxygu24tbtritvjos");
    body["Config"]["Labels"] = json!({"com.docker.swarm.service.name": "app_web", "com.docker.swarm.task.id": "tte3",
        "com.docker.stack.namespace": "app"});
    body["NetworkSettings"]["Networks"] = json!({
        "app_default": {"Aliases": ["9eafe244bf44"], "NetworkID": "o1", "IPAddress": "10.0.1.7"},
        "ingress": {"Aliases": null, "NetworkID": "i1", "IPAddress": "10.0.0.7"},
    });
    let found = container(body, &NetworkKeys::new(&networks), None).expect("a container");
    let task = found.task.expect("a task");
    assert_eq!((task.service.as_str(), task.task.as_str(), task.stack.as_deref()), ("app_web", "tte3", Some("app")));
    let names = ["app_web.1.tte3ligllxygu24tbtritvjos", "9eafe244bf44", "tasks.app_web", "app_web", "tasks.web", "web"];
    assert_eq!(found.attachments["app_default"].names, names);
    assert!(found.attachments["ingress"].names.is_empty());
}
