//! The client that a host is given: other certificates, other proxies, or another client altogether.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use azure_openai_mock::MockAzure;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use provider_host::credentials::{CredentialKind, TokenProvider, TokenRequest};
use provider_host::{
    CallError, Environment, HttpBody, HttpClient, HttpError, HttpErrorKind, PooledClient, Proxies,
};
use provider_host_azure::credentials::AzureCredentials;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::network::TlsFront;
use crate::support::{ask, azure, component, in_time, provider_error};

const AUTHORITY: &[u8] = include_bytes!("../fixtures/certificates/authority.pem");
const OTHER: &[u8] = include_bytes!("../fixtures/certificates/other.pem");
const CLIENT_AUTHORITY: &[u8] = include_bytes!("../fixtures/certificates/client-authority.pem");
const CLIENT: &[u8] = include_bytes!("../fixtures/certificates/known-client.pem");

#[tokio::test]
async fn a_host_trusts_the_certificates_that_it_is_given_beside_the_systems() {
    let mock = MockAzure::builder().start().await.unwrap();
    let front = TlsFront::start(&mock).await;
    let with = |pem: &[u8]| PooledClient::builder().root_certificates(pem).build();
    // certificates that are trusted → whether the server's is
    for (client, is_trusted) in [
        (PooledClient::default(), false),
        (with(OTHER).unwrap(), false),
        (with(AUTHORITY).unwrap(), true),
        (with(&[OTHER, AUTHORITY].concat()).unwrap(), true),
    ] {
        let answered = complete(Arc::new(client), &front.endpoint(), mock.api_key()).await;
        match answered {
            Ok(()) => assert!(is_trusted),
            Err(error) => {
                let error = provider_error::<()>(Err(error));
                assert!(!is_trusted, "{error:?}");
                assert!(error.message.contains("TlsCertificateError"), "{error:?}");
            }
        }
    }
    assert_eq!(mock.requests().len(), 2);
}

#[tokio::test]
async fn a_host_shows_its_own_certificate_to_a_server_that_wants_one() {
    let mock = MockAzure::builder().start().await.unwrap();
    let front = TlsFront::start_for_clients_of(&mock, CLIENT_AUTHORITY).await;
    let client = || PooledClient::builder().root_certificates(AUTHORITY);
    let without = Arc::new(client().build().unwrap());
    let refused = complete(without, &front.endpoint(), mock.api_key()).await;
    provider_error(refused);
    assert!(mock.requests().is_empty());
    let with = Arc::new(client().client_certificate(CLIENT).build().unwrap());
    complete(with, &front.endpoint(), mock.api_key())
        .await
        .unwrap();
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn the_proxy_that_is_given_is_asked_and_no_other() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://user:password@{}", proxy.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let hearing = tokio::spawn({
        let heads = Arc::clone(&heads);
        async move {
            loop {
                let (mut connection, _) = proxy.accept().await.unwrap();
                let mut head = vec![0; 1024];
                let length = connection.read(&mut head).await.unwrap();
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                heads.lock().unwrap().push(head);
                let _ = connection
                    .write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                    .await;
            }
        }
    });
    let of_environment = Environment::from_iter([("HTTPS_PROXY", address.clone())]);
    for (proxies, is_asked) in [
        (Proxies::all(address.clone()), true),
        (Proxies::of_environment(&of_environment), true),
        (
            Proxies::all(address.clone()).except("resource.invalid"),
            false,
        ),
        (Proxies::none(), false),
    ] {
        let client = PooledClient::builder().proxies(proxies.clone()).build();
        let client = Arc::new(client.unwrap());
        let refused = complete(client, "https://resource.invalid", "a-key").await;
        provider_error(refused);
        let heads = std::mem::take(&mut *heads.lock().unwrap());
        assert_eq!(!heads.is_empty(), is_asked, "{proxies:?}: {heads:?}");
        for head in heads {
            let begin = "CONNECT resource.invalid:443 HTTP/1.1\r\n";
            assert!(head.starts_with(begin), "{head}");
            // `user:password`, as `Basic` has it.
            assert!(head.contains("dXNlcjpwYXNzd29yZA=="), "{head}");
            assert!(!head.contains("a-key"), "{head}");
        }
    }
    hearing.abort();
}

#[tokio::test]
async fn another_client_sends_what_the_host_lets_through() {
    let mock = MockAzure::builder().start().await.unwrap();
    let rerouted = Arc::new(Rerouted::to(&mock));
    // Nobody has this name.
    let endpoint = "https://resource.invalid";
    complete(rerouted.clone(), endpoint, mock.api_key())
        .await
        .unwrap();
    let sent = rerouted.sent.lock().unwrap().clone();
    let url = "https://resource.invalid/openai/v1/responses";
    assert_eq!(sent, [url]);
    let requests = mock.requests();
    // The key is in the header already, and the component has not seen it.
    assert_eq!(requests[0].headers["api-key"], mock.api_key());
}

#[tokio::test]
async fn what_another_client_says_is_what_the_provider_hears() {
    for (kind, words) in [
        (HttpErrorKind::Dns, "DnsError"),
        (HttpErrorKind::Refused, "ConnectionRefused"),
        (HttpErrorKind::Certificate, "TlsCertificateError"),
        (HttpErrorKind::Terminated, "ConnectionTerminated"),
    ] {
        let broken = Arc::new(Broken(kind));
        let error = complete(broken, "https://resource.invalid", "a-key").await;
        let error = provider_error(error);
        assert!(error.message.contains(words), "{error:?}");
        assert!(!error.message.contains("not for providers"), "{error:?}");
    }
}

#[tokio::test]
async fn credentials_go_over_the_hosts_client() {
    let rerouted = Arc::new(Answering::default());
    let environment = Environment::from_iter([
        ("AZURE_TENANT_ID", "00000000-0000-0000-0000-000000000001"),
        ("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000002"),
        ("AZURE_CLIENT_SECRET", "a-secret"),
    ]);
    let credentials = AzureCredentials::builder()
        .environment(environment)
        .http(rerouted.clone())
        .build();
    let scope = "https://cognitiveservices.azure.com/.default";
    let request = TokenRequest::new(CredentialKind::DefaultChain, scope);
    let token = in_time(credentials.token(&request)).await.unwrap();
    assert_eq!(token.token.expose(), "a-token");
    let asked = rerouted.0.lock().unwrap();
    assert!(
        asked[0].starts_with("https://login.microsoftonline.com/"),
        "{asked:?}"
    );
}

/// One question over this client.
async fn complete(
    client: Arc<dyn HttpClient>,
    endpoint: &str,
    api_key: &str,
) -> Result<(), CallError> {
    let host = azure().http(client).load(component()).await.unwrap();
    let config = json!({ "azure_endpoint": endpoint, "api_key": api_key, "max_retries": 0 });
    let Value::Object(config) = config else {
        panic!("it is an object");
    };
    let provider = host.open(&config).await?;
    in_time(provider.complete(&ask("a question")))
        .await
        .map(drop)
}

/// Sends everything to one place.
struct Rerouted {
    authority: String,
    client: PooledClient,
    /// The addresses.
    sent: Mutex<Vec<String>>,
}

impl Rerouted {
    fn to(mock: &MockAzure) -> Self {
        Self {
            authority: mock.endpoint().replace("http://", ""),
            client: PooledClient::default(),
            sent: Mutex::default(),
        }
    }
}

#[async_trait]
impl HttpClient for Rerouted {
    async fn send(
        &self,
        mut request: http::Request<HttpBody>,
        connect_timeout: Duration,
    ) -> Result<http::Response<HttpBody>, HttpError> {
        self.sent.lock().unwrap().push(request.uri().to_string());
        let path = request.uri().path();
        *request.uri_mut() = format!("http://{}{path}", self.authority).parse().unwrap();
        self.client.send(request, connect_timeout).await
    }
}

/// Has no connection.
struct Broken(HttpErrorKind);

#[async_trait]
impl HttpClient for Broken {
    async fn send(
        &self,
        _: http::Request<HttpBody>,
        _: Duration,
    ) -> Result<http::Response<HttpBody>, HttpError> {
        Err(HttpError::new(self.0, "not for providers"))
    }
}

/// Gives out a token for whatever it is asked, and keeps where that was.
#[derive(Default)]
struct Answering(Mutex<Vec<String>>);

#[async_trait]
impl HttpClient for Answering {
    async fn send(
        &self,
        request: http::Request<HttpBody>,
        _: Duration,
    ) -> Result<http::Response<HttpBody>, HttpError> {
        self.0.lock().unwrap().push(request.uri().to_string());
        let token =
            json!({ "access_token": "a-token", "token_type": "Bearer", "expires_in": 3600 });
        let body = Full::new(Bytes::from(token.to_string()));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        let response = http::Response::builder().header("content-type", "application/json");
        Ok(response.body(body).unwrap())
    }
}
