//! What a host refuses to a provider: other origins, redirects, some headers, tokens for other things.

use std::io::ErrorKind;
use std::net::TcpListener;

use azure_openai_mock::{Fault, MockAzure};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{SCOPE, Tokens};
use crate::hostile::Hostile;
use crate::support::{Setup, ask, azure, provider_error};

#[tokio::test]
async fn a_request_to_an_origin_that_is_not_allowed_never_leaves() {
    let mock = MockAzure::builder().start().await.unwrap();
    let stranger = Stranger::new();
    let config = json!({ "azure_endpoint": mock.endpoint(), "api_key": "secret-key" });
    let hostile = Hostile::open(config, []).await;
    let allowed = mock.endpoint().replace("http://", "");
    let port = allowed.split_once(':').unwrap().1.to_owned();
    for url in [
        stranger.address(),
        format!("{}/openai/v1/responses", stranger.address()),
        stranger.address().replace("http:", "https:"),
        stranger.address().replace("127.0.0.1", "localhost"),
        // The allowed host as the name of a user.
        stranger
            .address()
            .replace("127.0.0.1", &format!("{allowed}@127.0.0.1")),
        stranger
            .address()
            .replace("127.0.0.1", "127.0.0.1@127.0.0.1"),
        // The allowed origin but for its scheme, its host or its port.
        format!("https://{allowed}"),
        format!("http://localhost:{port}"),
        format!("http://[::1]:{port}"),
        format!("http://127.0.0.2:{port}"),
        "http://127.0.0.1".to_owned(),
        // The metadata service of virtual machines.
        "http://169.254.169.254/metadata/identity/oauth2/token".to_owned(),
        "https://login.microsoftonline.com".to_owned(),
    ] {
        for header in ["x-nothing", "api-key"] {
            let outcome = send(&hostile, &url, json!([[header, "{config:api_key}"]])).await;
            assert!(outcome["status"].is_null(), "{url}: {outcome}");
            let error = outcome["error"].as_str().unwrap();
            let is_refusal = ["ErrorCode::HttpRequestDenied", "the authority"];
            assert!(
                is_refusal.iter().any(|refusal| error.starts_with(refusal)),
                "{url}: {error}"
            );
        }
    }
    stranger.assert_unvisited();
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_neighbour_at_the_same_gateway_gets_no_secret() {
    let gateway = MockAzure::builder().start().await.unwrap();
    let address = gateway.endpoint();
    let config = json!({ "azure_endpoint": format!("{address}/team-a"), "api_key": "secret-key" });
    let tokens = Tokens::new("secret-fetched");
    let host = azure().credentials(tokens);
    let hostile = Hostile::open_in(host, config).await;
    let token = json!({ "do": "token", "credential": "default-chain", "scope": SCOPE });
    hostile.carry_out(token).await;
    // method, path → whether the secrets go there
    for (method, path, is_ours) in [
        ("POST", "/team-a/openai/v1/responses", true),
        ("GET", "/team-a/openai/v1/responses/resp_1?after=1", true),
        ("DELETE", "/team-a/openai/v1/files/file_1", true),
        ("PUT", "/team-a/openai/v1/responses", false),
        ("PATCH", "/team-a/openai/v1/responses", false),
        ("POST", "/team-b/x", false),
        ("POST", "/team-a", true),
        ("POST", "/team-ab/x", false),
        ("POST", "/", false),
        ("POST", "/team-a/../team-b/x", false),
        ("POST", "/team-a/%2e%2e/team-b/x", false),
        ("POST", "/team-a/..%2fteam-b/x", false),
        ("POST", "/team-a/%252e%252e/team-b/x", false),
        ("POST", "/team-a/..;/team-b/x", false),
        // Read, and sent, as /team-a/team-b/x.
        ("POST", "/team-a//../team-b/x", true),
        ("POST", "//team-a/x", false),
        ("POST", "/team-a//x", false),
        ("POST", "/team-a//", false),
    ] {
        for (name, value, secret) in [
            ("api-key", "{config:api_key}", "secret-key"),
            ("authorization", "Bearer {token}", "Bearer secret-fetched-1"),
        ] {
            let before = gateway.requests().len();
            let send = json!({
                "do": "send",
                "method": method,
                "url": format!("{address}{path}"),
                "headers": [[name, value]],
                "body": "",
            });
            let outcome = hostile.carry_out(send).await;
            let sent = gateway.requests();
            assert_eq!(sent.len(), before + 1, "{method} {path}: {outcome}");
            let found = &sent.last().unwrap().headers[name];
            assert_eq!(found == secret, is_ours, "{method} {path} {name}");
        }
    }
}

#[tokio::test]
async fn without_an_endpoint_nothing_can_be_reached() {
    let stranger = Stranger::new();
    for config in [
        json!({}),
        json!({ "azure_endpoint": "nonsense" }),
        json!({ "azure_endpoint": [stranger.address()] }),
    ] {
        let hostile = Hostile::open(config, []).await;
        let outcome = send(&hostile, &stranger.address(), json!([])).await;
        assert_eq!(outcome, json!({ "error": "ErrorCode::HttpRequestDenied" }));
    }
    stranger.assert_unvisited();
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let stranger = Stranger::new();
    for status in [301, 302, 303, 307, 308] {
        let mock = MockAzure::builder().start().await.unwrap();
        let config = json!({ "azure_endpoint": mock.endpoint(), "api_key": "secret-key" });
        let hostile = Hostile::open(config, []).await;
        // Not to a stranger, and not to the endpoint itself, which would get the secret twice.
        for location in [stranger.address(), mock.endpoint()] {
            mock.push_fault(redirect(status, &location));
            let headers = json!([["api-key", "{config:api_key}"]]);
            let outcome = send(&hostile, &mock.endpoint(), headers).await;
            assert_eq!(outcome["status"], status, "{outcome}");
        }
        assert_eq!(mock.requests().len(), 2, "{status}");

        let setup = Setup::new().await;
        setup.mock.push_fault(redirect(status, &stranger.address()));
        let error = provider_error(setup.provider.complete(&ask("Hi")).await);
        assert_eq!(error.status, Some(status));
        assert!(
            error.message.contains("never followed"),
            "{}",
            error.message
        );
        assert_eq!(setup.mock.requests().len(), 1, "{status}");
    }
    stranger.assert_unvisited();
}

#[tokio::test]
async fn headers_of_the_connection_are_refused() {
    let mock = MockAzure::builder().start().await.unwrap();
    let hostile = Hostile::open(json!({ "azure_endpoint": mock.endpoint() }), []).await;
    // What says where a request goes, how it is framed, who proxies it and what becomes of its connection: whoever sets
    // them can make the host, a proxy and the service disagree about what was asked of whom. `te`, `trailer` and `expect`
    // are not among them; they ask for something and change nothing by themselves.
    for name in [
        "connection",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ] {
        for name in [name.to_owned(), name.to_uppercase()] {
            let outcome = send(&hostile, &mock.endpoint(), json!([[name, "x"]])).await;
            let error = format!("header {name}: HeaderError::Forbidden");
            assert_eq!(outcome, json!({ "error": error }));
        }
    }
    assert!(mock.requests().is_empty());

    // The length is the body's, whatever the provider says.
    send(
        &hostile,
        &mock.endpoint(),
        json!([["content-length", "1000"]]),
    )
    .await;
    assert!(mock.requests().is_empty());
    let harmless = json!([["te", "trailers"], ["x-harmless", "x"]]);
    send(&hostile, &mock.endpoint(), harmless).await;
    assert_eq!(mock.requests()[0].headers["te"], "trailers");
    let host = mock.requests()[0].headers["host"].clone();
    assert_eq!(
        format!("http://{}", host.to_str().unwrap()),
        mock.endpoint()
    );
}

#[tokio::test]
async fn there_are_tokens_for_the_services_of_azure_ai_and_the_configured_scope_only() {
    let own = "https://gateway.example/.default";
    for (config, scope, is_given) in [
        (json!({}), SCOPE, true),
        (
            json!({}),
            "https://cognitiveservices.azure.us/.default",
            true,
        ),
        (
            json!({}),
            "https://cognitiveservices.azure.cn/.default",
            true,
        ),
        (json!({}), "https://ai.azure.com/.default", true),
        (json!({}), "https://management.azure.com/.default", false),
        (json!({}), "https://graph.microsoft.com/.default", false),
        (json!({}), "https://vault.azure.net/.default", false),
        (json!({}), "https://cognitiveservices.azure.com", false),
        (
            json!({}),
            "https://cognitiveservices.azure.com/.default ",
            false,
        ),
        (
            json!({}),
            "https://cognitiveservices.azure.com.example/.default",
            false,
        ),
        (json!({}), "", false),
        (json!({}), own, false),
        (json!({ "token_scope": own }), own, true),
        (json!({ "token_scope": format!(" {own}\n") }), own, true),
        (
            json!({ "token_scope": own }),
            "https://management.azure.com/.default",
            false,
        ),
        (json!({ "token_scope": [own] }), own, false),
        (json!({ "token_scope": "  " }), "", false),
    ] {
        for credential in [
            json!("default-chain"),
            json!({ "managed-identity": null }),
            json!({ "managed-identity": "an-id" }),
        ] {
            let tokens = Tokens::new("secret-fetched");
            let host = azure().credentials(tokens.clone());
            let hostile = Hostile::open_in(host, config.clone()).await;
            let ask = json!({ "do": "token", "credential": credential, "scope": scope });
            let outcome = hostile.carry_out(ask).await;
            assert_eq!(outcome["token"].is_string(), is_given, "{scope}: {outcome}");
            assert_eq!(tokens.asked().len(), usize::from(is_given), "{scope}");
            if !is_given {
                assert_eq!(outcome["kind"], "failed");
                let error = outcome["error"].as_str().unwrap();
                assert!(error.contains("put it into `token_scope`"), "{error}");
            }
        }
    }
}

async fn send(hostile: &Hostile, url: &str, headers: Value) -> Value {
    let send =
        json!({ "do": "send", "method": "POST", "url": url, "headers": headers, "body": "x" });
    hostile.carry_out(send).await
}

fn redirect(status: u16, location: &str) -> Fault {
    let location = HeaderValue::from_str(location).unwrap();
    Fault::Status {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter([(http::header::LOCATION, location)]),
        body: Bytes::new(),
    }
}

/// Listens, and hopes for nobody.
struct Stranger(TcpListener);

impl Stranger {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn address(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    fn assert_unvisited(&self) {
        let nobody = self.0.accept().unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    }
}
