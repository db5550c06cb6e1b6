//! The machine's managed identity: from the metadata service, App Service and the agent of Azure Arc.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::{
    Fault, MOCK_CLIENT_ID, MOCK_IDENTITY_CLIENT_ID, MOCK_IDENTITY_HEADER, MockAzure,
};
use http::StatusCode;
use provider_host_azure::credentials::AzureCredentials;
use serde_json::{Value, json};

use super::support::{
    NOWHERE, Variables, assert_final, assert_passing, chain, environment, managed_identity, mock,
    open, open_with, query_of,
};
use crate::support::Setup;

#[tokio::test]
async fn the_metadata_service_is_asked_in_its_own_way() {
    for settings in [managed_identity(), user_assigned(MOCK_IDENTITY_CLIENT_ID)] {
        let mock = mock().await;
        let mut variables = mock.environment_of_virtual_machine();
        // It is an application's: in the settings the machine's identity has a client id of its own.
        variables.push(("AZURE_CLIENT_ID", MOCK_CLIENT_ID.to_owned()));
        let setup = open(mock, settings.clone(), variables).await;
        setup.token_taken().await;
        let request = setup.only_token_request();
        assert_eq!(request.path, "/metadata/identity/oauth2/token");
        assert_eq!(request.headers["metadata"], "true");
        assert_eq!(query_of(&request), query("2018-02-01", &settings));
    }
}

#[tokio::test]
async fn app_service_is_asked_with_its_header() {
    for settings in [managed_identity(), user_assigned(MOCK_IDENTITY_CLIENT_ID)] {
        let setup = app_service(settings.clone()).await;
        setup.token_taken().await;
        let request = setup.only_token_request();
        assert_eq!(request.path, "/msi/token");
        assert_eq!(request.headers["x-identity-header"], MOCK_IDENTITY_HEADER);
        assert_eq!(query_of(&request), query("2019-08-01", &settings));
    }
}

#[tokio::test]
async fn the_agent_of_azure_arc_is_shown_the_key_that_it_asks_for() {
    let keys = tempfile::tempdir().unwrap();
    let setup = arc(managed_identity(), keys.path(), keys.path()).await;
    setup.token_taken().await;
    let requests = setup.mock.token_requests();
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(
        statuses,
        [Some(StatusCode::UNAUTHORIZED), Some(StatusCode::OK)]
    );
    for request in &requests {
        assert_eq!(request.headers["metadata"], "true");
        assert_eq!(query_of(request), query("2020-06-01", &managed_identity()));
    }
    assert!(!requests[0].headers.contains_key("authorization"));
    let proof = requests[1].headers["authorization"].to_str().unwrap();
    assert!(proof.starts_with("Basic "));
}

#[tokio::test]
async fn a_file_outside_of_the_agents_folder_is_not_read() {
    let [elsewhere, keys] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let setup = arc(managed_identity(), elsewhere.path(), keys.path()).await;
    let error = setup.refusal().await;
    assert_final(
        &error,
        &["Azure Arc's agent named the file", "and its files are"],
    );
    // The proof, which would be the file's content, is never sent.
    setup.only_token_request();
}

#[tokio::test]
async fn an_identity_that_the_machine_does_not_have_is_named() {
    let unknown = user_assigned("99999999-0000-4000-8000-000000000000");
    let machine = virtual_machine(unknown.clone()).await;
    let app_service = app_service(unknown.clone()).await;
    let keys = tempfile::tempdir().unwrap();
    let arc = arc(unknown, keys.path(), keys.path()).await;
    for (setup, requests, words) in [
        (
            machine,
            1,
            [
                "does not have the user-assigned identity \"99999999-0000-4000-8000-000000000000\"",
                "assign it to the machine, or check the client id",
            ],
        ),
        (
            app_service,
            1,
            [
                "No User Assigned or Delegated Managed Identity found",
                "check that this machine has the managed identity",
            ],
        ),
        (
            arc,
            0,
            [
                "Azure Arc has system-assigned identities only",
                "unset managed_identity_client_id",
            ],
        ),
    ] {
        assert_final(&setup.refusal().await, &words);
        assert_eq!(setup.mock.token_requests().len(), requests, "{words:?}");
    }
}

#[tokio::test]
async fn a_wrong_identity_header_is_refused_and_not_shown() {
    let mock = mock().await;
    let mut variables = mock.environment_of_app_service();
    variables.push(("IDENTITY_HEADER", "canary-wrong-header".to_owned()));
    let setup = open(mock, managed_identity(), variables).await;
    let words = ["App Service refused to give a token (status 401)"];
    assert_final(&setup.refusal().await, &words);
    setup.only_token_request();
}

#[tokio::test]
async fn a_machine_without_an_identity_says_so_at_once() {
    let setup = open(mock().await, managed_identity(), Variables::new()).await;
    let limit = Duration::from_secs(2);
    let error = tokio::time::timeout(limit, setup.refusal()).await.unwrap();
    let says = format!("the Instance Metadata Service is not at {NOWHERE}");
    assert_final(
        &error,
        &[&says, "this is no machine of Azure with a managed identity"],
    );
}

#[tokio::test]
async fn a_machine_of_a_kind_without_support_is_named() {
    let setting = |name| (name, NOWHERE.to_owned());
    for (variables, words) in [
        (
            vec![
                setting("IDENTITY_ENDPOINT"),
                setting("IDENTITY_HEADER"),
                setting("IDENTITY_SERVER_THUMBPRINT"),
            ],
            "this is Service Fabric",
        ),
        (vec![setting("MSI_ENDPOINT")], "this is Cloud Shell"),
    ] {
        let setup = open(mock().await, managed_identity(), variables).await;
        let words = [words, "use another credential here"];
        assert_final(&setup.refusal().await, &words);
    }
}

#[tokio::test]
async fn a_service_that_fails_in_passing_is_asked_again_at_once() {
    for setup in machines().await {
        let error = json!({ "error": "oops" });
        let fault = Fault::json(StatusCode::INTERNAL_SERVER_ERROR, &error);
        setup.mock.push_token_fault(fault);
        setup.token_taken().await;
        assert_eq!(setup.mock.token_requests().len(), 2);
    }
}

#[tokio::test]
async fn a_busy_service_says_when_to_ask_again() {
    for setup in machines().await {
        let error = json!({ "error": "busy" });
        let fault = Fault::json(StatusCode::TOO_MANY_REQUESTS, &error).header("retry-after", "60");
        setup.mock.push_token_fault(fault);
        let error = setup.refusal().await;
        assert_passing(
            &error,
            &["cannot answer now (status 429)", "try again later"],
        );
        assert!((50_000..=60_000).contains(&error.retry_after_ms.unwrap()));
        setup.only_token_request();
    }
}

#[tokio::test]
async fn what_is_no_token_is_not_taken_for_one() {
    for setup in machines().await {
        setup.mock.push_token_fault(Fault::Status {
            status: StatusCode::OK,
            headers: Default::default(),
            body: "<title>canary</title>".into(),
        });
        let words = ["something that is no token", "that nothing else listens at"];
        assert_final(&setup.refusal().await, &words);
        setup.only_token_request();
    }
}

#[tokio::test]
async fn in_the_chain_the_service_is_looked_for_first_and_the_client_id_chooses() {
    let builder = MockAzure::builder().user_assigned_identity(MOCK_CLIENT_ID);
    let mock = builder.start().await.unwrap();
    let mut variables = mock.environment_of_virtual_machine();
    variables.push(("AZURE_CLIENT_ID", MOCK_CLIENT_ID.to_owned()));
    let setup = open(mock, chain(), variables).await;
    setup.token_taken().await;
    let requests = setup.mock.token_requests();
    assert_eq!(requests.len(), 2);
    assert!(!requests[0].headers.contains_key("metadata"));
    assert_eq!(requests[1].headers["metadata"], "true");
    let settings = user_assigned(MOCK_CLIENT_ID);
    assert_eq!(query_of(&requests[1]), query("2018-02-01", &settings));
}

#[tokio::test]
async fn a_service_that_does_not_answer_the_first_look_is_not_there() {
    let containers = Fault::json(
        StatusCode::FORBIDDEN,
        &json!(
            "connecting to 169.254.169.254:80: dial tcp: connectex: A socket operation was attempted to an unreachable network."
        ),
    );
    for (fault, words) in [
        (containers, "the Instance Metadata Service is unreachable"),
        (Fault::NeverAnswer, "no answer within 1 second"),
    ] {
        let setup = virtual_machine(chain()).await;
        setup.mock.push_token_fault(fault);
        let error = setup.refusal().await;
        assert_final(&error, &["ManagedIdentityCredential: ", words]);
        setup.only_token_request();
    }
}

/// A provider on a virtual machine, and one in an App Service.
async fn machines() -> [Setup; 2] {
    [
        virtual_machine(managed_identity()).await,
        app_service(managed_identity()).await,
    ]
}

async fn virtual_machine(settings: Value) -> Setup {
    let mock = mock().await;
    let variables = mock.environment_of_virtual_machine();
    open(mock, settings, variables).await
}

async fn app_service(settings: Value) -> Setup {
    let mock = mock().await;
    let variables = mock.environment_of_app_service();
    open(mock, settings, variables).await
}

/// A machine with an agent of Azure Arc that writes its keys to one folder, and should write them to another.
async fn arc(settings: Value, written: &Path, expected: &Path) -> Setup {
    let builder = MockAzure::builder().arc_key_directory(written);
    let mock = builder.start().await.unwrap();
    let credentials = AzureCredentials::builder()
        .environment(environment(mock.environment_of_arc()))
        .arc_token_directory(expected);
    open_with(mock, settings, Arc::new(credentials.build())).await
}

fn user_assigned(client_id: &str) -> Value {
    json!({ "use_managed_identity": true, "managed_identity_client_id": client_id })
}

/// The query of a request for the identity in the settings.
fn query<'a>(version: &'a str, settings: &'a Value) -> Vec<(&'a str, &'a str)> {
    let mut query = vec![
        ("api-version", version),
        ("resource", "https%3A%2F%2Fcognitiveservices.azure.com"),
    ];
    let client_id = settings["managed_identity_client_id"].as_str();
    query.extend(client_id.map(|client_id| ("client_id", client_id)));
    query
}
