//! What the packet filters on the way have to do with a connection: the rule that caught it, and how it is undone.

mod flow;

use std::net::IpAddr;

use dprobe_probes::firewall::{FirewallAction, FirewallChain, FirewallFact, FirewallRule};
use dprobe_probes::tcp::TcpFact;

use flow::Flow;

use super::case::{Case, Seen};
use super::fixes::{change, command, run};
use crate::report::{Fix, TargetKind};
use crate::resolve::HOST;
use crate::topology::Status;

/// What refused the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Culprit<'a> {
    /// The observation.
    pub(super) id: &'a str,
    /// In whose packet filter: the host's, or that of a container.
    pub(super) place: &'a str,
    /// The rule, or the policy of a chain.
    pub(super) refusal: Refusal<'a>,
}

/// What refuses packets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal<'a> {
    /// A rule.
    Rule(&'a FirewallRule),
    /// What a chain does with packets that no rule of it decides on.
    Policy(&'a FirewallChain),
}

/// The chains in which the engine keeps its own networks apart (libnetwork; engines from 28 on use more of them).
const ISOLATION: [&str; 3] = ["DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER-INTERNAL"];

impl<'a> Case<'a> {
    /// What the packet filter of a place held while this case's connect was watched.
    pub(super) fn firewall_in(&self, place: &'a str) -> Option<Seen<'a, FirewallFact>> {
        let is_ours = |fact: &FirewallFact| {
            fact.watched.as_ref().is_some_and(|watched| {
                watched.from == self.from.place && watched.host == self.to.host && Some(watched.port) == self.to.port
            })
        };
        self.firewalls(place).filter(|seen| is_ours(seen.fact)).last()
    }

    /// The rule or the policy that caught the connection, the one that speaks of it most closely first. What the engine does
    /// to keep its own networks apart is left out: that has causes of its own.
    pub(super) fn culprit(&self) -> Option<Culprit<'a>> {
        let flow = self.flow();
        let mut found: Vec<(u32, u64, Culprit<'a>)> = Vec::new();
        for place in self.filter_places() {
            let Some(seen) = self.firewall_in(place) else { continue };
            for rule in &seen.fact.rules {
                let refuses = matches!(rule.action, FirewallAction::Drop | FirewallAction::Reject);
                if !refuses || rule.caught == 0 || is_isolation(rule) {
                    continue;
                }
                if let Some(closeness) = flow.fits(&rule.text) {
                    let culprit = Culprit { id: seen.id, place, refusal: Refusal::Rule(rule) };
                    found.push((closeness + 1, rule.caught, culprit));
                }
            }
            for chain in seen.fact.chains.iter().filter(|chain| chain.drops && chain.caught > 0) {
                found.push((0, chain.caught, Culprit { id: seen.id, place, refusal: Refusal::Policy(chain) }));
            }
        }
        found.into_iter().max_by_key(|(closeness, caught, _)| (*closeness, *caught)).map(|(_, _, culprit)| culprit)
    }

    /// Rules that refuse packets like these and keep no count, so that it cannot be seen whether they did.
    pub(super) fn suspects(&self) -> Vec<Culprit<'a>> {
        let flow = self.flow();
        let uncounted = |rule: &&FirewallRule| {
            rule.packets.is_none() && matches!(rule.action, FirewallAction::Drop | FirewallAction::Reject)
        };
        self.filter_places()
            .into_iter()
            .filter_map(|place| self.firewall_in(place).map(|seen| (place, seen)))
            .flat_map(|(place, seen)| {
                let rules = seen.fact.rules.iter().filter(uncounted).filter(|rule| flow.fits(&rule.text).is_some());
                rules.map(move |rule| Culprit { id: seen.id, place, refusal: Refusal::Rule(rule) })
            })
            .take(3)
            .collect()
    }

    /// Whether the connection is one between containers, directly or through a published port.
    pub(super) fn is_between_containers(&self) -> bool {
        match self.to.kind {
            TargetKind::Container => !self.same_namespace(),
            TargetKind::Host | TargetKind::Loopback => {
                self.target().is_some() && !self.culprit().is_some_and(|culprit| culprit.is_for_the_host(self))
            }
            // On another node there are other filters; what is on the way there is told by `overlay-data-blocked`.
            TargetKind::Remote | TargetKind::Address | TargetKind::Name => false,
        }
    }

    /// Whether an address leads to the target's own namespace, and not to somebody who has its name or had its address.
    pub(super) fn is_of_target(&self, address: IpAddr) -> bool {
        let Some(target) = self.target() else { return false };
        self.dials_host() || self.topology.attachments(target).values().any(|attachment| attachment.has(address))
    }

    /// Whether something other than a rule explains that the target does not answer.
    pub(super) fn has_other_reason_for_silence(&self) -> bool {
        let shared = self.shared_networks();
        let mute = |key: &&str| {
            self.topology
                .networks
                .get(*key)
                .is_some_and(|network| network.driver == "bridge" && !network.lets_containers_talk())
        };
        let unclaimed =
            |dial: &Seen<'_, TcpFact>| self.arp(dial.fact.address).is_some_and(|arp| arp.fact.answers.is_empty());
        // What goes to another machine of a swarm meets more than this host's rules.
        let overlay = shared
            .iter()
            .any(|key| self.topology.networks.get(*key).is_some_and(|network| network.driver == "overlay"));
        let paused = self.target().is_some_and(|target| target.state.status == Status::Paused);
        self.full_queue().is_some()
            || (!shared.is_empty() && shared.iter().all(mute))
            || self.unanswered().iter().any(unclaimed)
            || overlay
            || paused
    }

    /// What has to be done to learn which rule it is, or why it could not be told although it was tried.
    pub(super) fn which_rule(&self) -> String {
        if let Some(reason) = self.filter_unread() {
            return format!("Which one, dprobe could not see ({reason}).");
        }
        let suspects: Vec<String> = self.suspects().iter().map(|suspect| format!("`{}`", suspect.text())).collect();
        if suspects.is_empty() {
            "None of the rules that count packets caught it.".to_owned()
        } else {
            format!("These rules may have done it, but keep no count: {}.", suspects.join(", "))
        }
    }

    /// What to do where the rule is not known.
    pub(super) fn find_the_rule(&self) -> Vec<Fix> {
        let suspects = self.suspects();
        if !suspects.is_empty() {
            return suspects.iter().flat_map(|suspect| suspect.fixes(self)).collect();
        }
        let (from, to) = (&self.from.typed, &self.to.typed);
        let again = command(&["dprobe", "check", from, to, "--deep"]);
        let mut fixes =
            vec![change("look for it on the engine's host: `iptables -L -v -n` and `nft list ruleset` show the rules")];
        if self.filter_unread().is_some_and(|reason| !reason.contains("--deep")) {
            fixes.insert(
                0,
                change(format!("have dprobe name the rule: `{again}` (or run it as root on the engine's machine)")),
            );
        }
        fixes
    }

    /// The places whose packet filters a connection of this case passes.
    fn filter_places(&self) -> Vec<&'a str> {
        let mut places = vec![HOST, self.from.place.as_str()];
        places.extend(self.to.place.as_deref());
        places.dedup();
        places
    }

    /// The connection as a packet filter sees it.
    fn flow(&self) -> Flow {
        let own = self.source().map(|source| self.topology.attachments(source));
        let mut sources: Vec<IpAddr> =
            own.into_iter().flat_map(|all| all.values()).flat_map(crate::topology::Attachment::addresses).collect();
        if sources.is_empty() {
            let seen = self.network_in(&self.from.place);
            let interfaces = seen.iter().flat_map(|seen| &seen.fact.interfaces);
            sources = interfaces.flat_map(|one| &one.addresses).map(|address| address.address).collect();
        }
        let mut targets = self.dialled_addresses();
        targets.extend(self.arriving_addresses());
        let ports = [self.to.port, self.listen_port()].into_iter().flatten().collect();
        Flow { sources, targets, ports, protocol: self.to.protocol.to_string() }
    }
}

impl Culprit<'_> {
    /// It in the words of its program: `iptables -A DOCKER-USER -p tcp -j DROP`.
    pub(super) fn text(&self) -> String {
        match self.refusal {
            Refusal::Rule(rule) => match &rule.table.family {
                Some(family) => format!("nft: {family} {} {}: {}", rule.table.name, rule.chain, rule.text),
                None => {
                    format!("{}{} -A {} {}", rule.table.program, table_flag(&rule.table.name), rule.chain, rule.text)
                }
            },
            Refusal::Policy(chain) => match &chain.table.family {
                Some(family) => format!("nft: {family} {} {}: policy drop", chain.table.name, chain.name),
                None => format!("{}{} -P {} DROP", chain.table.program, table_flag(&chain.table.name), chain.name),
            },
        }
    }

    /// Whose packet filter it is in, as people say it.
    pub(super) fn whose(&self) -> String {
        if self.place == HOST {
            "the host's firewall".to_owned()
        } else {
            format!("the firewall inside {}", self.place)
        }
    }

    /// Whether it is about what comes in to the host itself, not about what the host passes on.
    pub(super) fn is_for_the_host(&self, case: &Case<'_>) -> bool {
        let chain = self.chain().to_ascii_uppercase();
        let by_name = chain.contains("INPUT") || chain.starts_with("IN_");
        let by_hook = matches!(self.refusal, Refusal::Policy(chain) if chain.hook.as_deref() == Some("input"));
        let passed_on = chain.contains("FORWARD") || chain.starts_with("FWD") || chain.starts_with("DOCKER");
        // Of a chain with any other name only the target tells.
        self.place == HOST
            && (by_name || by_hook || (!passed_on && case.target().is_none() && case.to.kind == TargetKind::Host))
    }

    /// The chain it is in.
    pub(super) fn chain(&self) -> &str {
        match self.refusal {
            Refusal::Rule(rule) => &rule.chain,
            Refusal::Policy(chain) => &chain.name,
        }
    }

    /// Whether the sender is told that the packet was refused.
    pub(super) fn rejects(&self) -> bool {
        matches!(self.refusal, Refusal::Rule(rule) if rule.action == FirewallAction::Reject)
    }

    /// How many packets it caught during the watched connect.
    pub(super) fn caught(&self) -> u64 {
        match self.refusal {
            Refusal::Rule(rule) => rule.caught,
            Refusal::Policy(chain) => chain.caught,
        }
    }

    /// What to type, the certain way first: to let this traffic pass by the means of whoever manages the rules, else to take
    /// the rule away.
    pub(super) fn fixes(&self, case: &Case<'_>) -> Vec<Fix> {
        let mut fixes = Vec::new();
        if self.is_of("ufw") {
            fixes.extend(by_ufw(case));
        } else if self.is_of("firewalld") {
            fixes.extend(by_firewalld(case));
        }
        if let Some(delete) = self.delete() {
            let title = match self.refusal {
                Refusal::Rule(_) => "take that rule away, if nothing else needs it",
                Refusal::Policy(_) => "let the chain pass what no rule decides on",
            };
            let mut fix = run(title, vec![delete]);
            // It is back with the next start of whatever made it.
            fix.lasting = false;
            fixes.push(fix);
        }
        fixes.extend(self.allow(case));
        if fixes.is_empty() {
            fixes.push(change(format!("change this rule: {}", self.text())));
        }
        fixes
    }

    fn is_of(&self, manager: &str) -> bool {
        let table = match self.refusal {
            Refusal::Rule(rule) => &rule.table.name,
            Refusal::Policy(chain) => &chain.table.name,
        };
        match manager {
            "ufw" => self.chain().starts_with("ufw"),
            // Its chains in iptables are named after a zone: IN_public, FWDI_public_deny.
            _ => {
                table == "firewalld"
                    || ["IN_", "FWD", "INPUT_ZONES", "FORWARD_IN"].iter().any(|start| self.chain().starts_with(start))
            }
        }
    }

    /// The command that deletes a rule or turns a policy.
    fn delete(&self) -> Option<String> {
        let line = match self.refusal {
            Refusal::Rule(rule) => match (&rule.table.family, rule.handle) {
                (Some(family), Some(handle)) => {
                    let handle = handle.to_string();
                    command(&["nft", "delete", "rule", family, &rule.table.name, &rule.chain, "handle", &handle])
                }
                (None, _) => {
                    // A text that was cut, or that a shell would read in another way, is no command.
                    let words = shell_words::split(&rule.text).ok().filter(|_| !rule.text.ends_with('…'))?;
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    let mut line = vec![rule.table.program.as_str()];
                    line.extend(table_words(&rule.table.name));
                    line.extend(["-D", &rule.chain]);
                    line.extend(words);
                    command(&line)
                }
                _ => return None,
            },
            Refusal::Policy(chain) if chain.table.family.is_none() => {
                let mut line = vec![chain.table.program.as_str()];
                line.extend(table_words(&chain.table.name));
                line.extend(["-P", &chain.name, "ACCEPT"]);
                command(&line)
            }
            Refusal::Policy(_) => return None,
        };
        Some(self.inside(&line))
    }

    /// The command that lets this traffic pass before the rule is met.
    fn allow(&self, case: &Case<'_>) -> Option<Fix> {
        let Refusal::Rule(rule) = self.refusal else { return None };
        if rule.table.family.is_some() || rule.table.name != "filter" || self.place != HOST {
            return None;
        }
        let (from, port) = (source_range(case)?, case.listen_port()?.to_string());
        let to = case.arriving_addresses().into_iter().find(IpAddr::is_ipv4)?.to_string();
        let protocol = case.to.protocol.to_string();
        let line = command(&[
            &rule.table.program,
            "-I",
            &rule.chain,
            "-s",
            &from,
            "-d",
            &to,
            "-p",
            &protocol,
            "--dport",
            &port,
            "-j",
            "ACCEPT",
        ]);
        let mut fix = run("or let just this traffic pass before it", vec![line]);
        fix.lasting = false;
        Some(fix)
    }

    /// A command as it is typed for this place: for a container's filter on the host, too, for a container has no such program.
    fn inside(&self, line: &str) -> String {
        if self.place == HOST {
            return line.to_owned();
        }
        let name = command(&[self.place]);
        format!("nsenter --net=\"$(docker inspect --format '{{{{.NetworkSettings.SandboxKey}}}}' {name})\" {line}")
    }
}

fn by_ufw(case: &Case<'_>) -> Option<Fix> {
    let (from, port) = (source_range(case)?, case.listen_port()?.to_string());
    let protocol = case.to.protocol.to_string();
    let routed = case.to.kind != TargetKind::Host;
    let mut words = vec!["ufw"];
    words.extend(routed.then_some("route"));
    words.extend(["allow", "proto", &protocol, "from", &from, "to", "any", "port", &port]);
    Some(run("allow it in ufw", vec![command(&words)]))
}

fn by_firewalld(case: &Case<'_>) -> Option<Fix> {
    let from = source_range(case)?;
    let add = command(&["firewall-cmd", "--permanent", "--zone=trusted", &format!("--add-source={from}")]);
    Some(run("allow it in firewalld", vec![add, "firewall-cmd --reload".to_owned()]))
}

/// The subnet that the source dials from.
pub(super) fn source_range(case: &Case<'_>) -> Option<String> {
    let networks = case.source_networks();
    let shared = case.shared_networks();
    let via = shared.first().or(networks.first())?;
    let subnets = &case.topology.networks.get(*via)?.subnets;
    subnets.iter().find(|subnet| subnet.range.addr().is_ipv4()).map(|subnet| subnet.range.to_string())
}

fn table_words(table: &str) -> Vec<&str> {
    if table == "filter" { Vec::new() } else { vec!["-t", table] }
}

fn table_flag(table: &str) -> String {
    if table == "filter" { String::new() } else { format!(" -t {table}") }
}

/// Whether a rule is one of those by which the engine keeps its networks apart.
fn is_isolation(rule: &FirewallRule) -> bool {
    ISOLATION.contains(&rule.chain.as_str()) || (rule.chain == "FORWARD" && same_bridge(&rule.text))
}

/// Whether a rule is about what goes from a bridge to the same bridge (`enable_icc=false`).
fn same_bridge(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    matches!(words.as_slice(), ["-i", one, "-o", other, "-j", "DROP"] if one == other)
}
