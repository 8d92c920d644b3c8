//! `tls-expired`: a certificate has expired or is not valid yet, by the clock of the engine's host.

use dprobe_probes::tls::{CertificateFact, TlsFault};

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, run};
use crate::diagnosis::secure::{chain_text, day, minute, short_name};
use crate::report::{Fix, Severity, StageName};
use crate::topology::Clocks;

pub(super) const CAUSE: Cause = Cause {
    code: "tls-expired",
    summary: "the server's certificate has expired or is not valid yet, or a clock is wrong",
    page: r"
Every certificate has a first and a last day. Outside of them clients turn it down: `certificate has expired`, `certificate is
not yet valid`. The days are held against the clock of the machine that the client runs on; containers have that of their
host.

## How dprobe knows

It reads the validity of every certificate in the chain that the server shows, and notes the clock of the engine's host at that
moment. Beside it stands the clock of the machine that dprobe runs on: where the two differ by minutes, one of them is wrong.

## Why it happens

Nobody renewed the certificate, or it was renewed and the server was not reloaded. Virtual machines that were suspended, and
boards without a battery, have wrong clocks.

## How to fix it

Renew the certificate and reload the server. Where a clock is wrong: `timedatectl set-ntp true` on that machine.

## How to reproduce it

    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=api -addext subjectAltName=DNS:api \
      -not_before 20200101000000Z -not_after 20210101000000Z -keyout key.pem -out cert.pem
    (a server with that certificate)
    dprobe check web https://api/

Related: tls-untrusted, tls-name-mismatch
",
    yields_to: &[],
    find,
};

/// How far two clocks may be apart before it is worth telling, in seconds.
const SKEW_S: f64 = 120.0;

fn find(case: &Case<'_>) -> Option<Found> {
    let (seen, fault) = case.tls_fault(|fault| matches!(fault, TlsFault::Expired | TlsFault::NotYetValid))?;
    let now = seen.fact.clock?;
    let expired = *fault == TlsFault::Expired;
    let outside = |one: &&CertificateFact| if expired { one.not_after < now } else { one.not_before > now };
    let (at, bad) = seen.fact.chain.iter().enumerate().find(|(_, one)| outside(one))?;
    let host = &case.to.host;
    let whose = match at {
        0 => format!("the certificate of {host}"),
        _ => format!("the certificate of {}, which stands for that of {host},", short_name(&bad.subject)),
    };
    let skewed = case.topology.clocks.filter(|clocks| (clocks.engine_s - clocks.here_s).abs() > SKEW_S);
    let by_here = skewed.map(|clocks| now.saturating_add(seconds(clocks.here_s - clocks.engine_s)));
    let right_by_here = by_here.is_some_and(|here| bad.not_before <= here && here <= bad.not_after);
    let title = match (expired, right_by_here) {
        (_, true) => format!("by the clock of the engine's host {whose} is not valid, by that of this machine it is"),
        (true, _) => format!("{whose} expired on {}, {} ago", day(bad.not_after), span(now.saturating_sub(bad.not_after))),
        (false, _) => format!("{whose} is valid from {} on only, in {}", day(bad.not_before), span(bad.not_before.saturating_sub(now))),
    };
    let mut because = vec![seen.id.to_owned()];
    because.extend(skewed.map(|_| "topology.clocks".to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tls,
        title,
        explanation: format!(
            "It is valid from {} to {} UTC. {} Clients turn down what is outside of its days. The chain: {}.",
            minute(bad.not_before),
            minute(bad.not_after),
            clocks(case.topology.clocks, now, by_here),
            chain_text(&seen.fact.chain)
        ),
        because,
        fixes: fixes(case, expired, right_by_here),
    })
}

fn clocks(clocks: Option<Clocks>, now: i64, by_here: Option<i64>) -> String {
    let host = format!("The clock of the engine's host, which containers have as well, says {}", minute(now));
    match (by_here, clocks) {
        (Some(here), _) => format!("{host}; that of this machine says {}: one of them is wrong.", minute(here)),
        (None, Some(_)) => format!("{host}, and that of this machine says the same."),
        (None, None) => format!("{host}."),
    }
}

fn fixes(case: &Case<'_>, expired: bool, right_by_here: bool) -> Vec<Fix> {
    let host = &case.to.host;
    let clock = run("set the clock of the engine's host, there and as root", vec!["timedatectl set-ntp true".to_owned()]);
    let renew = change(match case.target() {
        Some(target) => format!("renew the certificate of {host} and reload the server: `docker restart {}`", target.name),
        None => format!("have the certificate of {host} renewed"),
    });
    match (right_by_here, expired) {
        (true, _) => vec![clock, renew],
        (false, true) => vec![renew],
        (false, false) => vec![
            change(format!("use another certificate for {host} until this one is valid, or have it issued anew")),
            Fix { title: format!("where that day is past already: {}", clock.title), ..clock },
        ],
    }
}

/// A time in seconds as people say it.
fn span(seconds: i64) -> String {
    match seconds {
        seconds if seconds >= 2 * 86_400 => format!("{} days", seconds / 86_400),
        seconds if seconds >= 2 * 3_600 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} minutes", (seconds / 60).max(1)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the difference of two clocks")]
fn seconds(difference: f64) -> i64 {
    difference as i64
}
