//! What a reverse proxy answers for what stands behind it.

use dprobe_probes::tcp::TcpOutcome;

use super::facts::{Facts, codes, container};
use crate::report::{Check, Verdict};
use crate::topology::{ProxyProgram, Status};

const URL: &str = "http://front:8080/api";

const CONFIG: &str = "server {\nlisten 8080;\nlocation / {\nproxy_pass http://router_one:8080;\n}\n}";

/// A line of nginx's log about the request, with the upstream's address.
fn line(words: &str, upstream: &str) -> String {
    format!(
        r#"2026/11/27 13:40:00 [error] 29#29: *1 {words}, client: 172.18.0.3, server: , request: "GET /api HTTP/1.1", upstream: "http://{upstream}/api", host: "front:8080""#
    )
}

const REFUSED: &str = "connect() failed (111: Connection refused) while connecting to upstream";

/// `web` asks `front`, an nginx, which hands on to `router_one` at 172.18.0.4.
fn stack() -> Facts {
    Facts::new()
        .network("favorites-net", "172.18.0.0/16")
        .container(container("web", "app:1").on("favorites-net", "172.18.0.3"))
        .container(container("front", "nginx:1").runs(&["nginx"]).on("favorites-net", "172.18.0.2"))
        .container(container("router_one", "router:1").runs(&["router"]).on("favorites-net", "172.18.0.4"))
        .finds("front", &["172.18.0.2"])
        .dials("172.18.0.2", 8080, TcpOutcome::Connected)
}

/// The same, and what `front` finds when it dials its upstream.
fn behind(facts: Facts, outcome: TcpOutcome) -> Facts {
    facts.seen_from("front").finds("router_one", &["172.18.0.4"]).dials("172.18.0.4", 8080, outcome)
}

fn check(facts: &Facts) -> Check {
    facts.check_and_follow("web", URL)
}

#[test]
fn a_502_has_the_cause_of_the_way_behind_it() {
    let facts = stack().nginx_answers(URL, 502).nginx("front", CONFIG, &[&line(REFUSED, "172.18.0.4:8080")]);
    let facts = behind(facts, TcpOutcome::Refused).listens("router_one", "127.0.0.1", 8080);
    let check = check(&facts);
    assert_eq!((check.verdict, codes(&check)), (Verdict::Degraded, vec!["bad-gateway"]));
    let told = &check.diagnoses[0];
    assert_eq!(told.title, "front answers 502 because router_one refuses connections: bind-loopback");
    assert!(told.explanation.contains("111: Connection refused"), "{}", told.explanation);
    assert!(told.explanation.contains("/etc/nginx/nginx.conf, line 5"), "{}", told.explanation);
    let inner = &check.followed[0].check;
    assert_eq!((inner.from.place.as_str(), inner.to.host.as_str(), inner.to.port), ("front", "router_one", Some(8080)));
    assert_eq!(codes(inner), ["bind-loopback"]);
    assert_eq!(told.fixes, inner.diagnoses[0].fixes);
}

#[test]
fn without_a_log_the_configuration_leads_on() {
    let facts = behind(stack().nginx_answers(URL, 502).nginx("front", CONFIG, &[]), TcpOutcome::Refused);
    let check = check(&facts.listens("router_one", "0.0.0.0", 9000));
    assert_eq!(codes(&check), ["bad-gateway"]);
    assert!(
        check.diagnoses[0].title.ends_with("router_one can not be reached: wrong-port"),
        "{}",
        check.diagnoses[0].title
    );
    let fix = &check.diagnoses[0].fixes[0];
    assert!(fix.dial.is_none() && fix.title.contains("router_one:9000") && fix.title.contains("-s reload"), "{fix:?}");
}

#[test]
fn without_a_configuration_the_log_leads_on() {
    let facts = stack().nginx_answers(URL, 502).nginx("front", "", &[&line(REFUSED, "172.18.0.4:8080")]);
    let facts = facts.seen_from("front").dials("172.18.0.4", 8080, TcpOutcome::Refused).listens(
        "router_one",
        "127.0.0.1",
        8080,
    );
    let check = check(&facts);
    assert_eq!(check.followed[0].check.to.host, "172.18.0.4");
    assert!(check.diagnoses[0].title.contains("172.18.0.4"), "{}", check.diagnoses[0].title);
}

#[test]
fn an_upstream_that_works_by_now_is_told_from_the_log_alone() {
    let slow = line(
        "upstream timed out (110: Connection timed out) while reading response header from upstream",
        "172.18.0.4:8080",
    );
    let config = CONFIG.replace("listen", "proxy_read_timeout 5s; listen");
    let facts = stack().nginx_answers(URL, 504).nginx("front", &config, &[&slow]);
    let facts = behind(facts, TcpOutcome::Connected).listens("router_one", "0.0.0.0", 8080);
    let facts = facts.asks_http("http://router_one:8080/api", 200, None, "ok");
    let check = check(&facts);
    assert_eq!((check.verdict, codes(&check)), (Verdict::Degraded, vec!["bad-gateway"]));
    let told = &check.diagnoses[0];
    assert_eq!(told.title, "front answers 504 because router_one takes too long to answer");
    assert!(told.explanation.contains("works at this moment"), "{}", told.explanation);
    assert!(told.fixes[0].title.contains("5 seconds") && told.fixes[0].title.contains("proxy_read_timeout"));
}

#[test]
fn an_old_address_of_the_upstream() {
    let facts = stack().nginx_answers(URL, 502).nginx("front", CONFIG, &[&line(REFUSED, "172.18.0.9:8080")]);
    let facts = behind(facts, TcpOutcome::Connected).listens("router_one", "0.0.0.0", 8080);
    let check = check(&facts);
    assert_eq!((check.verdict, codes(&check)), (Verdict::Degraded, vec!["upstream-stale"]));
    let told = &check.diagnoses[0];
    assert!(told.title.contains("172.18.0.9") && told.title.contains("172.18.0.4"), "{}", told.title);
    assert_eq!(told.fixes[0].commands, ["docker exec front nginx -s reload"]);
    assert!(told.fixes[1].title.contains("set $upstream router_one; proxy_pass http://$upstream:8080;"), "{told:?}");
}

#[test]
fn an_old_address_beside_one_that_does_not_work_either() {
    let facts = stack().nginx_answers(URL, 502).nginx("front", CONFIG, &[&line(REFUSED, "172.18.0.9:8080")]);
    let facts = behind(facts, TcpOutcome::Refused).listens("router_one", "127.0.0.1", 8080);
    assert_eq!(codes(&check(&facts)), ["bad-gateway"]);
}

#[test]
fn a_path_that_was_cut_off_is_cut_off_by_hand() {
    let config = "server { listen 8080; location /api { proxy_pass http://router_one:8080/v2; } }";
    let facts = stack().nginx_answers(URL, 502).nginx("front", config, &[&line(REFUSED, "172.18.0.9:8080")]);
    let check = check(&behind(facts, TcpOutcome::Connected).listens("router_one", "0.0.0.0", 8080));
    assert!(
        check.diagnoses[0].fixes[1].title.contains("rewrite ^/api(.*)$ /v2$1 break;"),
        "{:?}",
        check.diagnoses[0].fixes
    );
}

#[test]
fn an_incident_of_the_past_is_no_fault() {
    let facts = stack().asks_http(URL, 200, Some("nginx/1.22.1"), "ok");
    let facts = facts.nginx("front", CONFIG, &[&line(REFUSED, "172.18.0.9:8080")]);
    let check = check(&facts.listens("front", "0.0.0.0", 8080));
    assert_eq!((check.verdict, check.diagnoses.len(), check.followed.len()), (Verdict::Reachable, 0, 0));
}

#[test]
fn an_application_that_says_502_by_itself_is_no_gateway() {
    for server in [None, Some("nginx/1.22.1"), Some("gunicorn")] {
        for status in [500, 502, 503] {
            let facts = stack().asks_http(URL, status, server, "the bank is closed").nginx("front", CONFIG, &[]);
            let facts = behind(facts, TcpOutcome::Connected).listens("router_one", "0.0.0.0", 8080);
            let check = check(&facts.listens("front", "0.0.0.0", 8080));
            assert_eq!((check.verdict, codes(&check)), (Verdict::Degraded, vec!["http-error"]), "{server:?} {status}");
        }
    }
}

#[test]
fn maintenance_that_nginx_was_told_to_announce() {
    let facts = stack().nginx_answers(URL, 503).nginx("front", "server { listen 8080; return 503; }", &[]);
    assert_eq!(codes(&check(&facts)), ["http-error"]);
}

#[test]
fn other_proxies_are_known_by_their_pages() {
    let envoy = "upstream connect error or disconnect/reset before headers. reset reason: connection failure";
    for (program, status, server, body) in [
        (ProxyProgram::Traefik, 502, None, "Bad Gateway"),
        (ProxyProgram::Envoy, 503, Some("envoy"), envoy),
        (ProxyProgram::Caddy, 502, Some("Caddy"), ""),
        (
            ProxyProgram::Haproxy,
            503,
            None,
            "<h1>503 Service Unavailable</h1>\\nNo server is available to handle this request.",
        ),
    ] {
        let facts = stack().asks_http(URL, status, server, body).proxy("front", program);
        let check = check(&facts);
        assert_eq!(codes(&check), ["bad-gateway"], "{program:?}");
        assert!(check.diagnoses[0].fixes[0].commands[0].contains("docker logs"), "{program:?}");
    }
}

#[test]
fn a_request_that_waits_for_an_upstream_that_is_gone() {
    let facts = stack().asks_http_in_vain(URL).nginx("front", CONFIG, &[]).listens("front", "0.0.0.0", 8080);
    let facts = facts.edit("router_one", |router| router.state.status = Status::Exited);
    let check = check(&facts.seen_from("front").finds_nothing("router_one"));
    assert_eq!((check.verdict, codes(&check)), (Verdict::Unreachable, vec!["bad-gateway"]));
    let title = &check.diagnoses[0].title;
    assert_eq!(title, "front gives no answer because router_one can not be reached: target-not-running");
}

#[test]
fn a_request_that_waits_for_an_upstream_that_was_recreated() {
    let facts = stack().asks_http_in_vain(URL).nginx("front", CONFIG, &[]).listens("front", "0.0.0.0", 8080);
    let direct = behind(facts, TcpOutcome::Connected).listens("router_one", "0.0.0.0", 8080);
    let direct = direct.asks_http("http://router_one:8080/api", 200, None, "ok");
    assert_eq!(codes(&check(&direct)), [""; 0], "started before the proxy, it may be the proxy that is slow");
    let direct = direct.up("router_one", 60.0);
    let check = check(&direct);
    assert_eq!((check.verdict, codes(&check)), (Verdict::Unreachable, vec!["upstream-stale"]));
    assert_eq!(check.diagnoses[0].fixes[0].commands, ["docker exec front nginx -s reload"]);
}

/// `front`, which has ended as its last words say.
fn ended(facts: Facts) -> Facts {
    let emerg = "2026/11/27 13:40:00 [emerg] 1#1: host not found in upstream \"router_one\" in /etc/nginx/nginx.conf:5";
    facts.without_observations().edit("front", |front| {
        front.state.status = Status::Exited;
        front.state.exit_code = 1;
        front.last_log = Some(vec![emerg.to_owned()]);
    })
}

/// `front`, which has ended for a slip of the pen: `router_on`.
fn misspelt() -> Facts {
    let config = CONFIG.replace("router_one", "router_on");
    ended(stack()).finds_nothing("front").nginx("front", &config, &[]).edit("front", |front| {
        for line in front.last_log.iter_mut().flatten() {
            *line = line.replace("router_one", "router_on");
        }
    })
}

#[test]
fn an_nginx_that_ended_for_a_name_says_so() {
    let check = ended(stack()).finds_nothing("front").check_and_follow("web", URL);
    assert_eq!((check.verdict, codes(&check)), (Verdict::Unreachable, vec!["target-not-running"]));
    let told = &check.diagnoses[0];
    assert_eq!(
        told.title,
        "front does not run: it has ended: nginx did not find the name router_one of its configuration"
    );
    assert!(told.explanation.contains("/etc/nginx/nginx.conf, line 5"), "{}", told.explanation);
    assert!(check.followed.is_empty(), "nobody knows the port");
    assert!(told.fixes[0].commands[0].contains("docker logs"));
}

#[test]
fn an_nginx_that_was_started_before_its_upstream() {
    let facts = ended(stack()).finds_nothing("front").nginx("front", CONFIG, &[]);
    let facts = behind(facts, TcpOutcome::Connected).listens("router_one", "0.0.0.0", 8080);
    let check = check(&facts);
    assert_eq!(codes(&check), ["target-not-running"]);
    assert!(check.diagnoses[0].explanation.contains("By now router_one is found"), "{:?}", check.diagnoses[0]);
    assert_eq!(check.diagnoses[0].fixes[0].commands, ["docker start front"]);
}

#[test]
fn an_nginx_whose_upstream_is_called_otherwise() {
    let facts = misspelt();
    let check = check(&facts.seen_from("front").finds_nothing("router_on"));
    assert_eq!((codes(&check), codes(&check.followed[0].check)[0]), (vec!["target-not-running"], "unknown-name"));
    assert!(check.followed[0].check.from.stand_in);
    let fix = &check.diagnoses[0].fixes[0].title;
    assert!(fix.contains("write router_one:8080 in place of router_on in /etc/nginx/nginx.conf, line 5"), "{fix}");
}

#[test]
fn an_nginx_that_ends_again_and_again_has_found_nothing() {
    let facts = misspelt().edit("front", |front| {
        front.state.status = Status::Running;
        front.state.restart_count = 3;
        front.state.up_s = Some(0.2);
    });
    let unmeasured = check(&facts);
    assert_eq!(codes(&unmeasured), ["target-restarting"]);
    let told = &unmeasured.diagnoses[0];
    assert!(!told.explanation.contains("By now"), "{told:?}");

    let check = check(&facts.seen_from("front").finds_nothing("router_on"));
    let inner = &check.followed[0].check;
    assert!(inner.from.stand_in, "its namespace may end at any moment");
    assert_eq!(codes(inner)[0], "unknown-name");
    assert!(inner.diagnoses[0].title.contains("did you mean router_one"), "{:?}", inner.diagnoses[0]);
}

#[test]
fn an_upstream_that_is_no_more_is_not_taken_for_a_misspelt_one() {
    let facts = Facts::new()
        .network("favorites-net", "172.18.0.0/16")
        .container(container("web", "app:1").on("favorites-net", "172.18.0.3"))
        .container(container("front", "nginx:1").runs(&["nginx"]).on("favorites-net", "172.18.0.2"))
        .container(container("router_two", "router:1").runs(&["router"]).on("favorites-net", "172.18.0.5"))
        .finds("front", &["172.18.0.2"])
        .dials("172.18.0.2", 8080, TcpOutcome::Connected);
    let facts = facts.nginx_answers(URL, 502).nginx("front", CONFIG, &[&line(REFUSED, "172.18.0.4:8080")]);
    let check = check(&facts.seen_from("front").finds_nothing("router_one"));
    assert_eq!(codes(&check), ["bad-gateway"]);
    let told = &check.diagnoses[0];
    assert_eq!(told.title, "front answers 502 because router_one is gone: unknown-name");
    assert!(told.fixes[0].title.contains("make router_one again") && told.fixes[0].title.contains("-s reload"));
    let inner = &check.followed[0].check.diagnoses[0];
    assert_eq!((inner.code.as_str(), &inner.fixes), ("unknown-name", &told.fixes), "router_two is not what is meant");
}
