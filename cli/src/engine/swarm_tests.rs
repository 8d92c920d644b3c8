//! A swarm as Engine 20.10 writes it.

use serde_json::json;

use super::*;
use crate::engine::client::without_nulls;
use crate::engine::networks::networks;

fn bodies<T: DeserializeOwned>(json: Value) -> Vec<T> {
    serde_json::from_value(without_nulls(json)).expect("bodies")
}

fn info(json: Value) -> SwarmBody {
    serde_json::from_value(without_nulls(json)).expect("an info")
}

fn keys() -> NetworkKeys {
    NetworkKeys::new(&networks(bodies(
        json!([{"Id": "uji4b3", "Name": "shop", "Driver": "overlay", "Scope": "swarm"}]),
    )))
}

fn manager() -> SwarmBody {
    info(json!({"NodeID": "prmd", "NodeAddr": "198.51.100.1", "LocalNodeState": "active", "ControlAvailable": true,
        "RemoteManagers": [{"NodeID": "prmd", "Addr": "198.51.100.1:2377"}], "Nodes": 2, "Cluster": {"DataPathPort": 4789}}))
}

/// `docker service create --name web --network shop --publish 8080:80 --constraint node.labels.x==y …`
fn service_body() -> Value {
    json!({"ID": "zpqr", "Spec": {"Name": "web", "Labels": {},
            "TaskTemplate": {"ContainerSpec": {"Image": "nginx", "Env": ["PASSWORD=hunter2"]},
                "Placement": {"Constraints": ["node.labels.x==y"]}, "Networks": [{"Target": "uji4b3", "Aliases": ["www"]}]},
            "Mode": {"Replicated": {"Replicas": 2}}, "EndpointSpec": {"Mode": "vip"}},
        "Endpoint": {"Spec": {"Mode": "vip"},
            "Ports": [{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"}],
            "VirtualIPs": [{"NetworkID": "gone", "Addr": "10.0.0.4/24"}, {"NetworkID": "uji4b3", "Addr": "10.0.1.8/24"}]}})
}

fn task_body(id: &str, desired: &str, state: &str, error: &str, at: &str) -> Value {
    json!({"ID": id, "ServiceID": "zpqr", "NodeID": "kedy", "DesiredState": desired,
        "Status": {"Timestamp": at, "State": state, "Err": error},
        "NetworksAttachments": [{"Network": {"ID": "uji4b3", "Spec": {"Name": "shop"}}, "Addresses": ["10.0.1.6/24"]}]})
}

fn read(tasks: Value) -> Swarm {
    let all = Bodies {
        nodes: bodies(json!([{"ID": "kedy", "Spec": {"Role": "worker", "Availability": "active"},
            "Description": {"Hostname": "two\u{1b}"}, "Status": {"State": "ready", "Addr": "198.51.100.2"}}])),
        services: bodies(json!([service_body()])),
        tasks: bodies(tasks),
    };
    swarm(&manager(), all, &keys(), EngineClock::read("2026-11-21T11:42:00Z")).expect("a swarm")
}

#[test]
fn nodes_services_and_tasks_are_read_and_nothing_secret_with_them() {
    let found = read(json!([task_body("t1", "running", "running", "", "2026-11-21T11:40:00Z")]));
    assert_eq!((found.node.as_str(), found.manager, found.data_port), ("prmd", true, Some(4789)));
    assert_eq!(found.nodes[0].hostname, "two\\x1b");
    let web = &found.services["web"];
    assert_eq!((web.replicas, web.endpoint_mode.as_str()), (Some(2), "vip"));
    assert_eq!(web.constraints, ["node.labels.x==y"]);
    assert_eq!(web.networks["shop"].vip, "10.0.1.8".parse().ok());
    assert_eq!(web.networks["shop"].aliases, ["www"]);
    assert_eq!(found.publisher(8080, Protocol::Tcp).map(|(name, port)| (name, port.target)), Some(("web", 80)));
    let task = &found.tasks[0];
    assert!(task.runs() && task.for_s.is_some_and(|age| age > 100.0), "{task:?}");
    assert_eq!(task.addresses["shop"], "10.0.1.6".parse::<IpAddr>().expect("an address"));
    assert!(!serde_json::to_string(&found).expect("JSON").contains("hunter2"));
}

#[test]
fn of_many_failed_tasks_the_last_are_kept() {
    let failed = |n: usize| {
        task_body(&format!("t{n}"), "shutdown", "rejected", "No such image: x:1", &format!("2026-11-21T11:40:{n:02}Z"))
    };
    let mut all: Vec<Value> = (0..20).map(failed).collect();
    all.push(task_body("now", "ready", "rejected", "No such image: x:1", "2026-11-21T11:39:00Z"));
    all.push(task_body("ended", "shutdown", "shutdown", "", "2026-11-21T11:41:00Z"));
    let found = read(Value::Array(all));
    let ids: Vec<&str> = found.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["t19", "t18", "t17", "t16", "now"]);
    assert_eq!(found.tasks[0].error, "No such image: x:1");
}

#[test]
fn a_worker_knows_itself_and_an_engine_of_its_own_has_no_swarm() {
    let worker = info(json!({"NodeID": "kedy", "NodeAddr": "198.51.100.2", "LocalNodeState": "active",
        "ControlAvailable": false, "Cluster": null}));
    let found = swarm(&worker, Bodies::default(), &keys(), None).expect("a swarm");
    assert_eq!((found.manager, found.data_port, found.address), (false, None, "198.51.100.2".parse().ok()));
    assert!(swarm(&info(json!({"LocalNodeState": "inactive"})), Bodies::default(), &keys(), None).is_none());
    assert!(swarm(&SwarmBody::default(), Bodies::default(), &keys(), None).is_none(), "an engine that says nothing");
}

#[test]
fn what_a_node_has_heard_is_read_from_a_verbose_inspect() {
    let body: OverlayBody = serde_json::from_value(json!({"Name": "shop",
        "Peers": [{"Name": "c6c6", "IP": "198.51.100.1"}, {"Name": "fb46", "IP": "198.51.100.2"}],
        "Services": {
            "": {"VIP": "<nil>", "Ports": [], "Tasks": [
                {"Name": "db", "EndpointIP": "10.0.1.4", "Info": {"Host IP": "198.51.100.2"}}]},
            "web": {"VIP": "10.0.1.8", "Ports": [], "Tasks": [
                {"Name": "web.1.tte3", "EndpointIP": "10.0.1.6", "Info": {"Host IP": "198.51.100.1"}}]}}}))
    .expect("a network");
    let found = overlay(&body);
    assert_eq!(found.peers.len(), 2);
    let names: Vec<_> = found.endpoints.iter().map(|one| (one.name.as_str(), one.service.as_deref())).collect();
    assert_eq!(names, [("db", None), ("web.1.tte3", Some("web"))]);
    assert_eq!(found.vips.len(), 1);
    assert_eq!(found.vips["web"], "10.0.1.8".parse::<IpAddr>().expect("an address"));
    assert_eq!(found.endpoints[0].node, "198.51.100.2".parse().ok());
}
