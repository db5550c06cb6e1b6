//! The answer to a client, as WASI takes it.

use serde_json::Value;
use wasi::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasi::io::streams::OutputStream;
use wasi::random::random;

/// The client went away: nobody reads what is written.
pub(crate) struct Gone;

/// The body of an answer that is under way. Dropped before its end, the client sees that something is missing.
pub(crate) struct Sink {
    // Dropped in this order: WASI wants children to go before their parents.
    stream: OutputStream,
    body: OutgoingBody,
}

/// Sends the head of an answer.
pub(crate) fn begin<'a>(
    out: ResponseOutparam,
    status: u16,
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<Sink, Gone> {
    let fields = Fields::new();
    for (name, value) in headers {
        // What a host does not let an answer say is of its connection.
        let _ = fields.append(name, value);
    }
    if !fields.has(REQUEST_ID) {
        let [beginning, end] = [random::get_random_u64(), random::get_random_u64()];
        let id = format!("req_{beginning:016x}{end:016x}");
        let _ = fields.append(REQUEST_ID, id.as_bytes());
    }
    let response = OutgoingResponse::new(fields);
    let status = response.set_status_code(status);
    let body = response.body();
    // Before anything is written: the head is on its way when the first byte comes.
    ResponseOutparam::set(out, Ok(response));
    let body = status.and(body).map_err(|()| Gone)?;
    let stream = body.write().map_err(|()| Gone)?;
    Ok(Sink { stream, body })
}

/// Sends a whole answer in JSON.
pub(crate) fn json(out: ResponseOutparam, status: u16, more: &[(&str, String)], value: &Value) {
    let text = value.to_string();
    let length = text.len().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("content-length", &length),
    ];
    let more = more.iter().map(|(name, value)| (*name, value.as_str()));
    let headers = headers.into_iter().chain(more);
    let headers = headers.map(|(name, value)| (name, value.as_bytes()));
    if let Ok(sink) = begin(out, status, headers)
        && sink.write(text.as_bytes()).is_ok()
    {
        sink.finish();
    }
}

impl Sink {
    /// Sends bytes at once, as fast as the client takes them.
    pub(crate) fn write(&self, mut bytes: &[u8]) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let room = self.stream.check_write().map_err(|_| Gone)?;
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            if room == 0 {
                self.stream.subscribe().block();
                continue;
            }
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.stream.write(now).map_err(|_| Gone)?;
            bytes = later;
        }
        // Nothing waits for the flush: the next write does.
        self.stream.flush().map_err(|_| Gone)
    }

    /// Says that this was all.
    pub(crate) fn finish(self) {
        let Self { stream, body } = self;
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

/// What an SDK shows of an answer when it is asked for help. The service's own, where it has one, is what its support asks for.
const REQUEST_ID: &str = "x-request-id";
