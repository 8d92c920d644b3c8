//! Everything that talks to the engine.
//!
//! ```text
//! address, context ─▶ connector, tls ─▶ client ─▶ info, snapshot, swarm, details, archive, inventory
//!                                              └▶ image, agent, session ─▶ reaper
//! ```

mod address;
mod agent;
mod archive;
mod client;
mod clock;
mod configuration;
mod connector;
mod context;
mod conversation;
mod daemon;
mod details;
mod digest;
mod elsewhere;
mod environment;
mod error;
mod firewall;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod image;
mod info;
mod inspect;
mod inventory;
mod lines;
mod networks;
mod podman;
mod reaper;
mod session;
mod settings;
mod snapshot;
mod swarm;
mod tls;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use address::{Address, EngineChoice, Environment};
pub use agent::{Agent, Capability, Namespace};
pub use details::Details;
pub use error::EngineError;
pub use image::{AgentImage, EMBEDDED, IMAGE_LABEL, REPOSITORY};
pub use inventory::{PresentAgent, StoredImage};
pub use reaper::reaper_main;
pub use session::REAP;
pub use snapshot::Listing;

use dprobe_probes::firewall::FirewallFact;

use address::{Candidates, Route};
use agent::Start;
use client::{Client, RequestError};
use clock::EngineClock;
use info::{InfoBody, OLDEST, Ping, SwarmBody};
use session::Agents;

use crate::discovery::Configuration;
use crate::reverse_proxy::nginx_log::LogLine;
use crate::topology::{Elsewhere, EngineFlavor, EngineInfo, EngineSettings, OtherEngine, Proxy, Topology};

/// The label of every agent's container; its value is the version of dprobe.
pub const AGENT_LABEL: &str = "io.dprobe.agent";

/// The label that tells the agents of one run from those of another.
pub const SESSION_LABEL: &str = "io.dprobe.session";

/// How long an engine may take to say who it is.
const CONNECT: Duration = Duration::from_secs(5);

/// How many containers are inspected at a time. Over ssh each connection is a process and a login.
const CONCURRENCY: usize = 16;
const CONCURRENCY_SSH: usize = 4;

/// An engine that answered. Clones share their connections and their agents.
#[derive(Clone)]
pub struct Engine {
    client: Client,
    info: Arc<EngineInfo>,
    swarm: Arc<SwarmBody>,
    clock: Option<EngineClock>,
    proxy: Option<Proxy>,
    concurrency: usize,
    agent_image: Option<String>,
    agents: Agents,
    environment: Arc<Environment>,
}

impl Engine {
    /// Finds the engine, asks it who it is, and agrees on a version of its API.
    ///
    /// # Errors
    ///
    /// Where there is none, it may not be used, it is too old, or what the user says of it makes no sense.
    pub async fn connect(choice: &EngineChoice) -> Result<Self, EngineError> {
        Self::connect_in(choice, &Environment::from_process()).await
    }

    /// The same in a given environment.
    ///
    /// # Errors
    ///
    /// As [`Engine::connect`].
    pub async fn connect_in(choice: &EngineChoice, environment: &Environment) -> Result<Self, EngineError> {
        let engine = match address::candidates(choice, environment)? {
            Candidates::Named(address) => Self::at(&address).await?,
            Candidates::Defaults(addresses) => Self::first_of(&addresses).await?,
        };
        let engine = Self { environment: Arc::new(environment.clone()), ..engine };
        Ok(engine.with_agent_image(environment.agent_image.clone()))
    }

    /// Uses this image for agents, where one is given.
    #[must_use]
    pub fn with_agent_image(mut self, image: Option<String>) -> Self {
        if image.is_some() {
            self.agent_image = image;
        }
        self
    }

    /// Uses another program as the reaper. For programs that embed this library and do not answer to [`REAP`] themselves;
    /// to be called before the first agent is started.
    #[must_use]
    pub fn with_reaper(mut self, program: PathBuf) -> Self {
        self.agents = Agents::new(self.agents.address().clone(), program);
        self
    }

    /// The first default socket behind which an engine answers. If none does, what is told is the most that can be done about.
    async fn first_of(addresses: &[Address]) -> Result<Self, EngineError> {
        let mut denied = None;
        let mut tried = None;
        for address in addresses {
            match Self::at(address).await {
                Ok(engine) => return Ok(engine),
                Err(error @ EngineError::PermissionDenied { .. }) => denied = denied.or(Some(error)),
                Err(error) => tried = tried.or(Some(error)),
            }
        }
        Err(denied.or(tried).unwrap_or_else(|| EngineError::failed("find an engine", "there is no place to look")))
    }

    async fn at(address: &Address) -> Result<Self, EngineError> {
        let name = address.to_string();
        match tokio::time::timeout(CONNECT, Self::greet(address)).await {
            Ok(engine) => engine,
            Err(_) => Err(EngineError::Silent { address: name, timeout: CONNECT }),
        }
    }

    async fn greet(address: &Address) -> Result<Self, EngineError> {
        let client = Client::new(address)?;
        // Both at once: the second takes an engine milliseconds.
        let (ping, info) = tokio::join!(client.open("/_ping"), client.open("/info"));
        let unreachable = |error: RequestError| unreachable(address, &error);
        let ping = Ping::read(&ping.map_err(unreachable)?);
        let info = info.map_err(unreachable)?;
        let Some(version) = ping.version else {
            return Err(EngineError::NoEngine {
                address: address.to_string(),
                reason: "what answers there is no engine".to_owned(),
            });
        };
        if version < OLDEST {
            return Err(EngineError::TooOld {
                address: address.to_string(),
                version: version.to_string(),
                needed: OLDEST.to_string(),
            });
        }
        let info: InfoBody = client::read("ask the engine who it is", info).await?;
        let version = version.negotiated();
        Ok(Self {
            client: client.speaking(&version.to_string())?,
            clock: EngineClock::read(&info.system_time),
            proxy: info.proxy(),
            info: Arc::new(info.describe(&ping, version, address.to_string())),
            swarm: Arc::new(info.swarm),
            concurrency: if matches!(address.route, Route::Ssh { .. }) { CONCURRENCY_SSH } else { CONCURRENCY },
            agent_image: None,
            agents: Agents::new(address.clone(), session::own_program()),
            environment: Arc::default(),
        })
    }

    /// Who it is.
    #[must_use]
    pub fn info(&self) -> &EngineInfo {
        &self.info
    }

    /// How it is set up, as far as it says so, and as far as its own configuration can be read from here.
    ///
    /// # Errors
    ///
    /// Where the connection breaks or the engine refuses.
    pub async fn settings(&self) -> Result<EngineSettings, EngineError> {
        settings::settings(&self.client, self.agents.address()).await
    }

    /// Its containers and networks now. Containers that vanish while they are looked at are left out.
    ///
    /// # Errors
    ///
    /// Where the connection breaks or the engine refuses.
    pub async fn snapshot(&self) -> Result<Topology, EngineError> {
        self.complete(self.list().await?).await
    }

    /// Its containers and networks as it lists them: the first half of a snapshot, and the quick one.
    ///
    /// # Errors
    ///
    /// As [`Engine::snapshot`].
    pub async fn list(&self) -> Result<Listing, EngineError> {
        snapshot::list(&self.client).await
    }

    /// The second half of a snapshot: looks closer at what was listed.
    ///
    /// # Errors
    ///
    /// As [`Engine::snapshot`].
    pub async fn complete(&self, listing: Listing) -> Result<Topology, EngineError> {
        let topology = snapshot::complete(&self.client, listing, &self.swarm, self.clock, self.concurrency).await?;
        let remote = elsewhere::remote(self.agents.address()).await;
        let clocks = self.clock.and_then(EngineClock::beside_ours);
        let topology =
            Topology { flavor: self.info.flavor, remote, engine_proxy: self.proxy.clone(), clocks, ..topology };
        Ok(if self.info.flavor == EngineFlavor::Podman { podman::translated(topology) } else { topology })
    }

    /// The containers of other engines that go by one of these words: of those behind the contexts of the Docker CLI and the
    /// usual sockets. Within a second; an engine that takes longer has nothing to say.
    pub async fn elsewhere(&self, words: &[&str]) -> Vec<Elsewhere> {
        elsewhere::look(self.agents.address(), &self.environment, words).await
    }

    /// The other engines that answer on this machine, within a second.
    pub async fn neighbours(&self) -> Vec<OtherEngine> {
        elsewhere::neighbours(&self.client, self.agents.address(), &self.environment).await
    }

    /// How a container was configured, secrets and all.
    ///
    /// # Errors
    ///
    /// Where the connection breaks or the engine refuses.
    pub async fn configuration(&self, container_id: &str) -> Result<Configuration, EngineError> {
        configuration::read(&self.client, container_id).await
    }

    /// The processes of a container and its last log lines, as far as they can be had within seconds.
    pub async fn details(&self, container_id: &str) -> Details {
        details::details(&self.client, container_id).await
    }

    /// The first `limit` bytes of a file of a container, links followed; none where it has no such file. Nothing is run
    /// inside, so it works for stopped containers and those without a shell.
    ///
    /// # Errors
    ///
    /// Where the connection breaks or the engine refuses.
    pub async fn read_file(
        &self,
        container_id: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        archive::read_file(&self.client, container_id, path, limit).await
    }

    /// The files below a folder of a container by their paths, as far as they are in the first `limit` bytes of its archive.
    /// Links to other files of the folder are followed. None where it has no such folder.
    ///
    /// # Errors
    ///
    /// As [`Engine::read_file`].
    pub async fn read_folder(
        &self,
        container_id: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<BTreeMap<String, Vec<u8>>>, EngineError> {
        archive::read_folder(&self.client, container_id, path, limit).await
    }

    /// The last `lines` lines of a container's log, secrets removed, oldest first, as far as they can be had within seconds;
    /// none where its log driver keeps nothing.
    pub async fn log(&self, container_id: &str, lines: usize) -> Option<Vec<LogLine>> {
        details::log(&self.client, container_id, lines, self.clock).await
    }

    /// The packet filter of the engine's host, where this process may read it: as root on the same machine.
    ///
    /// # Errors
    ///
    /// Why it cannot be read from here, in words.
    pub async fn firewall(&self) -> Result<FirewallFact, String> {
        firewall::read(&self.client, self.agents.address(), None).await
    }

    /// The same of the namespace of a running container.
    ///
    /// # Errors
    ///
    /// As [`Engine::firewall`].
    pub async fn firewall_of(&self, container_id: &str) -> Result<FirewallFact, String> {
        firewall::read(&self.client, self.agents.address(), Some(container_id)).await
    }

    /// Puts an agent into a namespace that people call `place`, and waits for its hello. The agent's image is loaded where
    /// the engine does not have it.
    ///
    /// # Errors
    ///
    /// [`EngineError::Gone`] where the container has ended meanwhile, [`EngineError::AgentDidNotStart`],
    /// [`EngineError::ProtocolMismatch`], [`EngineError::ImageMissing`], [`EngineError::ForeignArch`].
    pub async fn start_agent(
        &self,
        place: &str,
        namespace: Namespace,
        capability: Capability,
    ) -> Result<Agent, EngineError> {
        let start = Start { client: &self.client, agents: &self.agents, place, namespace, capability };
        let image = self.agent_image_name();
        if let Some(created) = start.create(image).await? {
            return start.start(created).await;
        }
        if self.agent_image.is_some() {
            return Err(EngineError::ImageMissing { image: image.to_owned() });
        }
        self.load_agent().await?;
        match start.create(image).await? {
            Some(created) => start.start(created).await,
            None => Err(EngineError::failed("load the agent image", "the engine does not find it after loading it")),
        }
    }

    /// Loads the embedded agent's image.
    ///
    /// # Errors
    ///
    /// [`EngineError::ForeignArch`], and what the engine says.
    pub async fn load_agent(&self) -> Result<&'static AgentImage, EngineError> {
        image::load(&self.client, &self.info.arch).await
    }

    /// The image that agents are started from: the one the user named, or that of the embedded agent.
    #[must_use]
    pub fn agent_image_name(&self) -> &str {
        match &self.agent_image {
            Some(image) => image,
            // Podman puts a short name under a registry of its choice; the id means the same to it wherever it put the name.
            None if self.info.flavor == EngineFlavor::Podman => EMBEDDED.id,
            None => EMBEDDED.tag,
        }
    }

    /// The agent images of dprobe that the engine has, of this version and others.
    ///
    /// # Errors
    ///
    /// What the engine says.
    pub async fn agent_images(&self) -> Result<Vec<StoredImage>, EngineError> {
        inventory::images(&self.client).await
    }

    /// Removes an agent image by one of its names or its id.
    ///
    /// # Errors
    ///
    /// What the engine says, for example that a container uses it.
    pub async fn remove_agent_image(&self, reference: &str) -> Result<(), EngineError> {
        inventory::remove_image(&self.client, reference).await
    }

    /// The agents that the engine has now, of all runs.
    ///
    /// # Errors
    ///
    /// What the engine says.
    pub async fn agents(&self) -> Result<Vec<PresentAgent>, EngineError> {
        inventory::agents(&self.client).await
    }
}

/// Why an engine cannot be reached, so that the user knows what to do.
fn unreachable(address: &Address, error: &RequestError) -> EngineError {
    match error.io_kind() {
        Some(ErrorKind::PermissionDenied) => EngineError::PermissionDenied { address: address.to_string() },
        Some(ErrorKind::NotFound) if matches!(address.route, Route::Unix(_)) => {
            EngineError::NoEngine { address: address.to_string(), reason: "there is no such socket".to_owned() }
        }
        // Its own words are on the terminal already.
        None if matches!(address.route, Route::Ssh { .. }) => EngineError::NoEngine {
            address: address.to_string(),
            reason: "ssh, or `docker system dial-stdio` on that host, ended without an answer".to_owned(),
        },
        _ => EngineError::NoEngine {
            address: address.to_string(),
            reason: dprobe_probes::text::printable(error.to_string().as_bytes(), error::WORDS),
        },
    }
}
