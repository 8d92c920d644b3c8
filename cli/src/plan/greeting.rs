//! Who is greeted, and how patiently.

use std::time::Duration;

use dprobe_probes::application::{Application, ApplicationProtocol, Security, Verify};
use dprobe_probes::greeting::GreetAsk;
use dprobe_probes::wire::Probe;

use super::first::Trusted;
use super::round::{Limits, millis};
use crate::report::{Target, TargetKind};
use crate::resolve;
use crate::topology::{Protocol, Topology};

/// How long a server is waited for that nobody asked to be greeted: it must not make a check slower.
const UNASKED: Duration = Duration::from_millis(300);

/// Programs that turn a client away before it has logged in, and that nobody minds being greeted: by the port that they are
/// known for. Others say so unasked, or only to somebody who names a user.
const OUTSPOKEN: [(u16, ApplicationProtocol); 2] =
    [(6379, ApplicationProtocol::Redis), (11211, ApplicationProtocol::Memcached)];

/// The greeting of a target: what its URL says is spoken there. Plain HTTP has a probe of its own. Without a URL it is asked
/// for only where the target is known to be a program that may turn the source away, on its own port.
pub(super) fn greet(to: &Target, topology: &Topology, trusted: Trusted<'_>, limits: Limits) -> Option<Probe> {
    let port = to.port.filter(|_| to.protocol == Protocol::Tcp)?;
    let (application, patience) = match to.application {
        Some(application) if application.protocol != ApplicationProtocol::Http => (application, limits.timeout),
        Some(_) => return None,
        None => (outspoken(to, port, topology)?, limits.timeout.min(UNASKED)),
    };
    let verifies = application.security != Security::Plain && application.verify != Verify::Nothing;
    Some(Probe::Greet(GreetAsk {
        host: to.host.clone(),
        port,
        application,
        timeout_ms: millis(patience),
        ca_bundle: trusted.bundle.filter(|_| verifies).map(str::to_owned),
        and_mozilla: trusted.and_mozilla && verifies,
        user: to.login.user.clone(),
        database: to.login.database.clone(),
    }))
}

fn outspoken(to: &Target, port: u16, topology: &Topology) -> Option<Application> {
    let container = topology.containers.get(to.container.as_ref()?).filter(|_| to.kind == TargetKind::Container)?;
    let known = resolve::well_known_port(container)?;
    let (_, protocol) = OUTSPOKEN.iter().find(|(own, _)| *own == known && port == known)?;
    Some(Application { protocol: *protocol, security: Security::Plain, verify: Verify::Nothing })
}
