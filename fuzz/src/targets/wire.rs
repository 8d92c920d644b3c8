//! The lines between the CLI and its agents. An agent of another version, or of somebody else, may say anything.

use dprobe::engine::fuzzing;
use dprobe_probes::wire::Reply;

use crate::check;

/// The agent is a program, so its module is taken as it is.
#[path = "../../../agent/src/lines.rs"]
#[expect(dead_code, reason = "its threads on stdin and stdout are not wanted here")]
mod lines;

/// What the agent reads on its stdin.
pub(super) fn requests(data: &[u8]) {
    let mut input = data;
    let mut heard = 0;
    while let Some(request) = lines::next_request(&mut input) {
        heard += 1;
        match request {
            Ok(request) => check::comes_back(&request),
            Err(problem) => assert!(problem.len() < 1000, "{problem}"),
        }
    }
    assert!(heard <= data.split(|byte| *byte == b'\n').count());
}

/// What the CLI reads of an agent's stdout, whole and in pieces.
pub(super) fn replies(data: &[u8]) {
    let (replies, ending) = super::block_on(fuzzing::conversation(vec![data.to_vec()]));
    for reply in &replies {
        check::comes_back(reply);
    }
    judge(&ending);
    // The pieces in which it comes make no difference.
    for size in [1, 7, 100] {
        let pieces = data.chunks(size).map(<[u8]>::to_vec).collect();
        let (again, _): (Vec<Reply>, _) = super::block_on(fuzzing::conversation(pieces));
        assert_eq!(again, replies, "in pieces of {size}");
    }
}

fn judge(ending: &str) {
    check::printable(ending);
    assert!(ending.chars().count() < 10_000, "{ending}");
}
