//! A component that is after secrets, in the real host: what it can do, so that what it cannot do means something.

use std::sync::Arc;

use azure_openai_mock::MockAzure;
use provider_host::contract::types::{BlockContent, ChatResponse, ErrorKind};
use provider_host::{Environment, HostBuilder, Provider};
use serde_json::{Map, Value, json};

use crate::support::{Events, ask, hostile_component, in_time, provider_error, read};

#[tokio::test]
async fn it_describes_its_environment_and_its_configuration() {
    let environment = [("AZURE_OPENAI_API_VERSION", "v1"), ("PATH", "/bin")];
    let hostile = Hostile::open(json!({ "note": "anything" }), environment).await;
    let description: Value =
        serde_json::from_str(&hostile.provider.describe().await.unwrap()).unwrap();
    assert_eq!(
        description,
        json!({
            "environment": [["AZURE_OPENAI_API_VERSION", "v1"]],
            "config": r#"{"note":"anything"}"#,
        })
    );
}

#[tokio::test]
async fn it_finds_what_is_in_its_memory() {
    let environment = [("AZURE_OPENAI_API_VERSION", "a-dated-version")];
    let hostile = Hostile::open(json!({ "note": "seen-by-the-guest" }), environment).await;
    // text in parts, whether it is there
    for (needle_parts, is_there) in [
        (["seen-by-", "the-guest"], true),
        (["a-dated-", "version"], true),
        (["seen-by-", "nobody"], false),
        (["never-", "there"], false),
    ] {
        let found = hostile
            .carry_out(json!({ "do": "find", "needle_parts": needle_parts }))
            .await;
        assert_eq!(
            found["places"].as_u64().unwrap() > 0,
            is_there,
            "{needle_parts:?}: {found}"
        );
    }
    // A needle in one piece would find itself.
    let refused = hostile
        .carry_out(json!({ "do": "find", "needle_parts": ["whole"] }))
        .await;
    let error = "`needle_parts` must be two texts or more, none of them empty";
    assert_eq!(refused, json!({ "error": error }));
}

#[tokio::test]
async fn it_hands_over_its_memory() {
    let environment = [("AZURE_OPENAI_API_VERSION", "a-dated-version")];
    let hostile = Hostile::open(json!({ "note": "seen-by-the-guest" }), environment).await;
    let (bytes, memory) = hostile.memory().await;
    // A memory is whole pages, and reading starts at address 1.
    assert_eq!((bytes + 1) % (64 * 1024), 0);
    assert_eq!(memory.chars().count(), bytes);
    for (text, is_there) in [
        ("seen-by-the-guest", true),
        ("a-dated-version", true),
        ("never-there", false),
    ] {
        assert_eq!(memory.contains(text), is_there, "{text}");
    }
}

#[tokio::test]
async fn it_sends_what_it_is_told_where_the_host_lets_it() {
    let mock = MockAzure::builder().start().await.unwrap();
    let other = MockAzure::builder().start().await.unwrap();
    let config = json!({
        "azure_endpoint": mock.endpoint(),
        "note": "a wrong key",
        "nested": { "note": "anything" },
    });
    let hostile = Hostile::open(config, [("AZURE_OPENAI_API_VERSION", "v1")]).await;

    let mut send = json!({
        "do": "send",
        "method": "POST",
        "url": format!("{}/openai/v1/responses?v={{env:AZURE_OPENAI_API_VERSION}}", mock.endpoint()),
        "headers": [["api-key", "{config:note}"], ["x-more", "{config:nested/note}"]],
        "body": r#"{"input":"{config:note}"}"#,
    });
    let answer = hostile.carry_out(send.clone()).await;
    assert_eq!(answer["status"], 401, "{answer}");
    assert!(answer["body"].as_str().unwrap().contains("key"), "{answer}");
    let headers = answer["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["content-type", "application/json"])));

    let requests = mock.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].query.as_deref(), Some("v=v1"));
    assert_eq!(requests[0].headers["api-key"], "a wrong key");
    assert_eq!(requests[0].headers["x-more"], "anything");
    assert_eq!(requests[0].body, json!({ "input": "a wrong key" }));

    // change → error
    for (key, value, error) in [
        (
            "url",
            json!(other.endpoint()),
            "ErrorCode::HttpRequestDenied",
        ),
        (
            "headers",
            json!([["Host", "r.example"]]),
            "header Host: HeaderError::Forbidden",
        ),
        (
            "headers",
            json!([["x-more", "two\nlines"]]),
            "header x-more: HeaderError::InvalidSyntax",
        ),
        (
            "url",
            json!("nowhere"),
            "the address `nowhere` has no scheme",
        ),
        (
            "method",
            json!("NO METHOD"),
            "the method `NO METHOD` was refused",
        ),
        ("body", json!("{token}"), "there is no {token}"),
        ("body", json!("{env:PATH}"), "there is no {env:PATH}"),
    ] {
        let unchanged = std::mem::replace(&mut send[key], value);
        let refused = hostile.carry_out(send.clone()).await;
        assert_eq!(refused, json!({ "error": error }));
        send[key] = unchanged;
    }
    assert_eq!(mock.requests().len(), 1);
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn it_answers_as_a_stream_too() {
    let hostile = Hostile::open(json!({}), []).await;
    let request = ask(r#"{"do":"find","needle_parts":["never-","there"]}"#);
    let stream = in_time(hostile.provider.stream(&request)).await.unwrap();
    let response = read(stream).await.response.unwrap();
    assert_eq!(outcome(&response), json!({ "places": 0 }));
}

#[tokio::test]
async fn it_refuses_what_is_no_instruction() {
    let hostile = Hostile::open(json!({}), []).await;
    for (prompt, words) in [
        ("hello", "not an instruction: expected value"),
        (r#"{"do":"nothing"}"#, "unknown variant `nothing`"),
        (r#"{"do":"find","needle":"x"}"#, "unknown field `needle`"),
    ] {
        let error = provider_error(in_time(hostile.provider.complete(&ask(prompt))).await);
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        assert!(error.message.contains(words), "{}", error.message);
    }
}

/// The hostile provider, and what it told the host.
pub(crate) struct Hostile {
    pub(crate) provider: Provider,
    pub(crate) events: Arc<Events>,
}

impl Hostile {
    /// Opens it with exactly this configuration and these variables.
    pub(crate) async fn open<'a>(
        config: Value,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let environment = Environment::from_iter(environment);
        Self::open_in(provider_host_azure::host_builder(environment), config).await
    }

    /// Opens it with exactly this configuration in a host that is set up like this.
    pub(crate) async fn open_in(host: HostBuilder, config: Value) -> Self {
        let events = Arc::new(Events::default());
        let config: Map<String, Value> = serde_json::from_value(config).unwrap();
        let host = host
            .events(Arc::clone(&events) as _)
            .load(&hostile_component())
            .await
            .unwrap();
        Self {
            provider: host.open(&config).await.unwrap(),
            events,
        }
    }

    /// Gives it an instruction, and returns what came of it.
    pub(crate) async fn carry_out(&self, instruction: Value) -> Value {
        let request = ask(&instruction.to_string());
        let response = in_time(self.provider.complete(&request)).await.unwrap();
        outcome(&response)
    }

    /// Whether this text is anywhere in its memory.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        let middle = text.floor_char_boundary(text.len() / 2);
        let (first, second) = text.split_at(middle);
        let find = json!({ "do": "find", "needle_parts": [first, second] });
        let found = self.carry_out(find).await;
        found["places"].as_u64().unwrap() > 0
    }

    /// Its whole memory, a character for each byte, and how many bytes it says that it read.
    pub(crate) async fn memory(&self) -> (usize, String) {
        let before = self.events.of("hostile:memory").len();
        let outcome = self.carry_out(json!({ "do": "dump-memory" })).await;
        let pieces = self.events.of("hostile:memory").split_off(before);
        let texts = pieces.iter().map(|piece| piece["text"].as_str().unwrap());
        let bytes = outcome["bytes"].as_u64().unwrap();
        (usize::try_from(bytes).unwrap(), texts.collect())
    }
}

fn outcome(response: &ChatResponse) -> Value {
    match &response.content[0].content {
        BlockContent::Text(outcome) => serde_json::from_str(outcome).unwrap(),
        other => panic!("no text: {other:?}"),
    }
}
