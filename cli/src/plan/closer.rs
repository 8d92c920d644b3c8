//! The second round, one file a question: what is only worth asking where the first round has left something open. To add a
//! question, write its file by the shape of its neighbours and name it in the list below.

mod gateway;
mod host;
mod host_header;
mod link;
mod other_scheme;
mod outside;
mod path_mtu;
mod patience;
mod peers;
mod server_name;
mod servers;
mod swarm;
mod underscore;
mod walks;

use super::round::{Limits, Round};
use crate::diagnosis::Case;

/// A question: asks nothing where the case leaves nothing open for it.
type Question = fn(&mut Round, &Case<'_>, Limits);

const QUESTIONS: &[Question] = &[
    host::ask,
    peers::ask,
    gateway::ask,
    link::ask,
    outside::ask,
    path_mtu::ask,
    patience::ask,
    swarm::ask,
    servers::ask,
    walks::ask,
    underscore::ask,
    host_header::ask,
    other_scheme::ask,
    server_name::ask,
];

/// How often to look closer at most: some questions arise from the answers to others.
pub const CLOSER_LOOKS: usize = 3;

/// The second round of a check: empty where the first has settled it, or where it has nothing more to ask.
pub fn second_round(round: &mut Round, case: &Case<'_>, limits: Limits) {
    for question in QUESTIONS {
        question(round, case, limits);
    }
}

/// Whether the source is kept from its target.
fn is_blocked(case: &Case<'_>) -> bool {
    !case.gets_through() || case.unpublished()
}
