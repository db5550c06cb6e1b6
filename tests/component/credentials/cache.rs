//! How long tokens are kept, and how many are got.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::{DeltaGate, Fault, MOCK_FEDERATED_TOKEN, MockAzure, MockAzureBuilder};
use http::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use super::support::{
    Clock, Counted, Variables, assert_passing, chain, managed_identity, open_with, token_of,
    unlimited_chain,
};
use crate::support::{Setup, ask, in_time};

#[tokio::test]
async fn a_hundred_requests_at_once_cause_one_token_request() {
    let gate = DeltaGate::new();
    let builder = MockAzure::builder().token_gate(gate.clone());
    let mock = builder.start().await.unwrap();
    let credentials = Counted::new(mock.environment_of_client_secret());
    let setup = open_with(mock, unlimited_chain(), Arc::clone(&credentials) as _).await;

    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let provider = setup.provider.clone();
        requests.spawn(async move { provider.complete(&ask("Hi")).await });
    }
    credentials.wait_for(100).await;
    in_time(setup.mock.wait_for_token_requests(1)).await;
    assert!(setup.mock.requests().is_empty());
    gate.open();
    for answer in in_time(requests.join_all()).await {
        answer.unwrap();
    }
    setup.only_token_request();
    let requests = setup.mock.requests();
    assert_eq!(requests.len(), 100);
    let tokens: HashSet<_> = requests.iter().map(token_of).collect();
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn a_hundred_requests_at_once_learn_of_one_failure() {
    let gate = DeltaGate::new();
    let builder = MockAzure::builder().token_gate(gate.clone());
    let mock = builder.start().await.unwrap();
    let body = json!({ "error": "busy" });
    let fault = Fault::json(StatusCode::SERVICE_UNAVAILABLE, &body);
    mock.push_token_fault(fault.header("retry-after", "60"));
    let credentials = Counted::new(mock.environment_of_client_secret());
    let setup = open_with(mock, unlimited_chain(), Arc::clone(&credentials) as _).await;

    let setup = Arc::new(setup);
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let setup = Arc::clone(&setup);
        requests.spawn(async move { setup.refusal().await });
    }
    credentials.wait_for(100).await;
    gate.open();
    for error in in_time(requests.join_all()).await {
        assert_passing(&error, &["cannot answer now (status 503)"]);
        assert!(error.retry_after_ms.is_some_and(|wait| wait > 50_000));
    }
    setup.only_token_request();
}

#[tokio::test]
async fn a_token_near_its_end_is_replaced_while_requests_go_on() {
    let gate = DeltaGate::new();
    let builder = MockAzure::builder()
        .token_gate(gate.clone())
        .token_lifetime(Duration::from_secs(200));
    let clock = Clock::new();
    let setup = with_secret(builder, &clock).await;
    gate.release(1);
    let old = setup.token_taken().await;
    clock.pass(40);
    for _ in 0..10 {
        assert_eq!(setup.token_taken().await, old);
    }
    in_time(setup.mock.wait_for_token_requests(2)).await;
    assert_eq!(
        setup.token_taken().await,
        old,
        "the new one is not here yet"
    );

    gate.open();
    let new = in_time(async {
        loop {
            let token = setup.token_taken().await;
            if token != old {
                break token;
            }
        }
    });
    let new = new.await;
    assert_eq!(setup.token_taken().await, new);
    assert_eq!(setup.mock.token_requests().len(), 2);
}

#[tokio::test]
async fn the_issuer_says_when_a_token_that_lives_long_is_replaced() {
    let builder = MockAzure::builder().token_lifetime(Duration::from_secs(86_400));
    let clock = Clock::new();
    let setup = with_secret(builder, &clock).await;
    let old = setup.token_taken().await;
    clock.pass(43_100);
    assert_eq!(setup.token_taken().await, old);
    assert_eq!(setup.mock.token_requests().len(), 1);
    clock.pass(200);
    assert_eq!(setup.token_taken().await, old, "while another is got");
    in_time(setup.mock.wait_for_token_requests(2)).await;
}

#[tokio::test]
async fn a_token_stays_while_it_is_valid_and_there_is_no_other() {
    let builder = MockAzure::builder().token_lifetime(Duration::from_secs(200));
    let clock = Clock::new();
    let setup = with_secret(builder, &clock).await;
    let old = setup.token_taken().await;
    let body = json!({ "error": "busy" });
    let fault = Fault::json(StatusCode::SERVICE_UNAVAILABLE, &body);
    setup
        .mock
        .push_token_fault(fault.header("retry-after", "60"));

    clock.pass(175);
    // The first of them waits for another token in vain, and the endpoint is left alone after that.
    for _ in 0..3 {
        assert_eq!(setup.token_taken().await, old);
        assert_eq!(setup.mock.token_requests().len(), 2);
    }
    clock.pass(26);
    let error = setup.refusal().await;
    assert_passing(&error, &["cannot answer now (status 503)"]);
    assert!(
        error.retry_after_ms.is_some_and(|wait| wait <= 34_000),
        "{error:?}"
    );
    assert_eq!(setup.mock.token_requests().len(), 2);
    clock.pass(35);
    assert_ne!(setup.token_taken().await, old);
    assert_eq!(setup.mock.token_requests().len(), 3);
}

#[tokio::test]
async fn a_token_that_has_ended_is_never_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("federated");
    std::fs::write(&file, MOCK_FEDERATED_TOKEN).unwrap();
    type Environment<'a> = &'a dyn Fn(&MockAzure) -> Variables;
    let workload = |mock: &MockAzure| mock.environment_of_workload_identity(&file);
    // settings, environment, requests for a token
    let credentials: [(_, Environment<'_>, _); 5] = [
        (chain(), &MockAzure::environment_of_client_secret, 1),
        (chain(), &workload, 1),
        (
            managed_identity(),
            &MockAzure::environment_of_virtual_machine,
            1,
        ),
        (
            managed_identity(),
            &MockAzure::environment_of_app_service,
            1,
        ),
        (managed_identity(), &MockAzure::environment_of_arc, 2),
    ];
    for (settings, variables, each) in credentials {
        let builder = MockAzure::builder().arc_key_directory(folder.path());
        let mock = builder.start().await.unwrap();
        let clock = Clock::new();
        let credentials = clock
            .builder(variables(&mock))
            .arc_token_directory(folder.path());
        let setup = open_with(mock, settings, Arc::new(credentials.build())).await;
        let old = setup.token_taken().await;
        clock.pass(3601);
        // The mock has another clock, by which the next one must live for longer.
        setup.mock.set_token_lifetime(Duration::from_secs(7199));
        let new = setup.token_taken().await;
        assert_ne!(new, old);
        assert_eq!(setup.token_taken().await, new);
        assert_eq!(setup.mock.requests().len(), 3, "none was refused");
        assert_eq!(setup.mock.token_requests().len(), 2 * each);
    }
}

/// A provider with a client secret, whose tokens live by this clock.
async fn with_secret(builder: MockAzureBuilder, clock: &Clock) -> Setup {
    let mock = builder.start().await.unwrap();
    let credentials = clock.credentials(mock.environment_of_client_secret());
    open_with(mock, chain(), credentials).await
}
