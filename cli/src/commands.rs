//! What each subcommand does, from its arguments to an exit code.

pub mod check;
pub mod demo;
