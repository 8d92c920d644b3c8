use unicode_width::UnicodeWidthStr as _;

use crate::render::{RenderOptions, samples};
use crate::report::{Report, Verdict};

use super::*;

fn drawn(report: &Report) -> String {
    render(report, &RenderOptions::default())
}

fn with(report: &Report, verbosity: Verbosity) -> String {
    render(report, &RenderOptions { verbosity, ..RenderOptions::default() })
}

#[test]
fn bind_loopback() {
    insta::assert_snapshot!(drawn(&samples::bind_loopback()));
}

#[test]
fn a_finding_that_is_too_long_for_a_line_takes_the_room_there_is() {
    let mut report = samples::bind_loopback();
    let stages = &mut report.checks[0].stages;
    stages.truncate(1);
    stages[0].summary = "word ".repeat(30).trim_end().to_owned();
    let text = drawn(&report);
    assert!(text.lines().nth(1).is_some_and(|line| line.matches("word").count() > 5), "{text}");
}

#[test]
fn a_patch_to_paste() {
    let mut report = samples::bind_loopback();
    let fix = &mut report.checks[0].diagnoses[0].fixes[0];
    let commands = vec![
        "patch '/home/me/my app/compose.yml' <<'END'\n--- compose.yml\n+++ compose.yml\n@@ -4 +4 @@\n-    command: [mongod] \n+    \
         command: [mongod, \"--bind_ip_all\"]\nEND"
            .to_owned(),
        "docker compose -p app -f '/home/me/my app/compose.yml' up -d mongodb".to_owned(),
    ];
    fix.patch = Some(crate::compose::ComposePatch {
        file: "/home/me/my app/compose.yml".to_owned(),
        commands: commands.clone(),
    });
    let text = drawn(&report);
    assert!(text.contains(&commands.join("\n")), "{text}");
    insta::assert_snapshot!(text);
    let colored = render(&report, &RenderOptions { color: true, ..RenderOptions::default() });
    assert!(colored.contains("\x1b[31m-    command: [mongod] \x1b[0m"), "{colored:?}");
    assert!(colored.contains("\x1b[32m+    command:"), "{colored:?}");
}

#[test]
fn healthy() {
    insta::assert_snapshot!(drawn(&samples::healthy()));
}

#[test]
fn two_diagnoses() {
    insta::assert_snapshot!(drawn(&samples::two_diagnoses()));
}

#[test]
fn no_diagnosis() {
    insta::assert_snapshot!(drawn(&samples::no_diagnosis()));
}

#[test]
fn several_checks() {
    insta::assert_snapshot!(drawn(&samples::several()));
}

#[test]
fn everything_that_a_source_depends_on() {
    insta::assert_snapshot!(drawn(&samples::overview()));
    let mut nothing = samples::overview();
    nothing.checks.clear();
    assert!(drawn(&nothing).starts_with("web ──▶ NOTHING FOUND that it depends on\n"), "{}", drawn(&nothing));
}

#[test]
fn verbose() {
    insta::assert_snapshot!(with(&samples::bind_loopback(), Verbosity::Verbose));
}

#[test]
fn quiet() {
    insta::assert_snapshot!(with(&samples::several(), Verbosity::Quiet));
}

#[test]
fn hostile_names() {
    insta::assert_snapshot!(with(&samples::hostile(), Verbosity::Verbose));
}

#[test]
fn a_check_that_led_to_another() {
    let report = samples::bad_gateway();
    let text = drawn(&report);
    insta::assert_snapshot!(text);
    assert_eq!(text.matches("fix:").count(), 1, "what cures both is told once: {text}");
    assert_eq!(with(&report, Verbosity::Quiet), "web ──▶ http://front:8080/api/v1/   DEGRADED\n");
    insta::assert_snapshot!("a_check_that_led_to_another_verbose", with(&report, Verbosity::Verbose));
}

#[test]
fn checks_that_led_to_several_others() {
    insta::assert_snapshot!(drawn(&samples::advertised()));
}

#[test]
fn narrow_and_wide() {
    let at = |width| render(&samples::two_diagnoses(), &RenderOptions { width, ..RenderOptions::default() });
    insta::assert_snapshot!("width_60", at(60));
    assert_eq!(at(60), at(1));
    assert_eq!(at(100), at(1000));
    assert_ne!(at(60), at(100));
}

#[test]
fn unreachable_as_expected() {
    insta::assert_snapshot!(render(
        &samples::bind_loopback(),
        &RenderOptions { not: true, ..RenderOptions::default() }
    ));
    let open = render(&samples::healthy(), &RenderOptions { not: true, ..RenderOptions::default() });
    assert!(open.starts_with("web ──▶ mongodb:27017   REACHABLE, and should not be\n"), "{open}");
}

#[test]
fn colours_change_nothing_but_colours() {
    for report in samples::all() {
        let colored = render(&report, &RenderOptions { color: true, ..RenderOptions::default() });
        assert!(colored.contains("\x1b["), "{colored}");
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            plain.push_str(before);
            rest = after.split_once('m').expect("a complete sequence").1;
        }
        plain.push_str(rest);
        let plain: Vec<&str> = plain.lines().map(str::trim_end).collect();
        assert_eq!(plain.join("\n") + "\n", drawn(&report));
    }
}

#[test]
fn only_what_is_pasted_is_longer_than_a_line() {
    for report in samples::all() {
        for width in [60, 80, 100] {
            let text =
                render(&report, &RenderOptions { width, verbosity: Verbosity::Verbose, ..RenderOptions::default() });
            for line in text.lines() {
                let pasted = line.starts_with("         ") && !line.trim_start().starts_with('·');
                let label = ["compose:", "dial:", "more:", "4 checks:", "dprobe check"]
                    .iter()
                    .any(|label| line.trim_start().starts_with(label));
                assert!(line.width() <= width || pasted || label, "{width}: {line:?}");
            }
        }
    }
}

#[test]
fn nothing_foreign_reaches_the_terminal_raw() {
    let text = with(&samples::hostile(), Verbosity::Verbose);
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
}

#[test]
fn the_answer_comes_first() {
    for (report, line) in [
        (samples::bind_loopback(), "web ──▶ mongodb:27017   UNREACHABLE"),
        (samples::healthy(), "web ──▶ mongodb:27017   REACHABLE"),
        (samples::no_diagnosis(), "web ──▶ mongodb:27017   UNREACHABLE"),
    ] {
        assert_eq!(drawn(&report).lines().next(), Some(line));
    }
    let mut report = samples::healthy();
    report.checks[0].verdict = Verdict::Inconclusive;
    report.checks[0].to.typed = "::1".to_owned();
    assert_eq!(drawn(&report).lines().next(), Some("web ──▶ [::1]:27017   INCONCLUSIVE"));
}

#[test]
fn a_doctor() {
    let doctor = samples::doctor();
    let told = |options: &RenderOptions| render_doctor(&doctor, options);
    insta::assert_snapshot!(told(&RenderOptions::default()));
    let quiet = told(&RenderOptions { verbosity: Verbosity::Quiet, ..RenderOptions::default() });
    assert_eq!(quiet, "Docker Engine 29.0.1 at unix:///var/run/docker.sock   1 ERROR\n");
    let verbose = told(&RenderOptions { verbosity: Verbosity::Verbose, ..RenderOptions::default() });
    assert!(verbose.contains("because: p1") && verbose.contains("observations"), "{verbose}");
}
