//! One response as it arrives.

use std::time::Duration;

use serde_json::Value;

use super::body::{ReadError, patience, read_all};
use super::edge::{Body, Edge, TransportError};
use super::event_reader::EventReader;
use super::exchange::{Answer, Deadlines, Exchange, Retry};
use super::failure::{StreamFailure, compressed, final_error};
use super::report::Report;
use crate::contract::types::{ChatResponse, Degradation, ErrorKind, ProviderError, StreamEvent};
use crate::core::headers::Headers;
use crate::core::json::ObjectWriter;
use crate::core::pricing::Cost;
use crate::core::response::Response;
use crate::core::response::stream::{MAX_RESPONSE_BYTES, Translator, too_long};

/// How often a response that was cut off goes on: an answer that has no end would never stop costing.
const MAX_CONTINUATIONS: u32 = 5;

/// A response that is arriving. Dropping it closes the exchange.
#[derive(Debug)]
pub struct ResponseStream<E: Edge> {
    state: State<E::Body>,
    translator: Translator,
    /// What was read and not yet taken.
    pending: Vec<StreamEvent>,
    /// The response that is complete, where bodies are told.
    raw: Option<Value>,
    /// What the responses cost that are over; none when one of them has no known cost.
    cost: Option<Cost>,
    /// How often the response went on.
    continuations: u32,
    /// Why it did not go on once more.
    degradation: Option<Degradation>,
    report: Report<E>,
    headers: Headers,
    deadlines: Deadlines,
    exchange: Exchange<E>,
}

#[derive(Debug)]
enum State<B> {
    /// What the body is, its first bytes say.
    Undecided(B),
    /// The body is a stream of events.
    Streaming(EventReader<B>),
    /// The body is one JSON document, of which these bytes are read.
    Whole(B, Vec<u8>),
    /// The last event was read, and the end of the body is still to come; the response may go on.
    Received(Option<B>),
    /// It broke off, and is tried again after what is pending.
    Retrying(Retry),
    /// It failed; the error comes after what is pending.
    Failed(ProviderError),
    /// The last event is pending, or taken; the end of the body is still to come.
    Completed(Option<B>),
    /// There is nothing more.
    Ended,
}

impl<E: Edge> ResponseStream<E> {
    pub(super) fn new(answer: Answer<E::Body>, exchange: Exchange<E>, report: Report<E>) -> Self {
        let Answer {
            response,
            deadlines,
        } = answer;
        Self {
            state: State::of(response.body, &response.headers, exchange.is_streaming()),
            translator: Translator::default(),
            pending: Vec::new(),
            raw: None,
            cost: Some(Cost::default()),
            continuations: 0,
            degradation: None,
            report,
            headers: response.headers,
            deadlines,
            exchange,
        }
    }

    /// The next events: all that are there, or when there are none, the first that comes. No events after `completed` and
    /// after an error.
    ///
    /// # Errors
    ///
    /// When the response fails, or breaks off before its end. What arrived before that was delivered.
    pub fn next_events(&mut self) -> Result<Vec<StreamEvent>, ProviderError> {
        loop {
            if !self.pending.is_empty() {
                let mut events = std::mem::take(&mut self.pending);
                for event in &mut events {
                    self.deliver(event);
                }
                return Ok(events);
            }
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Undecided(body) => self.decide(body),
                State::Streaming(reader) => self.read_events(reader),
                State::Whole(body, read) => self.read_whole(body, read),
                State::Received(body) => self.conclude(body),
                State::Retrying(retry) => {
                    self.exchange.wait(retry, &self.report);
                    self.send()
                }
                State::Failed(error) => {
                    let error = self.exchange.finished(error);
                    self.report.restarted(&error);
                    self.report.failed(&error);
                    return Err(error);
                }
                State::Completed(body) => {
                    self.read_end(body);
                    return Ok(Vec::new());
                }
                State::Ended => return Ok(Vec::new()),
            }
        }
    }

    /// The body that the next events are read from; none when something else comes first.
    pub fn waits_for(&self) -> Option<&E::Body> {
        match &self.state {
            State::Undecided(body) | State::Whole(body, _) if self.pending.is_empty() => Some(body),
            State::Streaming(reader) if self.pending.is_empty() => Some(&reader.body),
            _ => None,
        }
    }

    /// Reports an event, and puts the last touches to it.
    fn deliver(&mut self, event: &mut StreamEvent) {
        self.report.stream_event(event);
        match event {
            StreamEvent::Restarted(error) => {
                *error = self.exchange.finished(error.clone());
                self.report.restarted(error);
            }
            StreamEvent::Completed(response) => self.succeeded(response),
            _ => {}
        }
    }

    /// Finds out what the body is of an answer that does not say it. Whole answers in place of streams are JSON or HTML.
    fn decide(&mut self, mut body: E::Body) -> State<E::Body> {
        let Deadlines { limits, attempt } = self.deadlines;
        let deadline = attempt.min(self.exchange.edge.now().after(limits.stream_idle));
        let mut read = Vec::new();
        loop {
            match body.read(patience(self.exchange.edge.now(), deadline)) {
                Ok(Some(bytes)) => read.extend_from_slice(&bytes),
                Ok(None) => return State::Whole(body, read),
                Err(error) => {
                    return self
                        .broken(StreamFailure::Transport(error).explain(self.deadlines, deadline));
                }
            }
            let begin = read.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&read);
            match begin.trim_ascii_start() {
                [] if read.len() < MAX_BLANKS => {}
                [b'{' | b'[' | b'"' | b'<', ..] | [] => return State::Whole(body, read),
                [0x1f, 0x8b, ..] => return self.broken(compressed("gzip", "the service")),
                _ => return State::Streaming(EventReader::new(body, read)),
            }
        }
    }

    /// Reads until there is something to take, and takes all that was read.
    fn read_events(&mut self, mut reader: EventReader<E::Body>) -> State<E::Body> {
        let Deadlines { limits, attempt } = self.deadlines;
        let edge = self.exchange.edge.clone();
        // By when the next event must come. It is not looked at as long as events are there.
        let mut deadline = None;
        // Something came since, and it was no event.
        let mut is_eventless = false;
        let failure = loop {
            match reader.take(&mut self.translator, &mut self.pending) {
                Ok(Some(event)) if self.translator.received().is_some() => {
                    let event = self.report.raw(event.data);
                    self.raw = event.and_then(|mut event| Some(event.get_mut("response")?.take()));
                    return State::Received(Some(reader.body));
                }
                Ok(Some(_)) => {
                    deadline = None;
                    is_eventless = false;
                    continue;
                }
                Ok(None) if !self.pending.is_empty() => return State::Streaming(reader),
                Ok(None) => {}
                Err(failure) => break failure,
            }
            // Once for each wait: to ask for the time is a call of the host.
            let now = edge.now();
            let until = *deadline.get_or_insert_with(|| attempt.min(now.after(limits.stream_idle)));
            let is_late = now >= until;
            // Comments alone do not keep a stream alive, however fast they come.
            if is_late && is_eventless && !reader.has_event() {
                break TransportError::TimedOut.into();
            }
            match reader.read(patience(now, until)) {
                Ok(Some(count)) if is_late && !reader.takes_late(count) => {
                    break TransportError::TimedOut.into();
                }
                Ok(Some(_)) => is_eventless = true,
                Ok(None) => break self.translator.ended_early().into(),
                Err(failure) => break failure,
            }
        };
        let deadline = deadline.unwrap_or(attempt);
        self.broken(failure.explain(self.deadlines, deadline))
    }

    fn read_whole(&mut self, mut body: E::Body, read: Vec<u8>) -> State<E::Body> {
        let attempt = self.deadlines.attempt;
        let bytes = read_all(
            &self.exchange.edge,
            &mut body,
            read,
            MAX_RESPONSE_BYTES,
            attempt,
        );
        let applied = match bytes {
            Ok(bytes) => parse(&bytes).and_then(|response| {
                self.raw = self.report.raw(&bytes);
                self.translator.apply_whole(response, &mut self.pending)
            }),
            Err(ReadError::TooLong) => Err(too_long()),
            Err(ReadError::Transport(error)) => {
                Err(StreamFailure::Transport(error).explain(self.deadlines, attempt))
            }
        };
        match applied {
            Ok(()) => State::Received(None),
            Err(error) => self.broken(error),
        }
    }

    /// Lets a response go on that was cut off, and ends one that was not, or that does not go on.
    fn conclude(&mut self, body: Option<E::Body>) -> State<E::Body> {
        // Each has its own price: the tier and the length of the input may differ.
        let cost = self.exchange.cost(self.translator.served(), &self.headers);
        self.cost = self.cost.zip(cost).map(|(sum, cost)| sum.and(cost));
        if let Some(raw) = self.raw.take() {
            self.report.received(raw, &self.exchange.secrets);
        }
        let may_go_on = self.exchange.auto_continue() && self.continuations < MAX_CONTINUATIONS;
        if may_go_on && let Some(said) = self.translator.continuation() {
            self.read_end(body);
            self.continuations += 1;
            let id = self.translator.received().and_then(Response::id);
            self.report
                .continuation(id, self.continuations, MAX_CONTINUATIONS, None);
            self.exchange.go_on(said, &self.report);
            self.translator.go_on(&mut self.pending);
            return self.send();
        }
        if self.translator.is_empty() {
            match self.exchange.raise_limit() {
                Some((limit, raised)) => {
                    self.read_end(body);
                    return self.ask_for_more(limit, raised);
                }
                None => self.degradation = Some(self.used_up()),
            }
        }
        self.finish(body)
    }

    /// Asks again with a higher limit, for an answer that used up the old one before it had anything to show.
    fn ask_for_more(&mut self, limit: u64, raised: u64) -> State<E::Body> {
        self.continuations += 1;
        let id = self.translator.received().and_then(Response::id);
        self.report
            .continuation(id, self.continuations, MAX_CONTINUATIONS, Some(raised));
        if self.translator.has_emitted() {
            self.translator.close_all(&mut self.pending);
            let error = ProviderError::new(
                ErrorKind::Stream,
                format!(
                    "the answer used up its limit of {limit} tokens before it had anything to show; it is asked for again \
                     with {raised}"
                ),
            );
            self.pending.push(StreamEvent::Restarted(error));
        }
        self.translator.replace();
        self.exchange.go_on(Vec::new(), &self.report);
        self.send()
    }

    /// What a response lacks that used up its limit before it had anything to show.
    fn used_up(&self) -> Degradation {
        let limit = match self.exchange.output_limit() {
            Some(limit) => format!("the limit of {limit} tokens"),
            None => "the model's own limit".to_owned(),
        };
        Degradation {
            requested: "an answer".to_owned(),
            actual: "no answer".to_owned(),
            reason: format!(
                "{limit} was used up before there was anything to show; raise `max_tokens`, or lower the reasoning effort"
            ),
            extensions: None,
        }
    }

    /// Sends the request once more: for a response to go on, or to begin again.
    fn send(&mut self) -> State<E::Body> {
        match self.exchange.send(&self.report) {
            Ok(Answer {
                response,
                deadlines,
            }) => {
                self.deadlines = deadlines;
                let is_streaming = self.exchange.is_streaming();
                let state = State::of(response.body, &response.headers, is_streaming);
                self.headers = response.headers;
                state
            }
            Err(error) => self.give_up(error),
        }
    }

    fn finish(&mut self, body: Option<E::Body>) -> State<E::Body> {
        match self.translator.finish(&mut self.pending) {
            Ok(()) => State::Completed(body),
            Err(error) => self.broken(error),
        }
    }

    /// The end of a response that broke off: it begins again, if that may help.
    fn broken(&mut self, mut error: ProviderError) -> State<E::Body> {
        if error.request_id.is_none() {
            error.request_id = self.headers.request_id().map(str::to_owned);
        }
        match self.exchange.retry(error) {
            Ok(retry) => {
                if self.translator.has_emitted() {
                    self.begin_again(&retry.error);
                } else {
                    self.translator.restart();
                }
                State::Retrying(retry)
            }
            Err(error) => self.give_up(error),
        }
    }

    /// Takes back what the caller has seen, the responses before the one that broke off included: they are parts of one.
    fn begin_again(&mut self, error: &ProviderError) {
        self.translator.retract(error.clone(), &mut self.pending);
        if self.continuations > 0 {
            self.exchange.go_on(Vec::new(), &self.report);
        }
        self.continuations = 0;
        self.cost = Some(Cost::default());
    }

    /// The end of a response that does not begin again. If it is one that another goes on in, and the caller has seen
    /// nothing of it, what came before is an answer still.
    fn give_up(&mut self, error: ProviderError) -> State<E::Body> {
        if self.translator.go_back() {
            self.degrade(error);
            return self.finish(None);
        }
        let error = self.translator.with_partial_text(error);
        self.translator.close_all(&mut self.pending);
        State::Failed(error)
    }

    /// Notes why the response does not go on.
    fn degrade(&mut self, error: ProviderError) {
        self.continuations -= 1;
        self.degradation = Some(Degradation {
            requested: "the whole answer".to_owned(),
            actual: "the answer up to its output limit".to_owned(),
            reason: self.exchange.finished(error).message,
            extensions: None,
        });
    }

    /// Adds what the response does not say itself: what it cost, and to its metadata what its headers say. Tells the host.
    fn succeeded(&mut self, response: &mut ChatResponse) {
        if let Some(usage) = &mut response.usage {
            usage.cost_usd = self.cost.map(Cost::written);
        }
        let mut metadata = ObjectWriter::onto(response.metadata.take().unwrap_or_default());
        if let Some(id) = self.headers.request_id() {
            metadata = metadata.member("openai:request_id", id);
        }
        for (key, value) in self.headers.served_by() {
            metadata = metadata.member(key, value);
        }
        if self.continuations > 0 {
            metadata = metadata.member("openai:continuation_count", &self.continuations);
        }
        response.metadata = Some(metadata.finish());
        response.degradation = self.degradation.take();
        self.report
            .succeeded(response, &self.headers, self.continuations);
    }

    /// Reads what comes after the last event, so that the host can use the connection again.
    fn read_end(&self, body: Option<E::Body>) {
        /// The end follows the last event at once, or the connection is not worth waiting for.
        const LINGER: Duration = Duration::from_millis(100);
        let Some(mut body) = body else {
            return;
        };
        let edge = &self.exchange.edge;
        let deadline = edge.now().after(LINGER);
        while let Ok(Some(_)) = body.read(deadline) {
            if edge.now() >= deadline {
                return;
            }
        }
    }
}

impl<B> State<B> {
    /// The answer's own word counts, not what was asked for: some gateways turn streams into whole answers. Where there is
    /// no word, or another one, what was asked for is what it may be.
    fn of(body: B, headers: &Headers, is_streaming: bool) -> Self {
        if headers.is_event_stream() {
            Self::Streaming(EventReader::new(body, Vec::new()))
        } else if is_streaming {
            Self::Undecided(body)
        } else {
            Self::Whole(body, Vec::new())
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Response, ProviderError> {
    Response::parse(bytes).map_err(|error| {
        final_error(format!(
            "the response is no JSON ({error}); check that `azure_endpoint` is the service and not a web page"
        ))
    })
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How many blanks an answer may begin with.
const MAX_BLANKS: usize = 1024;
