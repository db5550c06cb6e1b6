//! Where the browser is sent at the end of a sign-in: a small server on this machine.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderName, Method, Request, Response, StatusCode, Uri, header};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use oauth2::CsrfToken;
use provider_host::secret::Secret;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::page::page;
use crate::credentials::answers::ServiceError;

/// Waits for the browser on a port of the system's choice, which only this machine reaches.
pub(super) struct RedirectListener {
    listener: TcpListener,
    port: u16,
}

/// The person or the tenant said no.
#[derive(Debug, thiserror::Error)]
#[error("the sign-in was refused: {0}; try again, or ask the tenant's administrator")]
pub(super) struct Refused(ServiceError);

type Outcome = Result<Secret, Refused>;

impl RedirectListener {
    pub(super) async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Where the browser is to be sent. By name, since the application is registered so.
    pub(super) fn uri(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Waits until a browser brings the code, or the news that there is none, and has been answered.
    pub(super) async fn code(&self, state: &CsrfToken) -> Outcome {
        let state = Arc::new(state.clone());
        // Browsers open connections in advance, so that the first one need not be the one with the request.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(stream, Arc::clone(&state)));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the end of a sign-in cannot be listened for");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(ended) = connections.join_next() => {
                    if let Ok(Some(outcome)) = ended {
                        return outcome;
                    }
                }
            }
        }
    }
}

/// Answers one request, and returns what it said about the sign-in.
async fn connection(stream: TcpStream, state: Arc<CsrfToken>) -> Option<Outcome> {
    let outcome = OnceLock::new();
    let service = service_fn(|request: Request<_>| {
        let (found, response) = answer(request.method(), request.uri(), &state);
        if let Some(found) = found {
            outcome.get_or_init(|| found);
        }
        async { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the browser ended early");
    }
    outcome.into_inner()
}

fn answer(method: &Method, uri: &Uri, expected: &CsrfToken) -> (Option<Outcome>, Response<String>) {
    // A browser asks for its icon, and other programs for what they like.
    if method != Method::GET || uri.path() != "/" {
        let text = "There is nothing here.";
        return (None, response(StatusCode::NOT_FOUND, "Not found", text));
    }
    let query = uri.query().unwrap_or_default();
    let parameter = |wanted: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    };
    let (code, error) = (parameter("code"), parameter("error"));
    if code.is_none() && error.is_none() {
        let text = "This is where a sign-in ends, and the address says nothing about one.";
        return (None, response(StatusCode::BAD_REQUEST, "No sign-in", text));
    }
    if parameter("state").map(CsrfToken::new).as_ref() != Some(expected) {
        // Any page, and any program on this machine, can bring this. The person's own sign-in goes on.
        let text = "This is the end of another sign-in (its state differs). The terminal still waits for its own.";
        return (
            None,
            response(StatusCode::BAD_REQUEST, "Another sign-in", text),
        );
    }
    let outcome = match (error, code) {
        (None, Some(code)) => Ok(Secret::new(code)),
        (error, _) => Err(Refused(ServiceError::of(
            &error.unwrap_or_default(),
            &parameter("error_description").unwrap_or_default(),
            &[],
        ))),
    };
    let response = match &outcome {
        Ok(_) => response(
            StatusCode::OK,
            "Signed in to Azure",
            "You can close this window and go back to the terminal.",
        ),
        Err(error) => response(
            StatusCode::BAD_REQUEST,
            "Not signed in to Azure",
            &format!("In the terminal you will see: {error}."),
        ),
    };
    (Some(outcome), response)
}

fn response(status: StatusCode, title: &str, text: &str) -> Response<String> {
    let mut response = Response::new(page(title, text));
    *response.status_mut() = status;
    for (name, value) in PAGE_HEADERS {
        let value = http::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// The page's address holds the code: it stays out of caches, and nothing on the page can be asked for or told of it.
const PAGE_HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'",
    ),
];

/// How long to wait for file descriptors to come back when the process has run out of them.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
