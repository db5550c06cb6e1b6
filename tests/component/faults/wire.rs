//! A service of which the test writes every byte, at the time that it chooses.

use provider_host::contract::types::{ProviderError, StreamEvent};
use provider_host::{CallError, HostBuilder, Provider};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::replay::End;
use crate::support::{ask, component, in_time};

/// A service of which the test writes every byte. Each request has a connection of its own.
pub(crate) struct Wire(TcpListener);

/// A request that has arrived, and waits for its answer. Dropping it ends the connection.
pub(crate) struct Waiting(TcpStream);

impl Wire {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// A provider that asks this service.
    pub(crate) async fn provider(&self, host: HostBuilder, settings: Value) -> Provider {
        let endpoint = format!("http://{}", self.0.local_addr().unwrap());
        let mut config = json!({ "azure_endpoint": endpoint, "api_key": "key" });
        let settings = settings.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(settings);
        let host = host.load(&component()).await.unwrap();
        host.open(config.as_object().unwrap()).await.unwrap()
    }

    /// The next request, when all of it is there.
    pub(crate) async fn request(&self) -> Waiting {
        let (mut stream, _) = in_time(self.0.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = Vec::new();
        loop {
            assert_ne!(
                stream.read_buf(&mut request).await.unwrap(),
                0,
                "half a request"
            );
            let text = String::from_utf8_lossy(&request);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")
                    .map(str::to_owned)
            });
            if body.len() >= length.unwrap().parse().unwrap() {
                return Waiting(stream);
            }
        }
    }
}

impl Waiting {
    /// Sends the head of a stream of events.
    pub(crate) async fn begin_stream(&mut self) {
        self.begin("content-type: text/event-stream\r\n").await;
    }

    /// Sends a head with these headers, a line each.
    pub(crate) async fn begin(&mut self, headers: &str) {
        let head = format!(
            "HTTP/1.1 200 OK\r\n{headers}transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        );
        self.write(head.as_bytes()).await;
    }

    /// Sends a piece of the body, which arrives as one.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.write(&chunk).await;
    }

    /// Ends the body as it should.
    pub(crate) async fn end(mut self) {
        self.write(b"0\r\n\r\n").await;
    }

    /// Ends the connection without a goodbye.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }

    /// Waits until the client has ended the connection.
    pub(crate) async fn closed(&mut self) {
        let mut byte = [0];
        while !matches!(self.0.read(&mut byte).await, Ok(0) | Err(_)) {}
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }
}

/// What a caller sees of a stream that arrives in these pieces, and the error at its end.
pub(crate) async fn told(
    provider: &Provider,
    wire: &Wire,
    pieces: &[&[u8]],
    end: End,
) -> (Vec<StreamEvent>, Option<ProviderError>) {
    told_of(
        provider,
        wire,
        "content-type: text/event-stream\r\n",
        pieces,
        end,
    )
    .await
}

/// The same of an answer with these headers.
pub(crate) async fn told_of(
    provider: &Provider,
    wire: &Wire,
    headers: &str,
    pieces: &[&[u8]],
    end: End,
) -> (Vec<StreamEvent>, Option<ProviderError>) {
    let service = async {
        let mut waiting = wire.request().await;
        waiting.begin(headers).await;
        for piece in pieces {
            waiting.send(piece).await;
        }
        match end {
            End::Proper => waiting.end().await,
            End::Broken => drop(waiting),
        }
    };
    let caller = async {
        let request = ask("Hi");
        let mut events = Vec::new();
        let mut stream = match provider.stream(&request).await {
            Ok(stream) => stream,
            Err(error) => return (events, Some(error)),
        };
        loop {
            match in_time(stream.next()).await {
                Ok(Some(event)) => events.push(event),
                Ok(None) => return (events, None),
                Err(error) => return (events, Some(error)),
            }
        }
    };
    let ((), (events, error)) = tokio::join!(service, caller);
    let error = error.map(|error| match error {
        CallError::Provider(error) => *error,
        error => panic!("the provider says nothing: {error:?}"),
    });
    (events, error)
}
