//! The two that are compared: the provider in its host, and a bare client that sends and reads the same bytes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use provider_host::contract::types::{ChatRequest, StreamEvent};
use provider_host::events::Subscription;
use provider_host::kernel_json::chat_request;
use provider_host::{Environment, Event, EventSubscriber, Host, Provider};
use provider_host_azure::host_builder;
use reqwest::Client;
use serde_json::{Map, Value, json};

use super::{BenchError, Server};

/// A loaded provider, and a server for it.
pub(super) struct Subject {
    path: PathBuf,
    loaded: Host,
    server: Server,
}

/// A bare client with one request.
#[derive(Clone)]
pub(super) struct Bare {
    client: Client,
    url: String,
    api_key: String,
    body: String,
}

impl Subject {
    pub(super) async fn new(path: &Path, server: &Server) -> Result<Self, BenchError> {
        Ok(Self {
            path: path.to_owned(),
            loaded: host_builder(Environment::default()).load(path).await?,
            server: server.clone(),
        })
    }

    /// The provider, which streams or not.
    pub(super) async fn provider(&self, is_streaming: bool) -> Result<Provider, BenchError> {
        Ok(self.loaded.open(&self.config(is_streaming)).await?)
    }

    /// A bare client that sends what the provider sends for a request.
    pub(super) async fn bare(
        &self,
        request: &ChatRequest,
        is_streaming: bool,
    ) -> Result<Bare, BenchError> {
        let bodies = Arc::new(Bodies::default());
        let mut config = self.config(is_streaming);
        config.insert("debug".to_owned(), json!(true));
        config.insert("raw_debug".to_owned(), json!(true));
        let loaded = host_builder(Environment::default())
            .events(bodies.clone())
            .load(&self.path)
            .await?;
        loaded.open(&config).await?.complete(request).await?;
        let body = bodies.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        Ok(Bare {
            client: client.map_err(failed)?,
            url: format!("{}/openai/v1/responses", self.server.endpoint),
            api_key: self.server.api_key.clone(),
            body: body.clone(),
        })
    }

    fn config(&self, is_streaming: bool) -> Map<String, Value> {
        let config = [
            ("azure_endpoint", json!(self.server.endpoint)),
            ("api_key", json!(self.server.api_key)),
            // The host's own limit would be what is measured.
            ("max_concurrent_requests", json!(0)),
            ("max_retries", json!(0)),
            ("use_streaming", json!(is_streaming)),
        ];
        config
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect()
    }
}

impl Bare {
    /// Sends the request and reads the answer; how many events it has, if it is a stream.
    pub(super) async fn exchange(&self) -> Result<usize, BenchError> {
        let request = self
            .client
            .post(&self.url)
            .header("api-key", &self.api_key)
            .header("content-type", "application/json")
            .body(self.body.clone());
        let mut response = request.send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(BenchError::Bare(format!("status {}", response.status())));
        }
        let (mut events, mut is_line_empty) = (0, false);
        while let Some(bytes) = response.chunk().await.map_err(failed)? {
            for byte in &bytes {
                let is_end = *byte == b'\n';
                events += usize::from(is_end && is_line_empty);
                is_line_empty = is_end;
            }
        }
        Ok(events)
    }
}

/// Reads a stream to its end; when the first delta came.
pub(super) async fn read_stream(
    provider: &Provider,
    request: &ChatRequest,
) -> Result<Option<Instant>, BenchError> {
    let mut stream = provider.stream(request).await?;
    let mut first = None;
    while let Some(event) = stream.next().await? {
        if matches!(event, StreamEvent::BlockDelta(_)) {
            first.get_or_insert_with(Instant::now);
        }
    }
    Ok(first)
}

/// A request whose answer has about as many words: the mock repeats what it is told.
pub(super) fn request(messages: usize, words: usize) -> Result<ChatRequest, BenchError> {
    let mut list = Vec::new();
    for number in 1..messages {
        let role = ["user", "assistant"][(number + 1) % 2];
        list.push(json!({ "role": role, "content": format!("Message {number}: {SENTENCE}") }));
    }
    let prompt = vec!["word"; words].join(" ");
    list.push(json!({ "role": "user", "content": prompt }));
    let request = chat_request::from_value(json!({ "messages": list }));
    request.map_err(|error| BenchError::Bare(error.to_string()))
}

/// The last body that was sent.
#[derive(Default)]
struct Bodies(Mutex<String>);

impl EventSubscriber for Bodies {
    fn event(&self, event: &Event<'_>) {
        let body = event.data()["params"].to_string();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
    }

    fn subscription(&self) -> Subscription {
        Subscription::of(["llm:request:raw"])
    }
}

fn failed(error: impl ToString) -> BenchError {
    BenchError::Bare(error.to_string())
}

/// The provider's own default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What people and models write in a line or two.
const SENTENCE: &str = "the quick brown fox jumps over the lazy dog, and nobody is any the wiser for it, least of all the \
                        dog, which sleeps through most of what happens around it on an afternoon in the summer.";
