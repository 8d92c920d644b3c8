use crate::topology::Protocol;
use crate::words::{HostWord, PlaceWord};

use super::*;

fn parsed(line: &str) -> Result<Invocation, UsageError> {
    parse(shell_words::split(line).expect("a shell line").into_iter().map(OsString::from), || None)
}

fn check_args(line: &str) -> CheckArgs {
    match parsed(line).unwrap_or_else(|error| panic!("{line}: {error}")).command {
        Command::Check(check) => check,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_check_has_defaults() {
    let check = check_args("dprobe check web mongodb:27017");
    assert_eq!(check.from.place, PlaceWord::Container("web".into()));
    assert_eq!(check.targets.len(), 1);
    assert_eq!(check.targets[0].host, HostWord::Name("mongodb".into()));
    assert_eq!((check.timeout, check.wait, check.interval), (Duration::from_secs(5), None, Duration::from_secs(1)));
    assert!(!check.not && !check.no_agent);
    assert_eq!(check.engine, EngineArgs::default());
    assert_eq!((check.format, check.output, check.verbosity), (Format::Human, None, Verbosity::Normal));
}

#[test]
fn every_flag_arrives() {
    let check = check_args(
        "dprobe -H tcp://h:2375 check 'web -> db' --timeout 500ms --wait 30s --interval 2s --not --no-agent \
         --agent-image r/agent:1 --format json -o out.json -v",
    );
    assert_eq!(check.engine.host.as_deref(), Some("tcp://h:2375"));
    assert_eq!(check.engine.agent_image.as_deref(), Some("r/agent:1"));
    assert_eq!((check.timeout, check.wait), (Duration::from_millis(500), Some(Duration::from_secs(30))));
    assert_eq!(check.interval, Duration::from_secs(2));
    assert!(check.not && check.no_agent);
    assert_eq!((check.format, check.output), (Format::Json, Some("out.json".into())));
    assert_eq!(check.verbosity, Verbosity::Verbose);
    let check = check_args("dprobe check web db -q --context remote");
    assert_eq!((check.engine.context.as_deref(), check.verbosity), (Some("remote"), Verbosity::Quiet));
    assert_eq!(parsed("dprobe check web db --color never").expect("a check").color, Color::Never);
}

#[test]
fn every_host_of_a_connection_string_is_a_target() {
    assert_eq!(check_args("dprobe check web mongodb://a:1,b:2,c/x").targets.len(), 3);
    assert_eq!(check_args("dprobe check web 'host=a,b port=5432 password=x'").targets.len(), 2);
    assert!(check_args("dprobe check web").targets.is_empty(), "everything that it depends on");
}

#[test]
fn udp_is_for_all_targets() {
    let check = check_args("dprobe check web dns:53 ntp:123/udp --udp");
    assert!(check.targets.iter().all(|target| target.protocol == Protocol::Udp));
}

#[test]
fn an_explanation_is_of_a_code_or_of_a_file() {
    let subject = |line| match parsed(line).expect(line).command {
        Command::Explain(explain) => explain.subject,
        other => panic!("{other:?}"),
    };
    assert_eq!(subject("dprobe explain bind-loopback"), Subject::Word("bind-loopback".into()));
    assert_eq!(subject("dprobe explain --list"), Subject::List);
}

#[test]
fn the_engine_is_chosen_for_every_command() {
    for line in
        ["dprobe demo -H tcp://h:2375", "dprobe -H tcp://h:2375 agent list", "dprobe agent load -H tcp://h:2375"]
    {
        match parsed(line).unwrap_or_else(|error| panic!("{line}: {error}")).command {
            Command::Demo { engine, .. } | Command::Agent { engine, .. } => {
                assert_eq!(engine.choice().host.as_deref(), Some("tcp://h:2375"), "{line}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_makes_no_sense_is_said() {
    for (line, words) in [
        ("dprobe check", "required arguments were not provided"),
        ("dprobe check host", "TARGET is missing: `host` is no container"),
        ("dprobe check net:shop", "TARGET is missing: `net:shop` is no container"),
        ("dprobe check 'web ->'", "TARGET is missing: what should `web` reach?"),
        ("dprobe check web -", "put the arrow in quotes: dprobe check 'web -> mongodb'"),
        ("dprobe check web ''", "TARGET is empty"),
        ("dprobe check '' web", "FROM is empty"),
        ("dprobe check web db db", "target `db` is given twice"),
        ("dprobe check web db:80 db:80/tcp", "target `db:80/tcp` is given twice"),
        ("dprobe check web db:80/tcp --udp", "`db:80/tcp` asks for TCP and --udp for UDP"),
        ("dprobe check web http://db --udp", "`http://db` asks for TCP and --udp for UDP"),
        ("dprobe check web db:0", "is not a port"),
        ("dprobe check web db --timeout 5", "it has no unit: write 5s for seconds"),
        ("dprobe check web db --timeout 0s", "it must be longer than zero"),
        ("dprobe check web db --interval 1s", "--wait"),
        ("dprobe check web db -q -v", "cannot be used with"),
        ("dprobe check web db -H a --context b", "cannot be used with"),
        ("dprobe check web db --format xml", "possible values: human, json"),
        ("dprobe check web db --frobnicate", "unexpected argument '--frobnicate'"),
        ("dprobe explain", "required arguments were not provided"),
        ("dprobe explain --list bind-loopback", "cannot be used with"),
        ("dprobe frobnicate", "unrecognized subcommand 'frobnicate'"),
    ] {
        let message = parsed(line).expect_err(line).to_string();
        assert!(message.contains(words), "{line}: {message}");
    }
}

#[test]
fn two_urls_of_one_server_are_two_targets() {
    assert_eq!(check_args("dprobe check web http://api/a http://api/b").targets.len(), 2);
}

#[test]
fn the_definitions_of_the_flags_are_sound() {
    <typed::Cli as clap::CommandFactory>::command().debug_assert();
}
