//! Providers of several makes in one program: what tells them apart for the host is a policy, a value.

use azure_openai_mock::MockAzure;
use http::HeaderName;
use provider_host::contract::types::BlockContent;
use provider_host::{Environment, Host, Policy, Provider, SecretHeader, Setting};
use serde_json::{Map, Value, json};

use crate::hostile::Hostile;
use crate::serve::recorder::Recorder;
use crate::support::{acme_component, ask, component, in_time, provider_error};

/// What the provider of Acme is granted.
fn acme() -> Policy {
    let header = SecretHeader::Value(HeaderName::from_static("x-api-key"));
    Policy::new()
        .endpoint(Setting::new("base_url").or_variable("ACME_BASE_URL"))
        .secret(Setting::new("key").or_variable("ACME_KEY"), header)
}

#[tokio::test]
async fn two_makes_answer_side_by_side_each_with_its_own_key_in_its_own_header() {
    let Both {
        mock,
        recorder,
        environment,
    } = Both::start().await;
    let azure = provider_host_azure::host_builder(environment.clone());
    let azure = azure.load(component()).await.unwrap();
    let azure = azure.open(&Map::new()).await.unwrap();
    let acme = open(acme(), environment, json!({})).await;

    recorder.answer(&[ANSWER]);
    let (of_azure, of_acme) = (ask("a question"), ask("another"));
    let answers = async { tokio::join!(azure.complete(&of_azure), acme.complete(&of_acme)) };
    let (of_azure, of_acme) = in_time(answers).await;
    let text = |block: &BlockContent| match block {
        BlockContent::Text(text) => text.clone(),
        other => panic!("no text: {other:?}"),
    };
    let (of_azure, of_acme) = (of_azure.unwrap(), of_acme.unwrap());
    assert!(text(&of_azure.content[0].content).contains("a question"));
    assert_eq!(text(&of_acme.content[0].content), "an answer");
    assert_eq!(azure.info().id, "azure-openai");
    assert_eq!(acme.info().id, "acme");

    let requests = mock.requests();
    assert_eq!(requests.len(), 1);
    let to_azure = &requests[0];
    assert_eq!(to_azure.headers["api-key"], mock.api_key());
    assert!(!to_azure.headers.contains_key("x-api-key"));
    let seen = recorder.seen();
    assert_eq!(seen.len(), 1);
    let to_acme = &seen[0];
    assert_eq!(to_acme.line, "POST /team/messages HTTP/1.1");
    assert_eq!(to_acme.header("x-api-key"), Some(ACME_KEY));
    assert_eq!(to_acme.header("api-key"), None);
    assert_eq!(to_acme.body, b"another");
}

#[tokio::test]
async fn each_sees_its_own_variables_and_placeholders_for_its_secrets() {
    let both = Both::start().await;
    let acme = open(acme(), both.environment.clone(), json!({})).await;
    // The hostile one stands for Azure's: it shows what it sees too.
    let azure = provider_host_azure::host_builder(both.environment.clone());
    let azure = Hostile::open_in(azure, json!({})).await.provider;
    for (provider, secret, address) in [
        (acme, "ACME_KEY", "ACME_BASE_URL"),
        (azure, "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"),
    ] {
        let description: Value = serde_json::from_str(&provider.describe().await.unwrap()).unwrap();
        let mut shown: Vec<(&str, &str)> = description["environment"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        shown.sort_unstable();
        let mut names = [secret, address];
        names.sort_unstable();
        assert_eq!([shown[0].0, shown[1].0], names, "{shown:?}");
        assert_eq!(shown.len(), 2);
        for (name, value) in shown {
            if name == secret {
                assert!(value.starts_with("sealed-"), "{name}: {value}");
            } else {
                assert_eq!(Some(value), both.environment.get(name));
            }
        }
    }
}

#[tokio::test]
async fn each_reaches_its_own_endpoint_and_no_other() {
    let Both {
        mock,
        recorder,
        environment,
    } = Both::start().await;
    let acme = open(acme(), environment.clone(), json!({})).await;
    // A model that is an address is where this provider goes.
    let mut astray = ask("a question");
    astray.model = Some(mock.endpoint());
    let error = provider_error(in_time(acme.complete(&astray)).await);
    assert_eq!(error.message, "ErrorCode::HttpRequestDenied");
    assert!(mock.requests().is_empty());

    let azure = provider_host_azure::host_builder(environment);
    let azure = Hostile::open_in(azure, json!({})).await;
    let send = json!({
        "do": "send",
        "method": "POST",
        "url": format!("{}/team/messages", recorder.endpoint()),
        "headers": [["x-api-key", "{env:AZURE_OPENAI_API_KEY}"]],
        "body": "",
    });
    let refused = azure.carry_out(send).await;
    assert_eq!(refused, json!({ "error": "ErrorCode::HttpRequestDenied" }));
    assert!(recorder.seen().is_empty());

    // Its own origin, and another team's path: it gets there, and its key does not.
    astray.model = Some(format!("{}/other-team", recorder.endpoint()));
    recorder.answer(&[ANSWER]);
    in_time(acme.complete(&astray)).await.unwrap();
    let seen = recorder.seen();
    assert_eq!(seen[0].line, "POST /other-team/messages HTTP/1.1");
    let key = seen[0].header("x-api-key").unwrap();
    assert!(key.starts_with("sealed-"), "{key}");
}

#[tokio::test]
async fn a_key_in_the_configuration_is_sealed_under_its_own_name() {
    let both = Both::start().await;
    let config = json!({
        "base_url": format!("{}/team", both.recorder.endpoint()),
        "key": "key-of-the-configuration",
        // Azure's, and nothing to this policy.
        "api_key": "no-secret-here",
    });
    let acme = open(acme(), Environment::default(), config).await;
    let description: Value = serde_json::from_str(&acme.describe().await.unwrap()).unwrap();
    let shown = &description["config"];
    assert_eq!(shown["api_key"], "no-secret-here");
    assert!(shown["key"].as_str().unwrap().starts_with("sealed-"));
    both.recorder.answer(&[ANSWER]);
    in_time(acme.complete(&ask("a question"))).await.unwrap();
    let seen = both.recorder.seen();
    assert_eq!(
        seen[0].header("x-api-key"),
        Some("key-of-the-configuration")
    );
}

#[tokio::test]
async fn without_a_policy_there_is_nothing() {
    let both = Both::start().await;
    let config = json!({
        "base_url": format!("{}/team", both.recorder.endpoint()),
        "key": "a-key",
    });
    let acme = open(Policy::new(), both.environment.clone(), config.clone()).await;
    let description: Value = serde_json::from_str(&acme.describe().await.unwrap()).unwrap();
    // What nobody calls a secret is none.
    assert_eq!(description, json!({ "environment": [], "config": config }));
    let error = provider_error(in_time(acme.complete(&ask("a question"))).await);
    assert_eq!(error.message, "ErrorCode::HttpRequestDenied");
    assert!(both.recorder.seen().is_empty());
}

/// Both services, and an environment that names both.
struct Both {
    mock: MockAzure,
    recorder: Recorder,
    environment: Environment,
}

impl Both {
    async fn start() -> Self {
        let mock = MockAzure::builder().start().await.unwrap();
        let recorder = Recorder::start().await;
        let environment = Environment::from_iter([
            ("AZURE_OPENAI_ENDPOINT", mock.endpoint()),
            ("AZURE_OPENAI_API_KEY", mock.api_key().to_owned()),
            ("ACME_BASE_URL", format!("{}/team", recorder.endpoint())),
            ("ACME_KEY", ACME_KEY.to_owned()),
            ("PATH", "/bin".to_owned()),
        ]);
        Self {
            mock,
            recorder,
            environment,
        }
    }
}

async fn open(policy: Policy, environment: Environment, config: Value) -> Provider {
    let host = Host::builder().policy(policy).environment(environment);
    let host = host.load(acme_component()).await.unwrap();
    host.open(config.as_object().unwrap()).await.unwrap()
}

const ACME_KEY: &str = "key-of-acme";

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nan answer";
