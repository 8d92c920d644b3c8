//! What can go wrong between dprobe and an engine.

use std::path::PathBuf;
use std::time::Duration;

use dprobe_probes::text::printable;

/// Why something that needs the engine did not work. The variants down to [`EngineError::ImageMissing`] are for the user to
/// mend; the others tell of an engine or an agent that did not do what it should. Messages are fragments in lower case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// An engine's address that is not understood.
    #[error("the engine address {given:?} is not understood: {reason}")]
    BadHost {
        /// What was given, without credentials.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A context that does not exist.
    #[error("there is no context {name:?}")]
    UnknownContext {
        /// The name that was asked for.
        name: String,
        /// The contexts that exist.
        known: Vec<String>,
    },
    /// A context, or the client's configuration, that cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS material that cannot be used.
    #[error("cannot use the TLS file {}: {reason}", path.display())]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No engine where one was expected.
    #[error("no engine answers at {address}: {reason}")]
    NoEngine {
        /// Where it was expected, without credentials.
        address: String,
        /// Why the connection failed.
        reason: String,
    },
    /// The socket is there and the user may not use it.
    #[error("permission denied on the engine's socket {address}")]
    PermissionDenied {
        /// The socket.
        address: String,
    },
    /// Something accepts connections and does not answer like an engine.
    #[error("the engine at {address} did not answer within {} s", timeout.as_secs_f64())]
    Silent {
        /// Where, without credentials.
        address: String,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// The engine speaks an API that is too old.
    #[error("the engine at {address} speaks API {version}; dprobe needs {needed} or newer")]
    TooOld {
        /// Where, without credentials.
        address: String,
        /// The API version of the engine.
        version: String,
        /// The oldest API version that will do.
        needed: String,
    },
    /// The embedded agent does not run on the engine's host.
    #[error("the engine's host is {engine}, and this dprobe carries an agent for {agent}")]
    ForeignArch {
        /// The engine's architecture, in Go's words.
        engine: String,
        /// The agent's architecture, in Go's words.
        agent: String,
    },
    /// The agent image that the user named is not on the engine.
    #[error("the engine has no agent image {image:?}")]
    ImageMissing {
        /// The image.
        image: String,
    },
    /// A container vanished while it was looked at.
    #[error("{container} is gone: it ended or was removed while dprobe looked at it")]
    Gone {
        /// The container as people call it.
        container: String,
    },
    /// The engine said no.
    #[error("the engine refused to {doing}: {message} (status {status})")]
    Refused {
        /// What it was asked to do.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// The engine's words, made printable.
        message: String,
    },
    /// The connection to the engine broke, or what it said made no sense.
    #[error("failed to {doing}: {reason}")]
    Failed {
        /// What was being done.
        doing: String,
        /// Why it failed.
        reason: String,
    },
    /// An agent ended before it said who it is.
    #[error("the agent for {place} did not start: {words}")]
    AgentDidNotStart {
        /// The namespace it was meant for.
        place: String,
        /// The engine's words, its exit code, its last output.
        words: String,
    },
    /// An agent that speaks another protocol.
    #[error("the agent for {place} speaks protocol {agent}, and this dprobe speaks {ours}")]
    ProtocolMismatch {
        /// The namespace it was meant for.
        place: String,
        /// The agent's protocol.
        agent: u32,
        /// This program's protocol.
        ours: u32,
    },
    /// An agent that ended, fell silent or talked nonsense in the middle of its work.
    #[error("the agent in {place} failed: {words}")]
    AgentFailed {
        /// The namespace it was in.
        place: String,
        /// What happened.
        words: String,
    },
}

impl EngineError {
    /// What to do about it, as a fragment in lower case.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::BadHost { .. } => "give it as unix:///path/to.sock, tcp://host:port or ssh://user@host".to_owned(),
            Self::UnknownContext { known, .. } if known.is_empty() => {
                "there are no contexts but the default one; leave the flag and DOCKER_CONTEXT away".to_owned()
            }
            Self::UnknownContext { known, .. } => format!("the contexts are: default, {}", known.join(", ")),
            Self::BadConfig { .. } => "mend the file, or name the engine with -H".to_owned(),
            Self::TlsFile { .. } => "check DOCKER_CERT_PATH, which is to hold ca.pem, cert.pem and key.pem".to_owned(),
            Self::NoEngine { address, .. } if address.starts_with("ssh://") => {
                "see that ssh logs in there without asking, and that `docker version` answers there".to_owned()
            }
            Self::NoEngine { .. } => {
                "start it (`sudo systemctl start docker`), or name another with -H, --context or DOCKER_HOST".to_owned()
            }
            Self::PermissionDenied { .. } => "run dprobe with sudo, or join the group that owns the socket: \
                 `sudo usermod -aG docker $USER`, then log in anew"
                .to_owned(),
            Self::Silent { .. } => {
                "is it an engine? check the address, and whether `docker version` answers".to_owned()
            }
            Self::TooOld { .. } => "update the engine: 19.03 is the oldest that will do".to_owned(),
            Self::ForeignArch { engine, .. } => {
                format!("name an agent image for {engine} with --agent-image or DPROBE_AGENT_IMAGE")
            }
            Self::ImageMissing { image } => {
                format!(
                    "pull or load it there (`docker pull {image}`), or leave --agent-image and DPROBE_AGENT_IMAGE away \
                     to use the built-in one"
                )
            }
            Self::Gone { .. } => "run it again".to_owned(),
            Self::ProtocolMismatch { .. } => {
                "use the agent image of the same version, or leave --agent-image and DPROBE_AGENT_IMAGE away".to_owned()
            }
            Self::AgentDidNotStart { .. } => {
                "--no-agent checks what the engine says without starting anything".to_owned()
            }
            Self::Refused { .. } | Self::Failed { .. } | Self::AgentFailed { .. } => return None,
        };
        Some(hint)
    }

    /// The exit code of a run that ends with this: 2 where the user gave something malformed, 3 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadHost { .. } | Self::UnknownContext { .. } => 2,
            _ => 3,
        }
    }

    /// An error of the connection or of the engine's answer.
    pub(super) fn failed(doing: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Failed { doing: doing.into(), reason: printable(reason.to_string().as_bytes(), WORDS) }
    }

    /// An answer of the engine that is no success.
    pub(super) fn refused(doing: impl Into<String>, status: u16, message: &str) -> Self {
        Self::Refused { doing: doing.into(), status, message: printable(message.trim().as_bytes(), WORDS) }
    }

    /// What bollard makes of an answer or of a broken connection.
    pub(super) fn from_bollard(doing: impl Into<String>, error: &bollard::errors::Error) -> Self {
        match error {
            bollard::errors::Error::DockerResponseServerError { status_code, message } => {
                Self::refused(doing, *status_code, message)
            }
            other => Self::failed(doing, chain(other)),
        }
    }

    /// The HTTP status, where the engine answered with one that is no success.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// The longest foreign text in a message, in characters.
pub(super) const WORDS: usize = 600;

/// An error with its sources, outermost first, without repeating what a message already contains.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = inner.source();
    }
    text
}
