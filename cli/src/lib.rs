//! dprobe tells why one container cannot reach another, and what to type to fix it.
//!
//! ```text
//! words ─▶ resolve ─▶ snapshot ─▶ plan ─▶ probe ─▶ diagnose ─▶ render
//! ```
//!
//! `ARCHITECTURE.md` tells what each module is for and what it may depend on.

pub mod args;
pub mod arrow;
pub mod commands;
pub mod compose;
pub mod diagnosis;
pub mod discovery;
pub mod engine;
pub mod exit;
pub mod investigation;
pub mod plan;
pub mod redact;
pub mod render;
pub mod report;
pub mod resolve;
pub mod reverse_proxy;
pub mod topology;
pub mod words;
