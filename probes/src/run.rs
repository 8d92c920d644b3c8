//! Runs a plan: all its probes at the same time, each telling what it saw as soon as it saw it.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{OnceCell, mpsc};
use tokio::time::timeout_at;

use crate::lookup::{self, LookupAsk, LookupFact, MuslLookupAsk, Resolving};
use crate::resolver::{self, ResolverFact};
use crate::text::printable;
use crate::wire::{Ask, Fact, Observation, Plan, Probe, Reply};
use crate::{arp, dns, firewall, greeting, http, listeners, network, ping, srv, tcp, udp};

/// The most probes that one plan may hold.
pub const MAX_ASKS: usize = 4096;
/// How many of them run at the same time.
const MAX_CONCURRENT: usize = 256;
/// The most addresses of one host that are probed.
const MAX_ADDRESSES: usize = 8;
/// The longest a plan may take, whatever it says.
const MAX_DEADLINE: Duration = Duration::from_secs(3600);
/// The time before the deadline that is kept to tell of what is finished.
const MARGIN: Duration = Duration::from_millis(30);
/// The least time in which a DNS server can be said to be silent.
const LEAST_LOOKUP: Duration = Duration::from_millis(100);

/// Run `plan` and send each [`Reply::Observation`] as it is made. Returns when every probe has told or the deadline has
/// passed; [`Reply::Done`] is left to the caller. Where `replies` is closed, nobody listens and the rest is not sent.
///
/// # Errors
/// When the plan is one that no agent runs; the text says why.
pub async fn run(plan: Plan, replies: &mpsc::Sender<Reply>) -> Result<(), String> {
    if plan.asks.len() > MAX_ASKS {
        return Err(format!("a plan of {} probes is over the limit of {MAX_ASKS}", plan.asks.len()));
    }
    let context = Context::new(&plan, replies);
    stream::iter(&plan.asks).for_each_concurrent(MAX_CONCURRENT, |ask| one(ask, &context)).await;
    Ok(())
}

/// Run one probe to its end or to the deadline.
async fn one(ask: &Ask, context: &Context) {
    let teller = Teller::new(context, ask);
    let started = Instant::now();
    if timeout_at(context.deadline.into(), look(ask, context, &teller)).await.is_err() {
        teller.unfinished(started, "the deadline of the plan passed first".to_owned()).await;
    }
}

async fn look(ask: &Ask, context: &Context, teller: &Teller<'_>) {
    let started = Instant::now();
    match &ask.probe {
        Probe::Network => match network::read() {
            Ok(fact) => teller.tell(started, Fact::Network(fact)).await,
            Err(reason) => teller.unfinished(started, reason).await,
        },
        Probe::Resolver => teller.tell(started, Fact::Resolver(context.resolver().clone())).await,
        Probe::Listeners => match listeners::read() {
            Ok(fact) => teller.tell(started, Fact::Listeners(fact)).await,
            Err(reason) => teller.unfinished(started, reason).await,
        },
        Probe::Lookup(ask) => teller.tell(started, Fact::Lookup(context.lookup(ask).await)).await,
        Probe::LookupMusl(ask) => teller.tell(started, Fact::LookupMusl(context.lookup_as_musl(ask).await)).await,
        Probe::Dns(ask) => dns::look(ask, context, teller).await,
        Probe::Tcp(ask) => tcp::look(ask, context, teller).await,
        Probe::Udp(ask) => udp::look(ask, context, teller).await,
        Probe::Ping(ask) => ping::look(ask, context, teller).await,
        Probe::Arp(ask) => arp::look(ask, context, teller).await,
        Probe::Http(ask) => http::look(ask, context, teller).await,
        Probe::Greet(ask) => greeting::look(ask, context, teller).await,
        Probe::Srv(ask) => srv::look(ask, context, teller).await,
        Probe::Firewall => match firewall::read(&[]).await {
            Ok(fact) => teller.tell(started, Fact::Firewall(fact)).await,
            Err(reason) => teller.unfinished(started, reason).await,
        },
    }
}

/// A duration in milliseconds, to the microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// What the probes of one plan share.
pub(crate) struct Context {
    place: String,
    deadline: Instant,
    replies: mpsc::Sender<Reply>,
    resolving: OnceLock<Resolving>,
    names: HashMap<String, SharedLookup>,
}

/// A name that several probes of a plan need is looked up once.
struct SharedLookup {
    time: Duration,
    /// The probe under whose id the lookup is told; none where the plan asks for it anyway.
    told_by: Option<String>,
    fact: OnceCell<LookupFact>,
}

impl Context {
    fn new(plan: &Plan, replies: &mpsc::Sender<Reply>) -> Self {
        Self {
            place: plan.place.clone(),
            deadline: Instant::now() + Duration::from_millis(plan.deadline_ms).min(MAX_DEADLINE),
            replies: replies.clone(),
            resolving: OnceLock::new(),
            names: shared_lookups(&plan.asks),
        }
    }

    fn resolving(&self) -> &Resolving {
        self.resolving.get_or_init(|| Resolving::new(resolver::read()))
    }

    /// The resolver configuration, read once a plan.
    pub(crate) fn resolver(&self) -> &ResolverFact {
        &self.resolving().config
    }

    /// The DNS servers of the namespace, in their order.
    pub(crate) fn dns_servers(&self) -> Vec<SocketAddr> {
        self.resolving().servers()
    }

    /// The time until the deadline, less what it takes to tell.
    fn room(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).saturating_sub(MARGIN)
    }

    /// A wait that ends before the deadline. It is cut where most of it fits, for silence over a little less time means
    /// the same; otherwise it is left alone, and the deadline makes the probe unfinished.
    pub(crate) fn fitting(&self, wait: Duration) -> Duration {
        let room = self.room();
        if room >= wait / 2 { wait.min(room) } else { wait }
    }

    /// The time that a lookup has. One that is cut short tells which servers were silent, so it takes what there is.
    fn lookup_time(&self, wait: Duration) -> Duration {
        let room = self.room();
        if room >= LEAST_LOOKUP { wait.min(room) } else { wait }
    }

    /// The lookup that was asked for.
    async fn lookup(&self, ask: &LookupAsk) -> LookupFact {
        let started = Instant::now();
        let time = self.lookup_time(Duration::from_millis(ask.timeout_ms));
        // Where all servers shall be asked, the walk leaves a quarter of the time for those it does not get to.
        let kept = if ask.every_server { time / 4 } else { Duration::ZERO };
        let mut fact = self.walk(&ask.name, time.saturating_sub(kept)).await;
        if ask.every_server {
            lookup::survey(self.resolving(), &mut fact, time.saturating_sub(started.elapsed())).await;
        }
        fact
    }

    async fn lookup_as_musl(&self, ask: &MuslLookupAsk) -> LookupFact {
        let time = self.lookup_time(Duration::from_millis(ask.timeout_ms));
        lookup::resolve_as_musl(self.resolving(), &ask.name, time).await
    }

    async fn walk(&self, name: &str, time: Duration) -> LookupFact {
        match self.names.get(&name.to_ascii_lowercase()) {
            Some(shared) => {
                let resolved = shared.fact.get_or_init(|| lookup::resolve(self.resolving(), name, time)).await;
                LookupFact { name: name.to_owned(), ..resolved.clone() }
            }
            None => lookup::resolve(self.resolving(), name, time).await,
        }
    }

    /// The addresses of a host, for a probe that goes there. The lookup behind them is told once a name.
    pub(crate) async fn addresses(&self, host: &str, teller: &Teller<'_>) -> Vec<IpAddr> {
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        let started = Instant::now();
        let shared = self.names.get(&host.to_ascii_lowercase());
        let time = self.lookup_time(shared.map_or(LEAST_LOOKUP, |shared| shared.time));
        let fact = self.walk(host, time).await;
        let addresses = fact.answers.iter().map(|answer| answer.address).take(MAX_ADDRESSES).collect();
        if shared.is_some_and(|shared| shared.told_by.as_deref() == Some(teller.id)) {
            teller.tell_lookup(started, fact).await;
        }
        addresses
    }

    async fn send(&self, id: String, took: Duration, fact: Fact) {
        let observation = Observation { id, place: self.place.clone(), took_ms: millis(took), fact };
        // A closed channel means that nobody listens any more; the agent notices it on its own.
        let _ = self.replies.send(Reply::Observation(observation)).await;
    }
}

/// The names that the probes of a plan need, each with the time of the most patient of them.
fn shared_lookups(asks: &[Ask]) -> HashMap<String, SharedLookup> {
    let mut names: HashMap<String, SharedLookup> = HashMap::new();
    for ask in asks {
        let Some((name, timeout_ms)) = name_needed(&ask.probe) else { continue };
        let explicit = matches!(ask.probe, Probe::Lookup(_));
        let time = Duration::from_millis(timeout_ms);
        let entry = names.entry(name.to_ascii_lowercase()).or_insert_with(|| SharedLookup {
            time,
            told_by: Some(ask.id.clone()),
            fact: OnceCell::new(),
        });
        entry.time = entry.time.max(time);
        if explicit {
            entry.told_by = None;
        }
    }
    names
}

/// The name that a probe needs an address of, and the time it has for that. Address literals need no lookup.
fn name_needed(probe: &Probe) -> Option<(String, u64)> {
    let (name, timeout_ms) = match probe {
        Probe::Lookup(lookup) => (lookup.name.clone(), lookup.timeout_ms),
        Probe::Tcp(tcp) => (tcp.host.clone(), tcp.timeout_ms),
        Probe::Udp(udp) => (udp.host.clone(), udp.timeout_ms),
        Probe::Greet(greet) => (greet.host.clone(), greet.timeout_ms),
        Probe::Ping(ping) if ping.host != ping::GATEWAY => (ping.host.clone(), ping.timeout_ms),
        Probe::Http(http) => match &http.via {
            Some(via) => (via.host.clone(), http.timeout_ms),
            None => (http::Target::parse(&http.url).ok()?.host, http.timeout_ms),
        },
        Probe::Ping(_)
        | Probe::Firewall
        | Probe::Arp(_)
        | Probe::Network
        | Probe::Resolver
        | Probe::Listeners
        | Probe::LookupMusl(_)
        | Probe::Srv(_)
        | Probe::Dns(_) => return None,
    };
    name.parse::<IpAddr>().is_err().then_some((name, timeout_ms))
}

/// Tells what one probe saw, and numbers what it tells: `p3`, `p3.2`, `p3.3`.
pub(crate) struct Teller<'a> {
    context: &'a Context,
    id: &'a str,
    kind: &'static str,
    told: AtomicU32,
}

impl<'a> Teller<'a> {
    fn new(context: &'a Context, ask: &'a Ask) -> Self {
        Self { context, id: &ask.id, kind: ask.probe.kind(), told: AtomicU32::new(0) }
    }

    /// Tell a fact that has been looked for since `started`.
    pub(crate) async fn tell(&self, started: Instant, fact: Fact) {
        let took = started.elapsed();
        let number = self.told.fetch_add(1, Ordering::Relaxed) + 1;
        let id = if number == 1 { self.id.to_owned() } else { format!("{}.{number}", self.id) };
        self.context.send(id, took, fact).await;
    }

    /// Tell that the probe could not be made, or not to its end.
    pub(crate) async fn unfinished(&self, started: Instant, reason: String) {
        let reason = printable(reason.as_bytes(), 300);
        self.tell(started, Fact::Unfinished { probe: self.kind.to_owned(), reason }).await;
    }

    async fn tell_lookup(&self, started: Instant, fact: LookupFact) {
        self.context.send(format!("{}.lookup", self.id), started.elapsed(), Fact::Lookup(fact)).await;
    }
}
