//! Findings of the same target become one dependency with all their origins.

use super::{Finding, MOST, Surroundings};
use crate::topology::{Dependency, LeftOut, Origin};
use crate::words::{self, HostWord, Malformed, TargetWord};

/// What has been found so far.
#[derive(Default)]
pub(super) struct Merged {
    found: Vec<(Option<TargetWord>, Dependency)>,
}

impl Merged {
    /// Adds a finding. One of the same place that tells more takes the place of one that tells less.
    pub(super) fn add(&mut self, finding: Finding) {
        let Finding { word, origin } = finding;
        let known = self.found.iter_mut().find(|(known, _)| known.as_ref().is_some_and(|known| is_same(known, &word)));
        match known {
            Some((known, dependency)) => {
                push(&mut dependency.origins, origin);
                if known.as_ref().is_some_and(|known| tells_more(&word, known)) {
                    let origins = std::mem::take(&mut dependency.origins);
                    *dependency = Dependency { origins, ..of(&word) };
                    *known = Some(word);
                }
            }
            None => self.push(Some(word.clone()), Dependency { origins: vec![origin], ..of(&word) }),
        }
    }

    /// Adds a container that is named by its relation alone: where something else leads to it, that tells more.
    pub(super) fn relation(&mut self, name: &str, origin: Origin, around: &Surroundings<'_>) {
        let Ok(word) = words::target(name) else { return };
        if around.is_own(&word.host) {
            return;
        }
        let means = |known: &TargetWord| match &known.host {
            HostWord::Name(host) => host.eq_ignore_ascii_case(name) || around.are_one(host, name),
            HostWord::Address(address) => {
                around.topology.owner_of(*address).is_some_and(|(owner, _)| around.are_one(&owner.name, name))
            }
            _ => false,
        };
        let mut led = false;
        for (known, dependency) in &mut self.found {
            if known.as_ref().is_some_and(means) {
                push(&mut dependency.origins, origin.clone());
                led = true;
            }
        }
        if !led {
            self.add(Finding { word, origin });
        }
    }

    /// Adds what no driver can read.
    pub(super) fn malformed(&mut self, malformed: Malformed, origin: Origin) {
        let known = self.found.iter_mut().find(|(_, known)| known.malformed.as_ref() == Some(&malformed));
        if let Some((_, dependency)) = known {
            return push(&mut dependency.origins, origin);
        }
        let target = malformed.written.clone();
        self.push(
            None,
            Dependency { target, origins: vec![origin], malformed: Some(malformed), ..Dependency::default() },
        );
    }

    /// Adds what is found and not checked.
    pub(super) fn left_out(&mut self, target: &str, origin: Origin, why: LeftOut) {
        let known = self.found.iter_mut().find(|(_, known)| known.left_out == Some(why) && known.target == target);
        if let Some((_, dependency)) = known {
            return push(&mut dependency.origins, origin);
        }
        let dependency = Dependency {
            target: target.to_owned(),
            origins: vec![origin],
            left_out: Some(why),
            ..Dependency::default()
        };
        self.push(None, dependency);
    }

    fn push(&mut self, word: Option<TargetWord>, dependency: Dependency) {
        if self.found.len() < MOST {
            self.found.push((word, dependency));
        }
    }

    /// What has been found, what is not checked last.
    pub(super) fn into_dependencies(self) -> Vec<Dependency> {
        let mut found: Vec<Dependency> = self.found.into_iter().map(|(_, dependency)| dependency).collect();
        found.sort_by_key(|dependency| dependency.left_out.is_some());
        found
    }
}

fn push(origins: &mut Vec<Origin>, origin: Origin) {
    if !origins.contains(&origin) && origins.len() < MOST {
        origins.push(origin);
    }
}

fn of(word: &TargetWord) -> Dependency {
    Dependency {
        target: word.typed.clone(),
        malformed: word.malformed.clone(),
        login: word.login.clone(),
        ..Dependency::default()
    }
}

/// Whether two words mean the same server. Requests for two pages of one server are two.
fn is_same(one: &TargetWord, other: &TargetWord) -> bool {
    let host = |word: &TargetWord| match &word.host {
        HostWord::Name(name) => name.to_ascii_lowercase(),
        HostWord::Address(address) => address.to_string(),
        other => format!("{other:?}"),
    };
    let port = |word: &TargetWord| word.port.map(|port| port.port);
    let web = |word: &TargetWord| matches!(word.scheme.as_deref(), Some("http" | "https"));
    host(one) == host(other)
        && port(one) == port(other)
        && one.protocol == other.protocol
        && (!(web(one) && web(other)) || one.url == other.url)
}

/// Whether a word tells more than another one of the same server: what is spoken, as whom, in which way.
fn tells_more(one: &TargetWord, other: &TargetWord) -> bool {
    let score = |word: &TargetWord| {
        (word.malformed.is_some(), word.application.is_some(), word.login.user.is_some(), word.login.database.is_some())
    };
    score(one) > score(other)
}

impl Surroundings<'_> {
    /// Whether two names are those of one container: its own, that of its service, an alias, that of a link.
    fn are_one(&self, one: &str, other: &str) -> bool {
        let project = self.container.compose.as_ref().map(|compose| &compose.project);
        let link = |name: &str| {
            let found = self.container.links.iter().find(|link| link.alias == name);
            found.map_or_else(|| name.to_owned(), |link| link.container.clone())
        };
        let (one, other) = (link(one), link(other));
        self.topology.containers.values().any(|container| {
            let service = container.compose.as_ref().filter(|compose| Some(&compose.project) == project);
            let is_called = |name: &str| {
                container.name.eq_ignore_ascii_case(name)
                    || service.is_some_and(|compose| compose.service.eq_ignore_ascii_case(name))
                    || container.attachments.values().any(|attachment| attachment.answers_to(name))
            };
            is_called(&one) && is_called(&other)
        })
    }
}
