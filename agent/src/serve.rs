//! The conversation: plan after plan, until it is over.

use std::collections::VecDeque;
use std::time::Duration;

use dprobe_probes::run;
use dprobe_probes::text::printable;
use dprobe_probes::wire::{Plan, Reply, Request};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::lines::Heard;

/// How many plans may wait while one runs.
const WAITING_PLANS: usize = 16;

/// Answer requests until stdin ends, `Stop` is said, nobody reads, or no request comes for `idle`.
pub(crate) async fn serve(requests: &mut mpsc::Receiver<Heard>, replies: &mpsc::Sender<Reply>, idle: Duration) {
    let mut waiting = VecDeque::new();
    loop {
        let plan = match waiting.pop_front() {
            Some(plan) => plan,
            None => match next(requests, replies, idle).await {
                Some(plan) => plan,
                None => return,
            },
        };
        tokio::select! {
            ended = run::run(plan, replies) => {
                let last = ended.map_or_else(|reason| Reply::Refused { reason }, |()| Reply::Done);
                if replies.send(last).await.is_err() {
                    return;
                }
            }
            () = watch(requests, replies, &mut waiting) => return,
        }
    }
}

/// The next plan; none when the conversation is over.
async fn next(requests: &mut mpsc::Receiver<Heard>, replies: &mpsc::Sender<Reply>, idle: Duration) -> Option<Plan> {
    loop {
        let heard = tokio::select! {
            heard = requests.recv() => heard?,
            () = replies.closed() => return None,
            () = sleep(idle) => return None,
        };
        match heard {
            Ok(Request::Plan(plan)) => return Some(plan),
            Ok(Request::Stop) => return None,
            Err(reason) => refuse(replies, &reason).await?,
        }
    }
}

/// Listen while a plan runs. Returns when the conversation is over, which ends the plan as well.
async fn watch(requests: &mut mpsc::Receiver<Heard>, replies: &mpsc::Sender<Reply>, waiting: &mut VecDeque<Plan>) {
    loop {
        let heard = tokio::select! {
            heard = requests.recv() => heard,
            () = replies.closed() => return,
        };
        let refused = match heard {
            None | Some(Ok(Request::Stop)) => return,
            Some(Ok(Request::Plan(plan))) if waiting.len() < WAITING_PLANS => {
                waiting.push_back(plan);
                continue;
            }
            Some(Ok(Request::Plan(_))) => refuse(replies, "too many plans wait already").await,
            Some(Err(reason)) => refuse(replies, &reason).await,
        };
        if refused.is_none() {
            return;
        }
    }
}

/// Say that a request made no sense; none where nobody listens.
async fn refuse(replies: &mpsc::Sender<Reply>, reason: &str) -> Option<()> {
    let reason = printable(reason.as_bytes(), 300);
    replies.send(Reply::Refused { reason }).await.ok()
}
