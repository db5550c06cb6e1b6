//! Pooled connections: with the system's trust store and proxies, and with what a host adds to them.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use reqwest::redirect::Policy;
use reqwest::{Body, Client};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::{BuilderVerifierExt, Verifier};
use url::Url;

use super::client::{HttpBody, HttpClient, HttpError, HttpErrorKind};
use super::descriptors;
use super::loopback::Loopback;
use super::origin::Origin;
use super::proxies::Proxies;

/// The client that a host has without another: pooled connections, HTTP/2 where the server speaks it, the system's trust store
/// and its proxies. A clone shares the connections.
///
/// ```
/// use provider_host::{PooledClient, Proxies};
///
/// # fn example(company_ca: &[u8]) -> Result<PooledClient, provider_host::PooledClientError> {
/// PooledClient::builder()
///     .root_certificates(company_ca)
///     .proxies(Proxies::all("http://proxy.example:3128").except(".internal.example"))
///     .build()
/// # }
/// # let none = example(b"").unwrap_err();
/// # assert!(none.to_string().contains("root certificates"));
/// ```
#[derive(Clone, Default)]
pub struct PooledClient(Arc<Shared>);

/// Sets up a [`PooledClient`].
#[derive(Clone, Default)]
#[must_use]
pub struct PooledClientBuilder {
    root_certificates: Vec<Vec<u8>>,
    client_certificate: Option<Vec<u8>>,
    proxies: Proxies,
}

/// Why there is no [`PooledClient`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PooledClientError {
    /// What was given as root certificates has none, or one that is broken.
    #[error("the root certificates cannot be used: {0}; give certificates in PEM form")]
    RootCertificates(String),
    /// What was given as the client's certificate is none.
    #[error(
        "the client's certificate cannot be used: {0}; give its chain and its private key, which must not be encrypted, in PEM form"
    )]
    ClientCertificate(String),
    /// A proxy's address is none.
    #[error("the proxy cannot be used: {0}; give an address such as http://proxy.example:3128")]
    Proxy(String),
}

/// What clones share.
#[derive(Default)]
struct Shared {
    settings: Settings,
    /// Made when they are needed first.
    pools: Mutex<Vec<(Pool, Client)>>,
}

#[derive(Default)]
struct Settings {
    /// Trusted beside the system's.
    root_certificates: Vec<CertificateDer<'static>>,
    client_certificate: Option<ClientCertificate>,
    proxies: Proxies,
}

struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// What tells the pools apart.
#[derive(Clone, Copy, PartialEq)]
struct Pool {
    connect_timeout: Duration,
    is_local: bool,
    is_secure: bool,
}

impl PooledClientBuilder {
    /// More certificates that are trusted, in PEM form, beside those that the system trusts: of a company's proxy, or of a server
    /// on a private network.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// The certificate with which the client says who it is, where a server wants one: in PEM form, with its chain and its
    /// private key.
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.client_certificate = Some(pem.into());
        self
    }

    /// The proxies to go through; [the system's](Proxies::of_system) without this.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// The client. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Says which part of what was given cannot be used.
    pub fn build(self) -> Result<PooledClient, PooledClientError> {
        let mut root_certificates = Vec::new();
        for pem in &self.root_certificates {
            let certificates = certificates(pem).map_err(PooledClientError::RootCertificates)?;
            root_certificates.extend(certificates);
        }
        let client_certificate = self
            .client_certificate
            .as_deref()
            .map(ClientCertificate::read);
        let settings = Settings {
            root_certificates,
            client_certificate: client_certificate
                .transpose()
                .map_err(PooledClientError::ClientCertificate)?,
            proxies: self.proxies,
        };
        // What cannot be used is said now and not by the first request.
        let tls = settings.tls(false);
        tls.map(drop)
            .map_err(|error| PooledClientError::ClientCertificate(error.to_string()))?;
        let proxies = settings.proxies.configure(Client::builder());
        proxies
            .map(drop)
            .map_err(|error| PooledClientError::Proxy(causes(&error)))?;
        Ok(PooledClient(Arc::new(Shared {
            settings,
            pools: Mutex::default(),
        })))
    }
}

impl fmt::Debug for PooledClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PooledClientBuilder")
            .finish_non_exhaustive()
    }
}

impl ClientCertificate {
    fn read(pem: &[u8]) -> Result<Self, String> {
        Ok(Self {
            chain: certificates(pem)?,
            key: PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())?,
        })
    }
}

/// The certificates in a text of PEM blocks.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("there is no certificate".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(error.to_string()),
    }
}

impl PooledClient {
    /// Begins a client with settings of its own.
    pub fn builder() -> PooledClientBuilder {
        PooledClientBuilder::default()
    }

    /// The client for an origin.
    ///
    /// # Errors
    ///
    /// When this machine's trust store cannot be read.
    fn get(&self, origin: &Origin, connect_timeout: Duration) -> Result<Client, NoClient> {
        let pool = Pool {
            connect_timeout,
            is_local: origin.is_local(),
            is_secure: origin.is_secure(),
        };
        if let Some(client) = self.find(pool) {
            return Ok(client);
        }
        // Outside the lock: reading the trust store takes a while, and others have their client already.
        let client = self.0.settings.client(pool).map_err(NoClient)?;
        // Somebody else may have made one meanwhile, which may have connections.
        Ok(self.find(pool).unwrap_or_else(|| self.keep(pool, client)))
    }

    /// The client of a pool, which goes last then: the one that was not asked for longest is the first to go.
    fn find(&self, pool: Pool) -> Option<Client> {
        let mut clients = self.lock();
        let index = clients.iter().position(|(present, _)| *present == pool)?;
        clients[index..].rotate_left(1);
        clients.last().map(|(_, client)| client.clone())
    }

    fn keep(&self, pool: Pool, client: Client) -> Client {
        let mut clients = self.lock();
        if clients.len() >= MAX_POOLS {
            clients.remove(0);
        }
        clients.push((pool, client.clone()));
        client
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Pool, Client)>> {
        // What is in the list is whole after every step, so that a panic elsewhere does no harm.
        self.0.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for PooledClient {
    async fn send(
        &self,
        request: http::Request<HttpBody>,
        connect_timeout: Duration,
    ) -> Result<http::Response<HttpBody>, HttpError> {
        let unreachable = || HttpError::new(HttpErrorKind::Unreachable, "this is no HTTP address");
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).map_err(|_| unreachable())?;
        let origin = Origin::of(&url).ok_or_else(unreachable)?;
        let client = self.get(&origin, connect_timeout).map_err(|error| {
            tracing::error!("{error}");
            HttpError::new(HttpErrorKind::Unusable, error.to_string())
        })?;
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.body_mut() = Some(Body::wrap(Sent(Mutex::new(body))));
        let response = client.execute(request).await.map_err(explain)?;
        let response: http::Response<Body> = response.into();
        Ok(response.map(|body| body.map_err(explain).boxed_unsync()))
    }
}

/// A request's body for several threads, of which one at a time has it. It keeps its length, which a stream would not: not all
/// services take a body in chunks.
struct Sent(Mutex<HttpBody>);

impl Sent {
    fn look<T>(&self, look: impl FnOnce(&HttpBody) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        Pin::new(body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.look(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.look(HttpBody::size_hint)
    }
}

impl fmt::Debug for PooledClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PooledClient")
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// A client that follows no redirects: a redirect would carry the credentials elsewhere.
    fn client(&self, pool: Pool) -> Result<Client, Box<dyn StdError + Send + Sync>> {
        let mut client = Client::builder()
            .tls_backend_preconfigured(self.tls(pool.is_secure)?)
            .redirect(Policy::none())
            .connect_timeout(pool.connect_timeout)
            .referer(false);
        if pool.is_local {
            // A proxy cannot reach this machine's loopback and link-local addresses.
            client = client.no_proxy().dns_resolver(Arc::new(Loopback));
        } else {
            client = self.proxies.configure(client)?;
        }
        Ok(client.build()?)
    }

    fn tls(&self, is_secure: bool) -> Result<ClientConfig, Box<dyn StdError + Send + Sync>> {
        // Given here, because the process may have none installed, and installing one is the embedder's business.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = if !is_secure {
            // Without TLS no trust store is needed, and a small container may have none.
            builder.with_root_certificates(RootCertStore::empty())
        } else if self.root_certificates.is_empty() {
            builder.with_platform_verifier()?
        } else {
            let extra = self.root_certificates.iter().cloned();
            let verifier = Verifier::new_with_extra_roots(extra, provider)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        };
        let mut tls = match &self.client_certificate {
            Some(ClientCertificate { chain, key }) => {
                builder.with_client_auth_cert(chain.clone(), key.clone_key())?
            }
            None => builder.with_no_client_auth(),
        };
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(tls)
    }
}

/// What went wrong, without the address, which may hold a secret.
fn explain(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let chain = || std::iter::successors(Some(&error as &dyn StdError), |&error| error.source());
    // The host's own, about the request's body.
    if let Some(ours) = chain().find_map(|cause| cause.downcast_ref::<HttpError>()) {
        return ours.clone();
    }
    let message = causes(&error);
    tracing::debug!("HTTP failed: {message}");
    let tls = chain().find_map(|cause| cause.downcast_ref::<rustls::Error>());
    let io = chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    if descriptors::have_run_out(io) {
        return HttpError::new(HttpErrorKind::Exhausted, descriptors::HAVE_RUN_OUT);
    }
    let tls = tls.or_else(|| io.and_then(tls_within));
    let kind = match (tls, io.map(io::Error::kind)) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => HttpErrorKind::Certificate,
        (Some(_), _) => HttpErrorKind::Tls,
        _ if error.is_connect() && error.is_timeout() => HttpErrorKind::ConnectTimeout,
        _ if chain().any(|cause| cause.to_string().starts_with("dns error")) => HttpErrorKind::Dns,
        (_, Some(io::ErrorKind::ConnectionRefused)) => HttpErrorKind::Refused,
        _ if error.is_connect() => HttpErrorKind::Unreachable,
        _ if error.is_timeout() => HttpErrorKind::ReadTimeout,
        _ if error.is_body() || error.is_decode() => HttpErrorKind::Incomplete,
        _ => HttpErrorKind::Terminated,
    };
    HttpError::new(kind, message)
}

fn causes(error: &reqwest::Error) -> String {
    let chain = std::iter::successors(Some(error as &dyn StdError), |&error| error.source());
    let causes: Vec<String> = chain.map(ToString::to_string).collect();
    causes.join(": ")
}

/// rustls hides its error inside an I/O error, and clients that one in another, where `source` does not find it.
fn tls_within(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner
        .downcast_ref()
        .or_else(|| tls_within(inner.downcast_ref()?))
}

/// This machine cannot make an HTTP client.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}; check the system's trust store")]
struct NoClient(Box<dyn StdError + Send + Sync>);

/// How many pools there are at most. A provider sets one limit on connecting and asks one endpoint, which makes one; a
/// hostile one could ask for as many as it likes, and those that are in use stay all the same.
const MAX_POOLS: usize = 8;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_is_used_outlives_many_that_are_not() {
        let clients = PooledClient::default();
        let origin = Origin::parse("http://127.0.0.1:1").unwrap();
        let get = |seconds| clients.get(&origin, Duration::from_secs(seconds)).unwrap();
        let seconds = || -> Vec<u64> {
            let clients = clients.lock();
            let pools = clients.iter().map(|(pool, _)| pool);
            pools.map(|pool| pool.connect_timeout.as_secs()).collect()
        };
        get(10);
        for other in 11..30 {
            get(other);
            get(10);
        }
        assert_eq!(seconds(), [23, 24, 25, 26, 27, 28, 29, 10]);
        // Without a use between them, it goes.
        for other in 30..38 {
            get(other);
        }
        assert_eq!(seconds(), (30..38).collect::<Vec<_>>());
    }

    #[test]
    fn connections_speak_http_2_where_the_server_does() {
        for is_secure in [true, false] {
            let tls = Settings::default().tls(is_secure).unwrap();
            assert_eq!(tls.alpn_protocols[0], b"h2");
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_when_the_client_is_made() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        let builder = PooledClient::builder;
        for (builder, words) in [
            (builder().root_certificates(""), "root certificates"),
            (builder().root_certificates(key), "root certificates"),
            (
                builder().client_certificate(certificate),
                "client's certificate",
            ),
            (builder().client_certificate(key), "client's certificate"),
            (
                builder().client_certificate(format!("{certificate}{key}")),
                "client's certificate",
            ),
            (builder().proxies(Proxies::all("http://")), "proxy"),
        ] {
            let error = builder.build().map(drop).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        builder().root_certificates(certificate).build().unwrap();
    }
}
