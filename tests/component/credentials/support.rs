//! What these tests share: providers whose tokens come from a mock, and what came of their requests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use azure_openai_mock::{
    MOCK_CLIENT_SECRET, MOCK_FEDERATED_TOKEN, MOCK_IDENTITY_HEADER, MockAzure, RecordedRequest,
};
use provider_host::Environment;
use provider_host::contract::types::{ErrorKind, ProviderError};
use provider_host::credentials::{AccessToken, CredentialError, TokenProvider, TokenRequest};
use provider_host_azure::credentials::{AzureCredentials, AzureCredentialsBuilder};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::support::{Events, Setup, ask, azure, component, in_time, provider_error};

/// Variables of an environment.
pub(super) type Variables = Vec<(&'static str, String)>;

pub(super) async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

/// The settings of a provider with the first of the host's credentials that is available.
pub(super) fn chain() -> Value {
    json!({ "use_default_credential": true })
}

/// The same, with any number of requests at once.
pub(super) fn unlimited_chain() -> Value {
    json!({ "use_default_credential": true, "max_concurrent_requests": 0 })
}

/// The settings of a provider with the machine's managed identity.
pub(super) fn managed_identity() -> Value {
    json!({ "use_managed_identity": true })
}

/// An environment with these variables and no other, on a machine without a metadata service unless they name one.
pub(super) fn environment(variables: Variables) -> Environment {
    let nowhere = ("AZURE_POD_IDENTITY_AUTHORITY_HOST", NOWHERE.to_owned());
    [nowhere].into_iter().chain(variables).collect()
}

/// A variable that chooses one credential of the chain.
pub(super) fn only(credential: &str) -> (&'static str, String) {
    ("AZURE_TOKEN_CREDENTIALS", credential.to_owned())
}

/// Opens a provider whose requests go to a mock, in an environment with these variables.
pub(super) async fn open(mock: MockAzure, settings: Value, variables: Variables) -> Setup {
    let config = config(&mock, &settings);
    Setup::with_environment(mock, config, environment(variables)).await
}

/// Opens a provider whose requests go to a mock, and whose tokens come from there.
pub(super) async fn open_with(
    mock: MockAzure,
    settings: Value,
    credentials: Arc<dyn TokenProvider>,
) -> Setup {
    let events = Arc::new(Events::default());
    let host = azure()
        .credentials(credentials)
        .events(Arc::clone(&events) as _)
        .load(&component())
        .await
        .unwrap();
    let provider = host.open(&config(&mock, &settings)).await.unwrap();
    Setup {
        mock,
        provider,
        events,
    }
}

fn config(mock: &MockAzure, settings: &Value) -> Map<String, Value> {
    let mut config = json!({ "azure_endpoint": mock.endpoint(), "max_retries": 0 });
    let config = config.as_object_mut().unwrap();
    config.extend(settings.as_object().unwrap().clone());
    config.clone()
}

impl Setup {
    /// Asks, is answered, and returns the token that the service took.
    pub(super) async fn token_taken(&self) -> String {
        let response = in_time(self.provider.complete(&ask("Hi"))).await.unwrap();
        assert!(!response.content.is_empty());
        let request = self.mock.requests().pop().unwrap();
        assert_eq!(request.status.unwrap(), 200);
        token_of(&request)
    }

    /// Asks, and is told why there is no token: nothing goes to the service then.
    pub(super) async fn refusal(&self) -> ProviderError {
        let before = self.mock.requests().len();
        let error = provider_error(in_time(self.provider.complete(&ask("Hi"))).await);
        assert_eq!(self.mock.requests().len(), before, "{error:?}");
        error
    }

    /// The one request that came for a token.
    pub(super) fn only_token_request(&self) -> RecordedRequest {
        let requests = self.mock.token_requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.into_iter().next().unwrap()
    }
}

/// The token in a request to the service, which never has a key beside it.
pub(super) fn token_of(request: &RecordedRequest) -> String {
    assert!(!request.headers.contains_key("api-key"), "{request:?}");
    let authorization = request.headers["authorization"].to_str().unwrap();
    authorization.strip_prefix("Bearer ").unwrap().to_owned()
}

/// The fields in the query of a request, as they were sent.
pub(super) fn query_of(request: &RecordedRequest) -> Vec<(&str, &str)> {
    let query = request.query.as_deref().unwrap_or_default();
    let fields = query.split('&').filter(|field| !field.is_empty());
    fields.map(|field| field.split_once('=').unwrap()).collect()
}

/// Checks that an error is one that asking again does not mend, and that it says all this.
pub(super) fn assert_final(error: &ProviderError, words: &[&str]) {
    assert_eq!(error.kind, ErrorKind::Authentication, "{error:?}");
    assert!(!error.retryable, "{error:?}");
    assert_eq!(error.retry_after_ms, None, "{error:?}");
    assert_says(error, words);
}

/// Checks that an error is one that passes, and that it says all this.
pub(super) fn assert_passing(error: &ProviderError, words: &[&str]) {
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    assert!(error.retryable, "{error:?}");
    assert_says(error, words);
}

fn assert_says(error: &ProviderError, words: &[&str]) {
    for words in words {
        assert!(error.message.contains(words), "{words}: {}", error.message);
    }
    let shown = format!("{error:?}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

/// A clock that stands still until a test lets time pass.
#[derive(Clone)]
pub(super) struct Clock(Arc<Mutex<SystemTime>>);

impl Clock {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(SystemTime::now())))
    }

    pub(super) fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }

    pub(super) fn pass(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }

    /// Azure's credentials that live by this clock, in an environment with these variables.
    pub(super) fn credentials(&self, variables: Variables) -> Arc<AzureCredentials> {
        Arc::new(self.builder(variables).build())
    }

    /// The same, before they are made.
    pub(super) fn builder(&self, variables: Variables) -> AzureCredentialsBuilder {
        let clock = self.clone();
        AzureCredentials::builder()
            .environment(environment(variables))
            .clock(move || clock.now())
    }
}

/// Azure's credentials, and how often a provider has asked them. Whoever has asked waits for them already: the tests
/// have one thread.
pub(super) struct Counted {
    credentials: AzureCredentials,
    asked: watch::Sender<usize>,
    asked_for_another: watch::Sender<usize>,
}

impl Counted {
    pub(super) fn new(variables: Variables) -> Arc<Self> {
        let builder = AzureCredentials::builder().environment(environment(variables));
        Arc::new(Self {
            credentials: builder.build(),
            asked: watch::Sender::new(0),
            asked_for_another: watch::Sender::new(0),
        })
    }

    /// Waits until so many tokens were asked for.
    pub(super) async fn wait_for(&self, count: usize) {
        wait(&self.asked, count).await;
    }

    /// Waits until so many other tokens were asked for, because the last one was refused.
    pub(super) async fn wait_for_refused(&self, count: usize) {
        wait(&self.asked_for_another, count).await;
    }
}

async fn wait(counter: &watch::Sender<usize>, count: usize) {
    let mut counter = counter.subscribe();
    in_time(counter.wait_for(|asked| *asked >= count))
        .await
        .unwrap();
}

#[async_trait]
impl TokenProvider for Counted {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError> {
        self.asked.send_modify(|count| *count += 1);
        if request.refused.is_some() {
            self.asked_for_another.send_modify(|count| *count += 1);
        }
        self.credentials.token(request).await
    }
}

/// An address where nobody listens: the port has been reserved since 1988, and nothing uses it.
pub(super) const NOWHERE: &str = "http://127.0.0.1:1";

/// What no error may hold.
const SECRETS: [&str; 4] = [
    MOCK_CLIENT_SECRET,
    MOCK_FEDERATED_TOKEN,
    MOCK_IDENTITY_HEADER,
    "canary",
];
