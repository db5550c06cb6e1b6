//! An outside in which time passes only while somebody waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::super::edge::{Body, Instant, Request, Response, TransportError};
use super::*;
use crate::contract::credentials::{
    AccessToken, CredentialError, CredentialErrorKind, TokenRequest,
};
use crate::contract::events::Subscription;
use crate::contract::shared_state::State;
use crate::core::config::Environment;
use crate::core::headers::Headers;

/// An outside in which time passes only while somebody waits.
#[derive(Clone, Default)]
pub(super) struct FakeEdge(pub(super) Rc<Outside>);

#[derive(Default)]
pub(super) struct Outside {
    pub(super) now: Cell<Duration>,
    /// The body has bytes at every read, also after the deadline.
    pub(super) is_always_ready: Cell<bool>,
    /// The connection breaks where a body ends, once.
    breaks: Cell<bool>,
    /// How often a random number was drawn.
    drawn: Cell<u8>,
    pub(super) events: RefCell<Vec<(String, Value)>>,
    /// What the host listens to; everything without this.
    pub(super) subscription: RefCell<Option<Subscription>>,
    /// How often it was asked what it listens to.
    pub(super) subscriptions: Cell<u32>,
    /// How long the head of an answer takes.
    pub(super) answers_after: Cell<Duration>,
    /// The answers to come, each with its body.
    pub(super) responses: RefCell<VecDeque<(Head, Chunks)>>,
    /// What is left of the body that is being read.
    pub(super) body: RefCell<Chunks>,
    pub(super) sent_bodies: RefCell<Vec<Value>>,
    /// Method and path, and the bytes of the body.
    pub(super) sent: RefCell<Vec<(String, Vec<u8>)>>,
    pub(super) sent_headers: RefCell<Vec<Vec<(String, String)>>>,
    pub(super) token_requests: RefCell<Vec<TokenRequest>>,
    pub(super) credential_error: RefCell<Option<CredentialError>>,
    /// Tokens cannot be renewed.
    pub(super) refuses_renewal: Cell<bool>,
    pub(super) token_takes: Cell<Duration>,
    /// What the instances share.
    pub(super) shared: RefCell<Shared>,
    /// Whom each request was sent to.
    pub(super) asked: RefCell<Vec<String>>,
    /// Who answers, where it matters who is asked.
    pub(super) service: RefCell<Option<Service>>,
}

/// Answers a request to this host, with this body.
pub(super) type Service = Box<dyn FnMut(&str, &Value) -> (Head, Chunks)>;

/// What the instances share.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub(super) text: String,
    version: u64,
    pub(super) busy: Vec<(String, u32)>,
}

/// Status and headers of an answer, or why there is none.
pub(super) type Head = Result<(u16, Headers), TransportError>;

/// Each chunk of a body, and how long it takes to come.
pub(super) type Chunks = VecDeque<(Duration, String)>;

impl FakeEdge {
    pub(super) fn answer(&self, status: u16, content_type: &str) {
        let headers = Headers::new(vec![
            ("content-type".into(), content_type.into()),
            ("apim-request-id".into(), "id-for-support".into()),
        ]);
        self.push(Ok((status, headers)));
    }

    pub(super) fn push(&self, response: Head) {
        let mut responses = self.0.responses.borrow_mut();
        responses.push_back((response, Chunks::new()));
    }

    /// Adds to the body of the last answer.
    pub(super) fn chunk(&self, delay: Duration, bytes: &str) {
        let mut responses = self.0.responses.borrow_mut();
        let (_, body) = responses.back_mut().unwrap();
        body.push_back((delay, bytes.into()));
    }

    /// Lets the connection break where the next body ends.
    pub(super) fn break_off(&self) {
        self.0.breaks.set(true);
    }

    pub(super) fn chunks_left(&self) -> usize {
        self.0.body.borrow().len()
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.0.now.get()
    }

    pub(super) fn events(&self) -> Vec<String> {
        self.0
            .events
            .borrow()
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl Edge for FakeEdge {
    type Body = Self;

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn now(&self) -> Instant {
        Instant(self.0.now.get())
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(NOVEMBER_1994) + self.0.now.get()
    }

    fn sleep(&self, Instant(until): Instant) {
        self.0.now.set(self.0.now.get().max(until));
    }

    /// The greatest number, then lesser ones in the last bytes.
    fn random(&self) -> [u8; 16] {
        let mut random = [0xff; 16];
        random[15] -= self.0.drawn.replace(self.0.drawn.get() + 1);
        random
    }

    fn subscription(&self) -> Subscription {
        self.0.subscriptions.set(self.0.subscriptions.get() + 1);
        self.0
            .subscription
            .borrow()
            .clone()
            .unwrap_or(Subscription::All)
    }

    fn emit(&self, name: &str, payload: &str) {
        let payload = serde_json::from_str(payload).unwrap();
        self.0.events.borrow_mut().push((name.into(), payload));
    }

    fn debug(&self, _: &str) {}

    fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError> {
        let mut requests = self.0.token_requests.borrow_mut();
        requests.push(request.clone());
        self.0.now.set(self.0.now.get() + self.0.token_takes.get());
        if request.force_refresh && self.0.refuses_renewal.get() {
            return Err(CredentialError {
                kind: CredentialErrorKind::Unavailable,
                message: "run `az login`".into(),
                retry_after_ms: None,
            });
        }
        match &*self.0.credential_error.borrow() {
            Some(error) => Err(error.clone()),
            None => Ok(AccessToken {
                token: format!("token-{}", requests.len()),
                expires_on: 0,
            }),
        }
    }

    fn shared_state(&self) -> State {
        let Shared {
            text,
            version,
            busy,
        } = self.0.shared.borrow().clone();
        State {
            text,
            version,
            busy,
        }
    }

    fn share(&self, text: &str, version: u64) -> bool {
        let mut shared = self.0.shared.borrow_mut();
        let is_present = shared.version == version;
        if is_present {
            shared.text = text.into();
            shared.version += 1;
        }
        is_present
    }

    fn work_with(&self, name: &str) {
        self.0.shared.borrow_mut().busy = vec![(name.into(), 1)];
    }

    fn send(
        &self,
        request: &Request<'_>,
        Instant(deadline): Instant,
    ) -> Result<Response<Self>, TransportError> {
        self.0.asked.borrow_mut().push(request.authority.into());
        let headers = request.headers.iter();
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
        self.0.sent_headers.borrow_mut().push(headers.collect());
        let body = request.body.concat();
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(service) = &mut *self.0.service.borrow_mut() {
            let answer = service(request.authority, &json);
            self.0.responses.borrow_mut().push_back(answer);
        }
        self.0.sent_bodies.borrow_mut().push(json);
        let head = format!("{} {}", request.method.name(), request.path);
        self.0.sent.borrow_mut().push((head, body));
        let (response, body) = self.0.responses.borrow_mut().pop_front().unwrap();
        let answered = self.0.now.get() + self.0.answers_after.get();
        self.0.now.set(answered.min(deadline));
        if answered > deadline {
            return Err(TransportError::TimedOut);
        }
        let (status, headers) = response?;
        *self.0.body.borrow_mut() = body;
        Ok(Response {
            status,
            headers,
            body: self.clone(),
        })
    }
}

impl Body for FakeEdge {
    fn read(&mut self, Instant(deadline): Instant) -> Result<Option<Vec<u8>>, TransportError> {
        let Some((delay, chunk)) = self.0.body.borrow_mut().pop_front() else {
            return match self.0.breaks.take() {
                true => Err(TransportError::Broken("reset".into())),
                false => Ok(None),
            };
        };
        let arrival = self.0.now.get() + delay;
        if arrival > deadline && !self.0.is_always_ready.get() {
            self.0.now.set(deadline);
            return Err(TransportError::TimedOut);
        }
        self.0.now.set(arrival);
        Ok(Some(chunk.into_bytes()))
    }
}

/// 06 Nov 1994 08:49:37, when the time of the tests begins.
const NOVEMBER_1994: u64 = 784_111_777;
