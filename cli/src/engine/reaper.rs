//! The reaper: a process that outlives a killed dprobe and removes the agents it left behind.
//!
//! An agent that was started ends when its input closes and is then removed by the engine. What remains is the container
//! that was created and never started, because dprobe was killed in between; and the create that the engine was still
//! working on. Only containers with the label of that one run are ever touched.

use std::io::{BufRead, Read};
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::agent::remove;
use super::client::Client;
use super::error::EngineError;
use super::inventory;
use super::session::{CLEAN, Orders};

/// How long it looks for containers: a create may still be on its way.
const WATCH: Duration = Duration::from_secs(10);

/// The time between two looks, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_millis(500);

/// How long one answer of the engine may take.
const ANSWER: Duration = Duration::from_secs(10);

/// What `dprobe __reap` does: reads its orders from standard input, waits until the other end is closed, and removes what is
/// left unless it was told that nothing is.
#[must_use]
pub fn reaper_main() -> ExitCode {
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    let Ok(_) = input.read_line(&mut line) else { return ExitCode::FAILURE };
    let Ok(orders) = serde_json::from_str::<Orders>(&line) else { return ExitCode::FAILURE };
    let mut last = Vec::new();
    // An error is the end of the other process just as well.
    let _ = input.read_to_end(&mut last);
    if last == CLEAN {
        return ExitCode::SUCCESS;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(reap(&orders)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn reap(orders: &Orders) -> Result<(), EngineError> {
    let client = Client::new(&orders.address)?;
    let end = Instant::now() + WATCH;
    let mut pause = FIRST_PAUSE;
    while Instant::now() < end {
        // An engine that does not answer is asked again.
        if let Ok(Ok(left)) = timeout(ANSWER, inventory::of_session(&client, &orders.session)).await {
            for id in left {
                remove(&client, &id).await;
            }
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(LAST_PAUSE);
    }
    Ok(())
}
