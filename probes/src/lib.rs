//! The network probes of dprobe, and the types that its agent and its CLI exchange.
//!
//! A probe is a question to one network namespace. Each lives in one module which holds, in this order, what is asked
//! (`…Ask`), what was seen (`…Fact`), and the code that goes and looks. [`wire`] collects them into the messages that
//! travel between the CLI and the agent. Nothing here knows of Docker, and nothing here judges: a probe reports.

pub mod application;
pub mod arp;
#[cfg(feature = "run")]
mod bounded;
pub mod dns;
pub mod errno;
pub mod firewall;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod greeting;
pub mod http;
pub mod listeners;
pub mod lookup;
pub mod network;
pub mod ping;
pub mod resolver;
#[cfg(feature = "run")]
pub mod run;
#[cfg(feature = "run")]
mod socket;
pub mod srv;
pub mod tcp;
pub mod text;
pub mod tls;
pub mod udp;
pub mod wire;
