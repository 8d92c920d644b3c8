//! Targets whose hosts and ports are in the DNS: one check for each SRV record of a `mongodb+srv` URL.

use dprobe_probes::srv::{SrvAsk, SrvFact};
use dprobe_probes::wire::Probe;

use super::InvestigationError;
use super::look::{Look, Pair};
use crate::plan::millis;
use crate::report::Target;
use crate::{resolve, words};

/// The pairs with each such target in place of its URL. One without records stays as it is, without a port.
pub(super) async fn expand(look: &mut Look<'_>, pairs: Vec<Pair>) -> Result<Vec<Pair>, InvestigationError> {
    let mut asked = false;
    for Pair { from, to } in pairs.iter().filter(|pair| pair.to.is_in_dns()) {
        let timeout_ms = millis(look.limits.timeout);
        let ask = SrvAsk { service: "mongodb".to_owned(), domain: to.host.clone(), timeout_ms };
        look.round.ask(&from.place, Probe::Srv(ask));
        asked = true;
    }
    if !asked {
        return Ok(pairs);
    }
    look.run().await?;
    let mut expanded = Vec::new();
    for pair in pairs {
        let found = if pair.to.is_in_dns() { members(look, &pair) } else { Vec::new() };
        if found.is_empty() { expanded.push(pair) } else { expanded.extend(found) }
    }
    Ok(expanded)
}

fn members(look: &Look<'_>, pair: &Pair) -> Vec<Pair> {
    let Some(fact) = look.case(pair).srv().map(|seen| seen.fact) else { return Vec::new() };
    let SrvFact { targets, .. } = fact;
    let member = |(host, port): (&String, u16)| {
        let typed = format!("{host}:{port}");
        let word = words::target(&format!("tcp://{typed}")).ok()?;
        let found = resolve::target(&word, &pair.from, &look.topology).ok()?;
        let Target { scheme, url, application, login, .. } = pair.to.clone();
        Some(Pair { from: pair.from.clone(), to: Target { typed, scheme, url, application, login, ..found } })
    };
    targets.iter().filter_map(|target| member((&target.host, target.port))).collect()
}

impl Target {
    /// Whether the DNS says which hosts and ports are meant.
    fn is_in_dns(&self) -> bool {
        self.scheme.as_deref() == Some("mongodb+srv") && self.port.is_none()
    }
}
