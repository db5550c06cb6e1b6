//! What the tests share: where the builds are, a provider against a mock, and what it said.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use azure_openai_mock::MockAzure;
use provider_host::contract::types::{
    BlockKind, ChatRequest, ChatResponse, ProviderError, StreamEvent,
};
use provider_host::kernel_json::chat_request;
use provider_host::{
    CallError, Environment, Event, EventSubscriber, HostBuilder, Provider, ResponseStream,
};
use serde_json::{Map, Value, json};

/// The component.
pub(crate) fn component() -> PathBuf {
    built("azure_openai_provider.wasm", "src")
}

/// A host for Azure's providers, whose environment is empty.
pub(crate) fn azure() -> HostBuilder {
    provider_host_azure::host_builder(Environment::default())
}

/// The component that is after its host's secrets, and does what its requests tell it.
pub(crate) fn hostile_component() -> PathBuf {
    built("hostile_provider.wasm", "tests/fixtures/hostile-provider")
}

/// The provider of another make.
pub(crate) fn acme_component() -> PathBuf {
    built("acme_provider.wasm", "tests/fixtures/acme-provider")
}

/// Fails when something takes far longer than it should, so that nothing hangs.
pub(crate) async fn in_time<T>(something: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, something)
        .await
        .expect("this takes too long")
}

/// Waits until something is so, and fails when it is not in time.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    in_time(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// The host's command line.
pub(crate) fn host_harness() -> PathBuf {
    program("host-harness")
}

/// A program of the workspace.
pub(crate) fn program(name: &str) -> PathBuf {
    let program = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = target().join("release").join(program);
    assert!(
        program.exists(),
        "{} is missing; run `cargo xtask test`",
        program.display()
    );
    program
}

/// An example of the host's, which `cargo test` builds with everything else.
pub(crate) fn example(name: &str) -> PathBuf {
    let program = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = target().join("release/examples").join(program);
    assert!(
        program.exists(),
        "{} is missing; run `cargo xtask test`",
        program.display()
    );
    program
}

/// A provider against a mock, and what it told the host.
pub(crate) struct Setup {
    pub(crate) mock: MockAzure,
    pub(crate) provider: Provider,
    pub(crate) events: Arc<Events>,
}

impl Setup {
    /// A provider that is configured for a mock.
    pub(crate) async fn new() -> Self {
        Self::with(MockAzure::builder().start().await.unwrap(), json!({})).await
    }

    /// The same, with this mock and these settings beside the endpoint and the key.
    pub(crate) async fn with(mock: MockAzure, settings: Value) -> Self {
        let mut config = config(&mock);
        config.extend(settings.as_object().unwrap().clone());
        Self::with_environment(mock, config, Environment::default()).await
    }

    /// The same, with exactly this configuration and this environment.
    pub(crate) async fn with_environment(
        mock: MockAzure,
        config: Map<String, Value>,
        environment: Environment,
    ) -> Self {
        let events = Arc::new(Events::default());
        let provider = open(&config, environment, Arc::clone(&events))
            .await
            .unwrap();
        Self {
            mock,
            provider,
            events,
        }
    }

    /// What the component sent last.
    pub(crate) fn last_body(&self) -> Value {
        self.mock.requests().last().unwrap().body.clone()
    }
}

/// The settings that lead to a mock. What goes wrong is told at once.
pub(crate) fn config(mock: &MockAzure) -> Map<String, Value> {
    let config = json!({
        "azure_endpoint": mock.endpoint(),
        "api_key": mock.api_key(),
        "max_retries": 0,
    });
    config.as_object().unwrap().clone()
}

/// Opens the component with a configuration.
pub(crate) async fn open(
    config: &Map<String, Value>,
    environment: Environment,
    events: Arc<Events>,
) -> Result<Provider, CallError> {
    let host = provider_host_azure::host_builder(environment)
        .events(events)
        .load(&component())
        .await
        .unwrap();
    host.open(config).await
}

/// The provider's error in a failed call.
pub(crate) fn provider_error<T>(result: Result<T, CallError>) -> ProviderError {
    match result {
        Err(CallError::Provider(error)) => *error,
        Err(error) => panic!("the component failed: {error:?}"),
        Ok(_) => panic!("the call succeeded"),
    }
}

/// A request in the kernel's JSON form.
pub(crate) fn request(document: Value) -> ChatRequest {
    chat_request::from_value(document).unwrap()
}

/// A request with one message of the user.
pub(crate) fn ask(prompt: &str) -> ChatRequest {
    request(json!({ "messages": [{ "role": "user", "content": prompt }] }))
}

/// Reads a stream to its end.
pub(crate) async fn read(stream: ResponseStream) -> Read {
    let mut read = Read::default();
    read.error = read
        .go_on(stream)
        .await
        .err()
        .map(|error| provider_error::<()>(Err(error)));
    read
}

/// What came out of a stream.
#[derive(Default)]
pub(crate) struct Read {
    /// The kind of each block and all of its text, in the order of their beginnings.
    pub(crate) blocks: Vec<(BlockKind, String)>,
    /// How many deltas came.
    pub(crate) deltas: usize,
    pub(crate) response: Option<ChatResponse>,
    pub(crate) error: Option<ProviderError>,
    open: Vec<(u32, usize)>,
}

impl Read {
    async fn go_on(&mut self, mut stream: ResponseStream) -> Result<(), CallError> {
        while let Some(event) = in_time(stream.next()).await? {
            assert!(
                self.response.is_none(),
                "an event after the last one: {event:?}"
            );
            match event {
                StreamEvent::BlockStart(start) => {
                    self.open.push((start.index, self.blocks.len()));
                    self.blocks.push((start.block, String::new()));
                }
                StreamEvent::BlockDelta(delta) => {
                    assert!(!delta.text.is_empty(), "an empty delta");
                    self.deltas += 1;
                    let (_, block) = self
                        .open
                        .iter()
                        .find(|(index, _)| *index == delta.index)
                        .unwrap();
                    self.blocks[*block].1 += &delta.text;
                }
                StreamEvent::BlockEnd(index) => {
                    let position = self
                        .open
                        .iter()
                        .position(|(open, _)| *open == index)
                        .unwrap();
                    self.open.remove(position);
                }
                StreamEvent::Restarted(error) => panic!("restarted: {error:?}"),
                StreamEvent::Completed(response) => self.response = Some(response),
            }
        }
        assert!(
            self.open.is_empty(),
            "blocks without an end: {:?}",
            self.open
        );
        assert!(stream.next().await?.is_none(), "an event after the end");
        Ok(())
    }
}

/// What a provider told the host.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<(String, Value)>>);

impl Events {
    /// The payloads of one event, in order.
    pub(crate) fn of(&self, name: &str) -> Vec<Value> {
        let events = self.0.lock().unwrap();
        let of_name = events.iter().filter(|(candidate, _)| candidate == name);
        of_name.map(|(_, data)| data.clone()).collect()
    }

    /// The parameters that were told not to be sent, in order.
    pub(crate) fn dropped_parameters(&self) -> Vec<Value> {
        let dropped = self.of("provider:parameter_dropped").into_iter();
        dropped.map(|mut event| event["parameter"].take()).collect()
    }

    /// All events, in order: their names and payloads.
    pub(crate) fn all(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().clone()
    }

    /// The names of all events, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl EventSubscriber for Events {
    fn event(&self, event: &Event<'_>) {
        // The host's own, and always the same: `pool` looks at it.
        if event.name == "provider:concurrency" {
            return;
        }
        let named = (event.name.to_owned(), event.data());
        self.0.lock().unwrap().push(named);
    }
}

/// The path and query of the one request that came.
pub(crate) fn path_of_only_request(mock: &MockAzure) -> String {
    let requests = mock.requests();
    assert_eq!(requests.len(), 1);
    match &requests[0].query {
        Some(query) => format!("{}?{query}", requests[0].path),
        None => requests[0].path.clone(),
    }
}

/// A component that `cargo xtask test` has built. Fails when it is older than its sources, so that a plain `cargo test`
/// never tests something else than what is in the editor.
fn built(file_name: &str, source: &str) -> PathBuf {
    let component = target().join("component").join(file_name);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources =
        [source, "wit", "Cargo.toml", "Cargo.lock"].map(|source| newest(&root.join(source)));
    let built = component
        .metadata()
        .and_then(|metadata| metadata.modified());
    match built {
        Ok(built) if sources.iter().all(|source| *source <= built) => component,
        _ => panic!(
            "{} is missing or stale; run `cargo xtask test`",
            component.display()
        ),
    }
}

/// The target folder, seen from the test program in `target/release/deps`.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}

/// When a file, or the newest file in a folder, was written.
fn newest(path: &Path) -> SystemTime {
    match path.is_dir() {
        true => {
            let entries = path.read_dir().unwrap();
            entries
                .map(|entry| newest(&entry.unwrap().path()))
                .max()
                .unwrap()
        }
        false => path.metadata().unwrap().modified().unwrap(),
    }
}
