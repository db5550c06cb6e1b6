//! The credentials as a whole.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use provider_host::secret::Secret;
use serde_json::json;

use super::*;
use crate::credentials::CredentialErrorKind;
use crate::credentials::testing::{Reply, Server, deserted};

fn request(credential: CredentialKind) -> TokenRequest {
    TokenRequest::new(credential, "https://r.example/.default")
}

fn managed() -> CredentialKind {
    let client_id = Some("c".to_owned());
    CredentialKind::ManagedIdentity { client_id }
}

fn credentials<const N: usize>(variables: [(&str, &str); N]) -> AzureCredentials {
    AzureCredentials::builder()
        .environment(Environment::from_iter(variables))
        .build()
}

fn application<'a>(authority: &'a str, metadata: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("AZURE_TOKEN_CREDENTIALS", "prod"),
        ("AZURE_AUTHORITY_HOST", authority),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "secret"),
    ]
}

#[tokio::test]
async fn a_token_is_got_once_and_again_when_it_was_refused() {
    let server = Server::start([Reply::token("1"), Reply::token("2")]).await;
    let (_socket, nobody) = deserted();
    let credentials = credentials(application(&server.address, &nobody));
    let mut request = request(CredentialKind::DefaultChain);
    for _ in 0..3 {
        let token = credentials.token(&request).await.unwrap();
        assert_eq!(token.token.expose(), "1");
    }
    request.refused = Some(Secret::new("1"));
    for _ in 0..3 {
        let token = credentials.token(&request).await.unwrap();
        assert_eq!(token.token.expose(), "2");
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_examination_shows_each_credential_and_keeps_the_token() {
    let token = json!({"access_token": "t", "expires_on": "4102444800"});
    let server = Server::start([Reply::json(200, &token)]).await;
    let credentials = credentials([
        ("AZURE_TOKEN_CREDENTIALS", "prod"),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &server.address),
    ]);
    let request = request(CredentialKind::DefaultChain);
    let attempts = credentials.examine(&request).await;
    let names: Vec<&str> = attempts.iter().map(|attempt| attempt.name).collect();
    let planned = credentials.planned(&request.credential).await.unwrap();
    let planned: Vec<&str> = planned.iter().map(|attempt| attempt.name).collect();
    assert_eq!(names, planned);
    let [first, second, third] = attempts.try_into().unwrap();
    for attempt in [first, second] {
        assert!(
            matches!(attempt.outcome, AttemptOutcome::Unavailable(_)),
            "{attempt:?}"
        );
    }
    assert!(
        matches!(third.outcome, AttemptOutcome::Token { .. }),
        "{third:?}"
    );
    let asked = server.seen().len();
    credentials.token(&request).await.unwrap();
    assert_eq!(server.seen().len(), asked);
}

#[cfg(unix)]
#[tokio::test]
async fn a_plan_shows_what_this_machine_shows() {
    use AttemptOutcome::{Configured, Failed, Unavailable};
    let folder = crate::credentials::testing::Folder::new();
    folder.install("az", "exit 1");
    let server = Server::start([Reply::token("t")]).await;
    let path = folder.file("");
    let (app_service, missing) = (
        ("IDENTITY_ENDPOINT", "http://a.example"),
        folder.file("none"),
    );
    let mut variables = vec![
        ("PATH", &*path),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*server.address),
    ];
    let plan = async |variables: &[(&'static str, &str)]| {
        let credentials = AzureCredentials::builder()
            .environment(variables.iter().copied().collect())
            .build();
        let planned = credentials.planned(&CredentialKind::DefaultChain).await;
        planned
            .unwrap()
            .into_iter()
            .map(|attempt| attempt.outcome)
            .collect::<Vec<_>>()
    };
    let planned = plan(&variables).await;
    let is = |planned: &[AttemptOutcome], index: usize, words: &str| {
        let (Configured(message) | Unavailable(message) | Failed(message)) = &planned[index] else {
            panic!("{planned:?}");
        };
        assert!(message.contains(words), "{words}: {planned:?}");
    };
    let words = [
        "unavailable",
        "unavailable",
        "configured",
        "configured",
        "unavailable",
        "unavailable",
        "unavailable",
    ];
    assert_eq!(
        planned.iter().map(AttemptOutcome::word).collect::<Vec<_>>(),
        words
    );
    for (index, words) in [
        (0, "AZURE_TENANT_ID, AZURE_CLIENT_ID"),
        (1, "AZURE_FEDERATED_TOKEN_FILE are not set"),
        (2, &format!("if there is one at {}", server.address)),
        (3, &folder.file("az")),
        (4, "(pwsh) is not on the PATH"),
        (5, "(azd) is not on the PATH"),
        (6, "nobody is at the terminal"),
    ] {
        is(&planned, index, words);
    }
    variables.extend([
        app_service,
        ("IDENTITY_HEADER", "canary"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "canary"),
        ("AZURE_FEDERATED_TOKEN_FILE", &missing),
    ]);
    let planned = plan(&variables).await;
    for (index, words) in [
        (
            0,
            "the application client of the tenant tenant, with the secret in AZURE_CLIENT_SECRET",
        ),
        (1, "does not exist"),
        (2, "App Service"),
    ] {
        is(&planned, index, words);
    }
    assert!(!format!("{planned:?}").contains("canary"), "{planned:?}");
    assert_eq!(server.seen().len(), 0, "nothing is sent");
}

#[tokio::test]
async fn an_examination_ends_where_the_chain_does() {
    let refused = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Wrong."});
    let server = Server::start([Reply::json(401, &refused)]).await;
    let (_socket, nobody) = deserted();
    let credentials = credentials(application(&server.address, &nobody));
    let attempts = credentials
        .examine(&request(CredentialKind::DefaultChain))
        .await;
    let [first, second, third] = attempts.try_into().unwrap();
    assert!(
        matches!(first.outcome, AttemptOutcome::Failed(_)),
        "{first:?}"
    );
    for attempt in [second, third] {
        assert_eq!(attempt.outcome, AttemptOutcome::NotReached);
    }
}

#[tokio::test]
async fn the_managed_identity_alone_is_asked_for_by_its_client_id() {
    let token = json!({"access_token": "t", "expires_on": "4102444800"});
    let server = Server::start([Reply::json(200, &token)]).await;
    let (_socket, nobody) = deserted();
    let credentials = credentials(application(&nobody, &server.address));
    let request = request(managed());
    assert_eq!(
        credentials.token(&request).await.unwrap().token.expose(),
        "t"
    );
    let seen = server.seen().pop().unwrap();
    assert!(seen.target.ends_with("&client_id=c"), "{}", seen.target);
    let attempts = credentials.examine(&request).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].name, "ManagedIdentityCredential");
}

#[tokio::test]
async fn a_value_that_means_nothing_is_an_error_everywhere_but_for_the_managed_identity() {
    let credentials = credentials([("AZURE_TOKEN_CREDENTIALS", "nonsense")]);
    let chain = request(CredentialKind::DefaultChain);
    let error = credentials.token(&chain).await.unwrap_err();
    assert_eq!(error.kind, CredentialErrorKind::Failed);
    assert!(error.message.contains("nonsense"), "{error}");
    let planned = credentials.planned(&chain.credential).await;
    assert_eq!(planned, Err(error.clone()));
    let attempts = credentials.examine(&chain).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].outcome, AttemptOutcome::Failed(error.message));
    let planned = credentials.planned(&managed()).await.unwrap();
    assert_eq!(planned.len(), 1);
    assert_eq!(planned[0].name, "ManagedIdentityCredential");
}

#[tokio::test]
async fn arc_reads_its_files_where_the_builder_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.key");
    std::fs::write(&file, "proof").unwrap();
    let challenge = Reply::text(401, "").header(
        "www-authenticate",
        format!("Basic realm={}", file.display()),
    );
    let token = json!({"access_token": "t", "expires_in": 3600});
    let server = Server::start([challenge, Reply::json(200, &token)]).await;
    let arc = [
        ("IDENTITY_ENDPOINT", &*server.address),
        ("IMDS_ENDPOINT", &*server.address),
        ("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential"),
    ];
    let credentials = AzureCredentials::builder()
        .environment(Environment::from_iter(arc))
        .arc_token_directory(folder.path())
        .build();
    let token = credentials
        .token(&request(CredentialKind::DefaultChain))
        .await;
    assert_eq!(token.unwrap().token.expose(), "t");
}
