//! Streams that break, are refused, go on in others, and begin anew, as bytes choose.
//!
//! Whatever a service does, a caller gets blocks that are the response, or an error; and the response is what the service
//! said, where that can be known.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use azure_openai_provider::contract::credentials::{
    AccessToken, CredentialError, CredentialErrorKind, TokenRequest,
};
use azure_openai_provider::contract::events::Subscription;
use azure_openai_provider::contract::shared_state::State;
use azure_openai_provider::contract::types::{
    BlockContent, ChatRequest, ChatResponse, Message, MessageContent, Role,
};
use azure_openai_provider::core::config::Environment;
use azure_openai_provider::core::headers::Headers;
use azure_openai_provider::engine::Engine;
use azure_openai_provider::engine::edge::{Body, Edge, Instant, Request, Response, TransportError};
use serde_json::{Value, json};

use super::delivered::Delivered;

/// What was seen of one call.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) requests: usize,
    pub(crate) aborts: usize,
    pub(crate) continuations: usize,
    pub(crate) is_completed: bool,
}

/// Makes one call to a service that does what these bytes choose.
pub(crate) fn restarts(bytes: &[u8]) -> Seen {
    let service = Service::new(bytes);
    let engine = Engine::open(service.clone(), CONFIG).expect("a valid configuration");
    let mut delivered = Delivered::default();
    let mut seen = Seen::default();
    if let Ok(mut stream) = engine.complete_streaming(&request()) {
        while let Ok(events) = stream.next_events()
            && !events.is_empty()
        {
            for event in &events {
                seen.aborts += usize::from(matches!(
                    event,
                    azure_openai_provider::contract::types::StreamEvent::Restarted(_)
                ));
                delivered.event(event);
            }
        }
        assert_eq!(
            stream.next_events(),
            Ok(Vec::new()),
            "nothing comes after the end"
        );
    }
    delivered.is_over();
    let script = service.0.borrow();
    seen.requests = script.requests;
    seen.continuations = script.continuations;
    if let Some(response) = &delivered.response {
        seen.is_completed = true;
        let truths: Option<Vec<&Truth>> = script.said.iter().map(Option::as_ref).collect();
        if let Some(truths) = truths {
            let said = |of: fn(&Truth) -> &[String]| -> String {
                truths.iter().flat_map(|truth| of(truth)).cloned().collect()
            };
            assert_eq!(texts(response), said(|truth| &truth.texts), "the text");
            assert_eq!(calls(response), said(|truth| &truth.calls), "the calls");
        }
    }
    seen
}

fn texts(response: &ChatResponse) -> String {
    let texts = response
        .content
        .iter()
        .filter_map(|block| match &block.content {
            BlockContent::Text(text) | BlockContent::Refusal(text) => Some(text.as_str()),
            _ => None,
        });
    texts.collect()
}

fn calls(response: &ChatResponse) -> String {
    let calls = response.tool_calls.iter();
    calls
        .map(|call| format!("{}{}", call.id, call.arguments))
        .collect()
}

/// What an answer says: its texts and refusals, and its calls.
#[derive(Default)]
struct Truth {
    texts: Vec<String>,
    calls: Vec<String>,
}

/// Choices, made by bytes; when there are no more, the first of each.
struct Choices {
    bytes: VecDeque<u8>,
}

impl Choices {
    fn below(&mut self, end: usize) -> usize {
        let byte = self.bytes.pop_front().map_or(0, usize::from);
        match end {
            0 => 0,
            1..=256 => byte % end,
            _ => (byte << 8 | self.bytes.pop_front().map_or(0, usize::from)) % end,
        }
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) + 1 == count
    }
}

/// A service, and the outside that it is in.
#[derive(Clone)]
struct Service(Rc<RefCell<Script>>);

struct Script {
    choices: Choices,
    now: Duration,
    requests: usize,
    continuations: usize,
    /// What the answers say that the present one goes on with, and it, if it is whole; none where nobody can know.
    said: Vec<Option<Truth>>,
    /// There is an answer, and nothing to ask for any more.
    is_answered: bool,
    /// What each read gives.
    reads: VecDeque<Result<Vec<u8>, TransportError>>,
}

impl Service {
    fn new(bytes: &[u8]) -> Self {
        Self(Rc::new(RefCell::new(Script {
            choices: Choices {
                bytes: bytes.iter().copied().collect(),
            },
            now: Duration::ZERO,
            requests: 0,
            continuations: 0,
            said: Vec::new(),
            is_answered: false,
            reads: VecDeque::new(),
        })))
    }
}

impl Script {
    /// The head of the next answer.
    fn answer(&mut self) -> Result<(u16, &'static str), TransportError> {
        match self.choices.below(16) {
            0..=9 => {
                self.stream();
                let kinds = [
                    "text/event-stream",
                    "",
                    "application/octet-stream",
                    "text/plain",
                ];
                Ok((200, kinds[self.choices.below(5).saturating_sub(1)]))
            }
            10 | 11 => {
                let answer = self.content();
                let text = answer.response(None).to_string();
                self.received(answer, true);
                self.arrive(text.into_bytes());
                Ok((200, ["application/json", ""][self.choices.below(2)]))
            }
            12 => self.refuse(
                429,
                "application/json",
                r#"{"error":{"code":"429","message":"Please retry after 1 second."}}"#,
            ),
            13 => self.refuse(503, "text/plain", "upstream connect error"),
            14 => self.refuse(403, "text/html", "<html>Just a moment...</html>"),
            _ => match self.choices.below(3) {
                0 => Err(TransportError::Broken("reset".to_owned())),
                1 => Err(TransportError::TimedOut),
                _ => self.refuse(
                    400,
                    "application/json",
                    r#"{"error":{"code":"bad","message":"m"}}"#,
                ),
            },
        }
    }

    fn refuse(
        &mut self,
        status: u16,
        content_type: &'static str,
        body: &str,
    ) -> Result<(u16, &'static str), TransportError> {
        self.arrive(body.as_bytes().to_vec());
        Ok((status, content_type))
    }

    fn content(&mut self) -> Content {
        Content::new(self.requests, &mut self.choices)
    }

    /// An answer that arrives bit by bit, and perhaps breaks.
    fn stream(&mut self) {
        let answer = self.content();
        let choices = &mut self.choices;
        let mut events = answer.events(choices);
        let output = Output::choose(choices);
        let last = match answer.incomplete {
            Some(_) => "response.incomplete",
            None => "response.completed",
        };
        events.push(
            json!({ "type": last, "response": answer.response(Some((output, &mut *choices))) }),
        );
        let (mut is_mutated, mut are_in_place) = (false, true);
        while choices.one_in(3) {
            is_mutated = true;
            are_in_place &= mutate(&mut events, choices);
        }
        let mut bytes = Vec::new();
        let mut end = None;
        for event in &events {
            let kind = event["type"].as_str().unwrap_or_default().to_owned();
            let text = match choices.below(24) {
                0 => format!("event: {kind}\r\ndata: {event}\r\n\r\n"),
                1 => format!(": keepalive\n\ndata: {event}\n\n"),
                _ => format!("event: {kind}\ndata: {event}\n\n"),
            };
            bytes.extend_from_slice(text.as_bytes());
            if end.is_none() && kind == last {
                end = Some(bytes.len());
            }
            if kind == "error" {
                break;
            }
        }
        let length = bytes.len();
        let cut = if choices.one_in(3) {
            choices.below(length + 1)
        } else {
            length
        };
        bytes.truncate(cut);
        let is_whole = end.is_some_and(|end| end <= cut);
        let failure = match choices.below(4) {
            0 => Some(TransportError::Broken("reset".to_owned())),
            1 => Some(TransportError::TimedOut),
            _ => None,
        };
        self.arrive(bytes);
        self.reads.extend(failure.map(Err));
        if is_whole {
            // What is said in a wrong place may be something that the last event leaves out.
            let is_known = !is_mutated || (are_in_place && matches!(output, Output::Full));
            self.received(answer, is_known);
        }
    }

    /// All of an answer arrives.
    fn received(&mut self, answer: Content, is_known: bool) {
        self.is_answered = answer.incomplete != Some("max_output_tokens");
        self.said.push(is_known.then(|| answer.truth()));
    }

    /// Bytes arrive in pieces.
    fn arrive(&mut self, bytes: Vec<u8>) {
        let size = [usize::MAX, 1, 7, 100][self.choices.below(4)];
        let pieces = bytes.chunks(size.min(bytes.len().max(1)));
        self.reads = pieces.map(|piece| Ok(piece.to_vec())).collect();
    }
}

/// What an answer says.
struct Content {
    items: Vec<Value>,
    incomplete: Option<&'static str>,
}

/// What of it the last event of its stream has.
#[derive(Clone, Copy)]
enum Output {
    Full,
    /// Some items of it, at most.
    Partial,
    Empty,
    Missing,
}

impl Output {
    fn choose(choices: &mut Choices) -> Self {
        match choices.below(8) {
            0..=4 => Self::Full,
            5 => Self::Partial,
            6 => Self::Empty,
            _ => Self::Missing,
        }
    }
}

impl Content {
    fn new(request: usize, choices: &mut Choices) -> Self {
        let mut items = Vec::new();
        let mut number = 0;
        let mut words = |choices: &mut Choices| {
            number += 1;
            let ends = ["", ".", " and é🦀", "\n\"quoted\" \\ \u{1}", "\u{fffd}"];
            format!("[{request}.{number}]{}", ends[choices.below(ends.len())])
        };
        let has_ids = !choices.one_in(4);
        for _ in 0..choices.below(3) {
            let summary = (0..choices.below(3))
                .map(|_| json!({ "type": "summary_text", "text": words(choices) }));
            items.push(json!({ "type": "reasoning", "encrypted_content": "e", "summary": summary.collect::<Vec<_>>() }));
        }
        for _ in 0..=choices.below(2) {
            let mut parts = vec![json!({ "type": "output_text", "text": words(choices) })];
            if choices.one_in(4) {
                parts.push(json!({ "type": "output_text", "text": words(choices) }));
            }
            if choices.one_in(6) {
                parts.push(json!({ "type": "refusal", "refusal": words(choices) }));
            }
            items.push(json!({ "type": "message", "role": "assistant", "content": parts }));
        }
        let incomplete = match choices.below(4) {
            0 | 1 => None,
            2 => Some("max_output_tokens"),
            _ => Some("content_filter"),
        };
        if incomplete.is_none() {
            for call in 0..choices.below(3) {
                let arguments = json!({ "words": words(choices) }).to_string();
                let id = format!("call_{request}_{call}");
                items.push(json!({ "type": "function_call", "call_id": id, "name": "look", "arguments": arguments }));
            }
        }
        if has_ids {
            for (index, item) in items.iter_mut().enumerate() {
                item["id"] = format!("it_{request}_{index}").into();
            }
        }
        Self { items, incomplete }
    }

    fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        for item in &self.items {
            match item["type"].as_str() {
                Some("message") => {
                    for part in item["content"].as_array().into_iter().flatten() {
                        let said = part["text"].as_str().or(part["refusal"].as_str());
                        truth.texts.push(said.unwrap_or_default().to_owned());
                    }
                }
                Some("function_call") => {
                    let [id, arguments] =
                        ["call_id", "arguments"].map(|key| item[key].as_str().unwrap_or_default());
                    truth.calls.push(format!("{id}{arguments}"));
                }
                _ => {}
            }
        }
        truth
    }

    fn response(&self, output: Option<(Output, &mut Choices)>) -> Value {
        let status = if self.incomplete.is_some() {
            "incomplete"
        } else {
            "completed"
        };
        let mut response = json!({
            "id": "resp",
            "status": status,
            "incomplete_details": self.incomplete.map(|reason| json!({ "reason": reason })),
            "output": self.items,
        });
        match output {
            None | Some((Output::Full, _)) => {}
            Some((Output::Partial, choices)) => {
                if let Some(output) = response["output"].as_array_mut() {
                    output.retain(|_| !choices.one_in(2));
                }
            }
            Some((Output::Empty, _)) => response["output"] = json!([]),
            Some((Output::Missing, _)) => {
                response
                    .as_object_mut()
                    .map(|response| response.remove("output"));
            }
        }
        response
    }

    /// The events of its stream, but for the last.
    fn events(&self, choices: &mut Choices) -> Vec<Value> {
        let created = json!({ "type": "response.created", "response": { "output": [], "status": "in_progress" } });
        let mut events = vec![
            created,
            json!({ "type": "response.in_progress", "response": {} }),
        ];
        let mut waiting: VecDeque<Value> = VecDeque::new();
        for (slot, item) in self.items.iter().enumerate() {
            let of_item = item_events(slot, item, choices);
            if item["type"] == "function_call" && choices.one_in(3) {
                // Beside the next one.
                waiting.extend(of_item);
                continue;
            }
            for event in of_item {
                events.push(event);
                events.extend(waiting.pop_front());
            }
        }
        events.extend(waiting);
        events
    }
}

/// The events of an item, of which a gateway may leave some out.
fn item_events(slot: usize, item: &Value, choices: &mut Choices) -> Vec<Value> {
    let is_done = !choices.one_in(4);
    let are_deltas = !is_done || !choices.one_in(4);
    let has_begin = !choices.one_in(6) || item["type"] == "function_call";
    let mut begun = item.clone();
    let parts = match item["type"].as_str() {
        Some("reasoning") => {
            begun["summary"] = json!([]);
            "summary"
        }
        Some("message") => {
            begun["content"] = json!([]);
            "content"
        }
        _ => {
            begun["arguments"] = json!("");
            ""
        }
    };
    let mut events = Vec::new();
    let mut tell = |mut event: Value| {
        event["output_index"] = slot.into();
        if let Some(id) = item.get("id") {
            event["item_id"] = id.clone();
        }
        events.push(event);
    };
    if has_begin {
        tell(json!({ "type": "response.output_item.added", "item": begun }));
    }
    let of_parts = item
        .get(parts)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let is_call = parts.is_empty();
    let parts = if is_call {
        vec![json!({ "type": "call", "text": item["arguments"] })]
    } else {
        of_parts
    };
    for (number, part) in parts.iter().enumerate() {
        let kind = part["type"].as_str().unwrap_or_default();
        let (family, key) = match kind {
            "summary_text" => ("reasoning_summary_text", "text"),
            "refusal" => ("refusal", "refusal"),
            "call" => ("function_call_arguments", "arguments"),
            _ => ("output_text", "text"),
        };
        let text = part["text"]
            .as_str()
            .or(part["refusal"].as_str())
            .unwrap_or_default();
        match kind {
            "call" => {}
            "summary_text" => tell(
                json!({ "type": "response.reasoning_summary_part.added", "summary_index": number, "part": part }),
            ),
            _ => tell(
                json!({ "type": "response.content_part.added", "content_index": number, "part": { "type": kind } }),
            ),
        }
        if are_deltas {
            for delta in pieces(text, choices) {
                tell(json!({ "type": format!("response.{family}.delta"), "delta": delta }));
            }
        }
        if !choices.one_in(4) {
            tell(json!({ "type": format!("response.{family}.done"), key: text }));
        }
        if !matches!(kind, "call" | "summary_text") && !choices.one_in(4) {
            tell(
                json!({ "type": "response.content_part.done", "content_index": number, "part": part }),
            );
        }
    }
    if is_done {
        tell(json!({ "type": "response.output_item.done", "item": item }));
    }
    events
}

fn pieces(text: &str, choices: &mut Choices) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for character in text.chars() {
        if choices.one_in(5) {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(character);
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Does to a stream what services and gateways do. Whether each event is still about the item that it was about.
fn mutate(events: &mut Vec<Value>, choices: &mut Choices) -> bool {
    let place = choices.below(events.len());
    let event = events[place].clone();
    let what = choices.below(12);
    match what {
        0 => drop(events.remove(place)),
        1 => events.insert(place, event),
        2 if place > 0 => events.swap(place - 1, place),
        3 => {
            events[place]
                .as_object_mut()
                .map(|event| event.remove("output_index"));
        }
        4 => events[place]["output_index"] = event["output_index"].to_string().into(),
        5 => events.insert(
            place,
            json!({ "type": "response.brand_new", "delta": "noise" }),
        ),
        6 => {
            // What came is void, and comes again.
            let again = events.clone();
            events.splice(place.., again);
        }
        7 => events[place]["output_index"] = json!(0),
        8 => events.insert(
            place,
            json!({ "type": "error", "error": { "code": "server_error", "message": "m" } }),
        ),
        9 => events.insert(
            place,
            json!({ "type": "error", "code": "rate_limit_exceeded", "message": "m" }),
        ),
        10 => events.insert(
            place,
            json!({ "type": "response.failed", "response": { "error": null } }),
        ),
        _ => {
            if let Some(delta) = event["delta"].as_str() {
                let half = delta.len() / 2;
                events[place]["delta"] = delta.get(half..).unwrap_or("?").into();
            }
        }
    }
    !matches!(what, 3 | 7)
}

impl Edge for Service {
    type Body = Self;

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn now(&self) -> Instant {
        Instant(self.0.borrow().now)
    }

    fn unix_time(&self) -> Duration {
        self.0.borrow().now
    }

    fn sleep(&self, Instant(until): Instant) {
        self.0.borrow_mut().now = until;
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    fn subscription(&self) -> Subscription {
        Subscription::All
    }

    fn emit(&self, _: &str, _: &str) {}

    fn debug(&self, _: &str) {}

    fn token(&self, _: &TokenRequest) -> Result<AccessToken, CredentialError> {
        Err(CredentialError {
            kind: CredentialErrorKind::Unavailable,
            message: "there are no tokens here".to_owned(),
            retry_after_ms: None,
        })
    }

    /// There is one deployment, so that nobody shares anything.
    fn shared_state(&self) -> State {
        State {
            text: String::new(),
            version: 0,
            busy: Vec::new(),
        }
    }

    fn share(&self, _: &str, _: u64) -> bool {
        false
    }

    fn work_with(&self, _: &str) {}

    fn send(&self, request: &Request<'_>, _: Instant) -> Result<Response<Self>, TransportError> {
        let mut script = self.0.borrow_mut();
        assert!(
            !script.is_answered,
            "an answer that is there is asked for again"
        );
        let body: Value =
            serde_json::from_slice(&request.body.concat()).expect("a request in JSON");
        let input = body["input"].as_array().map_or(0, Vec::len);
        if input > 1 {
            script.continuations += 1;
        } else {
            script.said.clear();
        }
        script.requests += 1;
        let (status, content_type) = script.answer()?;
        let headers = match content_type {
            "" => Vec::new(),
            kind => vec![("content-type".to_owned(), kind.into())],
        };
        Ok(Response {
            status,
            headers: Headers::new(headers),
            body: self.clone(),
        })
    }
}

impl Body for Service {
    fn read(&mut self, _: Instant) -> Result<Option<Vec<u8>>, TransportError> {
        self.0.borrow_mut().reads.pop_front().transpose()
    }
}

fn request() -> ChatRequest {
    let message = Message {
        role: Role::User,
        content: MessageContent::Text("Hi".to_owned()),
        name: None,
        tool_call_id: None,
        metadata: None,
        extensions: None,
    };
    ChatRequest {
        messages: vec![message],
        tools: Vec::new(),
        tool_choice: None,
        response_format: None,
        model: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        reasoning_effort: None,
        conversation_id: None,
        stream: None,
        timeout: None,
        metadata: None,
        extensions: None,
    }
}

const CONFIG: &str = r#"{ "azure_endpoint": "https://r.openai.azure.com", "api_key": "key", "max_retries": 4, "min_retry_delay": 0 }"#;
