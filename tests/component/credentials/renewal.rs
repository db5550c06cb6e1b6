//! Tokens that the service refuses, however good they look.

use std::collections::HashSet;
use std::sync::Arc;

use azure_openai_mock::{DeltaGate, Fault, MockAzure};
use http::StatusCode;
use provider_host::contract::types::ProviderError;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::support::{
    Counted, Variables, assert_final, chain, mock, open, open_with, token_of, unlimited_chain,
};
use crate::support::{Setup, ask, in_time, provider_error, read};

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    for way in WAYS {
        let setup = with_secret(way).await;
        way.ask(&setup).await.unwrap();
        setup.mock.revoke_tokens();
        way.ask(&setup).await.unwrap();
        way.ask(&setup).await.unwrap();
        assert_eq!(statuses(&setup), [200, 401, 200, 200], "{way:?}");
        let tokens: Vec<_> = setup.mock.requests().iter().map(token_of).collect();
        assert_eq!(tokens[0], tokens[1]);
        assert_ne!(tokens[1], tokens[2]);
        assert_eq!(tokens[2], tokens[3]);
        assert_eq!(setup.mock.token_requests().len(), 2, "{way:?}");
    }
}

#[tokio::test]
async fn a_hundred_requests_that_are_refused_at_once_cause_one_new_token() {
    let gate = DeltaGate::new();
    let builder = MockAzure::builder().token_gate(gate.clone());
    let mock = builder.start().await.unwrap();
    let credentials = Counted::new(mock.environment_of_client_secret());
    let setup = open_with(mock, unlimited_chain(), Arc::clone(&credentials) as _).await;
    gate.release(1);
    let old = setup.token_taken().await;
    setup.mock.revoke_tokens();

    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let provider = setup.provider.clone();
        requests.spawn(async move { provider.complete(&ask("Hi")).await });
    }
    credentials.wait_for_refused(100).await;
    gate.open();
    for answer in in_time(requests.join_all()).await {
        answer.unwrap();
    }
    assert_eq!(setup.mock.token_requests().len(), 2);
    let requests = setup.mock.requests();
    let refused = requests
        .iter()
        .filter(|request| request.status == Some(StatusCode::UNAUTHORIZED));
    assert_eq!(refused.count(), 100);
    let taken = requests
        .iter()
        .filter(|request| request.status == Some(StatusCode::OK));
    let taken: Vec<_> = taken.map(token_of).collect();
    assert_eq!(taken.len(), 101);
    let tokens: HashSet<_> = taken.into_iter().collect();
    assert_eq!(tokens.len(), 2);
    assert!(tokens.contains(&old));
}

#[tokio::test]
async fn a_service_that_refuses_every_token_is_asked_twice() {
    for way in WAYS {
        let mut settings = way.settings();
        // The mock gives tokens for that, and takes none of them.
        settings["token_scope"] = json!("https://management.azure.com/.default");
        let mock = mock().await;
        let variables = mock.environment_of_client_secret();
        let setup = open(mock, settings, variables).await;
        let error = way.ask(&setup).await.unwrap_err();
        let words = [
            "does not accept the host's token for https://management.azure.com/.default, nor a new one",
            "check that `token_scope` is the resource's audience",
            "and the credential's tenant the resource's",
        ];
        assert_final(&error, &words);
        assert_eq!(error.status, Some(401));
        assert_eq!(statuses(&setup), [401; 2], "{way:?}");
        assert_eq!(setup.mock.token_requests().len(), 2, "{way:?}");

        // Right after that, another token would be refused as well.
        way.ask(&setup).await.unwrap_err();
        assert_eq!(setup.mock.token_requests().len(), 2, "{way:?}");
    }
}

#[tokio::test]
async fn a_new_token_that_is_refused_to_us_is_the_error() {
    for way in WAYS {
        let setup = with_secret(way).await;
        way.ask(&setup).await.unwrap();
        setup.mock.revoke_tokens();
        let body = json!({
            "error": "invalid_client",
            "error_description": "AADSTS7000222: The provided client secret keys for app 'a' are expired.",
        });
        setup
            .mock
            .push_token_fault(Fault::json(StatusCode::UNAUTHORIZED, &body));
        let error = way.ask(&setup).await.unwrap_err();
        assert_final(&error, &["there is no token: ", "AADSTS7000222"]);
        assert_eq!(statuses(&setup), [200, 401], "{way:?}");
        assert_eq!(setup.mock.token_requests().len(), 2, "{way:?}");
    }
}

#[tokio::test]
async fn other_errors_of_the_service_leave_the_token_alone() {
    for status in [
        StatusCode::BAD_REQUEST,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let setup = with_secret(Way::Whole).await;
        setup.mock.push_fault(Fault::json(status, &json!({})));
        Way::Whole.ask(&setup).await.unwrap_err();
        assert_eq!(setup.mock.requests().len(), 1, "{status}");
        setup.only_token_request();
    }
}

#[tokio::test]
async fn a_key_or_a_token_of_the_configuration_is_not_renewed() {
    for (setting, words) in [
        ("api_key", "does not accept the API key"),
        (
            "azure_ad_token",
            "does not accept the token in `azure_ad_token`",
        ),
    ] {
        for way in WAYS {
            let mut settings = way.settings();
            settings[setting] = json!("canary-of-the-configuration");
            let mock = mock().await;
            let variables = mock.environment_of_client_secret();
            let setup = open(mock, settings, variables).await;
            let error = way.ask(&setup).await.unwrap_err();
            assert_final(&error, &[words]);
            assert_eq!(statuses(&setup), [401], "{setting} {way:?}");
            assert!(setup.mock.token_requests().is_empty());
        }
    }
}

/// A way to ask.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The whole answer, which the service sends whole.
    Whole,
    /// The whole answer, which the service streams.
    Drained,
    /// A stream.
    Streamed,
}

const WAYS: [Way; 3] = [Way::Whole, Way::Drained, Way::Streamed];

impl Way {
    fn settings(self) -> Value {
        let mut settings = chain();
        settings["use_streaming"] = json!(!matches!(self, Self::Whole));
        settings
    }

    async fn ask(self, setup: &Setup) -> Result<(), ProviderError> {
        let request = ask("Hi");
        let answered = match self {
            Self::Whole | Self::Drained => {
                let answer = in_time(setup.provider.complete(&request)).await;
                answer.map(drop)
            }
            Self::Streamed => match in_time(setup.provider.stream(&request)).await {
                Ok(stream) => {
                    let read = read(stream).await;
                    assert!(read.response.is_some(), "{:?}", read.error);
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        answered.map_err(|error| provider_error::<()>(Err(error)))
    }
}

async fn with_secret(way: Way) -> Setup {
    let mock = mock().await;
    let variables: Variables = mock.environment_of_client_secret();
    open(mock, way.settings(), variables).await
}

/// How the requests to the service were answered.
fn statuses(setup: &Setup) -> Vec<u16> {
    let requests = setup.mock.requests();
    let statuses = requests.iter().map(|request| request.status.unwrap());
    statuses.map(|status| status.as_u16()).collect()
}
