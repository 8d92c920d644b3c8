//! Agents without a check around them: the least that a check can cost. They are started as a check starts them, through
//! the library, over a connection to the engine that is open already.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dprobe::engine::{AGENT_LABEL, Agent, Capability, Engine, EngineChoice, Namespace};
use dprobe_probes::http::HttpAsk;
use dprobe_probes::lookup::LookupAsk;
use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::wire::{Ask, Plan, Probe};
use dprobe_tests::docker::docker_ok;
use tokio::runtime::Runtime;

use crate::stage::{Actor, Stage};
use crate::{Result, memory};

/// How long the engine may take to remove an agent that has ended.
const REMOVAL: Duration = Duration::from_secs(10);

/// Two agents, in `web` and in `mongodb`.
pub(crate) struct BareAgents<'a> {
    stage: &'a Stage,
    engine: Engine,
    runtime: Runtime,
    removals: Removals,
}

impl<'a> BareAgents<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let engine = runtime.block_on(Engine::connect(&EngineChoice::default()))?.with_reaper(stage.cli.clone());
        Ok(Self { stage, engine, runtime, removals: Removals::watch()? })
    }

    /// Starts both, until both have said hello; and tells them to end; they are waited for in [`Stage::settle`].
    pub(crate) fn hello(&self) -> Result<()> {
        self.runtime.block_on(async {
            stop(self.start().await?).await;
            Ok(())
        })
    }

    /// Starts both, ends them, and waits until the engine has removed both.
    pub(crate) fn removed(&self) -> Result<()> {
        let ids = self.runtime.block_on(async { Result::Ok(stop(self.start().await?).await) })?;
        self.removals.wait_for(ids)
    }

    /// The most memory that an agent ever had, in bytes, after it was asked for all kinds of things; none where its process
    /// is not on this machine.
    pub(crate) fn peak_memory(&self) -> Result<Option<u64>> {
        self.runtime.block_on(async {
            let mut agent = self.start_in(&self.stage.web).await?;
            agent.run(everything()).await?;
            let pid = docker_ok(["container", "inspect", "--format", "{{.State.Pid}}", agent.container_id()]);
            let peak = memory::peak(&pid, "dprobe-agent");
            agent.stop().await;
            Ok(peak)
        })
    }

    async fn start(&self) -> Result<[Agent; 2]> {
        let (one, other) = tokio::try_join!(self.start_in(&self.stage.web), self.start_in(&self.stage.mongodb))?;
        Ok([one, other])
    }

    async fn start_in(&self, actor: &Actor) -> Result<Agent> {
        let namespace = Namespace::Container(actor.id.clone());
        Ok(self.engine.start_agent(&actor.name, namespace, Capability::None).await?)
    }
}

/// Closes the input of both at the same time. Their ids.
async fn stop([one, other]: [Agent; 2]) -> Vec<String> {
    let ids = vec![one.container_id().to_owned(), other.container_id().to_owned()];
    tokio::join!(one.stop(), other.stop());
    ids
}

/// A plan with every probe that a check from `web` may ask for.
fn everything() -> Plan {
    let timeout_ms = 1000;
    let host = "mongodb".to_owned();
    let probes = vec![
        Probe::Network,
        Probe::Resolver,
        Probe::Listeners,
        Probe::Lookup(LookupAsk { name: host.clone(), timeout_ms, every_server: true }),
        Probe::Tcp(TcpAsk { host: host.clone(), port: 27017, timeout_ms, watch_ms: 100 }),
        Probe::Http(HttpAsk { url: "http://mongodb:27017/".to_owned(), timeout_ms, ..HttpAsk::default() }),
        // The handshake comes to nothing, with everything ready for it.
        Probe::Http(HttpAsk { url: "https://mongodb:27017/".to_owned(), timeout_ms, ..HttpAsk::default() }),
    ];
    let asks = (1..).zip(probes).map(|(number, probe)| Ask { id: format!("p{number}"), probe }).collect();
    Plan { place: "web".to_owned(), deadline_ms: 3000, asks }
}

/// What the engine tells of agents that it has removed.
struct Removals {
    events: Child,
    ids: Receiver<String>,
    seen: RefCell<BTreeSet<String>>,
}

impl Removals {
    fn watch() -> Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().to_string();
        let label = format!("label={AGENT_LABEL}");
        let mut events = Command::new("docker")
            .args(["events", "--since", &since, "--filter", "type=container", "--filter", "event=destroy"])
            .args(["--filter", &label, "--format", "{{.ID}}"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let lines = BufReader::new(events.stdout.take().ok_or("no output of docker events")?).lines();
        let (send, ids) = mpsc::channel();
        std::thread::spawn(move || {
            for id in lines.map_while(std::result::Result::ok) {
                if send.send(id).is_err() {
                    return;
                }
            }
        });
        Ok(Self { events, ids, seen: RefCell::default() })
    }

    fn wait_for(&self, ids: Vec<String>) -> Result<()> {
        let mut seen = self.seen.borrow_mut();
        for id in ids {
            while !seen.remove(&id) {
                let next = self.ids.recv_timeout(REMOVAL).map_err(|_| "the engine does not remove an agent")?;
                seen.insert(next);
            }
        }
        Ok(())
    }
}

impl Drop for Removals {
    fn drop(&mut self) {
        let _ = self.events.kill();
        let _ = self.events.wait();
    }
}
