//! What each subcommand does, from its arguments to an exit code.

pub mod agent;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod explain;
