//! Stacks of real containers, broken and healthy, and what `dprobe` must say of them.
//!
//! ```no_run
//! use dprobe_tests::{Stack, check};
//!
//! let stack = Stack::new();
//! let net = stack.network("favorites-net");
//! let web = stack.container("web").on(&net).start();
//! stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod"]).start();
//!
//! let outcome = check([web.name(), "mongodb:27017"]);
//! outcome.unreachable("bind-loopback").words(["127.0.0.1", "--bind_ip_all"]);
//! ```
//!
//! The engine is the one that `docker` talks to; it has to run on this machine, for some tests listen on its host. Faults
//! that touch a whole machine have a throw-away engine on a host of its own, a [`Lab`]. The containers run the actor, a part
//! of the agent's binary, from an image that is made once (see [`image`]); where that is not enough, there are real
//! [`servers`]. Everything made here carries a label with the
//! process that made it; what a killed process left behind is swept by the next one (see [`run`]). Tests may run in
//! parallel, in any order, and beside other users of the engine.

#![expect(clippy::missing_panics_doc, reason = "a test library reports by panicking, everywhere")]
#![expect(clippy::must_use_candidate, reason = "a container is made for its own sake, with or without its handle")]

pub mod accuracy;
pub mod binary;
pub mod checkup;
pub mod command;
pub mod compose;
pub mod container;
pub mod docker;
pub mod fake_engine;
pub mod host;
pub mod image;
pub mod lab;
pub mod outcome;
pub mod outside;
pub mod poll;
mod record;
pub mod run;
pub mod servers;
pub mod stack;
pub mod subnet;
pub mod tunnel;

pub use checkup::Checkup;
pub use compose::Compose;
pub use container::Container;
pub use docker::Engine;
pub use host::HostListener;
pub use lab::Lab;
pub use outcome::{Dprobe, Outcome, check};
pub use outside::Outside;
pub use poll::until;
pub use stack::{Network, Stack};
pub use tunnel::Tunnel;
