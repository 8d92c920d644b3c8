//! What a container depends on, as far as its configuration names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::{Login, Malformed};

/// Something that a container is told to connect to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// What it is, as TARGET of `dprobe check`, without credentials.
    pub target: String,
    /// Where it was found.
    pub origins: Vec<Origin>,
    /// What is wrong with the connection string that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformed: Option<Malformed>,
    /// Why it is not checked, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// As whom the container logs in there. It is no part of a report.
    #[serde(skip)]
    pub login: Login,
}

/// Where a dependency was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Origin {
    /// Variables of its environment (`Config.Env`): `DATABASE_URL`, or `DB_HOST` and `DB_PORT`.
    Environment(Vec<String>),
    /// An argument of its program (`Path` and `Args`): a flag, or the place in the list.
    Argument(String),
    /// `depends_on` of its compose service: the other service.
    DependsOn(String),
    /// A legacy link (`HostConfig.Links`): the alias.
    Link(String),
    /// The DNS server of its resolv.conf.
    Resolver,
    /// Its default gateway.
    Gateway,
}

/// Why something that was found is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// It is for browsers, which are somewhere else.
    ForBrowsers,
    /// It holds a variable that some programs replace and others do not.
    Unresolved,
}

impl Origin {
    /// As people read it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Environment(names) => names.join(", "),
            Self::Argument(flag) => format!("argument {flag}"),
            Self::DependsOn(_) => "depends_on".to_owned(),
            Self::Link(alias) => format!("link {alias}"),
            Self::Resolver => "its DNS server".to_owned(),
            Self::Gateway => "its gateway".to_owned(),
        }
    }
}

impl LeftOut {
    /// As people read it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ForBrowsers => "it is for browsers, which are not in the container",
            Self::Unresolved => "it holds a variable, which only some programs replace by its value",
        }
    }
}
