//! `url-malformed`: a connection string in the source's configuration is not written as it has to be.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::report::{Severity, StageName};
use crate::words::{Fault, Malformed};

pub(super) const CAUSE: Cause = Cause {
    code: "url-malformed",
    summary: "a connection string is not written as it has to be, so a driver dials another host or none",
    page: r#"
A connection string is one line in which user, password, host, port and database stand between `:`, `/`, `@` and `?`. Where
one of these stands in a password as it is, the line falls apart in the wrong place: of `postgres://app:pa/ss@db/shop` the host
ends at the first `/`, and what is dialled is `app`.

## How dprobe knows

The string stands in the environment or in the arguments of the source, or on the command line, and does not follow the
rules of a URL (RFC 3986): user or password have characters that are not escaped, there is no host, the slashes are missing,
the port is no number, the scheme is misspelt, a variable has not been replaced by its value, or quotes or a line break have
become a part of it. What is only read otherwise by some drivers is a warning, and the target is checked as it was meant.

## Why it happens

A generated password; `docker run --env-file`, which takes quotes as a part of the value; a template that nobody filled in; a
file whose lines end as on Windows.

## How to fix it

Escape what stands in a user or a password: `%40` for `@`, `%3A` for `:`, `%2F` for `/`, `%3F` for `?`, `%23` for `#`, `%25` for
`%`, `%20` for a blank. Python does it for you:

    python3 -c 'import urllib.parse as u; print(u.quote(input(), safe=""))'

Then recreate the container, for its environment is made when it is.

## How to reproduce it

    docker run -d --name web -e DATABASE_URL=postgres://app:pa/ss@db:5432/shop nginx

and then `dprobe check web`.

Related: unknown-name, localhost-is-container
"#,
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let malformed = case.to.malformed.as_ref()?;
    let name = &case.from.place;
    let found = case.to.found_in();
    let place = found.as_ref().map_or_else(|| "the URL".to_owned(), |found| format!("{found} of {name}"));
    let severity = if malformed.certain { Severity::Error } else { Severity::Warning };
    Some(Found {
        severity,
        stage: StageName::Name,
        title: format!("{place} {}", malformed.complaint()),
        explanation: format!("It says `{}`. {}", malformed.written, consequence(malformed)),
        because: case.source().map(Case::container_evidence).into_iter().collect(),
        fixes: vec![change(match found {
            Some(found) => format!("in {found}, {}, and recreate {name}", malformed.advice()),
            None => malformed.advice(),
        })],
    })
}

/// What a driver makes of it.
fn consequence(malformed: &Malformed) -> String {
    match &malformed.fault {
        Fault::Unescaped { characters, dials } => {
            let first = characters.chars().next().unwrap_or('@');
            let taken = match dials {
                Some(host) => format!("take `{host}` for the host"),
                None => "can not tell where the host begins".to_owned(),
            };
            let who = if malformed.certain { "Drivers" } else { "Some drivers, libpq among them," };
            let rest = if malformed.certain { "." } else { "; others read it as it was meant." };
            format!("In a URL {first} has a meaning of its own, and has to be escaped where it is part of a password. {who} {taken}{rest}")
        }
        Fault::NoHost => "Without a host a driver has nobody to connect to, or takes its own default, which is the container itself.".to_owned(),
        Fault::NoSlashes => "What stands before :// is the scheme, and without the slashes drivers see no host.".to_owned(),
        Fault::Scheme { scheme, near } => format!("No driver answers to `{scheme}`; what comes nearest is `{near}`."),
        Fault::NoPort => "A colon after the host is followed by the port; drivers refuse an empty one, or take their default.".to_owned(),
        Fault::Port { .. } => "Drivers refuse such a port before they connect to anybody.".to_owned(),
        Fault::Blank => "A URL has no blanks; drivers refuse it, or look for a host with a blank in its name.".to_owned(),
        Fault::Placeholder { .. } if malformed.certain => {
            "Docker hands the environment on as it is, so the program sees the variable, and looks for a host of that name.".to_owned()
        }
        Fault::Placeholder { .. } => {
            "Docker hands the environment on as it is. A program that does not replace the variable itself logs in with it.".to_owned()
        }
        Fault::Quotes { .. } => {
            "Docker hands the value of an env file on as it is, with its quotes, and a URL does not begin with one.".to_owned()
        }
        Fault::Padding => "Some programs cut it off; others look for a host, a port or a database with it in the name.".to_owned(),
    }
}
