//! `host-header-rejected`: the server turns requests down that ask for it by this name.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::report::{Severity, StageName};

/// The name that is tried instead: every server that is particular about names allows this one unless told otherwise.
pub(crate) const OTHER_HOST: &str = "localhost";

pub(super) const CAUSE: Cause = Cause {
    code: "host-header-rejected",
    summary: "the server answers only to names that it was told, and the one that it is asked by is none of them",
    page: r#"
A request says by which name the server was asked (the `Host` header). Frameworks turn down names that they were not told, as a
guard against requests of strangers: `DisallowedHost`, `Invalid Host header`, `Blocked request. This host is not allowed`,
`Blocked hosts`. `localhost` is allowed mostly, the name of a container is not.

## How dprobe knows

The answer is 400, 403 or 421. dprobe asks the same URL once more with `Host: localhost`, and the answer is no error.

## Why it happens

The program was developed on one machine, where it is called `localhost`. Between containers it is called by the name of its
container or service.

## How to fix it

Allow the name: Django `ALLOWED_HOSTS = ["api"]`, Vite `server.allowedHosts: ["api"]`, webpack
`devServer.allowedHosts: ["api"]`, Rails `config.hosts << "api"`.

## How to reproduce it

    (a Django project with DEBUG off and ALLOWED_HOSTS = ["localhost"], in a container named api)
    dprobe check web http://api:8000/

Related: underscore-hostname, http-error
"#,
    yields_to: &["underscore-hostname"],
    find,
};

/// What a framework writes into its answer, and how it is told of a further name.
const FRAMEWORKS: [(&str, &str, &str); 6] = [
    ("DisallowedHost", "Django", "ALLOWED_HOSTS = [\"{}\"] in settings.py"),
    ("ALLOWED_HOSTS", "Django", "ALLOWED_HOSTS = [\"{}\"] in settings.py"),
    ("allowedHosts", "Vite", "server.allowedHosts: [\"{}\"] in vite.config"),
    ("Invalid Host header", "webpack's server", "devServer.allowedHosts: [\"{}\"]"),
    ("Blocked host", "Rails", "config.hosts << \"{}\""),
    ("Invalid host header", "Starlette or FastAPI", "\"{}\" in allowed_hosts of TrustedHostMiddleware"),
];

fn find(case: &Case<'_>) -> Option<Found> {
    let rejected = case.http().filter(|seen| matches!(seen.fact.status, Some(400 | 403 | 421)))?;
    let accepted = case.http_by_host(OTHER_HOST)?;
    let status = accepted.fact.status.filter(|status| *status < 400)?;
    let before = rejected.fact.status?;
    let host = &case.to.host;
    let body = rejected.fact.body_start.as_deref().unwrap_or_default();
    let framework = FRAMEWORKS.iter().find(|(sign, _, _)| body.contains(sign));
    let fix = match framework {
        Some((_, name, setting)) => format!("allow the name in {name}: {}", setting.replace("{}", host)),
        None => format!(
            "add {host} to the names that the server answers to (Django: ALLOWED_HOSTS, Vite: server.allowedHosts, webpack: \
             devServer.allowedHosts, Rails: config.hosts)"
        ),
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("the server turns requests for {host} down because of that name"),
        explanation: format!(
            "Asked by {host} the server answers {before}, asked by {OTHER_HOST} at the same address it answers {status}: it answers \
             to certain names only, and {host} is none of them. The network is not at fault."
        ),
        because: vec![rejected.id.to_owned(), accepted.id.to_owned()],
        fixes: vec![change(fix)],
    })
}
