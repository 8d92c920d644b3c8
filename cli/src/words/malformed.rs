//! What can be wrong with a connection string, told without anything secret, so that it may stand in a report.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A connection string that is not written as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Malformed {
    /// What was written, with everything that may be secret masked.
    pub written: String,
    /// What is wrong.
    pub fault: Fault,
    /// How it is to be written, masked as well; none where that can not be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// Whether no driver can read it. Otherwise some read it as it was meant, and others do not.
    pub certain: bool,
}

/// What is wrong with a connection string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The user or the password has characters in it that mean something else there (RFC 3986, 3.2.1).
    Unescaped {
        /// The characters, each once.
        characters: String,
        /// What a driver takes for the host instead, masked; none where it gives up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dials: Option<String>,
    },
    /// There is no host.
    NoHost,
    /// The slashes after the scheme are missing.
    NoSlashes,
    /// No driver knows the scheme, and one that it knows is written nearly the same.
    Scheme {
        /// The scheme.
        scheme: String,
        /// The one that is meant.
        near: String,
    },
    /// A colon, and no port after it.
    NoPort,
    /// The port is no number from 1 to 65535.
    Port {
        /// What stands there, masked where it is no number.
        port: String,
    },
    /// A blank or a line break within it.
    Blank,
    /// A variable that was to be replaced by its value.
    Placeholder {
        /// As it stands there.
        text: String,
    },
    /// Quotes around it have become a part of it.
    Quotes {
        /// The quote.
        quote: char,
    },
    /// Blanks or a line break before or after it.
    Padding,
}

impl Malformed {
    /// What is wrong, as the end of a sentence about the string.
    #[must_use]
    pub fn complaint(&self) -> String {
        match &self.fault {
            Fault::Unescaped { characters, .. } => {
                format!("has {} in its password that {} not escaped", listed(characters), is_or_are(characters))
            }
            Fault::NoHost => "is a URL without a host".to_owned(),
            Fault::NoSlashes => "lacks the slashes of a URL".to_owned(),
            Fault::Scheme { scheme, .. } => format!("has a scheme that no driver knows, `{scheme}`"),
            Fault::NoPort => "ends where its port should be; is a variable unset?".to_owned(),
            Fault::Port { port } => format!("has a port that is none, `{port}`: ports are numbers from 1 to 65535"),
            Fault::Blank => "has a blank in it".to_owned(),
            Fault::Placeholder { text } => format!("still has `{text}` in it, which nobody has replaced by its value"),
            Fault::Quotes { quote } => format!("has {quote} around it, which is part of the value"),
            Fault::Padding => "has a blank or a line break at its end".to_owned(),
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn advice(&self) -> String {
        let right = self.right.as_ref().map(|right| format!(": {right}")).unwrap_or_default();
        match &self.fault {
            Fault::Unescaped { characters, .. } => {
                let each: Vec<String> =
                    characters.chars().map(|c| format!("{} as {}", quoted(c), escaped(c))).collect();
                format!("write {}{right}", each.join(", "))
            }
            Fault::NoHost => format!("name the host{right}"),
            Fault::NoSlashes => format!("write :// after the scheme{right}"),
            Fault::Scheme { near, .. } => format!("write {near}{right}"),
            Fault::NoPort => format!("write the port, or leave out the colon{right}"),
            Fault::Port { .. } => format!("write a port from 1 to 65535{right}"),
            Fault::Blank => format!("write a blank as %20, or leave it out{right}"),
            Fault::Placeholder { text } => format!("put the value in the place of {text}"),
            Fault::Quotes { .. } => format!("leave the quotes out{right}"),
            Fault::Padding => format!("leave out what follows it{right}"),
        }
    }
}

impl std::error::Error for Malformed {}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}; {}", self.written, self.complaint(), self.advice())
    }
}

/// How a character is written in a URL where it stands for itself (RFC 3986, 2.1).
pub(super) fn escaped(c: char) -> String {
    let mut bytes = [0; 4];
    percent_encoding::percent_encode(c.encode_utf8(&mut bytes).as_bytes(), percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}

fn quoted(c: char) -> String {
    if c == ' ' { "a blank".to_owned() } else { c.to_string() }
}

/// ``a `/` and a `#` ``
fn listed(characters: &str) -> String {
    let each: Vec<String> = characters.chars().map(|c| format!("a `{c}`")).collect();
    each.join(" and ")
}

fn is_or_are(characters: &str) -> &'static str {
    if characters.chars().count() == 1 { "is" } else { "are" }
}
