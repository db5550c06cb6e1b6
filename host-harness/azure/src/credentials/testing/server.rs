//! A server that answers as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};

/// A server that answers as it is told, the last answer again and again.
pub(in crate::credentials) struct Server {
    pub(in crate::credentials) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

/// A request that came in.
#[derive(Clone)]
pub(in crate::credentials) struct Seen {
    pub(in crate::credentials) method: Method,
    pub(in crate::credentials) target: String,
    pub(in crate::credentials) headers: HeaderMap,
    pub(in crate::credentials) body: String,
}

impl Seen {
    /// The fields of the form that it holds.
    pub(in crate::credentials) fn form(&self) -> BTreeMap<String, String> {
        let fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields.into_owned().collect()
    }
}

/// An answer.
#[derive(Clone)]
pub(in crate::credentials) enum Reply {
    Is {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    Hang,
}

impl Reply {
    pub(in crate::credentials) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub(in crate::credentials) fn text(status: u16, body: &str) -> Self {
        Self::Is {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// Entra's answer with a token.
    pub(in crate::credentials) fn token(token: &str) -> Self {
        let body = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token});
        Self::json(200, &body)
    }

    pub(in crate::credentials) fn header(
        mut self,
        name: &'static str,
        value: impl Into<String>,
    ) -> Self {
        if let Self::Is { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

impl Server {
    pub(in crate::credentials) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
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

    pub(in crate::credentials) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address of this machine at which nobody listens, for as long as the socket is kept.
pub(in crate::credentials) fn deserted() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
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
        method: parts.method,
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
