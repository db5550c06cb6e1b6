//! Outbound HTTP for providers: to allowed origins only, over pooled connections.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use reqwest::redirect::Policy;
use reqwest::{Body, Client};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use url::{Host, Url};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// How long connecting may take when the provider sets no limit.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How many pools there are at most. A provider sets one limit on connecting and asks one endpoint, which makes one; a
/// hostile one could ask for as many as it likes.
const MAX_POOLS: usize = 8;

/// Scheme, host and port: where requests may go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: String,
    host: Host,
    port: u16,
}

impl Origin {
    /// The origin of an `http` or `https` address; none for anything else.
    pub fn parse(address: &str) -> Option<Self> {
        Self::of(&Url::parse(address.trim()).ok()?)
    }

    fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// The HTTP client of a provider: the host's connections, and where they may go.
#[derive(Clone)]
pub(crate) struct HttpClient {
    clients: Clients,
    allowed: Arc<BTreeSet<Origin>>,
}

impl HttpClient {
    pub(crate) fn new(clients: Clients, allowed: impl IntoIterator<Item = Origin>) -> Self {
        Self {
            clients,
            allowed: Arc::new(allowed.into_iter().collect()),
        }
    }

    async fn send(
        self,
        request: http::Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<http::Response<WasiBody>, Error> {
        let origin =
            Origin::parse(&request.uri().to_string()).ok_or(Error::HttpRequestUriInvalid)?;
        if !self.allowed.contains(&origin) {
            tracing::warn!("a request to {origin} was refused: it is not on the allow-list");
            return Err(Error::HttpRequestDenied);
        }
        let client = self.clients.get(Pool {
            connect_timeout: options.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT),
            is_loopback: origin.is_loopback(),
            is_secure: origin.scheme == "https",
        })?;
        let request = request.map(|body| Body::wrap_stream(body.into_data_stream()));
        let request = request
            .try_into()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        let sending = client.execute(request);
        let sent = match options.first_byte_timeout {
            Some(limit) => tokio::time::timeout(limit, sending)
                .await
                .map_err(|_| Error::HttpResponseTimeout)?,
            None => sending.await,
        };
        let response: http::Response<Body> = sent.map_err(|error| explain(&error))?.into();
        Ok(response.map(|body| body.map_err(|error| explain(&error)).boxed_unsync()))
    }
}

impl WasiHttpHooks for HttpClient {
    /// The client writes it, from the address that was checked: the guest's text may be another spelling of it.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<
        dyn Future<
                Output = Result<
                    (
                        http::Response<WasiBody>,
                        Box<dyn Future<Output = Result<(), Error>> + Send>,
                    ),
                    Error,
                >,
            > + Send,
    > {
        let sending = self.clone().send(request, options.unwrap_or_default());
        Box::new(async move {
            let response = sending.await?;
            // The client drives its connections itself.
            let io: Box<dyn Future<Output = _> + Send> = Box::new(async { Ok(()) });
            Ok((response, io))
        })
    }
}

/// A host's clients, each with its pool of connections, made when they are needed first.
#[derive(Clone, Default)]
pub(crate) struct Clients(Arc<Mutex<Vec<(Pool, Client)>>>);

/// What tells the pools apart.
#[derive(Clone, Copy, PartialEq)]
struct Pool {
    connect_timeout: Duration,
    is_loopback: bool,
    is_secure: bool,
}

impl Clients {
    fn get(&self, pool: Pool) -> Result<Client, Error> {
        // What is in the list is whole after every step, so that a panic elsewhere does no harm.
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(present, _)| *present == pool) {
            return Ok(client.clone());
        }
        let client = pool.client().map_err(|error| {
            tracing::error!("no HTTP client: {error}");
            Error::ConfigurationError
        })?;
        if clients.len() >= MAX_POOLS {
            clients.remove(0);
        }
        clients.push((pool, client.clone()));
        Ok(client)
    }
}

impl Pool {
    /// A client with the system's trust store and proxy settings, that follows no redirects: a redirect would carry the
    /// credentials elsewhere.
    fn client(self) -> Result<Client, Box<dyn StdError + Send + Sync>> {
        let mut client = Client::builder()
            .tls_backend_preconfigured(self.tls()?)
            .redirect(Policy::none())
            .connect_timeout(self.connect_timeout)
            .referer(false);
        if self.is_loopback {
            // A proxy cannot reach this machine's loopback addresses.
            client = client.no_proxy();
        }
        Ok(client.build()?)
    }

    fn tls(self) -> Result<ClientConfig, Box<dyn StdError + Send + Sync>> {
        // Given here, because the process may have none installed, and installing one is the embedder's business.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut tls = match self.is_secure {
            true => builder.with_platform_verifier()?.with_no_client_auth(),
            // Without TLS no trust store is needed, and a small container may have none.
            false => builder
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth(),
        };
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(tls)
    }
}

/// The error's cause, in the words of `wasi:http`.
fn explain(error: &reqwest::Error) -> Error {
    let causes = || std::iter::successors(Some(error as &dyn StdError), |&error| error.source());
    let tls = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>());
    let io = causes().find_map(|cause| cause.downcast_ref::<io::Error>());
    tracing::debug!(
        "HTTP failed: {}",
        causes()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ")
    );
    match (
        tls.or_else(|| io.and_then(tls_within)),
        io.map(io::Error::kind),
    ) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => Error::TlsCertificateError,
        (Some(_), _) => Error::TlsProtocolError,
        _ if error.is_connect() && error.is_timeout() => Error::ConnectionTimeout,
        _ if causes().any(|cause| cause.to_string().starts_with("dns error")) => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        (_, Some(io::ErrorKind::ConnectionRefused)) => Error::ConnectionRefused,
        _ if error.is_connect() => Error::DestinationUnavailable,
        _ if error.is_timeout() => Error::ConnectionReadTimeout,
        _ if error.is_body() || error.is_decode() => Error::HttpResponseIncomplete,
        _ => Error::ConnectionTerminated,
    }
}

/// rustls hides its error inside an I/O error, where `source` does not find it.
fn tls_within(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_by_scheme_host_and_port() {
        let origin = |address| Origin::parse(address).unwrap();
        assert_eq!(
            origin("https://R.example"),
            origin("https://r.example:443/openai?x#y")
        );
        assert_ne!(
            origin("https://r.example"),
            origin("https://r.example:8443")
        );
        assert_ne!(origin("https://r.example"), origin("http://r.example:443"));
        assert_ne!(
            origin("https://r.example"),
            origin("https://r.example.evil")
        );
        for address in ["ftp://r.example", "r.example", "", "file:///etc/passwd"] {
            assert_eq!(Origin::parse(address), None, "{address}");
        }
    }

    #[tokio::test]
    async fn a_request_to_another_origin_never_leaves() {
        let listen = || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        };
        let (allowed, other) = (listen(), listen());
        let address =
            |listener: &std::net::TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let client = HttpClient::new(Clients::default(), Origin::parse(&address(&allowed)));
        let options = RequestOptions {
            first_byte_timeout: Some(Duration::from_secs(5)),
            ..RequestOptions::default()
        };
        for target in [
            address(&other),
            address(&allowed).replace("http:", "https:"),
            address(&allowed).replace("127.0.0.1", "localhost"),
            "http://169.254.169.254".to_owned(),
        ] {
            let refused = client.clone().send(get(&target), options).await;
            assert!(
                matches!(refused, Err(Error::HttpRequestDenied)),
                "{target}: {refused:?}"
            );
        }
        for listener in [&allowed, &other] {
            let nobody = listener.accept().unwrap_err();
            assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
        }
    }

    #[tokio::test]
    async fn nobody_listening_has_its_name() {
        // Bound, so that nobody else gets the port, and not listening.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = format!("http://{}", socket.local_addr().unwrap());
        let client = HttpClient::new(Clients::default(), Origin::parse(&address));
        let refused = client.send(get(&address), RequestOptions::default()).await;
        assert!(
            matches!(refused, Err(Error::ConnectionRefused)),
            "{refused:?}"
        );
    }

    #[test]
    fn guests_do_not_set_the_headers_of_the_connection() {
        let mut client = HttpClient::new(Clients::default(), []);
        assert!(!client.set_host_header());
        for name in [
            "host",
            "connection",
            "transfer-encoding",
            "keep-alive",
            "upgrade",
            "proxy-authorization",
        ] {
            let name = http::HeaderName::from_static(name);
            assert!(client.is_forbidden_header(&name), "{name}");
        }
        assert!(!client.is_forbidden_header(&http::HeaderName::from_static("api-key")));
    }

    #[test]
    fn connections_speak_http_2_where_the_server_does() {
        for is_secure in [true, false] {
            let pool = Pool {
                connect_timeout: DEFAULT_CONNECT_TIMEOUT,
                is_loopback: true,
                is_secure,
            };
            assert_eq!(pool.tls().unwrap().alpn_protocols[0], b"h2");
        }
    }

    fn get(address: &str) -> http::Request<WasiBody> {
        let body = http_body_util::Empty::new().map_err(|never| match never {});
        http::Request::get(address)
            .body(body.boxed_unsync())
            .unwrap()
    }
}
