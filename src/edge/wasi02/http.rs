//! Requests over `wasi:http`.

use std::time::Duration;

use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody as WasiBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme as WasiScheme,
};
use wasi::io::poll::Pollable;
use wasi::io::streams::{InputStream, OutputStream, StreamError};

use super::wait::Waiter;
use crate::core::config::Scheme;
use crate::core::forward;
use crate::core::headers::Headers;
use crate::engine::edge::{Body, Instant, Request, Response, TransportError};

/// The most bytes of one read: what a network hands over at once is far less, and the host allocates what we ask for.
const READ_BYTES: u64 = 64 * 1024;

/// Sends a request and waits for the head of its response.
pub(super) fn send(
    request: &Request<'_>,
    deadline: Instant,
) -> Result<Response<IncomingBody>, TransportError> {
    // 1. Hand over the head. 2. Write the body, which the host takes as the network does. 3. Wait for the answer.
    let (outgoing, body) = outgoing(request)?;
    let mut waiter = Waiter::default();
    let response =
        outgoing_handler::handle(outgoing, Some(options(request.connect_timeout, deadline)))
            .map_err(|code| explain(&code))?;
    let answered = response.subscribe();
    let written = write(body, request.body, &answered, &mut waiter, deadline);
    // A service that refuses the head may stop reading the body: its answer says more than the broken pipe.
    match (written, wait(&response, &answered, &mut waiter, deadline)) {
        (_, Ok(response)) => open(&response),
        (Err(TransportError::TimedOut), Err(_)) => Err(TransportError::TimedOut),
        (_, Err(error)) => Err(error),
    }
}

/// The body of a response.
#[derive(Debug)]
pub(crate) struct IncomingBody {
    // Dropped in this order: WASI wants children to go before their parents.
    waiter: Waiter,
    /// None as long as there was nothing to wait for: a short body is there at once.
    ready: Option<Pollable>,
    stream: InputStream,
    /// What is wrong with the stream, which it says only once.
    failure: Option<StreamError>,
    _body: WasiBody,
}

impl IncomingBody {
    /// Becomes ready when there is something to read.
    pub(super) fn readiness(&self) -> Pollable {
        self.stream.subscribe()
    }
}

impl Body for IncomingBody {
    fn read(&mut self, deadline: Instant) -> Result<Option<Vec<u8>>, TransportError> {
        loop {
            let read = match self.failure.take() {
                Some(failure) => Err(failure),
                None => self.stream.read(READ_BYTES),
            };
            match read {
                Ok(bytes) if bytes.is_empty() => {
                    let ready = self.ready.get_or_insert_with(|| self.stream.subscribe());
                    self.waiter.wait(&[ready], deadline)?;
                }
                Ok(bytes) => return Ok(Some(bytes)),
                Err(StreamError::Closed) => return Ok(None),
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    fn read_ready(&mut self, bytes: &mut Vec<u8>) {
        while (bytes.len() as u64) < READ_BYTES {
            match self.stream.read(READ_BYTES) {
                Ok(more) if more.is_empty() => return,
                Ok(more) => bytes.extend_from_slice(&more),
                Err(failure) => {
                    self.failure = Some(failure);
                    return;
                }
            }
        }
    }
}

fn outgoing(request: &Request<'_>) -> Result<(OutgoingRequest, OutgoingBody), TransportError> {
    let headers: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_vec()))
        .chain([length(request)])
        .collect();
    let headers = Fields::from_list(&headers)
        .map_err(|error| TransportError::Refused(format!("a header: {error:?}")))?;
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method {
        forward::Method::Delete => Method::Delete,
        forward::Method::Get => Method::Get,
        forward::Method::Post => Method::Post,
    };
    let scheme = match request.scheme {
        Scheme::Http => WasiScheme::Http,
        Scheme::Https => WasiScheme::Https,
    };
    outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(request.path)))
        .and_then(|()| outgoing.body())
        .map(|body| (outgoing, body))
        .map_err(|()| TransportError::Refused("the address".to_owned()))
}

/// The length of the body, of an empty one too: without it, the end of the body would have to be marked.
fn length(request: &Request<'_>) -> (String, Vec<u8>) {
    let length: usize = request.body.iter().map(|part| part.len()).sum();
    ("content-length".to_owned(), length.to_string().into_bytes())
}

fn options(connect_timeout: Duration, Instant(deadline): Instant) -> RequestOptions {
    let options = RequestOptions::new();
    let nanoseconds = |limit: Duration| u64::try_from(limit.as_nanos()).ok();
    let left =
        nanoseconds(deadline).map(|deadline| deadline.saturating_sub(monotonic_clock::now()));
    // Hosts have limits of their own for what is not set. One that does not have an option says so, and that is fine:
    // our own deadline holds in any case.
    let _ = options.set_connect_timeout(nanoseconds(connect_timeout));
    let _ = options.set_first_byte_timeout(left);
    let _ = options.set_between_bytes_timeout(left);
    options
}

fn write(
    body: OutgoingBody,
    parts: &[&[u8]],
    answered: &Pollable,
    waiter: &mut Waiter,
    deadline: Instant,
) -> Result<(), TransportError> {
    {
        let stream: OutputStream = body.write().map_err(|()| {
            TransportError::Broken("the request's body cannot be written".to_owned())
        })?;
        for mut bytes in parts.iter().copied() {
            while !bytes.is_empty() {
                let room = stream.check_write().map_err(|error| broken(&error))?;
                let room = usize::try_from(room).unwrap_or(usize::MAX);
                let (now, later) = bytes.split_at(bytes.len().min(room));
                match now {
                    // A service that has answered may never read the rest.
                    [] if answered.ready() => return Ok(()),
                    [] => waiter.wait(&[&stream.subscribe(), answered], deadline)?,
                    _ => stream.write(now).map_err(|error| broken(&error))?,
                }
                bytes = later;
            }
        }
        // Nothing waits for the flush: finishing the body sends what is left.
        stream.flush().map_err(|error| broken(&error))?;
    }
    OutgoingBody::finish(body, None).map_err(|code| explain(&code))
}

fn wait(
    response: &FutureIncomingResponse,
    answered: &Pollable,
    waiter: &mut Waiter,
    deadline: Instant,
) -> Result<IncomingResponse, TransportError> {
    loop {
        waiter.wait(&[answered], deadline)?;
        match response.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => return Err(explain(&code)),
            Some(Err(())) => {
                return Err(TransportError::Broken(
                    "the response was taken before".to_owned(),
                ));
            }
            None => {}
        }
    }
}

fn open(response: &IncomingResponse) -> Result<Response<IncomingBody>, TransportError> {
    let entries = response.headers().entries().into_iter();
    let headers = entries.collect();
    let taken = |()| TransportError::Broken("the response's body was taken before".to_owned());
    let body = response.consume().map_err(taken)?;
    let stream = body.stream().map_err(taken)?;
    Ok(Response {
        status: response.status(),
        headers: Headers::new(headers),
        body: IncomingBody {
            waiter: Waiter::default(),
            ready: None,
            stream,
            failure: None,
            _body: body,
        },
    })
}

fn explain(code: &ErrorCode) -> TransportError {
    let name = name(code).to_owned();
    match code {
        // The host's own words for what is wrong.
        ErrorCode::InternalError(Some(cause)) => TransportError::Broken(cause.clone()),
        ErrorCode::HttpRequestDenied => TransportError::Denied(name),
        // The request would be the same the next time.
        ErrorCode::ConfigurationError
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_)
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::LoopDetected => TransportError::Refused(name),
        // And so would the answer.
        ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_)
        | ErrorCode::HttpResponseTransferCoding(_) => TransportError::Unreadable(name),
        // These two limits are the deadline, which the host was given.
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            TransportError::TimedOut
        }
        ErrorCode::TlsCertificateError => TransportError::Untrusted(name),
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionRefused
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::DnsError(_)
        | ErrorCode::DnsTimeout
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsAlertReceived(_) => TransportError::Unreachable(name),
        _ => TransportError::Broken(name),
    }
}

/// The codes' names are the best words for them. What some of them carry is nearly always empty, but for errors that have no
/// name.
fn name(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::DnsTimeout => "DnsTimeout",
        ErrorCode::DnsError(_) => "DnsError",
        ErrorCode::DestinationNotFound => "DestinationNotFound",
        ErrorCode::DestinationUnavailable => "DestinationUnavailable",
        ErrorCode::DestinationIpProhibited => "DestinationIpProhibited",
        ErrorCode::DestinationIpUnroutable => "DestinationIpUnroutable",
        ErrorCode::ConnectionRefused => "ConnectionRefused",
        ErrorCode::ConnectionTerminated => "ConnectionTerminated",
        ErrorCode::ConnectionTimeout => "ConnectionTimeout",
        ErrorCode::ConnectionReadTimeout => "ConnectionReadTimeout",
        ErrorCode::ConnectionWriteTimeout => "ConnectionWriteTimeout",
        ErrorCode::ConnectionLimitReached => "ConnectionLimitReached",
        ErrorCode::TlsProtocolError => "TlsProtocolError",
        ErrorCode::TlsCertificateError => "TlsCertificateError",
        ErrorCode::TlsAlertReceived(_) => "TlsAlertReceived",
        ErrorCode::HttpRequestDenied => "HttpRequestDenied",
        ErrorCode::HttpRequestLengthRequired => "HttpRequestLengthRequired",
        ErrorCode::HttpRequestBodySize(_) => "HttpRequestBodySize",
        ErrorCode::HttpRequestMethodInvalid => "HttpRequestMethodInvalid",
        ErrorCode::HttpRequestUriInvalid => "HttpRequestUriInvalid",
        ErrorCode::HttpRequestUriTooLong => "HttpRequestUriTooLong",
        ErrorCode::HttpRequestHeaderSectionSize(_) => "HttpRequestHeaderSectionSize",
        ErrorCode::HttpRequestHeaderSize(_) => "HttpRequestHeaderSize",
        ErrorCode::HttpRequestTrailerSectionSize(_) => "HttpRequestTrailerSectionSize",
        ErrorCode::HttpRequestTrailerSize(_) => "HttpRequestTrailerSize",
        ErrorCode::HttpResponseIncomplete => "HttpResponseIncomplete",
        ErrorCode::HttpResponseHeaderSectionSize(_) => "HttpResponseHeaderSectionSize",
        ErrorCode::HttpResponseHeaderSize(_) => "HttpResponseHeaderSize",
        ErrorCode::HttpResponseBodySize(_) => "HttpResponseBodySize",
        ErrorCode::HttpResponseTrailerSectionSize(_) => "HttpResponseTrailerSectionSize",
        ErrorCode::HttpResponseTrailerSize(_) => "HttpResponseTrailerSize",
        ErrorCode::HttpResponseTransferCoding(_) => "HttpResponseTransferCoding",
        ErrorCode::HttpResponseContentCoding(_) => "HttpResponseContentCoding",
        ErrorCode::HttpResponseTimeout => "HttpResponseTimeout",
        ErrorCode::HttpUpgradeFailed => "HttpUpgradeFailed",
        ErrorCode::HttpProtocolError => "HttpProtocolError",
        ErrorCode::LoopDetected => "LoopDetected",
        ErrorCode::ConfigurationError => "ConfigurationError",
        ErrorCode::InternalError(_) => "InternalError",
    }
}

fn broken(error: &StreamError) -> TransportError {
    match error {
        StreamError::Closed => TransportError::Broken("the stream was closed".to_owned()),
        StreamError::LastOperationFailed(error) => {
            match wasi::http::types::http_error_code(error) {
                Some(code) => explain(&code),
                None => TransportError::Broken(error.to_debug_string()),
            }
        }
    }
}
