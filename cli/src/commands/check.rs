//! `dprobe check`: can FROM reach each TARGET, and if not, why?

use std::time::Instant;

use crate::args::CheckArgs;
use crate::engine::{Engine, EngineChoice, EngineError};
use crate::exit::{Exit, Failure};
use crate::investigation::{InvestigationError, Progress, Request, investigate};
use crate::report::Report;
use crate::resolve::ResolveError;

/// Checks, again and again with `--wait`, and hands back the last report with the exit code it deserves.
///
/// # Errors
/// When there is no report to hand back: no engine, or no such source.
///
/// `announce` is told what the user has to know of while it happens: that a privileged helper is started.
pub async fn check(
    args: &CheckArgs,
    progress: Progress<'_>,
    announce: Progress<'_>,
) -> Result<(Report, Exit), Failure> {
    progress("connecting to the engine");
    let choice = EngineChoice { host: args.engine.host.clone(), context: args.engine.context.clone() };
    let engine = Engine::connect(&choice).await.map_err(|error| engine_failure(&error))?;
    let engine = engine.with_agent_image(args.engine.agent_image.clone());
    let request = Request {
        from: &args.from,
        targets: &args.targets,
        timeout: args.timeout,
        agents: !args.no_agent,
        deep: args.deep.then_some(announce),
    };
    let end = args.wait.map(|wait| Instant::now() + wait);
    loop {
        let outcome = investigate(&engine, &request, progress).await;
        let exit = outcome.as_ref().map(|report| Exit::of(report, args.not));
        // What is not there yet may still come, which is what waiting is for; an engine that fails is another matter.
        let may_change = !matches!(outcome, Err(InvestigationError::Engine(_)));
        let settled = matches!(exit, Ok(Exit::Expected)) || !may_change;
        match end {
            Some(end) if !settled && Instant::now() < end => {
                progress("waiting for the check to end as expected");
                let left = end.saturating_duration_since(Instant::now());
                tokio::time::sleep(args.interval.min(left)).await;
            }
            Some(_) if !settled => {
                return match outcome {
                    Ok(report) => Ok((report, Exit::WaitedInVain)),
                    Err(error) => Err(Failure { exit: Exit::WaitedInVain, ..failure_on(&engine, args, &error).await }),
                };
            }
            _ => {
                return match outcome {
                    Ok(report) => {
                        let exit = Exit::of(&report, args.not);
                        Ok((report, exit))
                    }
                    Err(error) => Err(failure_on(&engine, args, &error).await),
                };
            }
        }
    }
}

/// An investigation that came to nothing; a source that is not on this engine is looked for on others.
async fn failure_on(engine: &Engine, args: &CheckArgs, error: &InvestigationError) -> Failure {
    let failure = failure(error);
    let InvestigationError::Resolve(ResolveError::Unknown { word, .. }) = error else { return failure };
    let found = engine.elsewhere(&[word]).await;
    found.iter().fold(failure, |failure, one| {
        let [flag, value] = one.flag();
        let mut words = vec!["dprobe", flag, value, "check", args.from.typed.as_str()];
        words.extend(args.targets.iter().map(|target| target.typed.as_str()));
        failure.hint(format!("{word} is in {}: `{}`", one.engine_text(), shell_words::join(words)))
    })
}

/// An investigation that came to nothing, as a person reads it.
pub(super) fn failure(error: &InvestigationError) -> Failure {
    match error {
        InvestigationError::Engine(error) => engine_failure(error),
        InvestigationError::Resolve(error) => Failure::usage(error).hint(error.hint()),
    }
}

/// An engine that failed, as a person reads it.
pub(super) fn engine_failure(error: &EngineError) -> Failure {
    let failure = match error.exit_code() {
        2 => Failure::usage(error),
        _ => Failure::could_not_run(error),
    };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
