//! A component that does what none should, and what its host makes of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azure_openai_mock::MockAzure;
use provider_host::credentials::{AccessToken, CredentialError, TokenProvider, TokenRequest};
use provider_host::secret::Secret;
use provider_host::{CallError, Environment, LimitError, Limits};
use serde_json::{Map, Value, json};

use crate::hostile::Hostile;
use crate::support::{Events, ask, azure, component, config, in_time, provider_error};
use crate::swap::hostile;

#[tokio::test]
async fn a_provider_may_describe_itself_in_any_way() {
    let folder = tempfile::tempdir().unwrap();
    for description in ["[]", r#""x""#, "5", "no JSON"] {
        let component = hostile(folder.path(), &format!("describe:{description}"));
        let loaded = azure().load(component).await.unwrap();
        let host = loaded.open(&Map::new()).await.unwrap();
        assert_eq!(in_time(host.describe()).await.unwrap(), description);
    }
}

#[tokio::test]
async fn a_component_cannot_pass_for_another_build() {
    let folder = tempfile::tempdir().unwrap();
    let component = hostile(folder.path(), "claim-build");
    let loaded = azure().load(component).await.unwrap();
    let host = loaded.open(&Map::new()).await.unwrap();
    let find = ask(r#"{"do":"find","needle_parts":["a","b"]}"#);
    let response = in_time(host.complete(&find)).await.unwrap();
    let build = host.statistics().build.to_string();
    let metadata = response.metadata.unwrap();
    assert!(!metadata.contains("of my own"), "{metadata}");
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata, json!({ "host:build": build, "a": 1 }));
}

#[tokio::test]
async fn what_a_stream_does_wrong_ends_it_alone() {
    let limits = Limits::default().with(|limits| limits.cpu_time = Duration::from_secs(1));
    let host = azure().limits(limits);
    let hostile = Hostile::open_in(host, json!({})).await;
    for next in ["loop", "trap"] {
        let request = ask(&json!({ "do": "stream", "next": next }).to_string());
        let mut stream = in_time(hostile.provider.stream(&request)).await.unwrap();
        let error = in_time(stream.next()).await.unwrap_err();
        let is_expected = match next {
            "loop" => matches!(error, CallError::Limit(LimitError::CpuTime { .. })),
            _ => matches!(error, CallError::Component(_)),
        };
        assert!(is_expected, "{next}: {error:?}");
        assert!(stream.next().await.unwrap().is_none(), "{next}");
        assert_eq!(hostile.provider.statistics().instances, 0, "{next}");
        let find = json!({ "do": "find", "needle_parts": ["never-", "there"] });
        assert_eq!(hostile.carry_out(find).await, json!({ "places": 0 }));
    }
}

#[tokio::test]
async fn a_providers_error_is_told_though_its_stream_breaks_when_it_is_closed() {
    let hostile = Hostile::open(json!({}), []).await;
    for (trap_at_end, idle) in [(false, 1), (true, 0)] {
        let stream = json!({ "do": "stream", "next": "fail", "trap_at_end": trap_at_end });
        let request = ask(&stream.to_string());
        let mut stream = in_time(hostile.provider.stream(&request)).await.unwrap();
        let error = provider_error(in_time(stream.next()).await);
        assert_eq!(error.message, "the stream was told to fail");
        assert_eq!(hostile.provider.statistics().idle_instances, idle);
    }
}

#[tokio::test]
async fn memory_that_was_refused_is_forgotten_with_its_call() {
    let hostile = Hostile::open(json!({}), []).await;
    let take = json!({ "do": "take", "what": "one-piece" });
    let outcome = hostile.carry_out(take).await;
    assert!(outcome["error"].is_string(), "{outcome}");
    assert_eq!(hostile.provider.statistics().idle_instances, 1);
    let error = in_time(hostile.provider.complete(&ask(r#"{"do":"trap"}"#)))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Component(_)), "{error:?}");
    // In words, and once: there is no other error behind this one.
    assert_eq!(
        error.to_string(),
        "the provider component failed: wasm trap: wasm `unreachable` instruction executed"
    );
    assert!(std::error::Error::source(&error).is_none());
}

#[tokio::test]
async fn a_component_that_is_only_asked_what_it_is_finds_nothing() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let curious = hostile(folder.path(), "ask-in-get-info");
    let events = Arc::new(Events::default());
    let host = || {
        provider_host_azure::host_builder(Environment::from_iter([(
            "AZURE_OPENAI_API_VERSION",
            "v1",
        )]))
        .credentials(Arc::new(Generous))
        .events(events.clone())
    };
    let loaded = host().load(&curious).await.unwrap();
    let found = "0 variables, a token: null";
    assert_eq!(loaded.info().await.unwrap().display_name, found);

    let loaded = host().load(component()).await.unwrap();
    let provider = loaded.open(&config(&mock)).await.unwrap();
    assert_ne!(provider.info().display_name, found);
    // It takes any configuration, and says that it is the same provider.
    in_time(provider.swap(&curious)).await.unwrap();
    assert_eq!(provider.info().display_name, found);
    provider.roll_back().await.unwrap();
    assert_ne!(provider.info().display_name, found);
    assert!(events.of("hostile:asked").is_empty());
}

/// Gives a token to whoever asks.
struct Generous;

#[async_trait::async_trait]
impl TokenProvider for Generous {
    async fn token(&self, _: &TokenRequest) -> Result<AccessToken, CredentialError> {
        Ok(AccessToken {
            token: Secret::new("a-token"),
            expires_on: SystemTime::now() + Duration::from_secs(3600),
            refresh_on: None,
        })
    }
}
