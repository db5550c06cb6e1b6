//! A request of a client, as WASI hands it over.

use wasi::clocks::monotonic_clock::{self, Instant};
use wasi::http::types::{IncomingRequest, Method};
use wasi::io::poll;
use wasi::io::streams::StreamError;

use crate::failure::Failure;
use crate::headers::Headers;

/// The head of a request.
pub(crate) struct Head {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// The host that the client asks for, with its port.
    pub(crate) host: Option<String>,
    pub(crate) headers: Headers,
}

impl Head {
    pub(crate) fn of(request: &IncomingRequest) -> Self {
        let headers = Headers::new(request.headers().entries());
        let host = request.authority();
        Self {
            method: match request.method() {
                Method::Get => "GET".to_owned(),
                Method::Head => "HEAD".to_owned(),
                Method::Post => "POST".to_owned(),
                Method::Put => "PUT".to_owned(),
                Method::Delete => "DELETE".to_owned(),
                Method::Connect => "CONNECT".to_owned(),
                Method::Options => "OPTIONS".to_owned(),
                Method::Trace => "TRACE".to_owned(),
                Method::Patch => "PATCH".to_owned(),
                Method::Other(method) => method,
            },
            path: request.path_with_query().unwrap_or_default(),
            // Hosts differ in whether the header stays one.
            host: host.or_else(|| headers.text("host").map(str::to_owned)),
            headers,
        }
    }

    /// Whether the client wants to speak something else than HTTP. Hosts take `upgrade` away, which is a header of the
    /// connection.
    pub(crate) fn wants_upgrade(&self) -> bool {
        let mut names = ["upgrade", "sec-websocket-key", "sec-websocket-version"].into_iter();
        names.any(|name| self.headers.contains(name))
    }
}

/// Reads the body. One that is refused is read to its end all the same: a client hears no answer while it is still sending.
pub(crate) fn read_body(request: &IncomingRequest, headers: &Headers) -> Result<Vec<u8>, Failure> {
    let taken = |()| Failure::of_contract("the request's body was taken before".to_owned());
    let announced = headers.text("content-length");
    let announced = announced.and_then(|length| length.parse::<usize>().ok());
    let capacity = announced.filter(|length| *length <= MAX_BODY_BYTES);
    let mut bytes = Vec::with_capacity(capacity.unwrap_or_default());
    let mut is_too_long = false;
    let body = request.consume().map_err(taken)?;
    let stream = body.stream().map_err(taken)?;
    let end = monotonic_clock::now() + BODY_TIME;
    loop {
        match stream.read(READ_BYTES) {
            Ok(more) if more.is_empty() => wait(&stream.subscribe(), end)?,
            Ok(more) if is_too_long || bytes.len() + more.len() > MAX_BODY_BYTES => {
                is_too_long = true;
                bytes = Vec::new();
            }
            Ok(more) => bytes.extend_from_slice(&more),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let message = format!("the body cannot be read: {}", error.to_debug_string());
                return Err(Failure::refused(400, message));
            }
        }
    }
    if is_too_long {
        let message = format!(
            "the body has more than {MAX_BODY_BYTES} bytes, which is the most that is taken"
        );
        return Err(Failure::refused(413, message));
    }
    Ok(bytes)
}

fn wait(ready: &poll::Pollable, end: Instant) -> Result<(), Failure> {
    let timer = monotonic_clock::subscribe_instant(end);
    if poll::poll(&[ready, &timer]).contains(&0) {
        return Ok(());
    }
    let seconds = BODY_TIME / 1_000_000_000;
    Err(Failure::refused(
        408,
        format!("the body was not there within {seconds} seconds"),
    ))
}

/// The most bytes of a body: no larger request fits into the memory that hosts commonly give a component, where it is there
/// twice.
const MAX_BODY_BYTES: usize = 40 * 1024 * 1024;

/// How long a body may take, in nanoseconds: two minutes.
const BODY_TIME: u64 = 120 * 1_000_000_000;

/// The most bytes of one read.
const READ_BYTES: u64 = 64 * 1024;
