//! Makes the images that `docs/tutorial.md` starts its containers from, and prints their names as a shell exports them.

#![expect(clippy::print_stdout, reason = "a program for a shell")]

use std::process::ExitCode;

use dprobe_tests::{image, servers};

fn main() -> ExitCode {
    // Where it cannot be made, what to do about it has been said on stderr.
    let Some(servers) = servers::image::name() else { return ExitCode::FAILURE };
    println!("export ACTOR={}\nexport SERVERS={servers}", image::name());
    ExitCode::SUCCESS
}
