//! Asks the programs of the host.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::{FirewallFact, nft, save};
use crate::text::printable;

/// How long one program may take. They wait for a lock that others hold for moments only.
const LIMIT: Duration = Duration::from_secs(3);
/// The most that is read of what one program prints, in bytes.
const MAX_OUTPUT: u64 = 8 * 1024 * 1024;

/// The programs that save rules: for each kind of rules the variants that know them, and the program that changes them.
/// Where a system has the variants, it has two sets of rules; where it has not, the plain name is the only one.
const SAVERS: [(&str, &str); 6] = [
    ("iptables-nft-save", "iptables-nft"),
    ("iptables-legacy-save", "iptables-legacy"),
    ("iptables-save", "iptables"),
    ("ip6tables-nft-save", "ip6tables-nft"),
    ("ip6tables-legacy-save", "ip6tables-legacy"),
    ("ip6tables-save", "ip6tables"),
];

/// Reads the rules of a namespace. Each program is started by `enter`, such as `nsenter --net=/proc/1/ns/net`; without it in
/// the namespace of this process.
///
/// # Errors
/// When no program could be asked; the text says why.
pub async fn read(enter: &[OsString]) -> Result<FirewallFact, String> {
    let saved = ask_all(enter).await;
    let mut fact = FirewallFact::default();
    let mut problem = "neither iptables nor nft is installed on the host".to_owned();
    let mut outputs = saved.into_iter();
    for family in SAVERS.chunks(3) {
        let mut variants = 0;
        for (saver, program) in family {
            let plain = !saver.contains("-nft") && !saver.contains("-legacy");
            match outputs.next() {
                // The plain name is a link to one of the variants, where there are any.
                Some(Ok(_)) if plain && variants > 0 => {}
                Some(Ok(output)) => {
                    variants += 1;
                    fact.readers.push((*saver).to_owned());
                    // What people have is `iptables`, whichever variant that is.
                    save::parse(&output, program.strip_suffix("-nft").unwrap_or(program), &mut fact);
                }
                Some(Err(Some(words))) => problem = words,
                Some(Err(None)) | None => {}
            }
        }
    }
    match outputs.next() {
        Some(Ok(output)) => {
            nft::parse(&output, !fact.readers.is_empty(), &mut fact);
            fact.readers.push("nft".to_owned());
        }
        Some(Err(Some(words))) if fact.readers.is_empty() => problem = words,
        _ => {}
    }
    if fact.readers.is_empty() { Err(problem) } else { Ok(fact) }
}

/// What every program printed, in the order of [`SAVERS`], `nft` last.
async fn ask_all(enter: &[OsString]) -> Vec<Result<String, Option<String>>> {
    let lines = SAVERS.iter().map(|(saver, _)| vec![*saver, "-c"]).chain([vec!["nft", "-a", "list", "ruleset"]]);
    let mut running = tokio::task::JoinSet::new();
    for (at, words) in lines.enumerate() {
        let line = enter.iter().cloned().chain(words.iter().map(OsString::from)).collect();
        let program = words[0].to_owned();
        running.spawn(async move { (at, run(line, &program).await) });
    }
    let mut done = running.join_all().await;
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, output)| output).collect()
}

/// The output of one program; an error without words where it is not installed.
async fn run(line: Vec<OsString>, program: &str) -> Result<String, Option<String>> {
    if !installed(program) {
        return Err(None);
    }
    let failed = |why: &str| Some(format!("`{program}` {why}"));
    let spawned = Command::new(&line[0])
        .args(&line[1..])
        // Where a service has a short search path, these are where the programs are.
        .env("PATH", SEARCH_PATH)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = spawned.map_err(|error| failed(&error.to_string()))?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failed("has no output"));
    };
    let (mut output, mut complaint) = (Vec::new(), Vec::new());
    let work = async {
        let (mut stdout, mut stderr) = (stdout.take(MAX_OUTPUT), stderr.take(4096));
        // What breaks off here shows in how the program ended.
        let _ = tokio::join!(stdout.read_to_end(&mut output), stderr.read_to_end(&mut complaint));
        child.wait().await
    };
    match timeout(LIMIT, work).await {
        Ok(Ok(status)) if status.success() => Ok(String::from_utf8_lossy(&output).into_owned()),
        Ok(Ok(_)) => Err(failed(&format!("said: {}", printable(&complaint, 200).trim()))),
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => Err(failed(&format!("did not end within {} s", LIMIT.as_secs()))),
    }
}

/// Where the programs of a host are.
const SEARCH_PATH: &str = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin";

fn installed(program: &str) -> bool {
    SEARCH_PATH.split(':').any(|folder| std::path::Path::new(folder).join(program).exists())
}
