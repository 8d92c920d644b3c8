//! What to ask, and where. Pure: from source, target and topology to the probes of each round.
//!
//! The first round is cheap and settles most checks. The second is asked only where something is still open, and asks for
//! what the open causes need; see `plan/closer/`.

mod closer;
mod first;
mod greeting;
mod leads;
mod round;
mod watch;

pub use closer::{CLOSER_LOOKS, second_round};
pub use first::{Trusted, ask_ports, first_round, is_http};
pub use leads::{Lead, issuer, leads, location};
pub(crate) use round::millis;
pub use round::{Limits, Post, Rights, Round};
pub use watch::worth_watching;
