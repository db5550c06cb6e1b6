//! One response as it arrives.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use super::edge::{Body, Edge, Instant, Response, TransportError};
use super::report::Report;
use super::{Deadlines, MAX_RESPONSE_BYTES, ReadError, finished, read_all, seconds};
use crate::contract::types::{
    BlockContent, BlockDelta, BlockKind, BlockStart, ChatResponse, ErrorKind, ProviderError,
    StreamEvent, ToolCallHeader,
};
use crate::core::headers::Headers;
use crate::core::pricing::Tariff;
use crate::core::response::{self, stream::Translator};
use crate::core::secret::Secrets;
use crate::core::{json, sse};

/// A response that is arriving. Dropping it closes the exchange.
#[derive(Debug)]
pub struct ResponseStream<E: Edge> {
    state: State<E::Body>,
    /// What was read and not yet taken.
    pending: VecDeque<StreamEvent>,
    /// The text that was taken, for the error if the stream breaks off.
    text: String,
    /// The indices of its blocks.
    text_blocks: Vec<u32>,
    report: Report<E>,
    headers: Headers,
    deadlines: Deadlines,
    edge: E,
    model: String,
    tariff: Tariff,
    secrets: Secrets,
}

#[derive(Debug)]
enum State<B> {
    /// The body is a stream of events.
    Streaming(EventReader<B>),
    /// The body is one JSON document.
    Whole(B),
    /// It failed; the error comes after what is pending.
    Failed(ProviderError),
    /// The last event is pending, or taken; the end of the body is still to come.
    Completed(B),
    /// There is nothing more.
    Ended,
}

impl<E: Edge> ResponseStream<E> {
    pub(super) fn new(
        response: Response<E::Body>,
        edge: E,
        report: Report<E>,
        deadlines: Deadlines,
        model: &str,
        tariff: Tariff,
        secrets: Secrets,
    ) -> Self {
        let Response { headers, body, .. } = response;
        // The answer's own word counts, not what was asked for: some gateways turn streams into whole answers.
        let state = match headers.is_event_stream() {
            true => State::Streaming(EventReader {
                body,
                decoder: sse::Decoder::new(),
                translator: Translator::default(),
                failure: None,
            }),
            false => State::Whole(body),
        };
        Self {
            state,
            pending: VecDeque::new(),
            text: String::new(),
            text_blocks: Vec::new(),
            report,
            headers,
            deadlines,
            edge,
            model: model.to_owned(),
            tariff,
            secrets,
        }
    }

    /// Waits for the next event; none after `completed` and after an error.
    ///
    /// # Errors
    ///
    /// When the response fails, or breaks off before its end. What arrived before that was delivered.
    pub fn next_event(&mut self) -> Result<Option<StreamEvent>, ProviderError> {
        loop {
            if let Some(mut event) = self.pending.pop_front() {
                self.report.stream_event(&event);
                self.remember(&event);
                if let StreamEvent::Completed(response) = &mut event {
                    add_exchange(response, &self.headers, &self.tariff);
                    self.report.succeeded(response, &self.headers);
                }
                return Ok(Some(event));
            }
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Streaming(reader) => self.read_events(reader),
                State::Whole(body) => self.read_whole(body),
                State::Failed(error) => {
                    let error = finished(self.with_exchange(error), &self.model, &self.secrets);
                    self.report.aborted(&error);
                    return Err(error);
                }
                State::Completed(body) => {
                    self.read_end(body);
                    return Ok(None);
                }
                State::Ended => return Ok(None),
            }
        }
    }

    fn remember(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::BlockStart(BlockStart {
                index,
                block: BlockKind::Text,
            }) => self.text_blocks.push(*index),
            StreamEvent::BlockDelta(delta) if self.text_blocks.contains(&delta.index) => {
                self.text.push_str(&delta.text);
            }
            _ => {}
        }
    }

    /// Adds what is known of the exchange to an error: the id for the service's support, and the text that came.
    fn with_exchange(&self, mut error: ProviderError) -> ProviderError {
        if error.request_id.is_none() {
            error.request_id = self.headers.request_id().map(str::to_owned);
        }
        if error.details.is_none() && !self.text.is_empty() {
            error.details = Some(json!({ "partial_text": self.text }).to_string());
        }
        error
    }

    /// Reads until there is something to take.
    fn read_events(&mut self, mut reader: EventReader<E::Body>) -> State<E::Body> {
        let Deadlines { limits, attempt } = self.deadlines;
        let idle_deadline = || attempt.min(self.edge.now().after(limits.stream_idle));
        let mut deadline = idle_deadline();
        loop {
            match reader.step(deadline, &mut self.pending) {
                Ok(Step::Completed) => return State::Completed(reader.body),
                Ok(Step::Event) if self.pending.is_empty() => deadline = idle_deadline(),
                Ok(Step::Event) => return State::Streaming(reader),
                // Comments alone do not keep a stream alive, however fast they come.
                Ok(Step::Bytes) if self.edge.now() < deadline => {}
                Ok(Step::Bytes) => {
                    return self.broken(reader, TransportError::TimedOut.into(), deadline);
                }
                Err(failure) => return self.broken(reader, failure, deadline),
            }
        }
    }

    fn broken(
        &mut self,
        mut reader: EventReader<E::Body>,
        failure: StreamFailure,
        deadline: Instant,
    ) -> State<E::Body> {
        reader.translator.close_all(&mut self.pending);
        State::Failed(failure.explain(self.deadlines, deadline))
    }

    /// Reads what comes after the last event, so that the host can use the connection again.
    fn read_end(&self, mut body: E::Body) {
        /// The end follows the last event at once, or the connection is not worth waiting for.
        const LINGER: Duration = Duration::from_millis(100);
        let deadline = self.edge.now().after(LINGER);
        while let Ok(Some(_)) = body.read(deadline) {
            if self.edge.now() >= deadline {
                return;
            }
        }
    }

    fn read_whole(&mut self, mut body: E::Body) -> State<E::Body> {
        let attempt = self.deadlines.attempt;
        let translated = match read_all(&self.edge, &mut body, MAX_RESPONSE_BYTES, attempt) {
            Ok(bytes) => translate_whole(&bytes),
            Err(ReadError::TooLong) => Err(final_error(format!(
                "the response is longer than {MAX_RESPONSE_BYTES} bytes"
            ))),
            Err(ReadError::Transport(error)) => {
                Err(StreamFailure::Transport(error).explain(self.deadlines, attempt))
            }
        };
        match translated {
            Ok(response) => {
                replay(&response, &mut self.pending);
                self.pending.push_back(StreamEvent::Completed(response));
                State::Ended
            }
            Err(error) => State::Failed(error),
        }
    }
}

/// Reads a body that is a stream of events.
#[derive(Debug)]
struct EventReader<B> {
    body: B,
    decoder: sse::Decoder,
    translator: Translator,
    failure: Option<sse::EventTooLong>,
}

impl<B: Body> EventReader<B> {
    /// Takes one event that was read, or reads on.
    fn step(
        &mut self,
        deadline: Instant,
        pending: &mut VecDeque<StreamEvent>,
    ) -> Result<Step, StreamFailure> {
        if let Some(event) = self.decoder.next_event() {
            self.translator.apply(&event, pending)?;
            return Ok(match self.translator.is_completed() {
                true => Step::Completed,
                false => Step::Event,
            });
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure.into());
        }
        match self.body.read(deadline)? {
            // What came before the event that is too long comes first.
            Some(bytes) => self.failure = self.decoder.feed(&bytes).err(),
            None => return Err(self.translator.ended_early().into()),
        }
        Ok(Step::Bytes)
    }
}

/// What one step of reading came to.
enum Step {
    /// Bytes came.
    Bytes,
    /// The last event was taken.
    Completed,
    /// An event was taken.
    Event,
}

/// Why a stream broke off.
#[derive(Debug, thiserror::Error)]
enum StreamFailure {
    #[error(transparent)]
    EventTooLong(#[from] sse::EventTooLong),
    #[error("the service reported an error")]
    Reported(ProviderError),
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl From<ProviderError> for StreamFailure {
    fn from(error: ProviderError) -> Self {
        Self::Reported(error)
    }
}

impl StreamFailure {
    fn explain(self, Deadlines { limits, attempt }: Deadlines, deadline: Instant) -> ProviderError {
        match self {
            Self::Reported(error) => error,
            Self::EventTooLong(error) => final_error(error.to_string()),
            Self::Transport(TransportError::TimedOut) if deadline < attempt => ProviderError::new(
                ErrorKind::Timeout,
                format!(
                    "no event came for {} seconds; try again, or raise `stream_idle_timeout`",
                    seconds(limits.stream_idle)
                ),
            ),
            Self::Transport(TransportError::TimedOut) => ProviderError::new(
                ErrorKind::Timeout,
                format!(
                    "the response was not complete after {} seconds; try again, or raise `timeout`",
                    seconds(limits.attempt)
                ),
            ),
            Self::Transport(error) => ProviderError::new(
                ErrorKind::Stream,
                format!("the response broke off: {error}; try again"),
            ),
        }
    }
}

/// The error for an answer that would be the same the next time.
fn final_error(message: String) -> ProviderError {
    ProviderError {
        retryable: false,
        ..ProviderError::new(ErrorKind::Stream, message)
    }
}

fn translate_whole(bytes: &[u8]) -> Result<ChatResponse, ProviderError> {
    let response: Value = serde_json::from_slice(bytes).map_err(|error| {
        final_error(format!(
            "the response is no JSON ({error}); check that `azure_endpoint` is the service and not a web page"
        ))
    })?;
    response::translate(&response)
}

/// The events of a response that came whole, so that a caller sees the same of both.
fn replay(response: &ChatResponse, events: &mut VecDeque<StreamEvent>) {
    for (index, block) in (0..).zip(&response.content) {
        let (kind, text) = match &block.content {
            BlockContent::Refusal(text) => (BlockKind::Refusal, text.clone()),
            BlockContent::Text(text) => (BlockKind::Text, text.clone()),
            BlockContent::Thinking(thinking) => (BlockKind::Thinking, thinking.text.clone()),
            BlockContent::ToolCall(call) => {
                let header = ToolCallHeader {
                    id: call.id.clone(),
                    name: call.name.clone(),
                };
                (BlockKind::ToolCall(header), call.arguments.clone())
            }
            BlockContent::File(_)
            | BlockContent::Image(_)
            | BlockContent::Reasoning(_)
            | BlockContent::RedactedThinking(_)
            | BlockContent::ToolResult(_) => continue,
        };
        events.push_back(StreamEvent::BlockStart(BlockStart { index, block: kind }));
        if !text.is_empty() {
            events.push_back(StreamEvent::BlockDelta(BlockDelta { index, text }));
        }
        events.push_back(StreamEvent::BlockEnd(index));
    }
}

/// Adds what the response does not say itself: what it cost, and to its metadata what its headers say.
fn add_exchange(response: &mut ChatResponse, headers: &Headers, tariff: &Tariff) {
    let mut metadata = response
        .metadata
        .as_deref()
        .and_then(json::object)
        .unwrap_or_default();
    if let Some(usage) = &mut response.usage {
        let answered = metadata.get("openai:model").and_then(Value::as_str);
        usage.cost_usd = tariff.cost(answered, usage);
    }
    if let Some(id) = headers.request_id() {
        metadata.insert("openai:request_id".to_owned(), json!(id));
    }
    if let Some(limits) = headers.rate_limits() {
        metadata.insert("openai:rate_limits".to_owned(), limits);
    }
    response.metadata = Some(Value::Object(metadata).to_string());
}
