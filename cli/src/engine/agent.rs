//! An agent in a network namespace: its container, and the conversation with it.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, NetworkConnectRequest, NetworkingConfig,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, EventsOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions, WaitContainerOptionsBuilder,
};
use dprobe_probes::text::printable;
use dprobe_probes::wire::{Observation, PROTOCOL, Plan, Reply, Request};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::client::Client;
use super::conversation::Conversation;
use super::error::{EngineError, WORDS};
use super::session::{Agents, Outstanding};
use super::{AGENT_LABEL, SESSION_LABEL};

/// How long a started agent may take to say hello.
const HELLO: Duration = Duration::from_secs(8);

/// How long an agent may take beyond the deadline of a plan.
const GRACE: Duration = Duration::from_secs(5);

/// How long a removal is waited for.
const REMOVAL: Duration = Duration::from_secs(5);

/// The most that one plan may bring back. Far beyond what an agent has to say.
const MAX_OBSERVATIONS: usize = 50_000;

/// The limits of an agent.
const MEMORY: i64 = 64 * 1024 * 1024;
const PIDS: i64 = 64;

/// What it takes to enter the root directory of the host's first process (chroot(2), ptrace(2)) and to read its packet
/// filter.
const HOST_ROOT_CAPABILITIES: [&str; 4] = ["NET_ADMIN", "NET_RAW", "SYS_CHROOT", "SYS_PTRACE"];

/// The argument by which an agent moves to the root directory of the host.
const HOST_ROOT: &str = "host-root";

/// Which network namespace an agent looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespace {
    /// That of a running container, by its id.
    Container(String),
    /// That of the engine's host.
    Host,
    /// A fresh one that is attached to all of these networks, by their ids.
    Networks(Vec<String>),
}

/// What an agent is allowed beyond what every unprivileged process may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Nothing.
    None,
    /// Raw and packet sockets (`NET_RAW`). The agent then runs as root, for the capability would have no effect otherwise;
    /// it has no other.
    NetRaw,
    /// To run the programs of the engine's host as root, in its root directory, which know the packet filter. Only ever
    /// started where the user has asked for it.
    HostRoot,
}

/// An agent that runs and has said hello.
pub struct Agent {
    place: String,
    id: String,
    client: Client,
    conversation: Conversation,
    /// Whether networks may not be removed while it is attached to them.
    holds_networks: bool,
    outstanding: Outstanding,
}

/// What is needed to start an agent.
pub(super) struct Start<'a> {
    pub(super) client: &'a Client,
    pub(super) agents: &'a Agents,
    /// The namespace as people call it.
    pub(super) place: &'a str,
    pub(super) namespace: Namespace,
    pub(super) capability: Capability,
}

impl Start<'_> {
    /// Creates the container; none where the engine does not have the image.
    pub(super) async fn create(&self, image: &str) -> Result<Option<Created>, EngineError> {
        let outstanding = self.agents.create().await;
        let options = CreateContainerOptionsBuilder::default().name(&outstanding.container_name()).build();
        match self.client.docker().create_container(Some(options), self.body(image)).await {
            Ok(created) => Ok(Some(Created { id: created.id, outstanding })),
            Err(error) => {
                let error = EngineError::from_bollard(format!("create the agent for {}", self.place), &error);
                if error.status().is_some() {
                    outstanding.settled();
                }
                match &error {
                    EngineError::Refused { status: 404, message, .. } if !speaks_of_a_container(message) => Ok(None),
                    // Podman (4.3) takes the id of an image that it does not have for a name, and a bad one.
                    EngineError::Refused { status: 500, message, .. } if message.contains("64-byte hexadecimal") => {
                        Ok(None)
                    }
                    _ => Err(self.told(error)),
                }
            }
        }
    }

    /// Attaches, starts and waits for the hello. A container that gets no further is removed.
    pub(super) async fn start(self, created: Created) -> Result<Agent, EngineError> {
        let Created { id, outstanding } = created;
        match self.converse(&id).await {
            Ok(conversation) => Ok(Agent {
                place: self.place.to_owned(),
                id,
                client: self.client.clone(),
                conversation,
                holds_networks: matches!(self.namespace, Namespace::Networks(_)),
                outstanding,
            }),
            Err(error) => {
                if remove(self.client, &id).await {
                    outstanding.settled();
                }
                Err(error)
            }
        }
    }

    async fn converse(&self, id: &str) -> Result<Conversation, EngineError> {
        let docker = self.client.docker();
        let failed = |doing: &str| {
            let doing = format!("{doing} the agent for {}", self.place);
            move |error: bollard::errors::Error| EngineError::from_bollard(doing, &error)
        };
        if let Namespace::Networks(networks) = &self.namespace {
            for network in networks.iter().skip(1) {
                let request = NetworkConnectRequest { container: id.to_owned(), endpoint_config: None };
                docker.connect_network(network, request).await.map_err(failed("attach")).map_err(|e| self.told(e))?;
            }
        }
        let options =
            AttachContainerOptionsBuilder::default().stream(true).stdin(true).stdout(true).stderr(true).build();
        let attached = docker.attach_container(id, Some(options)).await.map_err(failed("attach to"))?;
        let mut conversation = Conversation::over(attached);
        docker
            .start_container(id, None::<StartContainerOptions>)
            .await
            .map_err(failed("start"))
            .map_err(|error| self.told(error))?;
        self.hello(id, &mut conversation).await?;
        Ok(conversation)
    }

    async fn hello(&self, id: &str, conversation: &mut Conversation) -> Result<(), EngineError> {
        let did_not_start = |words: String| EngineError::AgentDidNotStart { place: self.place.to_owned(), words };
        match timeout(HELLO, conversation.reply()).await {
            Ok(Ok(Some(Reply::Hello(hello)))) if hello.protocol == PROTOCOL => Ok(()),
            Ok(Ok(Some(Reply::Hello(hello)))) => Err(EngineError::ProtocolMismatch {
                place: self.place.to_owned(),
                agent: hello.protocol,
                ours: PROTOCOL,
            }),
            Ok(Ok(Some(_))) => Err(did_not_start("its first words were no greeting".to_owned())),
            Ok(Ok(None)) => {
                let exit = exit_code(self.client, id).await;
                Err(did_not_start(conversation.ending(exit)))
            }
            Ok(Err(problem)) => Err(did_not_start(conversation.with_last_words(problem))),
            Err(_) => Err(did_not_start(
                conversation.with_last_words(format!("it said nothing within {} s", HELLO.as_secs())),
            )),
        }
    }

    /// An error in which the engine says that the container whose namespace is wanted is not there, in our own words.
    fn told(&self, error: EngineError) -> EngineError {
        let EngineError::Refused { status, message, .. } = &error else { return error };
        let vanished = matches!(&self.namespace, Namespace::Container(_))
            && (speaks_of_a_container(message) || message.contains("/proc/"));
        if vanished {
            return EngineError::Gone { container: self.place.to_owned() };
        }
        match status {
            // What the engine says when a program cannot be run.
            400 | 500 if message.contains("exec") => {
                EngineError::AgentDidNotStart { place: self.place.to_owned(), words: message.clone() }
            }
            _ => error,
        }
    }

    fn body(&self, image: &str) -> ContainerCreateBody {
        let (network_mode, networking_config) = match &self.namespace {
            Namespace::Container(id) => (format!("container:{id}"), None),
            Namespace::Host => ("host".to_owned(), None),
            Namespace::Networks(networks) => match networks.first() {
                None => ("none".to_owned(), None),
                Some(first) => {
                    let endpoints = HashMap::from([(first.clone(), EndpointSettings::default())]);
                    (first.clone(), Some(NetworkingConfig { endpoints_config: Some(endpoints) }))
                }
            },
        };
        let raw = self.capability == Capability::NetRaw;
        let root = self.capability == Capability::HostRoot;
        // AppArmor and SELinux keep a container from the root directory of the first process, whatever it is allowed.
        let security_opt = if root {
            ["no-new-privileges", "apparmor=unconfined", "label=disable"]
        } else {
            ["no-new-privileges", "", ""]
        };
        let security_opt = security_opt.into_iter().filter(|option| !option.is_empty()).map(str::to_owned).collect();
        ContainerCreateBody {
            image: Some(image.to_owned()),
            user: (raw || root).then(|| "0:0".to_owned()),
            cmd: root.then(|| vec![HOST_ROOT.to_owned()]),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(false),
            labels: Some(HashMap::from([
                (AGENT_LABEL.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                (SESSION_LABEL.to_owned(), self.agents.session().to_owned()),
            ])),
            networking_config,
            host_config: Some(HostConfig {
                network_mode: Some(network_mode),
                auto_remove: Some(true),
                readonly_rootfs: Some(true),
                pid_mode: root.then(|| "host".to_owned()),
                cap_drop: Some(vec!["ALL".to_owned()]),
                cap_add: match self.capability {
                    Capability::None => None,
                    Capability::NetRaw => Some(vec!["NET_RAW".to_owned()]),
                    Capability::HostRoot => Some(HOST_ROOT_CAPABILITIES.map(str::to_owned).to_vec()),
                },
                security_opt: Some(security_opt),
                memory: Some(MEMORY),
                pids_limit: Some(PIDS),
                log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        }
    }
}

/// A container that was created and not yet started.
pub(super) struct Created {
    id: String,
    outstanding: Outstanding,
}

/// Whether the engine complains of the container whose namespace is to be joined, not of the image.
fn speaks_of_a_container(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("no such container")
        || message.contains("cannot join network of a non running container")
        || message.contains("is not running")
        || message.contains("no container with")
        || message.contains("is restarting")
}

impl Agent {
    /// Runs a plan and collects what was seen, until the agent is done.
    ///
    /// # Errors
    ///
    /// [`EngineError::AgentFailed`] where the agent refuses the plan, talks nonsense, falls silent or ends.
    pub async fn run(&mut self, plan: Plan) -> Result<Vec<Observation>, EngineError> {
        let place = self.place.clone();
        let failed = |words: String| EngineError::AgentFailed { place: place.clone(), words };
        let deadline = Instant::now() + Duration::from_millis(plan.deadline_ms) + GRACE;
        let name = plan.place.clone();
        let talk = async {
            self.conversation.say(&Request::Plan(plan)).await?;
            let mut observations = Vec::new();
            loop {
                match self.conversation.reply().await? {
                    Some(Reply::Observation(mut observation)) => {
                        observation.place.clone_from(&name);
                        observations.push(observation);
                        if observations.len() > MAX_OBSERVATIONS {
                            return Err("it has too much to say".to_owned());
                        }
                    }
                    Some(Reply::Done) => return Ok(observations),
                    Some(Reply::Refused { reason }) => {
                        return Err(format!("it refused the plan: {}", printable(reason.as_bytes(), WORDS)));
                    }
                    Some(Reply::Hello(_)) => return Err("it said hello in the middle of its work".to_owned()),
                    None => return Err(self.conversation.ending(None)),
                }
            }
        };
        match timeout_at(deadline, talk).await {
            Ok(result) => result.map_err(failed),
            Err(_) => Err(failed(format!("it did not finish within {} s of its deadline", GRACE.as_secs()))),
        }
    }

    /// Ends the agent by closing its input; the engine then removes it. Only where it is attached to networks is the removal
    /// waited for, since a network that is in use cannot be removed.
    pub async fn stop(mut self) {
        let _ = timeout(GRACE, self.conversation.end()).await;
        if self.holds_networks {
            removed(&self.client, &self.id).await;
        }
        self.outstanding.settled();
    }

    /// The id of its container.
    #[must_use]
    pub fn container_id(&self) -> &str {
        &self.id
    }
}

/// The exit code of a container that is gone already, from the engine's memory of events.
async fn exit_code(client: &Client, id: &str) -> Option<String> {
    let filters = HashMap::from([("container", vec![id]), ("event", vec!["die"])]);
    // The end of time is in the future, so the engine waits for the event if it has not happened yet.
    let options = EventsOptionsBuilder::default().since("1").filters(&filters).build();
    let mut events = client.docker().events(Some(options));
    let event = timeout(Duration::from_secs(1), events.next()).await.ok()??.ok()?;
    event.actor?.attributes?.get("exitCode").map(|code| printable(code.as_bytes(), 10))
}

/// Removes a container by force. Whether it is certain that it is gone.
pub(super) async fn remove(client: &Client, id: &str) -> bool {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match timeout(REMOVAL, client.docker().remove_container(id, Some(options))).await {
        Ok(Ok(())) => true,
        Ok(Err(bollard::errors::Error::DockerResponseServerError { status_code, .. })) => status_code == 404,
        _ => false,
    }
}

/// Waits until a container that ends by itself is removed, and removes it by force where that takes too long.
async fn removed(client: &Client, id: &str) {
    let options = WaitContainerOptionsBuilder::default().condition("removed").build();
    let mut wait = client.docker().wait_container(id, Some(options));
    if timeout(REMOVAL, wait.next()).await.is_err() {
        remove(client, id).await;
    }
}
