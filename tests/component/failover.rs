//! Several endpoints: a service that is used up or down, and another one that answers for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use azure_openai_mock::{Fault, MockAzure, Script};
use http::StatusCode;
use provider_host::contract::types::{BlockContent, ErrorKind};
use provider_host::{Environment, Provider};
use provider_host_azure::config_file;
use serde_json::{Value, json};

use crate::support::{Events, ask, azure, component, in_time, provider_error, read};

#[tokio::test]
async fn a_minute_without_the_first_endpoint_loses_no_call_and_pays_for_none_twice() {
    let pair = Pair::new(json!({})).await;
    pair.first.play(always(used_up("60")));
    for number in 0..20 {
        let prompt = format!("call {number}");
        let response = match number % 2 {
            0 => pair.provider.complete(&ask(&prompt)).await.unwrap(),
            _ => {
                let stream = pair.provider.stream(&ask(&prompt)).await.unwrap();
                read(stream).await.response.unwrap()
            }
        };
        let metadata: Value = serde_json::from_str(&response.metadata.unwrap()).unwrap();
        assert_eq!(metadata["azure:deployment"], "deployment-b");
        let endpoint = pair.second.endpoint();
        assert_eq!(metadata["azure:endpoint"], endpoint["http://".len()..]);
    }
    // It was asked once, and said for how long it is used up.
    assert_eq!(pair.first.requests().len(), 1);
    let answered = pair.second.requests();
    assert_eq!(answered.len(), 20);
    let prompts = answered.iter().map(|request| &request.body["input"]);
    let mut prompts: Vec<String> = prompts.map(Value::to_string).collect();
    prompts.dedup();
    assert_eq!(prompts.len(), 20, "each once");
    let failovers = pair.events.of("provider:failover");
    assert_eq!(failovers.len(), 20);
    let asked = |event: &&Value| !event["error_message"].is_null();
    assert_eq!(failovers.iter().filter(asked).count(), 1);
    assert_eq!(failovers[0]["reason"], "rate-limit");
}

#[tokio::test]
async fn two_hundred_calls_at_once_are_answered_and_the_dead_one_is_left_alone() {
    // What happens, and after how many seconds it may be tried again.
    for (outage, rest) in [(used_up("600"), 600), (down(), 600), (unreachable(), 5)] {
        let pair = Pair::new(json!({ "max_concurrent_requests": 0 })).await;
        pair.first.play(always(outage));
        pair.provider.complete(&ask("first")).await.unwrap();
        let begun = Instant::now();
        pair.all_at_once(200).await;
        let trials = begun.elapsed().as_secs() / rest;
        let asked = pair.first.requests().len() as u64;
        assert!((1..=1 + trials).contains(&asked), "{asked} times");
        assert_eq!(pair.second.requests().len(), 201);
    }
}

#[tokio::test]
async fn after_its_rest_one_call_of_two_hundred_tries_it() {
    let settings = json!({ "max_concurrent_requests": 0, "failover_after": 0, "timeout": 20 });
    let pair = Pair::new(settings).await;
    // A rest that is over when the next call comes; then it never answers.
    pair.first.push_fault(used_up("0.001"));
    pair.first.play(always(Fault::NeverAnswer));
    pair.provider.complete(&ask("first")).await.unwrap();
    in_time(tokio::time::sleep(Duration::from_millis(5))).await;
    let trying = tokio::spawn({
        let provider = pair.provider.clone();
        async move { provider.complete(&ask("tries it")).await }
    });
    pair.first.wait_for_requests(2).await;
    pair.all_at_once(200).await;
    assert_eq!(pair.first.requests().len(), 2);
    assert_eq!(pair.second.requests().len(), 201);
    // The one that tries is not lost either.
    in_time(trying).await.unwrap().unwrap();
    assert_eq!(pair.second.requests().len(), 202);
}

#[tokio::test]
async fn when_it_is_well_again_all_calls_come_back() {
    let pair = Pair::new(json!({ "failover_after": 0 })).await;
    pair.first.push_fault(used_up("0.001"));
    pair.provider.complete(&ask("first")).await.unwrap();
    in_time(tokio::time::sleep(Duration::from_millis(5))).await;
    for _ in 0..3 {
        pair.provider.complete(&ask("again")).await.unwrap();
    }
    assert_eq!(pair.first.requests().len(), 4);
    assert_eq!(pair.second.requests().len(), 1);
}

#[tokio::test]
async fn what_nobody_can_answer_says_who_was_asked_and_who_rests() {
    let pair = Pair::new(json!({})).await;
    pair.first.play(always(used_up("600")));
    pair.second.play(always(used_up("900")));
    let error = provider_error(pair.provider.complete(&ask("first")).await);
    assert_eq!((error.kind, error.retryable), (ErrorKind::RateLimit, true));
    // Nobody is asked now.
    let error = provider_error(pair.provider.complete(&ask("second")).await);
    assert_eq!(error.kind, ErrorKind::RateLimit);
    let wait = error.retry_after_ms.unwrap();
    assert!((590_000..=600_000).contains(&wait), "{wait}");
    for name in ["deployment-a", "deployment-b"] {
        assert!(error.message.contains(name), "{}", error.message);
    }
    assert_eq!(
        pair.first.requests().len() + pair.second.requests().len(),
        2
    );
}

#[tokio::test]
async fn each_endpoint_gets_its_own_key_whoever_answers() {
    let pair = Pair::new(json!({ "extra_headers": { "x-gateway": "of-the-first" } })).await;
    pair.first.push_fault(used_up("60"));
    pair.provider.complete(&ask("Hi")).await.unwrap();
    for (mock, own, others) in [
        (
            &pair.first,
            [FIRST_KEY, "of-the-first"],
            [SECOND_KEY, "of-the-second"],
        ),
        (
            &pair.second,
            [SECOND_KEY, "of-the-second"],
            [FIRST_KEY, "of-the-first"],
        ),
    ] {
        let requests = mock.requests();
        assert_eq!(requests.len(), 1);
        let seen = format!("{:?}", values(&requests[0].headers));
        for value in own {
            assert!(seen.contains(value), "{value}: {seen}");
        }
        for value in others {
            assert!(!seen.contains(value), "{value}: {seen}");
        }
    }
    let shown = format!(
        "{:?} {}",
        pair.events.all(),
        pair.provider.describe().await.unwrap()
    );
    for secret in [FIRST_KEY, SECOND_KEY, "of-the-first", "of-the-second"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn files_of_every_form_have_fallbacks() {
    let toml = r#"
        [[providers]]
        module = "provider-azure-openai"
        [providers.config]
        azure_endpoint = "${FIRST}"
        api_key = "FIRST_KEY"
        [providers.config.deployment_mapping]
        "gpt-4.1" = ["deployment-a"]
        [[providers.config.fallbacks]]
        azure_endpoint = "${SECOND}"
        api_key = "${SECOND_KEY}"
        deployment_mapping = { "gpt-4.1" = "deployment-b" }
        [[providers.config.fallbacks]]
        azure_endpoint = "https://third.openai.azure.com"
        use_default_credential = "true"
    "#;
    let yaml = r#"
providers:
  - module: provider-azure-openai
    config:
      azure_endpoint: ${FIRST}
      api_key: FIRST_KEY
      deployment_mapping: { gpt-4.1: [deployment-a] }
      fallbacks:
        - azure_endpoint: ${SECOND}
          api_key: ${SECOND_KEY}
          deployment_mapping:
            gpt-4.1:
              - deployment-b
"#;
    let settings = format!("config:\n{}", yaml.replace('\n', "\n  "));
    let json = json!({ "provider": { "config": {
        "azure_endpoint": "${FIRST}",
        "api_key": "FIRST_KEY",
        "deployment_mapping": { "gpt-4.1": "deployment-a" },
        "fallbacks": [{
            "azure_endpoint": "${SECOND}", "api_key": "${SECOND_KEY}", "deployment_mapping": { "gpt-4.1": ["deployment-b"] },
        }],
    } } });
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("config.toml", toml.to_owned()),
        ("config.yaml", yaml.to_owned()),
        ("settings.yaml", settings),
        ("config.json", json.to_string()),
    ] {
        let (first, second) = mocks().await;
        first.push_fault(used_up("60"));
        let path = folder.path().join(name);
        std::fs::write(&path, text.replace("FIRST_KEY", FIRST_KEY)).unwrap();
        let variable = |name: &str| match name {
            "FIRST" => Some(first.endpoint()),
            "SECOND" => Some(second.endpoint()),
            "SECOND_KEY" => Some(SECOND_KEY.to_owned()),
            _ => None,
        };
        let file = config_file::load(&path, None, &variable).unwrap();
        assert_eq!(file.warnings, [""; 0], "{name}");
        let host = azure().load(&component()).await.unwrap();
        let provider = host.open(&file.settings).await.unwrap();
        let mut request = ask("Hi");
        request.model = Some("gpt-4.1".to_owned());
        let response = in_time(provider.complete(&request)).await.unwrap();
        assert!(matches!(response.content[0].content, BlockContent::Text(_)));
        let counts = (first.requests().len(), second.requests().len());
        assert_eq!(counts, (1, 1), "{name}");
    }
}

/// A provider with two endpoints, and what it said.
struct Pair {
    first: MockAzure,
    second: MockAzure,
    provider: Provider,
    events: Arc<Events>,
}

impl Pair {
    async fn new(settings: Value) -> Self {
        let (first, second) = mocks().await;
        let mut config = json!({
            "azure_endpoint": first.endpoint(),
            "api_key": FIRST_KEY,
            "default_model": "gpt-4.1",
            "deployment_mapping": { "gpt-4.1": "deployment-a" },
            "failover_after": 0,
            "fallbacks": [{
                "azure_endpoint": second.endpoint(),
                "api_key": SECOND_KEY,
                "deployment_mapping": { "gpt-4.1": "deployment-b" },
                "extra_headers": { "x-region": "of-the-second" },
            }],
        });
        for (key, value) in settings.as_object().unwrap() {
            config[key] = value.clone();
        }
        let events = Arc::new(Events::default());
        let host = provider_host_azure::host_builder(Environment::default())
            .events(events.clone())
            .load(&component())
            .await
            .unwrap();
        let provider = host.open(config.as_object().unwrap()).await.unwrap();
        Self {
            first,
            second,
            provider,
            events,
        }
    }

    /// So many calls, each of which must be answered.
    async fn all_at_once(&self, count: usize) {
        let calls: Vec<_> = (0..count)
            .map(|number| {
                let provider = self.provider.clone();
                tokio::spawn(async move {
                    let request = ask(&format!("call {number}"));
                    provider.complete(&request).await
                })
            })
            .collect();
        for call in calls {
            in_time(call).await.unwrap().unwrap();
        }
    }
}

async fn mocks() -> (MockAzure, MockAzure) {
    let mock = |key: &str, deployment: &str| {
        let mock = MockAzure::builder().api_key(key);
        mock.deployment(deployment, "gpt-4.1").start()
    };
    let first = mock(FIRST_KEY, "deployment-a").await.unwrap();
    let second = mock(SECOND_KEY, "deployment-b").await.unwrap();
    (first, second)
}

/// What happens to every request.
fn always(fault: Fault) -> Script {
    Script {
        steps: Vec::new(),
        rest: fault.into(),
    }
}

/// Too many requests for so many seconds.
fn used_up(seconds: &'static str) -> Fault {
    let body = json!({ "error": { "code": "429", "message": "Rate limit is exceeded." } });
    Fault::json(StatusCode::TOO_MANY_REQUESTS, &body).header("retry-after", seconds)
}

fn down() -> Fault {
    let body = json!({ "error": { "code": "503", "message": "m" } });
    Fault::json(StatusCode::SERVICE_UNAVAILABLE, &body).header("retry-after", "600")
}

/// A connection that ends before an answer.
fn unreachable() -> Fault {
    Fault::CloseBeforeHeaders
}

fn values(headers: &http::HeaderMap) -> Vec<&str> {
    let values = headers.values();
    values.filter_map(|value| value.to_str().ok()).collect()
}

const FIRST_KEY: &str = "key-of-the-first-endpoint";
const SECOND_KEY: &str = "key-of-the-second-endpoint";
