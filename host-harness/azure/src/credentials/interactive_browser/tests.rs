//! The sign-in, with a person and a token endpoint that do what they are told.

#![allow(clippy::unwrap_used, reason = "tests")]

mod person;

use std::collections::BTreeMap;

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;

use self::person::Person;
use super::*;
use crate::credentials::CredentialErrorKind::{Failed, Temporary};
use crate::credentials::testing::{self, Reply, Server, deserted};

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

fn credential(authority: &str, opener: Arc<dyn BrowserOpener>) -> InteractiveBrowserCredential {
    let surroundings = testing::surroundings([
        ("AZURE_AUTHORITY_HOST", authority),
        ("AZURE_TENANT_ID", "t-1"),
    ]);
    InteractiveBrowserCredential {
        opener,
        tell: Arc::new(|_| ()),
        ..InteractiveBrowserCredential::new(Arc::new(surroundings))
    }
}

/// A token endpoint with these answers.
async fn endpoint(answers: &[(u16, &str)]) -> Server {
    let replies = answers.iter();
    Server::start(replies.map(|(status, body)| Reply::text(*status, body))).await
}

/// The forms that came to a token endpoint.
fn forms(endpoint: &Server) -> Vec<BTreeMap<String, String>> {
    let seen = endpoint.seen();
    for request in &seen {
        assert_eq!(request.method, http::Method::POST);
        assert_eq!(request.target, "/t-1/oauth2/v2.0/token");
        let content_type = &request.headers["content-type"];
        assert_eq!(content_type, "application/x-www-form-urlencoded");
    }
    seen.iter().map(testing::Seen::form).collect()
}

const TOKENS: &str = r#"{"token_type": "Bearer", "access_token": "token-1", "expires_in": 3600, "refresh_token": "refresh-1"}"#;

const MORE_TOKENS: &str =
    r#"{"token_type": "Bearer", "access_token": "token-2", "expires_in": "3600"}"#;

const GOOD_VISIT: &str = "/?code=code-1&state=STATE&session_state=x";

#[tokio::test]
async fn a_person_signs_in_and_the_code_becomes_a_token() {
    let endpoint = endpoint(&[(200, TOKENS)]).await;
    let person = Person::who_visits(&["/favicon.ico", "/", "/?state=STATE", GOOD_VISIT]);
    let credential = credential(&endpoint.address, person.clone());
    let token = credential.get_token(SCOPE).await.unwrap();
    assert_eq!(token.token.expose(), "token-1");

    let asked = &person.asked()[0];
    let redirect_uri = asked["redirect_uri"].as_str();
    let scope = format!("{SCOPE} openid profile offline_access");
    for (name, value) in [
        ("client_id", CLIENT_ID),
        ("response_type", "code"),
        ("response_mode", "query"),
        ("scope", &scope),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
    ] {
        assert_eq!(asked[name], value);
    }
    let form = &forms(&endpoint)[0];
    for (name, value) in [
        ("client_id", CLIENT_ID),
        ("grant_type", "authorization_code"),
        ("code", "code-1"),
        ("redirect_uri", redirect_uri),
        ("scope", &scope),
    ] {
        assert_eq!(form[name], value);
    }
    let verifier = PkceCodeVerifier::new(form["code_verifier"].clone());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    assert_eq!(asked["code_challenge"], challenge.as_str());

    let statuses: Vec<_> = person
        .pages()
        .iter()
        .map(|page| page[9..12].to_owned())
        .collect();
    // The last page may come after the token.
    assert_eq!(statuses[..3], ["404", "400", "400"]);
}

#[test]
fn people_sign_in_to_the_tenant_or_where_their_account_is_at_home() {
    for (tenant, address) in [
        (
            "contoso.com",
            "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/authorize",
        ),
        (
            " ",
            "https://login.microsoftonline.us/organizations/oauth2/v2.0/authorize",
        ),
    ] {
        let credential = InteractiveBrowserCredential::new(Arc::new(testing::surroundings([
            ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"),
            ("AZURE_TENANT_ID", tenant),
        ])));
        let authority = credential.authority().unwrap();
        assert_eq!(authority.endpoint("authorize").as_str(), address);
    }
}

#[tokio::test]
async fn the_browser_says_that_the_window_can_be_closed() {
    let endpoint = endpoint(&[(200, TOKENS)]).await;
    let listener = RedirectListener::bind().await.unwrap();
    let state = CsrfToken::new_random();
    let person = Person::who_visits(&[GOOD_VISIT]);
    let mut address = Url::parse(&endpoint.address).unwrap();
    address
        .query_pairs_mut()
        .append_pair("state", state.secret())
        .append_pair("redirect_uri", &listener.uri());
    let (code, opened) = tokio::join!(listener.code(&state), person.open(&address));
    assert_eq!((code.unwrap().expose(), opened), ("code-1", Ok(())));
    let page = person.pages().remove(0).to_ascii_lowercase();
    for part in [
        "http/1.1 200 ok",
        "you can close this window",
        "cache-control: no-store",
        "connection: close",
        "content-security-policy: default-src 'none'",
        "referrer-policy: no-referrer",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("code-1"), "{page}");
}

#[tokio::test]
async fn a_sign_in_that_brings_no_code_says_why() {
    let table = [
        (
            "/?error=access_denied&error_description=AADSTS65004%3A+User+declined+%3Cb%3E%0D%0ATrace&state=STATE",
            "the sign-in was refused: access_denied: AADSTS65004: User declined <b>; try again",
        ),
        (
            "/?error=server_error&code=canary&state=STATE",
            "the sign-in was refused: server_error; try again",
        ),
    ];
    for (visit, part) in table {
        let endpoint = endpoint(&[]).await;
        let person = Person::who_visits(&[visit]);
        let error = credential(&endpoint.address, person.clone())
            .get_token(SCOPE)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Failed);
        assert!(error.message.contains(part), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
        assert!(forms(&endpoint).is_empty());
        assert!(!person.pages().iter().any(|page| page.contains("<b>")));
    }
}

#[tokio::test]
async fn what_somebody_else_brings_does_not_end_a_sign_in() {
    let endpoint = endpoint(&[(200, TOKENS)]).await;
    let foreign = [
        "/?code=canary&state=other",
        "/?code=canary",
        "/?error=access_denied&error_description=canary",
        "/?error=access_denied&state=",
    ];
    let visits = [&foreign[..], &[GOOD_VISIT]].concat();
    let person = Person::who_visits(&visits);
    let credential = credential(&endpoint.address, person.clone());
    let token = credential.get_token(SCOPE).await.unwrap();
    assert_eq!(token.token.expose(), "token-1");
    let pages = person.pages();
    for (visit, page) in foreign.iter().zip(&pages) {
        assert!(page.starts_with("HTTP/1.1 400"), "{visit}: {page}");
        assert!(page.contains("its state differs"), "{visit}: {page}");
        assert!(!page.contains("canary"), "{visit}: {page}");
    }
    assert_eq!(forms(&endpoint).len(), 1);
}

#[tokio::test]
async fn the_refresh_token_serves_until_the_person_is_needed_again() {
    let ended = r#"{"error": "invalid_grant", "error_description": "AADSTS700082: The refresh token has expired."}"#;
    let endpoint = endpoint(&[
        (200, TOKENS),
        (200, MORE_TOKENS),
        (503, "busy"),
        (400, ended),
        (200, MORE_TOKENS),
    ])
    .await;
    let person = Person::who_visits(&[GOOD_VISIT]);
    let credential = credential(&endpoint.address, person.clone());
    let mut seen = Vec::new();
    for _ in 0..4 {
        let token = credential.get_token(SCOPE).await;
        let said = token.map_or_else(
            |error| format!("{:?}", error.kind),
            |token| token.token.expose().to_owned(),
        );
        seen.push((said, person.asked().len()));
    }
    let expected = [
        ("token-1", 1),
        ("token-2", 1),
        ("Temporary", 1),
        ("token-2", 2),
    ];
    assert_eq!(seen, expected.map(|(said, times)| (said.to_owned(), times)));

    let asked = forms(&endpoint);
    let grants: Vec<_> = asked
        .iter()
        .map(|form| form["grant_type"].as_str())
        .collect();
    let (code, refresh) = ("authorization_code", "refresh_token");
    assert_eq!(grants, [code, refresh, refresh, refresh, code]);
    // The second answer brought no new one.
    for form in &asked[1..4] {
        assert_eq!(form["refresh_token"], "refresh-1");
        assert_eq!(form["client_id"], CLIENT_ID);
    }
}

#[tokio::test]
async fn two_who_ask_at_once_share_one_sign_in() {
    let endpoint = endpoint(&[(200, TOKENS), (200, MORE_TOKENS)]).await;
    let person = Person::who_visits(&[GOOD_VISIT]);
    let credential = credential(&endpoint.address, person.clone());
    let (one, other) = tokio::join!(credential.get_token("a"), credential.get_token("b"));
    assert_eq!(one.unwrap().token.expose(), "token-1");
    assert_eq!(other.unwrap().token.expose(), "token-2");
    assert_eq!(person.asked().len(), 1);
}

#[tokio::test]
async fn a_code_is_never_tried_twice() {
    let table = [
        (200, "<html>canary</html>", "check AZURE_AUTHORITY_HOST"),
        (500, "<html>canary</html>", "(status 500)"),
        (
            400,
            r#"{"error": "invalid_grant", "error_description": "AADSTS54005: redeemed"}"#,
            "AADSTS54005: redeemed",
        ),
    ];
    for (status, body, part) in table {
        let endpoint = endpoint(&[(status, body)]).await;
        let person = Person::who_visits(&[GOOD_VISIT]);
        let error = credential(&endpoint.address, person.clone())
            .get_token(SCOPE)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Failed, "{error}");
        assert!(error.message.contains(part), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
        assert_eq!(forms(&endpoint).len(), 1);
    }
}

#[tokio::test]
async fn a_token_endpoint_that_does_not_answer_is_temporary_for_a_refresh_token() {
    let (_socket, address) = deserted();
    let person = Person::who_visits(&[GOOD_VISIT]);
    let credential = credential(&address, person.clone());
    let error = credential.get_token(SCOPE).await.unwrap_err();
    assert_eq!((error.kind, person.asked().len()), (Failed, 1));
    *credential.refresh_token.lock().await = Some(Secret::new("refresh-1"));
    let error = credential.get_token(SCOPE).await.unwrap_err();
    assert_eq!((error.kind, person.asked().len()), (Temporary, 1));
}

#[tokio::test]
async fn a_person_who_does_not_sign_in_is_not_waited_for_without_end() {
    let endpoint = endpoint(&[]).await;
    let person = Person::who_visits(&[]);
    let passed = Arc::new(Notify::new());
    let credential = InteractiveBrowserCredential {
        time_limit: TimeLimit::Until(Arc::clone(&passed)),
        ..credential(&endpoint.address, person.clone())
    };
    let pass = async {
        person.opened.notified().await;
        passed.notify_one();
    };
    let (result, ()) = tokio::join!(credential.get_token(SCOPE), pass);
    let error = result.unwrap_err();
    assert_eq!(error.kind, Failed);
    assert!(error.message.contains("within 5 minutes"), "{error}");
}

#[tokio::test]
async fn without_a_browser_and_without_a_code_the_person_gets_the_address() {
    let endpoint = endpoint(&[(400, r#"{"error": "unsupported"}"#), (200, TOKENS)]).await;
    let (credential, mut lines) = without_browser(&endpoint);
    let person = Person::who_visits(&[GOOD_VISIT]);
    let by_hand = async {
        let waiting = lines.recv().await.unwrap();
        assert!(waiting.contains("waiting for 5 minutes"), "{waiting}");
        let advice = lines.recv().await.unwrap();
        assert!(advice.contains("(xdg-open is not on the PATH)"), "{advice}");
        let address = advice.lines().last().unwrap();
        person.open(&Url::parse(address).unwrap()).await
    };
    let (token, opened) = tokio::join!(credential.get_token(SCOPE), by_hand);
    assert_eq!((token.unwrap().token.expose(), opened), ("token-1", Ok(())));
}

/// What a terminal shows of a sign-in without a browser, and a credential that shows it there.
fn without_browser(endpoint: &Server) -> (InteractiveBrowserCredential, UnboundedReceiver<String>) {
    let (told, lines) = tokio::sync::mpsc::unbounded_channel();
    let credential = InteractiveBrowserCredential {
        tell: Arc::new(move |line| told.send(line.to_owned()).unwrap()),
        ..credential(&endpoint.address, Arc::new(NoBrowser))
    };
    (credential, lines)
}

struct NoBrowser;

#[async_trait]
impl BrowserOpener for NoBrowser {
    async fn open(&self, _: &Url) -> Result<(), String> {
        Err("xdg-open is not on the PATH".to_owned())
    }
}

const DEVICE_CODE: &str = r#"{"device_code": "canary-device", "user_code": "ABC\u001b[2JD", "expires_in": 900,
    "verification_uri": "https://login.example/device", "interval": 0, "message": "To sign in, use a browser."}"#;

const PENDING: &str =
    r#"{"error": "authorization_pending", "error_description": "AADSTS70016: Pending."}"#;

#[tokio::test]
async fn without_a_browser_the_person_gets_a_code_for_any_device() {
    let replies = [
        (200, DEVICE_CODE),
        (400, PENDING),
        // A moment without a service ends nothing.
        (503, "busy"),
        (400, PENDING),
        (200, TOKENS),
        (200, MORE_TOKENS),
    ];
    let server = endpoint(&replies).await;
    let (credential, mut lines) = without_browser(&server);
    let token = credential.get_token(SCOPE).await.unwrap();
    assert_eq!(token.token.expose(), "token-1");
    let instruction = [lines.recv().await.unwrap(), lines.recv().await.unwrap()].concat();
    for words in [
        "(xdg-open is not on the PATH)",
        "On any device, open https://login.example/device and enter the code ABC[2JD.",
        "Or open this address in a browser on this machine:\nhttp://",
    ] {
        assert!(instruction.contains(words), "{instruction}");
    }
    assert!(!instruction.contains("canary"), "{instruction}");

    let later = credential.get_token(SCOPE).await.unwrap();
    assert_eq!(later.token.expose(), "token-2", "nobody is needed again");
    let seen = server.seen();
    let targets: Vec<&str> = seen.iter().map(|request| &*request.target).collect();
    let [code, token] = ["devicecode", "token"].map(|name| format!("/t-1/oauth2/v2.0/{name}"));
    assert_eq!(targets, [&*code, &token, &token, &token, &token, &token]);
    let forms: Vec<_> = seen.iter().map(testing::Seen::form).collect();
    let scope = format!("{SCOPE} openid profile offline_access");
    assert_eq!(forms[0]["scope"], scope);
    for form in &forms[1..5] {
        let kind = "urn:ietf:params:oauth:grant-type:device_code";
        assert_eq!(form["grant_type"], kind);
        assert_eq!(form["device_code"], "canary-device");
    }
    assert_eq!(forms[5]["refresh_token"], "refresh-1");
    assert!(forms.iter().all(|form| form["client_id"] == CLIENT_ID));
}

#[tokio::test]
async fn a_code_that_is_declined_ends_the_sign_in() {
    for (code, description) in [
        ("authorization_declined", "AADSTS70018: Bad canary-device."),
        ("expired_token", "AADSTS70020: Too late."),
    ] {
        let refusal =
            serde_json::json!({"error": code, "error_description": description}).to_string();
        let server = endpoint(&[(200, DEVICE_CODE), (400, PENDING), (400, &refusal)]).await;
        let (credential, _lines) = without_browser(&server);
        let error = credential.get_token(SCOPE).await.unwrap_err();
        assert_eq!(error.kind, Failed);
        let expected = format!(
            "{} refused the sign-in: {code}: {}; try again, or ask the tenant's administrator",
            server.address,
            description
                .trim_end_matches('.')
                .replace("canary-device", "[REDACTED]")
        );
        assert_eq!(error.message, expected);
    }
}

#[tokio::test]
async fn a_person_is_asked_again_when_signing_in_mends_it() {
    for (code, asked) in [
        ("invalid_grant", 1),
        ("interaction_required", 1),
        ("invalid_client", 0),
        ("temporarily_unavailable", 0),
    ] {
        let refusal = serde_json::json!({"error": code, "error_description": "AADSTS1: canary."});
        let server = endpoint(&[(400, &refusal.to_string()), (200, TOKENS)]).await;
        let person = Person::who_visits(&[GOOD_VISIT]);
        let credential = credential(&server.address, person.clone());
        *credential.refresh_token.lock().await = Some(Secret::new("canary"));
        let token = credential.get_token(SCOPE).await;
        assert_eq!(person.asked().len(), asked, "{code}");
        if asked == 0 {
            let expected = format!(
                "{} refused the sign-in: {code}: AADSTS1: [REDACTED]; try again, or ask the tenant's administrator",
                server.address
            );
            let error = token.unwrap_err();
            assert_eq!((error.kind, error.message), (Failed, expected));
        }
    }
}
