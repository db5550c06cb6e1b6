//! The host's connections as they are in the field: over TLS, and through proxies.

use std::sync::{Arc, Mutex};

use azure_openai_mock::MockAzure;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::command_line::{Finished, file, run};
use crate::support::in_time;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn tls_goes_by_the_systems_trust_store_and_carries_http_2() {
    let mock = MockAzure::builder().start().await.unwrap();
    let front = TlsFront::start(&mock).await;
    let endpoint = front.endpoint();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/certificates");
    let (known, unknown) = (
        format!("{folder}/authority.pem"),
        format!("{folder}/other.pem"),
    );
    let variables = |store| {
        [
            ("AZURE_OPENAI_ENDPOINT", endpoint.as_str()),
            ("AZURE_OPENAI_API_KEY", mock.api_key()),
            ("SSL_CERT_FILE", store),
            ("SSL_CERT_DIR", ""),
        ]
    };

    let refused = ask(&variables(&unknown)).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    let error: Value = serde_json::from_str(refused.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["kind"], "network", "{error}");
    assert_eq!(error["retryable"], false, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("TlsCertificateError"), "{message}");
    // Another attempt would find the same certificate.
    assert_eq!(front.connections(), [None]);
    assert!(mock.requests().is_empty());

    let answered = ask(&variables(&known)).await;
    assert_eq!(answered.code, 0, "{answered:?}");
    assert_eq!(front.connections()[1..], [Some(b"h2".to_vec())]);
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn names_below_localhost_are_this_machine_whatever_name_servers_say() {
    let mock = MockAzure::builder().start().await.unwrap();
    for host in ["localhost", "api.localhost", "API.LocalHost"] {
        let endpoint = mock.endpoint().replace("127.0.0.1", host);
        let answered = ask(&[
            ("AZURE_OPENAI_ENDPOINT", &endpoint),
            ("AZURE_OPENAI_API_KEY", mock.api_key()),
        ])
        .await;
        assert_eq!(answered.code, 0, "{host}: {answered:?}");
    }
    assert_eq!(mock.requests().len(), 3);
}

#[tokio::test]
async fn a_proxy_is_asked_unless_the_endpoint_is_excepted() {
    for (exceptions, is_asked) in [("", true), ("resource.invalid", false)] {
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", proxy.local_addr().unwrap());
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
                }
            }
        });
        // Whichever way, there is no answer: nobody has this name, and the proxy says nothing.
        let finished = ask(&[
            ("AZURE_OPENAI_ENDPOINT", "https://resource.invalid"),
            ("AZURE_OPENAI_API_KEY", "a-key"),
            ("HTTPS_PROXY", &address),
            ("NO_PROXY", exceptions),
        ])
        .await;
        assert_eq!(finished.code, 1, "{finished:?}");
        hearing.abort();
        let heads = heads.lock().unwrap();
        assert_eq!(!heads.is_empty(), is_asked, "{exceptions}: {heads:?}");
        for head in heads.iter() {
            let begin = "CONNECT resource.invalid:443 HTTP/1.1\r\n";
            assert!(head.starts_with(begin), "{head}");
            assert!(!head.contains("a-key"), "{head}");
        }
    }
}

async fn ask(variables: &[(&str, &str)]) -> Finished {
    // Whatever is worth another attempt gets one.
    let settings = json!({ "max_retries": 3, "min_retry_delay": 0 });
    let providers = [json!({ "module": "provider-azure-openai", "config": settings })];
    let config = file(".json", &json!({ "providers": providers }).to_string());
    let path = config.path().to_str().unwrap();
    let arguments = ["--json", "--config", path, "Hi"];
    in_time(run(variables, &arguments)).await
}

/// A mock's way in over TLS.
pub(crate) struct TlsFront {
    port: u16,
    /// What each connection has agreed on; none where there was no agreement at all.
    connections: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
}

impl TlsFront {
    pub(crate) async fn start(mock: &MockAzure) -> Self {
        Self::start_for(mock, WebPkiClientVerifier::no_client_auth()).await
    }

    /// One that lets in whoever has a certificate by this authority, and nobody else.
    pub(crate) async fn start_for_clients_of(mock: &MockAzure, authority: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority).unwrap())
            .unwrap();
        let provider = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        Self::start_for(mock, clients.build().unwrap()).await
    }

    async fn start_for(mock: &MockAzure, clients: Arc<dyn ClientCertVerifier>) -> Self {
        let pem = include_bytes!("../fixtures/certificates/server.pem");
        let chain = CertificateDer::pem_slice_iter(pem).map(Result::unwrap);
        let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(chain.collect(), key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let behind = mock.endpoint().replace("http://", "");
        tokio::spawn({
            let connections = Arc::clone(&connections);
            async move {
                loop {
                    let (connection, _) = listener.accept().await.unwrap();
                    let mut connection = match acceptor.accept(connection).await {
                        Ok(connection) => connection,
                        Err(_) => {
                            connections.lock().unwrap().push(None);
                            continue;
                        }
                    };
                    let agreed = connection.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
                    connections.lock().unwrap().push(agreed);
                    let behind = behind.clone();
                    tokio::spawn(async move {
                        let mut behind = TcpStream::connect(behind).await.unwrap();
                        // It ends as the client likes to end it.
                        let _ = tokio::io::copy_bidirectional(&mut connection, &mut behind).await;
                    });
                }
            }
        });
        Self { port, connections }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn connections(&self) -> Vec<Option<Vec<u8>>> {
        self.connections.lock().unwrap().clone()
    }
}
