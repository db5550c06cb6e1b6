//! How requests say who sends them, and what becomes of that.

use serde_json::json;

use super::fake_edge::FakeEdge;
use super::*;
use crate::contract::credentials::{Credential, CredentialError, CredentialErrorKind};

#[test]
fn each_way_to_authenticate_has_its_header_and_no_other() {
    for (settings, header, value) in [
        (json!({ "api_key": "key" }), "api-key", "key"),
        (
            json!({ "azure_ad_token": "tok" }),
            "authorization",
            "Bearer tok",
        ),
        (
            json!({ "use_managed_identity": true }),
            "authorization",
            "Bearer token-1",
        ),
        (
            json!({ "use_default_credential": "yes" }),
            "authorization",
            "Bearer token-1",
        ),
        (
            json!({ "api_key": "key", "azure_ad_token": "tok", "use_default_credential": true }),
            "api-key",
            "key",
        ),
    ] {
        let edge = FakeEdge::default();
        edge.answer(500, "text/plain");
        let mut settings = settings;
        settings["extra_headers"] = json!({ "Ocp-Apim-Subscription-Key": "gateway" });
        failed(&edge, settings);
        let sent = edge.0.sent_headers.borrow();
        let of_interest: Vec<(&str, &str)> = sent[0]
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| {
                !["accept", "accept-encoding", "content-type", "user-agent"].contains(name)
            })
            .collect();
        let expected = [(header, value), ("Ocp-Apim-Subscription-Key", "gateway")];
        assert_eq!(of_interest, expected);
    }
}

#[test]
fn a_token_of_the_host_is_renewed_once_when_it_is_refused() {
    // statuses and bodies of the answers → kind of the error, whether each token request was forced
    let permission = r#"{"error":{"code":"PermissionDenied","message":"no role"}}"#;
    for (settings, answers, kind, forced) in [
        (
            json!({ "use_default_credential": true }),
            vec![(401, ""), (401, "")],
            ErrorKind::Authentication,
            vec![false, true],
        ),
        (
            json!({ "use_default_credential": true }),
            vec![(401, ""), (500, "")],
            ErrorKind::Unavailable,
            vec![false, true],
        ),
        (
            json!({ "use_managed_identity": true }),
            vec![(401, permission)],
            ErrorKind::AccessDenied,
            vec![false],
        ),
        (
            json!({ "azure_ad_token": "tok" }),
            vec![(401, "")],
            ErrorKind::Authentication,
            vec![],
        ),
        (
            json!({ "api_key": "key" }),
            vec![(401, "")],
            ErrorKind::Authentication,
            vec![],
        ),
    ] {
        let edge = FakeEdge::default();
        for (status, body) in &answers {
            edge.answer(*status, "application/json");
            edge.chunk(Duration::ZERO, body);
        }
        let error = failed(&edge, settings);
        assert_eq!(error.kind, kind, "{}", error.message);
        let requests = edge.0.token_requests.borrow();
        let were_forced: Vec<bool> = requests
            .iter()
            .map(|request| request.force_refresh)
            .collect();
        assert_eq!(were_forced, forced);
        let tokens: Vec<String> = edge
            .0
            .sent_headers
            .borrow()
            .iter()
            .map(|headers| authorization(headers))
            .collect();
        if !forced.is_empty() {
            let expected = (1..=answers.len()).map(|number| format!("Bearer token-{number}"));
            assert_eq!(tokens, expected.collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_token_is_asked_for_with_the_credential_and_the_scope() {
    for (settings, credential, scope) in [
        (
            json!({ "use_managed_identity": true }),
            Credential::ManagedIdentity(None),
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            json!({ "use_managed_identity": true, "managed_identity_client_id": "id" }),
            Credential::ManagedIdentity(Some("id".into())),
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            json!({ "use_default_credential": 1, "token_scope": "https://ai.azure.com/.default" }),
            Credential::DefaultChain,
            "https://ai.azure.com/.default",
        ),
        (
            json!({ "use_default_credential": 1, "azure_endpoint": "https://r.openai.azure.us" }),
            Credential::DefaultChain,
            "https://cognitiveservices.azure.us/.default",
        ),
    ] {
        let edge = FakeEdge::default();
        edge.answer(500, "text/plain");
        failed(&edge, settings);
        let requests = edge.0.token_requests.borrow();
        assert_eq!(requests.len(), 1);
        assert_eq!(
            (&requests[0].credential, requests[0].scope.as_str()),
            (&credential, scope)
        );
    }
}

#[test]
fn without_a_token_nothing_is_sent_and_the_error_says_whether_to_try_again() {
    use CredentialErrorKind::{Failed, Temporary, Unavailable};
    for (kind, expected, retryable) in [
        (Unavailable, ErrorKind::Authentication, false),
        (Failed, ErrorKind::Authentication, false),
        (Temporary, ErrorKind::Unavailable, true),
    ] {
        let edge = FakeEdge::default();
        *edge.0.credential_error.borrow_mut() = Some(CredentialError {
            kind,
            message: "run `az login`".into(),
            retry_after_ms: Some(7),
        });
        let error = failed(&edge, json!({ "use_default_credential": true }));
        assert_eq!((error.kind, error.retryable), (expected, retryable));
        assert_eq!(error.message, "there is no token: run `az login`");
        assert_eq!(error.retry_after_ms, Some(7));
        assert!(edge.0.sent_headers.borrow().is_empty());
        assert_eq!(edge.events(), ["llm:request", "llm:response"]);
    }
}

#[test]
fn the_time_that_a_token_takes_is_not_the_requests() {
    let edge = FakeEdge::default();
    edge.0.token_takes.set(Duration::from_secs(700));
    edge.answer(200, "text/event-stream");
    for _ in 0..9 {
        edge.chunk(Duration::from_secs(250), ": still here\n\n");
    }
    let error = failed(&edge, json!({ "use_default_credential": true }));
    assert!(
        error.message.starts_with("no event came for 300 seconds"),
        "{}",
        error.message
    );
    assert_eq!(edge.elapsed(), Duration::from_secs(1000));
}

#[test]
fn a_token_that_is_refused_and_cannot_be_renewed_says_both() {
    let edge = FakeEdge::default();
    edge.answer(401, "application/json");
    edge.chunk(
        Duration::ZERO,
        r#"{"error":{"code":"401","message":"audience is incorrect"}}"#,
    );
    edge.0.refuses_renewal.set(true);
    let error = failed(&edge, json!({ "use_default_credential": true }));
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::Authentication, Some(401))
    );
    assert!(!error.retryable);
    for words in [
        "audience is incorrect",
        "and when another was asked for",
        "run `az login`",
    ] {
        assert!(error.message.contains(words), "{words}: {}", error.message);
    }
    // There was no new one.
    assert!(
        !error.message.contains("nor a new one"),
        "{}",
        error.message
    );
}

#[test]
fn secrets_that_a_service_repeats_are_taken_out_of_its_words() {
    for settings in [
        json!({ "api_key": "canary-secret" }),
        json!({ "azure_ad_token": "canary-secret" }),
        json!({ "api_key": "k", "extra_headers": { "x-key": "canary-secret" } }),
    ] {
        let edge = FakeEdge::default();
        edge.answer(403, "text/plain");
        edge.chunk(Duration::ZERO, "canary-secret is not allowed here");
        let error = failed(&edge, settings);
        assert!(
            error.message.contains("[REDACTED] is not allowed"),
            "{}",
            error.message
        );
        assert!(!format!("{error:?} {:?}", edge.0.events.borrow()).contains("canary-secret"));

        let edge = FakeEdge::default();
        edge.answer(403, "application/json");
        let body = json!({ "error": { "code": "canary-secret", "message": "no canary-secret" } });
        edge.chunk(Duration::ZERO, &body.to_string());
        let error = failed(&edge, json!({ "api_key": "canary-secret" }));
        assert_eq!(error.code.as_deref(), Some("[REDACTED]"));
        assert!(!format!("{error:?} {:?}", edge.0.events.borrow()).contains("canary-secret"));
    }
}

fn authorization(headers: &[(String, String)]) -> String {
    let header = headers.iter().find(|(name, _)| name == "authorization");
    header.map(|(_, value)| value.clone()).unwrap_or_default()
}
