//! The engine module against a real engine.

use std::fs;
use std::time::Duration;

use dprobe::engine::{Agent, Capability, Engine, EngineChoice, EngineError, Namespace};
use dprobe::topology::{Container, NetworkMode, Protocol, Status};
use dprobe_probes::wire::{Ask, Fact, Observation, Plan, Probe};
use dprobe_tests::docker::{docker, docker_ok, inspect};
use dprobe_tests::{Stack, image};

async fn engine() -> Engine {
    match Engine::connect(&EngineChoice::default()).await {
        Ok(engine) => engine,
        Err(error) => panic!("these tests need an engine: {error}; {}", error.hint().unwrap_or_default()),
    }
}

async fn container(engine: &Engine, name: &str) -> Container {
    let topology = engine.snapshot().await.expect("a snapshot");
    topology.containers.get(name).unwrap_or_else(|| panic!("{name} is not in the snapshot")).clone()
}

async fn ask(agent: &mut Agent, probe: Probe) -> Vec<Observation> {
    let asks = vec![Ask { id: "p1".to_owned(), probe }];
    agent.run(Plan { place: "here".to_owned(), deadline_ms: 5000, asks }).await.expect("observations")
}

/// The addresses that an agent sees in its namespace.
async fn addresses(agent: &mut Agent) -> Vec<String> {
    let seen = ask(agent, Probe::Network).await;
    let [Observation { place, fact: Fact::Network(network), .. }] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(place, "here");
    network.interfaces.iter().flat_map(|i| &i.addresses).map(|address| address.address.to_string()).collect()
}

/// What the engine says of an agent's container.
fn host_config(agent: &Agent) -> serde_json::Value {
    inspect(agent.container_id()).expect("the agent's container")
}

#[tokio::test]
async fn a_snapshot_tells_what_docker_was_told() {
    let stack = Stack::new();
    let (net, other) = (stack.network("app"), stack.network_with("closed", &["--internal", "--label", "a=b"]));
    let web = stack
        .container("web")
        .on(&net)
        .alias("www")
        .flags(["--expose", "99/udp", "-p", "127.0.0.1::8080", "--add-host", "db:198.51.100.9", "--restart", "no"])
        .flags(["--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=front"])
        .runs(["web"])
        .start();
    web.join(&other, &["--alias", "inner"]);
    let engine = engine().await;
    let topology = engine.snapshot().await.expect("a snapshot");

    let seen = &topology.containers[web.name()];
    assert_eq!(seen.id, web.id());
    assert_eq!(seen.image, image::name());
    assert_eq!(seen.state.status, Status::Running);
    assert!(seen.state.up_s.is_some_and(|up| (0.0..120.0).contains(&up)), "{:?}", seen.state);
    assert_eq!(seen.network_mode, NetworkMode::Network(net.name().to_owned()));
    assert_eq!(seen.extra_hosts, ["db:198.51.100.9"]);
    assert!(seen.exposed.iter().any(|port| (port.port, port.protocol) == (99, Protocol::Udp)), "{:?}", seen.exposed);
    let [published] = seen.published.as_slice() else { panic!("{:?}", seen.published) };
    assert_eq!((published.container_port, published.host_ip), (8080, "127.0.0.1".parse().ok()));
    assert_eq!(published.host_port, Some(web.published("8080/tcp")));
    assert_eq!(seen.requested[0].host_port, None);
    let compose = seen.compose.as_ref().expect("compose labels");
    assert_eq!((compose.project.as_str(), compose.service.as_str()), ("shop", "front"));

    let attachment = &seen.attachments[net.name()];
    assert_eq!(attachment.ipv4, Some(web.ip(net.name())));
    assert_eq!(attachment.gateway, Some(net.address(1).into()));
    for name in [web.name(), "www", &web.id()[..12]] {
        assert!(attachment.names.iter().any(|known| known == name), "{name} in {:?}", attachment.names);
    }
    assert!(seen.attachments[other.name()].names.iter().any(|name| name == "inner"));
    let network = &topology.networks[other.name()];
    assert!(network.internal && !topology.networks[net.name()].internal);
    assert!(network.subnets[0].range.contains(&std::net::IpAddr::from(web.ip(other.name()))));
    assert_eq!(attachment.network_id, topology.networks[net.name()].id);
}

#[tokio::test]
async fn the_states_of_containers_are_told_apart() {
    let stack = Stack::new();
    let failed = stack.container("failed").runs(["/dprobe-agent", "act", "exit=7"]).unready().start();
    failed.wait_for_status("exited");
    let paused = stack.container("paused").runs(["idle"]).start();
    paused.docker("pause");
    let created = stack.container("created").create();
    let alone = stack.container("alone").flags(["--network", "none"]).start();
    let joined = stack.container("joined").flags(["--network", &format!("container:{}", alone.name())]).start();

    let engine = engine().await;
    let failed = container(&engine, failed.name()).await;
    assert_eq!((failed.state.status, failed.state.exit_code, failed.state.up_s), (Status::Exited, 7, None));
    let paused = container(&engine, paused.name()).await;
    assert_eq!(paused.state.status, Status::Paused);
    assert_eq!(paused.network_mode, NetworkMode::DefaultBridge);
    assert!(paused.attachments["bridge"].names.is_empty(), "the default bridge resolves nothing");
    assert_eq!(container(&engine, created.name()).await.state.status, Status::Created);
    assert_eq!(container(&engine, alone.name()).await.network_mode, NetworkMode::None);
    assert_eq!(container(&engine, joined.name()).await.network_mode, NetworkMode::Container(alone.id().to_owned()));
}

#[tokio::test]
async fn an_agent_sees_the_namespace_it_was_put_into_and_has_no_rights() {
    let stack = Stack::new();
    let (one, two) = (stack.network("one"), stack.network("two"));
    let web = stack.container("web").on(&one).start();
    let engine = engine().await;
    let topology = engine.snapshot().await.expect("a snapshot");
    let ids = [&one, &two].map(|network| topology.networks[network.name()].id.clone()).to_vec();
    let (inside, host, fresh) = tokio::join!(
        engine.start_agent("web", Namespace::Container(web.id().to_owned()), Capability::None),
        engine.start_agent("host", Namespace::Host, Capability::None),
        engine.start_agent("net", Namespace::Networks(ids), Capability::None),
    );
    let (mut inside, mut host, mut fresh) = (inside.expect("web"), host.expect("host"), fresh.expect("net"));

    let body = host_config(&inside);
    let limits = &body["HostConfig"];
    assert_eq!(body["Config"]["User"], "65534:65534");
    assert_eq!((&limits["CapDrop"], &limits["CapAdd"]), (&serde_json::json!(["ALL"]), &serde_json::Value::Null));
    assert_eq!((&limits["ReadonlyRootfs"], &limits["AutoRemove"]), (&true.into(), &true.into()));
    assert_eq!((&limits["Memory"], &limits["PidsLimit"]), (&67_108_864.into(), &64.into()));
    assert!(body["Config"]["Labels"]["io.dprobe.agent"].is_string());
    let topology = engine.snapshot().await.expect("a snapshot");
    assert!(!topology.containers.values().any(|c| c.id == inside.container_id()), "agents are not part of the picture");

    let ip = web.ip(one.name()).to_string();
    assert!(addresses(&mut inside).await.contains(&ip));
    assert!(addresses(&mut host).await.contains(&one.address(1).to_string()), "the host has the gateway's address");
    let own = addresses(&mut fresh).await;
    assert!(own.iter().any(|ip| ip.starts_with(&prefix(&one))) && own.iter().any(|ip| ip.starts_with(&prefix(&two))));
    assert!(addresses(&mut inside).await.contains(&ip), "an agent runs more than one plan");

    let id = inside.container_id().to_owned();
    tokio::join!(inside.stop(), host.stop(), fresh.stop());
    // Fresh ones are gone when `stop` returns; what is left of the others holds no network.
    assert_eq!(docker(["network", "rm", two.name()]).stderr, "");
    dprobe_tests::until("the agent to be removed", std::time::Duration::from_secs(20), || {
        inspect(&id).is_none().then_some(())
    });
}

fn prefix(network: &dprobe_tests::Network) -> String {
    let text = network.address(1).to_string();
    text.rsplit_once('.').map(|(front, _)| format!("{front}.")).expect("an address")
}

/// The capabilities that an agent's process can use (`CapEff` of proc(5)).
fn capabilities(agent: &Agent) -> u64 {
    let pid = host_config(agent)["State"]["Pid"].as_u64().expect("a process id");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("its capabilities");
    u64::from_str_radix(line.trim(), 16).expect("a number")
}

#[tokio::test]
async fn a_raw_socket_is_had_only_where_it_was_asked_for() {
    const NET_RAW: u64 = 1 << 13;
    let stack = Stack::new();
    let web = stack.container("web").start();
    let engine = engine().await;
    let namespace = || Namespace::Container(web.id().to_owned());
    let with = engine.start_agent("web", namespace(), Capability::NetRaw).await.expect("an agent");
    let without = engine.start_agent("web", namespace(), Capability::None).await.expect("an agent");
    assert_eq!((capabilities(&with), capabilities(&without)), (NET_RAW, 0));
    with.stop().await;
    without.stop().await;
}

#[tokio::test]
async fn a_container_that_ended_meanwhile_is_named() {
    let stack = Stack::new();
    let web = stack.container("web").start();
    let engine = engine().await;
    let id = web.id().to_owned();
    web.docker("kill");
    for removed in [false, true] {
        if removed {
            web.remove();
        }
        let started = engine.start_agent("my-web", Namespace::Container(id.clone()), Capability::None).await;
        let error = started.err().expect("no namespace");
        assert!(matches!(&error, EngineError::Gone { container } if container == "my-web"), "{error:?}");
        assert_eq!(error.exit_code(), 3);
    }
}

/// An image whose entrypoint is to be taken for an agent.
struct FalseAgent {
    name: String,
}

impl FalseAgent {
    fn saying(stack: &Stack, entrypoint: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entrypoint = serde_json::to_string(entrypoint).expect("JSON");
        let text = format!("FROM {}\nENTRYPOINT {entrypoint}\n", image::name());
        fs::write(folder.path().join("Dockerfile"), text).expect("a file");
        let name = stack.unique("false-agent");
        docker_ok(["build", "-q", "-t", &name, &folder.path().to_string_lossy()]);
        Self { name }
    }

    /// Why no agent can be started from it. Nothing is left of it either.
    async fn error(&self) -> EngineError {
        let engine = engine().await.with_agent_image(Some(self.name.clone()));
        let error = engine.start_agent("place", Namespace::Host, Capability::None).await.err().expect("no agent");
        // The engine removes what has ended in its own time.
        dprobe_tests::until(&format!("no container to be left after: {error}"), Duration::from_secs(10), || {
            docker_ok(["ps", "-aq", "--filter", &format!("ancestor={}", self.name)]).is_empty().then_some(())
        });
        error
    }
}

impl Drop for FalseAgent {
    fn drop(&mut self) {
        let _ = docker(["rmi", "-f", &self.name]);
    }
}

#[tokio::test]
async fn an_agent_of_another_protocol_is_refused() {
    let stack = Stack::new();
    let hello = r#"print={"say":"hello"\,"protocol":99\,"version":"9"}"#;
    let error = FalseAgent::saying(&stack, &["/dprobe-agent", "act", hello]).error().await;
    assert!(matches!(error, EngineError::ProtocolMismatch { agent: 99, .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("--agent-image")));
}

#[tokio::test]
async fn an_image_that_is_no_agent_is_told_with_what_it_said() {
    let stack = Stack::new();
    let error = FalseAgent::saying(&stack, &["/dprobe-agent", "act", r"print=bash: \x1b[31mno"]).error().await;
    assert!(matches!(error, EngineError::AgentDidNotStart { .. }), "{error:?}");
    assert!(error.to_string().contains(r"bash: \x1b[31mno"), "{error}");
}

#[tokio::test]
async fn an_image_whose_program_is_missing_is_told_with_the_engines_words() {
    let stack = Stack::new();
    let error = FalseAgent::saying(&stack, &["/no-such-program"]).error().await;
    assert!(matches!(error, EngineError::AgentDidNotStart { .. }), "{error:?}");
    assert!(error.to_string().contains("no-such-program"), "{error}");
}

#[tokio::test]
async fn an_agent_that_ends_at_once_is_told_with_its_exit_code() {
    let stack = Stack::new();
    // A name that the actor does not play: it says so and ends.
    let error = FalseAgent::saying(&stack, &["/dprobe-agent", "act", "print=", "exit=3"]).error().await;
    assert!(matches!(error, EngineError::AgentDidNotStart { .. }), "{error:?}");
}

#[tokio::test]
async fn a_missing_agent_image_is_named() {
    let engine = engine().await.with_agent_image(Some("registry.test/agent:missing".to_owned()));
    let error = engine.start_agent("host", Namespace::Host, Capability::None).await.err().expect("no image");
    assert!(matches!(&error, EngineError::ImageMissing { image } if image == "registry.test/agent:missing"));
    assert!(error.hint().is_some_and(|hint| hint.contains("docker pull registry.test/agent:missing")));
    assert_eq!(error.exit_code(), 3);
}

#[tokio::test]
async fn the_agent_image_can_be_loaded_by_several_at_once() {
    let (one, other, third) = (engine().await, engine().await, engine().await);
    let (one, other, third) = tokio::join!(one.load_agent(), other.load_agent(), third.load_agent());
    let tag = one.expect("an image").tag;
    assert_eq!(other.expect("an image").tag, tag);
    assert_eq!(third.expect("an image").tag, tag);
    let images = engine().await.agent_images().await.expect("images");
    let image = images.iter().find(|image| image.tags.iter().any(|name| name == tag)).expect("the image is listed");
    assert!(image.size > 100_000 && image.version == env!("CARGO_PKG_VERSION"), "{image:?}");
}

#[tokio::test]
async fn details_tell_processes_and_last_words_without_secrets() {
    let stack = Stack::new();
    let web = stack
        .container("web")
        .runs(["/dprobe-agent", "act", "print=first", r"print=password=hunter2 \x1b[31mred", "tcp:127.0.0.1:8080"])
        .start();
    let engine = engine().await;
    let details = engine.details(web.id()).await;
    let processes = details.processes.expect("processes");
    assert!(processes[0].command.contains("tcp:127.0.0.1:8080"), "{processes:?}");
    let log = details.last_log.expect("a log");
    assert_eq!(log[0], "first");
    assert!(log[1].contains(r"\x1b[31mred"), "{log:?}");
    assert!(!format!("{processes:?}{log:?}").contains("hunter2"), "{processes:?} {log:?}");

    web.docker("kill");
    web.wait_for_status("exited");
    let details = engine.details(web.id()).await;
    assert_eq!(details.processes, None);
    assert_eq!(details.last_log.expect("a log of a dead container")[0], "first");
    assert_eq!(engine.details("no-such-container").await, dprobe::engine::Details::default());
}

#[tokio::test]
async fn the_log_of_a_terminal_is_read_as_well() {
    let stack = Stack::new();
    let web = stack.container("web").flags(["--tty"]).runs(["/dprobe-agent", "act", "print=from a terminal"]).start();
    let details = engine().await.details(web.id()).await;
    assert_eq!(details.last_log.expect("a log"), ["from a terminal", "ready"]);
}

#[tokio::test]
async fn files_are_read_through_links_and_within_bounds() {
    let stack = Stack::new();
    let web = stack.container("web").create();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("etc");
    fs::create_dir_all(root.join("pki/real")).expect("folders");
    fs::write(root.join("pki/real/ca bundle.pem"), b"0123456789").expect("a file");
    std::os::unix::fs::symlink("../pki/real", root.join("link-to-folder")).expect("a link");
    std::os::unix::fs::symlink("real/ca bundle.pem", root.join("pki/relative.pem")).expect("a link");
    std::os::unix::fs::symlink("/srv/pki/relative.pem", root.join("absolute.pem")).expect("a link");
    std::os::unix::fs::symlink("loop", root.join("loop")).expect("a link");
    std::os::unix::fs::symlink("nowhere", root.join("dangling")).expect("a link");
    docker_ok(["cp", &root.to_string_lossy(), &format!("{}:/srv", web.name())]);

    let engine = engine().await;
    let read = |path: &'static str, limit| {
        let (engine, id) = (engine.clone(), web.id().to_owned());
        async move { engine.read_file(&id, path, limit).await.expect("an answer") }
    };
    let whole = Some(b"0123456789".to_vec());
    assert_eq!(read("/srv/pki/real/ca bundle.pem", 100).await, whole, "a stopped container's file");
    assert_eq!(read("/srv/absolute.pem", 100).await, whole);
    assert_eq!(read("srv/absolute.pem", 4).await, Some(b"0123".to_vec()));
    for missing in ["/srv/none.pem", "/none/none", "/srv/loop", "/srv/dangling", "/srv/pki", "/"] {
        assert_eq!(read(missing, 100).await, None, "{missing}");
    }
    assert_eq!(engine.read_file("no-such-container", "/etc/hosts", 10).await.expect("an answer"), None);
}
