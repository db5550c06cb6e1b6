//! What a program that embeds the host is told.

use std::sync::{Arc, Mutex};

use azure_openai_mock::{Fault, MockAzure};
use provider_host::events::Level;
use provider_host::{CallError, Environment, Event, EventSubscriber, Provider};
use serde_json::{Map, Value, json};

use super::{CLIENT_SECRET, HEADER, KEY, MOST_ATTEMPTS, TOKEN, assert_without_canary, repeating};
use crate::support::{ask, component, in_time};

#[tokio::test]
async fn errors_events_and_logs_have_no_secret() {
    let reported = |secret: &str| {
        let error = json!({ "type": "error", "code": secret, "message": format!("no {secret}") });
        Fault::RawStream(format!("event: error\ndata: {error}\n\n").into())
    };
    for is_sealed in [true, false] {
        for secret in [KEY, HEADER] {
            let statuses = [400, 401, 403, 404, 429, 500];
            let mut faults: Vec<(String, Fault)> = statuses
                .into_iter()
                .flat_map(|status| repeating(status, secret))
                .collect();
            faults.push(("a stream".to_owned(), reported(secret)));
            for (name, fault) in faults {
                let name = format!("sealed: {is_sealed}, {name}");
                let scene = Scene::new(is_sealed, json!({ "api_key": KEY })).await;
                for is_streamed in [true, false] {
                    let error = scene.exchange_fails(&fault, is_streamed).await;
                    assert_without_canary(&name, &format!("{error}"));
                    assert_without_canary(&name, &format!("{error:?}"));
                }
                assert_without_canary(&name, &scene.told.take());
            }
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_configuration_is_told_without_it() {
    for is_sealed in [true, false] {
        for config in [
            json!({ "api_key": "canary\ncanary" }),
            json!({ "api_key": ["canary"] }),
            json!({ "azure_ad_token": "canary canary", "timeout": 0 }),
            json!({ "api_key": KEY, "extra_headers": { "x-key": "canary\ncanary" } }),
            json!({ "api_key": KEY, "extra_headers": "x-key: canary" }),
            json!({ "api_key": KEY, "azure_endpoint": "https://canary:canary@h" }),
            json!({ "api_key": KEY, "azure_endpoint": "nonsense?canary" }),
        ] {
            let name = format!("sealed: {is_sealed}, {config}");
            let mock = MockAzure::builder().start().await.unwrap();
            let (told, opened) = open(&mock, is_sealed, config).await;
            let Err(error) = opened else {
                panic!("{name}: it was opened");
            };
            assert_without_canary(&name, &format!("{error}"));
            assert_without_canary(&name, &format!("{error:?}"));
            assert_without_canary(&name, &told.take());
        }
    }
}

#[tokio::test]
async fn a_provider_describes_itself_without_secrets() {
    for is_sealed in [true, false] {
        let scene = Scene::new(is_sealed, json!({ "api_key": KEY, "apikey": KEY })).await;
        let description = scene.provider.describe().await.unwrap();
        assert!(description.contains("unknown setting `apikey`"));
        assert_without_canary("describe", &description);
        let models = scene.provider.models().await.unwrap();
        assert_without_canary("models", &format!("{models:?}"));
        let response = scene.provider.complete(&ask("Hi")).await.unwrap();
        assert_without_canary("response", &format!("{response:?}"));
        assert_without_canary("events", &scene.told.take());
    }
}

#[test]
fn an_environment_does_not_show_its_values() {
    let debug = format!("{:?}", environment());
    assert_without_canary("Environment", &debug);
    assert!(debug.contains("AZURE_CLIENT_SECRET"), "{debug}");
}

/// A provider with secrets from everywhere, its service, and what its host is told.
struct Scene {
    mock: MockAzure,
    provider: Provider,
    told: Arc<Told>,
}

impl Scene {
    async fn new(is_sealed: bool, config: Value) -> Self {
        let mock = MockAzure::builder().api_key(KEY).start().await.unwrap();
        let (told, provider) = open(&mock, is_sealed, config).await;
        Self {
            mock,
            provider: provider.unwrap(),
            told,
        }
    }

    /// The error of an exchange with this fault, whole or as it arrives.
    async fn exchange_fails(&self, fault: &Fault, is_streamed: bool) -> CallError {
        let before = self.mock.requests().len();
        for _ in 0..MOST_ATTEMPTS {
            self.mock.push_fault(fault.clone());
        }
        let request = ask("Hi");
        let error = match is_streamed {
            false => in_time(self.provider.complete(&request)).await.unwrap_err(),
            true => match in_time(self.provider.stream(&request)).await {
                Err(error) => error,
                Ok(mut stream) => loop {
                    match in_time(stream.next()).await {
                        Ok(Some(_)) => {}
                        Ok(None) => panic!("it succeeded"),
                        Err(error) => break error,
                    }
                },
            },
        };
        assert!(self.mock.requests().len() > before);
        error
    }
}

/// Opens the real component with these settings beside the endpoint and a header.
async fn open(
    mock: &MockAzure,
    is_sealed: bool,
    settings: Value,
) -> (Arc<Told>, Result<Provider, CallError>) {
    let mut config: Map<String, Value> = serde_json::from_value(json!({
        "azure_endpoint": mock.endpoint(),
        "extra_headers": { "x-gateway-key": HEADER },
        "max_retries": 1,
        "min_retry_delay": 0,
        "debug": true,
        "raw_debug": true,
    }))
    .unwrap();
    config.extend(settings.as_object().unwrap().clone());
    let told = Arc::new(Told::default());
    let host = provider_host_azure::host_builder(environment())
        .events(told.clone())
        .sealed_secrets(is_sealed)
        .load(&component())
        .await
        .unwrap();
    (told, host.open(&config).await)
}

fn environment() -> Environment {
    Environment::from_iter([
        ("AZURE_OPENAI_AD_TOKEN", TOKEN),
        ("AZURE_CLIENT_SECRET", CLIENT_SECRET),
    ])
}

/// Events and log lines, as text.
#[derive(Default)]
struct Told(Mutex<String>);

impl Told {
    fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn add(&self, line: &str) {
        let mut told = self.0.lock().unwrap();
        told.push_str(line);
        told.push('\n');
    }
}

impl EventSubscriber for Told {
    fn event(&self, event: &Event<'_>) {
        self.add(&format!("{} {}", event.name, event.payload));
    }

    fn log(&self, level: Level, message: &str) {
        self.add(&format!("{level:?} {message}"));
    }
}
