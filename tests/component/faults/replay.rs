//! The provider's engine over bytes that are there already: no sandbox, no network and no time, for what is done some ten
//! thousand times.

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
    ChatRequest, Message, MessageContent, ProviderError, Role, StreamEvent,
};
use azure_openai_provider::core::config::Environment;
use azure_openai_provider::core::headers::Headers;
use azure_openai_provider::engine::Engine;
use azure_openai_provider::engine::edge::{Body, Edge, Instant, Request, Response, TransportError};

/// An opened engine, whose next answer is whatever it is given.
pub(crate) struct Replay {
    engine: Engine<Bytes>,
    bytes: Bytes,
    request: ChatRequest,
}

/// How the bytes of an answer end.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// As they should.
    Proper,
    /// The connection breaks.
    Broken,
}

impl Replay {
    pub(crate) fn new() -> Self {
        let bytes = Bytes::default();
        let config = r#"{ "azure_endpoint": "https://r.openai.azure.com", "api_key": "key", "max_retries": 0 }"#;
        Self {
            engine: Engine::open(bytes.clone(), config).unwrap(),
            bytes,
            request: request(),
        }
    }

    /// What a caller sees of a stream that arrives in these pieces, and the error at its end.
    pub(crate) fn play(
        &self,
        pieces: &[&[u8]],
        end: End,
    ) -> (Vec<StreamEvent>, Option<ProviderError>) {
        let mut left: Reads = pieces
            .iter()
            .filter(|piece| !piece.is_empty())
            .map(|piece| Ok(piece.to_vec()))
            .collect();
        if let End::Broken = end {
            left.push_back(Err(TransportError::Broken("reset".to_owned())));
        }
        *self.bytes.0.borrow_mut() = left;
        let mut stream = self.engine.complete_streaming(&self.request).unwrap();
        let mut events = Vec::new();
        loop {
            match stream.next_events() {
                Ok(more) if more.is_empty() => return (events, None),
                Ok(more) => events.extend(more),
                Err(error) => return (events, Some(error)),
            }
        }
    }
}

/// What each read of a body gives.
type Reads = VecDeque<Result<Vec<u8>, TransportError>>;

/// An outside in which the answer is what is in here.
#[derive(Clone, Default)]
struct Bytes(Rc<RefCell<Reads>>);

impl Edge for Bytes {
    type Body = Self;

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn now(&self) -> Instant {
        Instant(Duration::ZERO)
    }

    fn unix_time(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Instant) {}

    fn random(&self) -> [u8; 16] {
        [0; 16]
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

    fn send(&self, _: &Request<'_>, _: Instant) -> Result<Response<Self>, TransportError> {
        Ok(Response {
            status: 200,
            headers: Headers::new(vec![(
                "content-type".to_owned(),
                b"text/event-stream".to_vec(),
            )]),
            body: self.clone(),
        })
    }
}

impl Body for Bytes {
    fn read(&mut self, _: Instant) -> Result<Option<Vec<u8>>, TransportError> {
        self.0.borrow_mut().pop_front().transpose()
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
