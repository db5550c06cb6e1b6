//! What tests of credentials share: surroundings, a credential that does what it is told, and a small server.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::managed_identity::ArcPaths;
use super::surroundings::{REQUEST_TIMEOUT, Surroundings};
use super::transport::Transport;
use super::{AccessToken, Credential, CredentialError};
use crate::environment::Environment;
use crate::secret::Secret;

/// What a machine with these variables, and nothing else, has.
pub(super) fn surroundings<const N: usize>(variables: [(&str, &str); N]) -> Surroundings {
    Surroundings {
        environment: Environment::from_iter(variables),
        transport: Transport::default(),
        clock: Arc::new(SystemTime::now),
        is_interactive: true,
        arc_paths: ArcPaths {
            agent: "/nowhere/himds".into(),
            tokens: "/nowhere/tokens".into(),
        },
        request_timeout: REQUEST_TIMEOUT,
    }
}

/// A token that ends so many seconds after [`epoch`].
pub(super) fn token(name: &str, seconds: u64) -> AccessToken {
    AccessToken {
        token: Secret::new(name),
        expires_on: epoch() + Duration::from_secs(seconds),
        refresh_on: None,
    }
}

/// When the clocks of tests begin.
pub(super) fn epoch() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// A credential that does what it is told.
pub(super) struct Fake {
    name: &'static str,
    script: Mutex<VecDeque<Result<AccessToken, CredentialError>>>,
    calls: watch::Sender<usize>,
    /// One permit for each call that may go on.
    gate: Semaphore,
    time_limit: Duration,
}

impl Fake {
    /// One that is not available.
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            script: Mutex::default(),
            calls: watch::channel(0).0,
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            time_limit: Duration::from_secs(60),
        }
    }

    /// What comes next. After it, the credential is not available.
    pub(super) fn then(self, outcome: Result<AccessToken, CredentialError>) -> Self {
        self.push(outcome);
        self
    }

    pub(super) fn push(&self, outcome: Result<AccessToken, CredentialError>) {
        self.script.lock().unwrap().push_back(outcome);
    }

    /// Calls wait for [`Fake::let_one_go`].
    pub(super) fn gated(mut self) -> Self {
        self.gate = Semaphore::new(0);
        self
    }

    pub(super) fn limited(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    pub(super) fn let_one_go(&self) {
        self.gate.add_permits(1);
    }

    pub(super) fn calls(&self) -> usize {
        *self.calls.borrow()
    }

    /// Waits until it has been called so many times.
    pub(super) async fn called(&self, calls: usize) {
        let mut seen = self.calls.subscribe();
        seen.wait_for(|&seen| seen >= calls).await.unwrap();
    }
}

#[async_trait]
impl Credential for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn get_token(&self, _: &str) -> Result<AccessToken, CredentialError> {
        self.calls.send_modify(|calls| *calls += 1);
        self.gate.acquire().await.unwrap().forget();
        let next = self.script.lock().unwrap().pop_front();
        next.unwrap_or_else(|| Err(CredentialError::unavailable("not here")))
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }
}

/// A server that answers as it is told, the last answer again and again.
pub(super) struct Server {
    pub(super) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

/// A request that came in.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// An answer.
#[derive(Clone)]
pub(super) enum Reply {
    Is {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    Hang,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::Is {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// Entra's answer with a token.
    pub(super) fn token(token: &str) -> Self {
        let body = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token});
        Self::json(200, &body)
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Is { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

impl Server {
    pub(super) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (replies, log) = (Arc::clone(&replies), Arc::clone(&log));
                let service = service_fn(move |request| {
                    answer(request, Arc::clone(&replies), Arc::clone(&log))
                });
                let server = hyper::server::conn::http1::Builder::new();
                connections.spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address of this machine at which nobody listens, for as long as the socket is kept.
pub(super) fn deserted() -> (tokio::net::TcpSocket, String) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    (socket, address)
}

async fn answer(
    request: http::Request<Incoming>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    log.lock().unwrap().push(Seen {
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let next = {
        let mut replies = replies.lock().unwrap();
        match replies.len() {
            1 => replies.front().cloned(),
            _ => replies.pop_front(),
        }
    };
    match next.unwrap() {
        Reply::Is {
            status,
            headers,
            body,
        } => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::from(body)).unwrap())
        }
        Reply::Hang => std::future::pending().await,
    }
}
