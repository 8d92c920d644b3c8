//! Requests to an engine over one pool of connections.
//!
//! What changes something goes through bollard and its typed bodies. What is only read is asked for here and parsed into
//! types of our own that take only what dprobe needs and forgive what is missing: engines of other versions and makes leave
//! fields out and use words that a complete model does not know.

use std::time::Duration;

use bollard::{BollardRequest, ClientVersion, Docker};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::address::Address;
use super::connector::Connector;
use super::error::{EngineError, chain};

/// How long an answer of the engine may take. Generous: an engine under load takes seconds for a create.
const ANSWER: Duration = Duration::from_secs(60);

/// The largest answer that is read, in bytes. 200 containers make about one megabyte.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// The body of a request, as bollard builds it.
type Body = http_body_util::Either<http_body_util::Full<Bytes>, http_body_util::StreamBody<BodyStream>>;
type BodyStream =
    std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<hyper::body::Frame<Bytes>, std::io::Error>> + Send>>;

/// A client of one engine. Clones share their connections.
#[derive(Clone)]
pub(super) struct Client {
    http: legacy::Client<Connector, Body>,
    docker: Docker,
    /// `/v1.41`, the version that every path begins with; empty before it is known.
    prefix: String,
}

impl Client {
    /// Prepares a client for an API version, or for the version that is yet to be asked for.
    ///
    /// # Errors
    ///
    /// [`EngineError::TlsFile`].
    pub(super) fn new(address: &Address) -> Result<Self, EngineError> {
        let http = legacy::Client::builder(TokioExecutor::new()).build(Connector::new(address)?);
        Self::over(http, String::new())
    }

    /// The same client, speaking this API version from now on.
    pub(super) fn speaking(self, version: &str) -> Result<Self, EngineError> {
        Self::over(self.http, format!("/v{version}"))
    }

    fn over(http: legacy::Client<Connector, Body>, prefix: String) -> Result<Self, EngineError> {
        let sender = http.clone();
        let version = prefix.clone();
        let transport = move |request: BollardRequest| {
            // bollard's own paths carry no version.
            let request = versioned(request, &version);
            let sender = sender.clone();
            async move { Ok(sender.request(request?).await?) }
        };
        // bollard wants a version for its own bookkeeping; the transport decides.
        let unused = ClientVersion { major_version: 1, minor_version: 40 };
        let docker = Docker::connect_with_custom_transport(transport, Some("http://engine"), ANSWER.as_secs(), &unused)
            .map_err(|error| EngineError::from_bollard("prepare the connection", &error))?;
        Ok(Self { http, docker, prefix })
    }

    /// bollard's client over the same connections.
    pub(super) fn docker(&self) -> &Docker {
        &self.docker
    }

    /// A GET whose answer is not looked at yet.
    ///
    /// # Errors
    ///
    /// The error of the connection, whole, so that its kind can be told.
    pub(super) async fn open(&self, path: &str) -> Result<Response<Incoming>, RequestError> {
        let uri: Uri = format!("http://engine{}{path}", self.prefix).parse().map_err(RequestError::other)?;
        let request = Request::builder()
            .method(Method::GET)
            .uri(uri)
            .body(Body::Left(http_body_util::Full::new(Bytes::new())))
            .map_err(RequestError::other)?;
        match tokio::time::timeout(ANSWER, self.http.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(RequestError::Broken(Box::new(error))),
            Err(_) => Err(RequestError::other("the engine did not answer in time")),
        }
    }

    /// A GET whose answer is JSON. `doing` completes "failed to …".
    ///
    /// # Errors
    ///
    /// [`EngineError::Refused`] where the engine says no, [`EngineError::Failed`] otherwise.
    pub(super) async fn get<T: DeserializeOwned>(&self, doing: &str, path: &str) -> Result<T, EngineError> {
        let response = self.open(path).await.map_err(|error| EngineError::failed(doing, error))?;
        read(doing, response).await
    }
}

/// Reads an answer as JSON. Members that are `null` are dropped first, so that a type's defaults cover them.
pub(super) async fn read<T: DeserializeOwned>(doing: &str, response: Response<Incoming>) -> Result<T, EngineError> {
    let status = response.status();
    let body = tokio::time::timeout(ANSWER, Limited::new(response.into_body(), MAX_ANSWER).collect())
        .await
        .map_err(|_| EngineError::failed(doing, "the engine did not finish its answer in time"))?
        .map_err(|error| EngineError::failed(doing, error))?
        .to_bytes();
    if !status.is_success() {
        return Err(EngineError::refused(doing, status.as_u16(), &message(&body)));
    }
    let value: Value = serde_json::from_slice(&body).map_err(|error| EngineError::failed(doing, error))?;
    serde_json::from_value(without_nulls(value)).map_err(|error| EngineError::failed(doing, error))
}

/// The words of an answer that is no success: `{"message": …}`, or the body itself.
pub(super) fn message(body: &[u8]) -> String {
    serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|value| value.get("message").and_then(Value::as_str).map(str::to_owned))
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

/// Drops the members of objects that are `null`; Go writes them for empty lists and maps.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// The same request with the API version in front of its path.
fn versioned(request: BollardRequest, prefix: &str) -> Result<BollardRequest, bollard::errors::Error> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = format!("http://engine{prefix}{path}").parse()?;
    Ok(BollardRequest::from_parts(parts, body))
}

/// Why a request got no answer.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The connection could not be made, or broke.
    Broken(Box<legacy::Error>),
    /// Anything else.
    Other(String),
}

impl RequestError {
    fn other(reason: impl std::fmt::Display) -> Self {
        Self::Other(reason.to_string())
    }

    /// The I/O error at the bottom, where there is one.
    pub(super) fn io_kind(&self) -> Option<std::io::ErrorKind> {
        let Self::Broken(error) = self else { return None };
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error.as_ref());
        while let Some(error) = source {
            if let Some(io) = error.downcast_ref::<std::io::Error>() {
                return Some(io.kind());
            }
            source = error.source();
        }
        None
    }
}

impl std::fmt::Display for RequestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // The outermost words say only that the client failed.
            Self::Broken(error) => match std::error::Error::source(error.as_ref()) {
                Some(source) => f.write_str(&chain(source)),
                None => write!(f, "{error}"),
            },
            Self::Other(reason) => f.write_str(reason),
        }
    }
}
