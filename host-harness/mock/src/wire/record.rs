//! What clients have sent.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio::sync::watch;

/// A request as the mock received it.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Its method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query, without the question mark.
    pub query: Option<String>,
    /// Its headers. Keys and tokens are marked as sensitive: `Debug` does not print them.
    pub headers: HeaderMap,
    /// The body. The fields of a form are an object, whose secrets `Debug` does not print; a body that is neither a form
    /// nor JSON is a string, and one that is too large is null.
    pub body: Value,
    /// The status of the answer, once there is one.
    pub status: Option<StatusCode>,
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = self.body.clone();
        for name in SECRET_FIELDS {
            if let Some(value) = body.get_mut(name) {
                *value = REDACTED.into();
            }
        }
        f.debug_struct("RecordedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers)
            .field("body", &body)
            .field("status", &self.status)
            .finish()
    }
}

/// All requests, up to [`KEPT`].
pub(crate) struct Records {
    state: Mutex<State>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    forgotten: usize,
    kept: VecDeque<Record>,
}

/// A request that shares its body with whoever answers it.
struct Record {
    head: Parts,
    body: Arc<Value>,
    status: Option<StatusCode>,
}

impl Records {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }

    /// Keeps a request and returns its number.
    pub(crate) fn add(&self, head: &Parts, body: &Arc<Value>) -> usize {
        let mut head = head.clone();
        for name in SECRET_HEADERS {
            if let Some(value) = head.headers.get_mut(name) {
                value.set_sensitive(true);
            }
        }
        let number = {
            let mut state = self.state();
            if state.kept.len() == KEPT {
                state.kept.pop_front();
                state.forgotten += 1;
            }
            state.kept.push_back(Record {
                head,
                body: Arc::clone(body),
                status: None,
            });
            state.forgotten + state.kept.len() - 1
        };
        self.count.send_modify(|count| *count += 1);
        number
    }

    /// Notes how the request with that number was answered.
    pub(crate) fn answered(&self, number: usize, status: StatusCode) {
        let mut state = self.state();
        let index = number.checked_sub(state.forgotten);
        if let Some(record) = index.and_then(|index| state.kept.get_mut(index)) {
            record.status = Some(status);
        }
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        let recorded = |record: &Record| RecordedRequest {
            method: record.head.method.clone(),
            path: record.head.uri.path().to_owned(),
            query: record.head.uri.query().map(str::to_owned),
            headers: record.head.headers.clone(),
            body: Value::clone(&record.body),
            status: record.status,
        };
        self.state().kept.iter().map(recorded).collect()
    }

    pub(crate) async fn wait_for(&self, count: usize) {
        // It fails only when the sender is gone, and the sender is `self`.
        let _ = self
            .count
            .subscribe()
            .wait_for(|arrived| *arrived >= count)
            .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SECRET_HEADERS: [&str; 3] = ["api-key", "authorization", "x-identity-header"];

/// What `Debug` prints in the place of a secret.
const REDACTED: &str = "[REDACTED]";

/// What token requests carry that lets others in.
const SECRET_FIELDS: [&str; 5] = [
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "refresh_token",
];

/// Enough for any test, and a bound for a mock that serves for days.
const KEPT: usize = 4096;
