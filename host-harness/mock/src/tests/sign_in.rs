//! People who sign in in their browser.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::client::{
    Fields, SCOPE, ask_entra, assert_refused, but, client_without_redirects, encoded,
    post_with_token,
};
use crate::{MOCK_CLIENT_ID, MOCK_CLIENT_SECRET, MOCK_PUBLIC_CLIENT_ID, MOCK_TENANT_ID, MockAzure};

/// The pair that RFC 7636 has for an example.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const QUERY: [(&str, &str); 7] = [
    ("client_id", MOCK_PUBLIC_CLIENT_ID),
    ("response_type", "code"),
    ("redirect_uri", "http://localhost:8400"),
    (
        "scope",
        "https://cognitiveservices.azure.com/.default offline_access",
    ),
    ("state", "a state"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

const CODE_FIELDS: [(&str, &str); 4] = [
    ("grant_type", "authorization_code"),
    ("client_id", MOCK_PUBLIC_CLIENT_ID),
    ("redirect_uri", "http://localhost:8400"),
    ("code_verifier", VERIFIER),
];

async fn mock() -> MockAzure {
    MockAzure::builder().start().await.unwrap()
}

/// What a browser is answered.
async fn visit(mock: &MockAzure, tenant: &str, query: &Fields<'_>) -> reqwest::Response {
    let url = format!(
        "{}/{tenant}/oauth2/v2.0/authorize?{}",
        mock.endpoint(),
        encoded(query)
    );
    client_without_redirects().get(url).send().await.unwrap()
}

/// What the client learns when the browser comes back.
async fn come_back(mock: &MockAzure, query: &Fields<'_>) -> HashMap<String, String> {
    let response = visit(mock, "organizations", query).await;
    assert_eq!(response.status(), 302);
    let location = response.headers()["location"].to_str().unwrap();
    let url = Url::parse(location).unwrap();
    assert!(
        location.starts_with("http://localhost:8400/?"),
        "{location}"
    );
    url.query_pairs().into_owned().collect()
}

async fn code(mock: &MockAzure) -> String {
    come_back(mock, &QUERY).await.remove("code").unwrap()
}

async fn redeem(mock: &MockAzure, code: &str) -> (u16, Value) {
    ask_entra(mock, &but(&CODE_FIELDS, &[("code", code)])).await
}

async fn refresh(mock: &MockAzure, token: &Value, scope: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", MOCK_PUBLIC_CLIENT_ID),
        ("refresh_token", token.as_str().unwrap()),
        ("scope", scope),
    ];
    ask_entra(mock, &but(&fields, &[])).await
}

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_tokens() {
    let mock = mock().await;
    let back = come_back(&mock, &QUERY).await;
    assert_eq!(back["state"], "a state");
    let (status, answer) = redeem(&mock, &back["code"]).await;
    let expected = json!({
        "token_type": "Bearer",
        "scope": QUERY[3].1,
        "expires_in": 3600,
        "ext_expires_in": 3600,
        "access_token": answer["access_token"],
        "refresh_token": answer["refresh_token"],
    });
    assert_eq!((status, &answer), (200, &expected));
    assert!(answer["refresh_token"].is_string());
    let (status, _) = post_with_token(&mock, answer["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);

    assert_eq!(mock.authorize_requests().len(), 1);
    assert_eq!(mock.authorize_requests()[0].status.unwrap(), 302);
    let requests = mock.token_requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].body["code"], back["code"]);
    let printed = format!("{requests:?}");
    assert!(
        !printed.contains(&back["code"]) && !printed.contains(VERIFIER),
        "{printed}"
    );
}

#[tokio::test]
async fn a_person_signs_in_on_another_device() {
    for declines in [false, true] {
        let mock = mock().await;
        if declines {
            mock.decline_next_sign_in();
        }
        let url = format!("{}/organizations/oauth2/v2.0/devicecode", mock.endpoint());
        let fields = [("client_id", MOCK_PUBLIC_CLIENT_ID), QUERY[3]];
        let request = client_without_redirects()
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(&fields));
        let codes = request.send().await.unwrap().bytes().await.unwrap();
        let codes: Value = serde_json::from_slice(&codes).unwrap();
        let (code, user_code) = (&codes["device_code"], codes["user_code"].as_str().unwrap());
        assert_eq!(user_code.len(), 9, "{codes}");
        let message = codes["message"].as_str().unwrap();
        assert!(
            message.contains("https://microsoft.com/devicelogin"),
            "{message}"
        );
        assert!(message.contains(user_code), "{message}");

        let poll = async |code: &str| {
            let fields = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("client_id", MOCK_PUBLIC_CLIENT_ID),
                ("device_code", code),
            ];
            ask_entra(&mock, &but(&fields, &[])).await
        };
        let code = code.as_str().unwrap();
        let unknown = ("bad_verification_code", 70018);
        assert_refused(&poll("another").await, 400, unknown.0, unknown.1);
        assert_refused(&poll(code).await, 400, "authorization_pending", 70016);
        let answer = poll(code).await;
        if declines {
            assert_refused(&answer, 400, "authorization_declined", 65004);
        } else {
            let (status, answer) = answer;
            assert_eq!((status, &answer["scope"]), (200, &json!(QUERY[3].1)));
            assert!(answer["refresh_token"].is_string(), "{answer}");
            let token = answer["access_token"].as_str().unwrap();
            assert_eq!(post_with_token(&mock, token).await.0, 200);
        }
        assert_refused(&poll(code).await, 400, unknown.0, unknown.1);
    }
}

#[tokio::test]
async fn a_refresh_token_gets_new_tokens_for_any_resource() {
    let mock = mock().await;
    let (_, first) = redeem(&mock, &code(&mock).await).await;
    mock.revoke_tokens();
    let (status, second) = refresh(&mock, &first["refresh_token"], "").await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(second["access_token"], first["access_token"]);
    let statuses = [&first, &second].map(|answer| answer["access_token"].as_str().unwrap());
    assert_eq!(post_with_token(&mock, statuses[0]).await.0, 401);
    assert_eq!(post_with_token(&mock, statuses[1]).await.0, 200);

    let other = "https://management.azure.com/.default";
    let (status, third) = refresh(&mock, &second["refresh_token"], other).await;
    assert_eq!((status, &third["scope"]), (200, &json!(other)));
    let token = third["access_token"].as_str().unwrap();
    assert_eq!(post_with_token(&mock, token).await.0, 401);
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let mock = mock().await;
    let back = come_back(&mock, &but(&QUERY, &[("scope", SCOPE)])).await;
    let (status, answer) = redeem(&mock, &back["code"]).await;
    assert_eq!((status, answer.get("refresh_token")), (200, None));
}

#[tokio::test]
async fn a_person_may_decline() {
    let mock = mock().await;
    mock.decline_next_sign_in();
    let back = come_back(&mock, &QUERY).await;
    assert_eq!(back["error"], "access_denied");
    assert_eq!(back["error_subcode"], "cancel");
    assert!(back["error_description"].starts_with("AADSTS65004: "));
    assert_eq!(back["state"], "a state");
    assert!(!back.contains_key("code"));
    code(&mock).await;
}

#[tokio::test]
async fn a_client_is_told_what_is_wrong_with_its_request() {
    let mock = mock().await;
    let table: [(&Fields<'_>, &str, u32); 9] = [
        (&[("response_type", "")], "invalid_request", 900144),
        (
            &[("response_type", "token")],
            "unsupported_response_type",
            70005,
        ),
        (&[("response_mode", "form_post")], "invalid_request", 70007),
        (&[("scope", "")], "invalid_request", 900144),
        (
            &[("scope", "https://nowhere.example/.default")],
            "invalid_resource",
            500011,
        ),
        (&[("code_challenge", "")], "invalid_request", 9002325),
        (&[("code_challenge_method", "")], "invalid_request", 9002325),
        (
            &[("code_challenge_method", "plain")],
            "invalid_request",
            9002325,
        ),
        (&[("code_challenge", "short")], "invalid_request", 501491),
    ];
    for (changes, error, number) in table {
        let back = come_back(&mock, &but(&QUERY, changes)).await;
        assert_eq!(back["error"], error, "{changes:?}");
        let description = &back["error_description"];
        assert!(
            description.starts_with(&format!("AADSTS{number}: ")),
            "{description}"
        );
        assert_eq!(back["state"], "a state");
    }
}

#[tokio::test]
async fn a_person_is_shown_what_is_wrong_with_the_way_back() {
    let mock = mock().await;
    let table: [(&str, &Fields<'_>, u32); 8] = [
        ("nowhere", &[], 90002),
        (MOCK_TENANT_ID, &[("client_id", "")], 900144),
        (MOCK_TENANT_ID, &[("client_id", "<nobody>")], 700016),
        (MOCK_TENANT_ID, &[("redirect_uri", "")], 900971),
        (MOCK_TENANT_ID, &[("redirect_uri", "localhost")], 50011),
        (
            MOCK_TENANT_ID,
            &[("redirect_uri", "https://localhost")],
            50011,
        ),
        (
            MOCK_TENANT_ID,
            &[("redirect_uri", "http://evil.example")],
            50011,
        ),
        (
            MOCK_TENANT_ID,
            &[("redirect_uri", "http://localhost:1/path")],
            50011,
        ),
    ];
    for (tenant, changes, number) in table {
        let response = visit(&mock, tenant, &but(&QUERY, changes)).await;
        assert_eq!(response.status(), 400, "{changes:?}");
        let page = response.text().await.unwrap();
        assert!(page.contains(&format!("AADSTS{number}: ")), "{page}");
        assert!(!page.contains("<nobody>"), "{page}");
    }
}

#[tokio::test]
async fn a_code_is_for_its_client_and_for_once() {
    let mock = mock().await;
    let code = code(&mock).await;
    let table: [(&Fields<'_>, u16, &str, u32); 6] = [
        (&[("code", "")], 400, "invalid_request", 900144),
        (&[("code", "guessed")], 400, "invalid_grant", 9002313),
        (&[("code_verifier", "")], 400, "invalid_request", 900144),
        (
            &[("code_verifier", CHALLENGE)],
            400,
            "invalid_grant",
            501481,
        ),
        (
            &[("redirect_uri", "http://localhost:8401")],
            400,
            "invalid_client",
            500112,
        ),
        (
            &[
                ("client_id", MOCK_CLIENT_ID),
                ("client_secret", MOCK_CLIENT_SECRET),
            ],
            400,
            "invalid_grant",
            9002313,
        ),
    ];
    let fields = but(&CODE_FIELDS, &[("code", &code)]);
    for (changes, status, error, number) in table {
        let answer = ask_entra(&mock, &but(&fields, changes)).await;
        assert_refused(&answer, status, error, number);
    }
    assert_eq!(redeem(&mock, &code).await.0, 200);
    assert_refused(&redeem(&mock, &code).await, 400, "invalid_grant", 54005);
}

#[tokio::test]
async fn a_code_does_not_live_long() {
    let builder = MockAzure::builder().code_lifetime(Duration::ZERO);
    let mock = builder.start().await.unwrap();
    let answer = redeem(&mock, &code(&mock).await).await;
    assert_refused(&answer, 400, "invalid_grant", 70008);
}

#[tokio::test]
async fn revoked_sign_ins_are_refused() {
    let mock = mock().await;
    let (_, tokens) = redeem(&mock, &code(&mock).await).await;
    let pending = code(&mock).await;
    mock.revoke_sign_ins();
    let refreshed = refresh(&mock, &tokens["refresh_token"], "").await;
    assert_refused(&refreshed, 400, "invalid_grant", 50173);
    assert_refused(&redeem(&mock, &pending).await, 400, "invalid_grant", 50173);
    let unknown = refresh(&mock, &json!("guessed"), "").await;
    assert_refused(&unknown, 400, "invalid_grant", 70000);
    assert_eq!(redeem(&mock, &code(&mock).await).await.0, 200);
}

#[tokio::test]
async fn a_client_that_has_a_secret_must_show_it() {
    let mock = mock().await;
    let query = but(&QUERY, &[("client_id", MOCK_CLIENT_ID)]);
    let code = come_back(&mock, &query).await.remove("code").unwrap();
    let fields = but(
        &CODE_FIELDS,
        &[("client_id", MOCK_CLIENT_ID), ("code", &code)],
    );
    let answer = ask_entra(&mock, &fields).await;
    assert_refused(&answer, 401, "invalid_client", 7000218);
    let fields = but(&fields, &[("client_secret", MOCK_CLIENT_SECRET)]);
    let (status, answer) = ask_entra(&mock, &fields).await;
    assert_eq!(status, 200, "{answer}");
}
