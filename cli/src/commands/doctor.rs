//! `dprobe doctor`: the engine and its host looked over.

use crate::args::DoctorArgs;
use crate::engine::Engine;
use crate::exit::{Exit, Failure};
use crate::investigation::{Progress, look_over};
use crate::report::doctor::Doctor;

use super::check::{engine_failure, failure};

/// Looks once, and hands back the report with the exit code it deserves. `announce` is told what the user has to know of
/// while it happens: that a privileged helper is started.
///
/// # Errors
/// When there is no report to hand back: no engine, or one that starts no agent.
pub async fn doctor(
    args: &DoctorArgs,
    progress: Progress<'_>,
    announce: Progress<'_>,
) -> Result<(Doctor, Exit), Failure> {
    progress("connecting to the engine");
    let engine = Engine::connect(&args.engine.choice()).await.map_err(|error| engine_failure(&error))?;
    let engine = engine.with_agent_image(args.engine.agent_image.clone());
    let doctor = look_over(&engine, args.deep.then_some(announce), progress).await.map_err(|error| failure(&error))?;
    let exit = Exit::of_doctor(&doctor);
    Ok((doctor, exit))
}
