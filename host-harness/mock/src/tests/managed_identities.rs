//! Machines that ask for the tokens of their managed identity.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{Fields, but, client, encoded, json_of, post_with_token};
use crate::{MOCK_IDENTITY_CLIENT_ID, MOCK_IDENTITY_HEADER, MockAzure};

const RESOURCE: &str = "https://cognitiveservices.azure.com";

const IMDS: &str = "/metadata/identity/oauth2/token";
const IMDS_QUERY: [(&str, &str); 2] = [("api-version", "2018-02-01"), ("resource", RESOURCE)];

const APP_SERVICE_QUERY: [(&str, &str); 2] =
    [("api-version", "2019-08-01"), ("resource", RESOURCE)];

const ARC: &str = "/arc/metadata/identity/oauth2/token";
const ARC_QUERY: [(&str, &str); 2] = [("api-version", "2020-06-01"), ("resource", RESOURCE)];

const METADATA: (&str, &str) = ("metadata", "true");

async fn ask(mock: &MockAzure, path: &str, headers: &Fields<'_>, query: &Fields<'_>) -> Response {
    let url = format!("{}{path}?{}", mock.endpoint(), encoded(query));
    let request = headers
        .iter()
        .fold(client().get(url), |request, (name, value)| {
            request.header(*name, *value)
        });
    request.send().await.unwrap()
}

async fn ask_imds(mock: &MockAzure, changes: &Fields<'_>) -> (u16, Value) {
    let response = ask(mock, IMDS, &[METADATA], &but(&IMDS_QUERY, changes)).await;
    json_of(response).await
}

/// The fields of an answer that are strings, which all of them must be.
fn assert_strings(answer: &Value, names: &[&str]) {
    let members = answer.as_object().unwrap();
    assert!(members.values().all(Value::is_string), "{answer}");
    let mut answered: Vec<&str> = members.keys().map(String::as_str).collect();
    answered.sort_unstable();
    assert_eq!(answered, names);
}

#[tokio::test]
async fn a_virtual_machine_gets_a_token() {
    let mock = MockAzure::builder().start().await.unwrap();
    let (status, answer) = ask_imds(&mock, &[]).await;
    assert_eq!(status, 200, "{answer}");
    let names = [
        "access_token",
        "client_id",
        "expires_in",
        "expires_on",
        "ext_expires_in",
        "not_before",
        "resource",
        "token_type",
    ];
    assert_strings(&answer, &names);
    assert_eq!(answer["expires_in"], "3600");
    assert_eq!(answer["resource"], RESOURCE);
    let (status, _) = post_with_token(&mock, answer["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    let requests = mock.token_requests();
    assert_eq!(
        (requests.len(), &requests[0].headers["metadata"]),
        (1, &"true".parse().unwrap())
    );
}

#[tokio::test]
async fn a_token_that_lives_long_says_when_to_get_a_new_one() {
    let builder = MockAzure::builder().token_lifetime(Duration::from_secs(86400));
    let mock = builder.start().await.unwrap();
    let (_, answer) = ask_imds(&mock, &[]).await;
    assert_eq!(answer["refresh_in"], "43200");
}

#[tokio::test]
async fn a_virtual_machine_may_have_identities_besides_its_own() {
    let mock = MockAzure::builder()
        .user_assigned_identity("/subscriptions/1/mine")
        .start()
        .await
        .unwrap();
    let table: [(&Fields<'_>, u16); 6] = [
        (&[("client_id", MOCK_IDENTITY_CLIENT_ID)], 200),
        (&[("object_id", MOCK_IDENTITY_CLIENT_ID)], 200),
        (&[("msi_res_id", "/subscriptions/1/mine")], 200),
        (&[("client_id", "nobody")], 400),
        (&[("msi_res_id", "/subscriptions/1/other")], 400),
        (
            &[
                ("client_id", MOCK_IDENTITY_CLIENT_ID),
                ("object_id", MOCK_IDENTITY_CLIENT_ID),
            ],
            400,
        ),
    ];
    for (id, status) in table {
        let (answered, answer) = ask_imds(&mock, id).await;
        assert_eq!(answered, status, "{id:?}");
        match status {
            200 => assert_eq!(answer["client_id"], id[0].1),
            _ => assert_eq!(
                answer,
                json!({"error": "invalid_request", "error_description": "Identity not found"})
            ),
        }
    }
}

#[tokio::test]
async fn a_metadata_service_refuses_what_is_not_meant_for_it() {
    let mock = MockAzure::builder().start().await.unwrap();
    for path in [IMDS, ARC] {
        let response = ask(&mock, path, &[], &IMDS_QUERY).await;
        let (status, answer) = json_of(response).await;
        assert_eq!((status, &answer["error"]), (400, &json!("bad_request_102")));
    }
    let table: [(&Fields<'_>, &str); 5] = [
        (&[("api-version", "")], "invalid_request"),
        (&[("api-version", "2017-12-01")], "invalid_request"),
        (&[("api-version", "latest")], "invalid_request"),
        (&[("resource", "")], "invalid_request"),
        (
            &[("resource", "https://nowhere.example")],
            "invalid_resource",
        ),
    ];
    for (changes, error) in table {
        let (status, answer) = ask_imds(&mock, changes).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!(error)),
            "{changes:?}"
        );
        assert!(answer["error_description"].is_string());
    }
    let response = client().post(mock.endpoint() + IMDS).send().await.unwrap();
    assert_eq!(response.status(), 405);
}

#[tokio::test]
async fn an_app_service_is_asked_with_its_secret() {
    let mock = MockAzure::builder()
        .identity_header("top-secret")
        .start()
        .await
        .unwrap();
    let right = [("x-identity-header", "top-secret")];
    let response = ask(&mock, "/msi/token", &right, &APP_SERVICE_QUERY).await;
    let (status, answer) = json_of(response).await;
    assert_eq!(status, 200, "{answer}");
    let names = [
        "access_token",
        "client_id",
        "expires_on",
        "not_before",
        "resource",
        "token_type",
    ];
    assert_strings(&answer, &names);
    let (status, _) = post_with_token(&mock, answer["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);

    let wrong = [("x-identity-header", MOCK_IDENTITY_HEADER)];
    for headers in [wrong.as_slice(), &[METADATA]] {
        let response = ask(&mock, "/msi/token", headers, &APP_SERVICE_QUERY).await;
        let (status, answer) = json_of(response).await;
        assert_eq!((status, &answer["statusCode"]), (401, &json!(401)));
    }
    assert!(!format!("{:?}", mock.token_requests()).contains("top-secret"));
}

#[tokio::test]
async fn an_app_service_refuses_what_it_does_not_know() {
    let mock = MockAzure::builder().start().await.unwrap();
    let headers = [("x-identity-header", MOCK_IDENTITY_HEADER)];
    let table: [(&Fields<'_>, u16); 6] = [
        (&[("client_id", MOCK_IDENTITY_CLIENT_ID)], 200),
        (&[("mi_res_id", MOCK_IDENTITY_CLIENT_ID)], 200),
        (&[("client_id", "nobody")], 400),
        (&[("api-version", "2017-09-01")], 400),
        (&[("resource", "")], 400),
        (&[("resource", "https://nowhere.example")], 400),
    ];
    for (changes, status) in table {
        let query = but(&APP_SERVICE_QUERY, changes);
        let response = ask(&mock, "/msi/token", &headers, &query).await;
        assert_eq!(response.status(), status, "{changes:?}");
    }
}

async fn mock_with_agent() -> (MockAzure, TempDir) {
    let directory = TempDir::new().unwrap();
    let builder = MockAzure::builder().arc_key_directory(directory.path());
    (builder.start().await.unwrap(), directory)
}

/// The file that a challenge names.
async fn challenge(mock: &MockAzure, headers: &Fields<'_>) -> PathBuf {
    let response = ask(mock, ARC, headers, &ARC_QUERY).await;
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    challenge.strip_prefix("Basic realm=").unwrap().into()
}

#[tokio::test]
async fn the_agent_of_arc_has_its_key_read_first() {
    let (mock, directory) = mock_with_agent().await;
    let path = challenge(&mock, &[METADATA]).await;
    assert_eq!(path.parent().unwrap(), directory.path());
    assert_eq!(path.extension().unwrap(), "key");
    let authorization = format!("Basic {}", fs::read_to_string(&path).unwrap());
    let headers = [METADATA, ("authorization", &authorization)];
    let (status, answer) = json_of(ask(&mock, ARC, &headers, &ARC_QUERY).await).await;
    assert_eq!((status, &answer["expires_in"]), (200, &json!("3600")));
    let (status, _) = post_with_token(&mock, answer["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    assert!(!path.exists());

    // A key is for one request, and each challenge has its own.
    let second = challenge(&mock, &headers).await;
    let third = challenge(&mock, &[METADATA, ("authorization", "Basic guessed")]).await;
    assert_ne!(second, third);
    let [second, third] = [second, third].map(|path| fs::read_to_string(path).unwrap());
    assert_ne!(second, third);
    let statuses = mock
        .token_requests()
        .into_iter()
        .map(|request| request.status);
    let statuses: Vec<u16> = statuses.map(|status| status.unwrap().as_u16()).collect();
    assert_eq!(statuses, [401, 200, 401, 401]);
}

#[tokio::test]
async fn the_agent_of_arc_knows_one_identity() {
    let (mock, _directory) = mock_with_agent().await;
    let table: [(&Fields<'_>, &str); 3] = [
        (&[("client_id", MOCK_IDENTITY_CLIENT_ID)], "invalid_request"),
        (&[("api-version", "2018-02-01")], "invalid_request"),
        (
            &[("resource", "https://nowhere.example")],
            "invalid_resource",
        ),
    ];
    for (changes, error) in table {
        let key = fs::read_to_string(challenge(&mock, &[METADATA]).await).unwrap();
        let authorization = format!("Basic {key}");
        let headers = [METADATA, ("authorization", &authorization)];
        let response = ask(&mock, ARC, &headers, &but(&ARC_QUERY, changes)).await;
        let (status, answer) = json_of(response).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!(error)),
            "{changes:?}"
        );
    }
}

#[tokio::test]
async fn an_agent_without_a_directory_says_what_to_do() {
    let mock = MockAzure::builder().start().await.unwrap();
    let (status, answer) = json_of(ask(&mock, ARC, &[METADATA], &ARC_QUERY).await).await;
    assert_eq!(status, 500);
    let description = answer["error_description"].as_str().unwrap();
    assert!(description.contains("arc_key_directory"), "{description}");
}
