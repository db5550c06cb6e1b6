//! Requests for tokens, over `wasi:http`.

use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasi::io::poll::{self, Pollable};
use wasi::io::streams::StreamError;

use crate::identity::TokenRequest;

/// Sends a request, and returns the status and the body of its answer, or says in a few words why there is none.
pub(crate) fn send(request: &TokenRequest) -> Result<(u16, Vec<u8>), String> {
    let body = request.form.as_deref().unwrap_or_default();
    let fields = Fields::new();
    let length = ("content-length", body.len().to_string());
    for (name, value) in request.headers.iter().chain([&length]) {
        fields
            .append(name, value.as_bytes())
            .map_err(|error| format!("the header {name} cannot be sent: {error:?}"))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let method = match request.form {
        Some(_) => Method::Post,
        None => Method::Get,
    };
    let scheme = match request.address.is_https {
        true => Scheme::Https,
        false => Scheme::Http,
    };
    let sink = outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(&request.address.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.address.path)))
        .and_then(|()| outgoing.body())
        .map_err(|()| "the address cannot be used".to_owned())?;

    let options = RequestOptions::new();
    // Hosts have limits of their own for what they do not let us set.
    let _ = options.set_connect_timeout(Some(CONNECT_TIME));
    let _ = options.set_first_byte_timeout(Some(TOTAL_TIME));
    let timer = monotonic_clock::subscribe_duration(TOTAL_TIME);
    let coming =
        outgoing_handler::handle(outgoing, Some(options)).map_err(|code| format!("{code:?}"))?;
    {
        let stream = sink
            .write()
            .map_err(|()| "the body cannot be written".to_owned())?;
        for piece in body.as_bytes().chunks(WRITE_BYTES) {
            let written = stream.blocking_write_and_flush(piece);
            written.map_err(|error| format!("the body cannot be written: {error:?}"))?;
        }
    }
    OutgoingBody::finish(sink, None).map_err(|code| format!("{code:?}"))?;

    wait(&coming.subscribe(), &timer)?;
    match coming.get() {
        Some(Ok(Ok(response))) => Ok((response.status(), read(&response, &timer)?)),
        Some(Ok(Err(code))) => Err(format!("{code:?}")),
        Some(Err(())) | None => Err("the host lost the answer".to_owned()),
    }
}

fn read(response: &IncomingResponse, timer: &Pollable) -> Result<Vec<u8>, String> {
    let taken = |()| "the body was taken before".to_owned();
    let body = response.consume().map_err(taken)?;
    let stream = body.stream().map_err(taken)?;
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER_BYTES {
        match stream.read(READ_BYTES) {
            Ok(more) if more.is_empty() => wait(&stream.subscribe(), timer)?,
            Ok(more) => bytes.extend_from_slice(&more),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    Err("the answer is too long to be a token".to_owned())
}

fn wait(ready: &Pollable, timer: &Pollable) -> Result<(), String> {
    if poll::poll(&[ready, timer]).contains(&0) {
        Ok(())
    } else {
        let seconds = TOTAL_TIME / 1_000_000_000;
        Err(format!("no answer within {seconds} seconds"))
    }
}

/// How long connecting may take, in nanoseconds: two seconds, for services that are near.
const CONNECT_TIME: u64 = 2_000_000_000;

/// How long all of it may take, in nanoseconds: ten seconds.
const TOTAL_TIME: u64 = 10_000_000_000;

/// The most that one blocking write takes.
const WRITE_BYTES: usize = 4096;

/// The most bytes of one read.
const READ_BYTES: u64 = 16 * 1024;

/// The most bytes of an answer. Tokens of an identity with many groups have some ten thousand.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
