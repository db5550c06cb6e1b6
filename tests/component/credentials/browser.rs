//! A person who signs in with a browser. The browser is a script that hands over the address, and the test goes where the
//! person would; the person of the mock enters codes.

use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::{MOCK_PUBLIC_CLIENT_ID, MockAzure, RecordedRequest};
use provider_host::contract::types::ProviderError;
use provider_host_azure::credentials::AzureCredentials;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::programs::Programs;
use super::support::{Clock, Variables, assert_final, chain, environment, mock, only, open_with};
use crate::support::{Setup, ask, in_time};

#[tokio::test]
async fn a_person_signs_in_once_for_all_requests_and_for_later() {
    let (mock, programs, clock) = (mock().await, Programs::new(), Clock::new());
    let shown = programs.install_browser("browser");
    let credentials = clock.credentials(variables(&mock, &programs));
    let setup = open_with(mock, chain(), credentials).await;
    let mut requests = JoinSet::new();
    for _ in 0..5 {
        let provider = setup.provider.clone();
        requests.spawn(async move { provider.complete(&ask("Hi")).await });
    }
    let page = sign_in(&in_time(shown).await.unwrap()).await;
    assert!(page.contains("You can close this window"), "{page}");
    for answer in in_time(requests.join_all()).await {
        answer.unwrap();
    }
    assert_eq!(grants(&setup), ["authorization_code"]);
    let form = setup.only_token_request().body;
    assert_eq!(form["client_id"], MOCK_PUBLIC_CLIENT_ID);
    assert!(form["code_verifier"].is_string());

    // Later nobody is needed.
    clock.pass(3601);
    setup.token_taken().await;
    assert_eq!(grants(&setup), ["authorization_code", "refresh_token"]);
    assert_eq!(programs.names_of_runs(), ["browser"]);

    // Until the sign-in is no longer good.
    clock.pass(3601);
    setup.mock.revoke_sign_ins();
    let shown = programs.install_browser("browser");
    let ((), _) = tokio::join!(async { drop(setup.token_taken().await) }, async {
        sign_in(&in_time(shown).await.unwrap()).await
    });
    assert_eq!(
        grants(&setup),
        [
            "authorization_code",
            "refresh_token",
            "refresh_token",
            "authorization_code"
        ]
    );
    assert_eq!(setup.mock.authorize_requests().len(), 2);
}

#[tokio::test]
async fn a_person_at_the_terminal_is_the_last_of_the_chain() {
    let (mock, programs) = (mock().await, Programs::new());
    let shown = programs.install_browser("browser");
    let mut variables = mock.environment_of_authority();
    variables.extend([programs.path(), ("BROWSER", "browser".to_owned())]);
    let credentials = AzureCredentials::builder()
        .environment(environment(variables))
        .is_interactive(true);
    let setup = open_with(mock, chain(), Arc::new(credentials.build())).await;
    let (_, page) = tokio::join!(setup.token_taken(), async {
        sign_in(&in_time(shown).await.unwrap()).await
    });
    assert!(page.contains("You can close this window"), "{page}");
    assert_eq!(grants(&setup), ["authorization_code"]);
}

#[tokio::test]
async fn a_person_without_a_browser_enters_a_code_on_another_device() {
    let (mock, programs, clock) = (mock().await, Programs::new(), Clock::new());
    let credentials = clock.credentials(without_browser(&mock, &programs));
    let setup = open_with(mock, chain(), credentials).await;
    setup.token_taken().await;
    let requests = setup.mock.token_requests();
    let paths: Vec<&str> = requests.iter().map(|request| &*request.path).collect();
    assert!(paths[0].ends_with("/oauth2/v2.0/devicecode"), "{paths:?}");
    assert_eq!(requests[0].body["client_id"], MOCK_PUBLIC_CLIENT_ID);
    let code = "urn:ietf:params:oauth:grant-type:device_code";
    // The first time the person is not done yet.
    assert_eq!(grants_of(&requests[1..]), [code, code]);
    assert!(setup.mock.authorize_requests().is_empty());

    // Later nobody is needed.
    clock.pass(3601);
    setup.token_taken().await;
    let requests = setup.mock.token_requests();
    assert_eq!(grants_of(&requests[3..]), ["refresh_token"]);
}

#[tokio::test]
async fn a_code_that_a_person_declines_ends_the_sign_in() {
    let (mock, programs) = (mock().await, Programs::new());
    mock.decline_next_sign_in();
    let credentials = Clock::new().credentials(without_browser(&mock, &programs));
    let setup = open_with(mock, chain(), credentials).await;
    let words = [
        "there is no token: InteractiveBrowserCredential: ",
        "refused the sign-in: authorization_declined: AADSTS65004",
        "try again",
    ];
    assert_final(&setup.refusal().await, &words);
}

#[tokio::test]
async fn a_person_who_declines_is_told_in_both_places() {
    let mock = mock().await;
    mock.decline_next_sign_in();
    let (setup, error, page) = refused_sign_in(mock).await;
    let words = [
        "there is no token: InteractiveBrowserCredential: ",
        "the sign-in was refused: access_denied: AADSTS65004",
        "try again",
    ];
    assert_final(&error, &words);
    assert!(page.contains("AADSTS65004"), "{page}");
    assert!(setup.mock.token_requests().is_empty());
}

#[tokio::test]
async fn a_code_that_has_expired_is_tried_once() {
    let builder = MockAzure::builder().code_lifetime(Duration::ZERO);
    let (setup, error, _) = refused_sign_in(builder.start().await.unwrap()).await;
    assert_final(&error, &["refused", "AADSTS70008"]);
    assert_eq!(grants(&setup), ["authorization_code"]);
}

/// Has a person sign in, in vain; returns the error and the page that the person sees.
async fn refused_sign_in(mock: MockAzure) -> (Setup, ProviderError, String) {
    let programs = Programs::new();
    let shown = programs.install_browser("browser");
    let credentials = Clock::new().credentials(variables(&mock, &programs));
    let setup = open_with(mock, chain(), credentials).await;
    let (error, page) = tokio::join!(setup.refusal(), async {
        sign_in(&in_time(shown).await.unwrap()).await
    });
    (setup, error, page)
}

fn variables(mock: &MockAzure, programs: &Programs) -> Variables {
    let mut variables = mock.environment_of_authority();
    variables.extend([
        only("InteractiveBrowserCredential"),
        programs.path(),
        ("BROWSER", "browser".to_owned()),
    ]);
    variables
}

/// The same, where no browser can be opened.
fn without_browser(mock: &MockAzure, programs: &Programs) -> Variables {
    let mut variables = variables(mock, programs);
    variables.retain(|(name, _)| *name != "BROWSER");
    variables
}

/// What the token endpoint was asked with.
fn grants(setup: &Setup) -> Vec<String> {
    grants_of(&setup.mock.token_requests())
}

fn grants_of(requests: &[RecordedRequest]) -> Vec<String> {
    let grants = requests.iter().map(|request| &request.body["grant_type"]);
    grants
        .map(|grant| grant.as_str().unwrap().to_owned())
        .collect()
}

/// Goes to the page where people sign in, and from there to where it leads; returns what is shown there.
async fn sign_in(address: &str) -> String {
    let answer = visit(address).await;
    assert!(answer.starts_with("HTTP/1.1 302 "), "{answer}");
    let mut lines = answer.lines();
    let back = lines.find_map(|line| line.strip_prefix("location: "));
    visit(back.unwrap()).await
}

/// What a browser is answered.
async fn visit(address: &str) -> String {
    let (host, path) = address
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    in_time(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}
