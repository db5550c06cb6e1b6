//! Outbound HTTP for providers: to allowed origins only, with the secrets where they belong.

mod body;
mod client;
mod clients;
mod descriptors;
mod endpoint;
mod gathered;
mod loopback;
mod origin;
mod proxies;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http_body_util::BodyExt;
use url::Url;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpHooks,
};

use self::body::LimitedBody;
pub use self::client::{HttpBody, HttpClient, HttpError, HttpErrorKind};
pub use self::clients::{PooledClient, PooledClientBuilder, PooledClientError};
pub use self::endpoint::Endpoint;
use self::gathered::GatheredBody;
pub use self::origin::Origin;
pub use self::proxies::Proxies;
use crate::sealed::SealedSecrets;

/// The way out of a provider: where its requests may go, and which secrets go with them.
#[derive(Clone)]
pub(crate) struct Egress {
    client: Arc<dyn HttpClient>,
    allowed: Arc<BTreeSet<Origin>>,
    /// Where the secrets go: the endpoint of the configuration, and after it those of its alternatives. None for one that
    /// has no address.
    endpoints: Arc<[Option<Endpoint>]>,
    secrets: Arc<SealedSecrets>,
    limits: BodyLimits,
}

/// The most bytes of bodies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BodyLimits {
    /// Of a request's.
    pub(crate) request_bytes: usize,
    /// Of a response's.
    pub(crate) response_bytes: usize,
}

impl Egress {
    /// A way to the endpoints, with the secrets, and to other allowed origins, without them.
    pub(crate) fn new(
        client: Arc<dyn HttpClient>,
        endpoints: Vec<Option<Endpoint>>,
        allowed: impl IntoIterator<Item = Origin>,
        secrets: Arc<SealedSecrets>,
        limits: BodyLimits,
    ) -> Self {
        let origins = endpoints
            .iter()
            .flatten()
            .map(|endpoint| endpoint.origin().clone());
        Self {
            client,
            allowed: Arc::new(allowed.into_iter().chain(origins).collect()),
            endpoints: endpoints.into(),
            secrets,
            limits,
        }
    }

    /// From here on bodies have these limits.
    pub(crate) fn set_limits(&mut self, limits: BodyLimits) {
        self.limits = limits;
    }

    async fn send(
        self,
        request: http::Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<http::Response<WasiBody>, Error> {
        let (mut head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let origin = Origin::of(&url).ok_or(Error::HttpRequestUriInvalid)?;
        if !self.allowed.contains(&origin) {
            tracing::warn!("a request to {origin} was refused: it is not on the allow-list");
            return Err(Error::HttpRequestDenied);
        }
        let endpoints = self.endpoints.iter().enumerate();
        let reached = endpoints.filter_map(|(index, endpoint)| {
            let endpoint = endpoint.as_ref()?;
            endpoint.has(&head.method, &url).then_some(index)
        });
        let reached: Vec<usize> = reached.collect();
        if !reached.is_empty() {
            if !origin.is_secure() && !origin.is_loopback() {
                // Providers refuse such an endpoint too; but whoever has the secrets answers for them.
                tracing::warn!(
                    "a request to {origin} was refused: a secret would be sent in the clear"
                );
                return Err(Error::HttpRequestDenied);
            }
            self.secrets.unseal(&mut head.headers, &reached);
        }
        // To the address that was checked, as it was read then.
        head.uri = url
            .as_str()
            .parse()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        let too_long = || Error::HttpRequestBodySize(None);
        let body = LimitedBody::new(body, self.limits.request_bytes, too_long, None);
        let body = body.map_err(|error| match error {
            Error::HttpRequestBodySize(_) => {
                HttpError::new(HttpErrorKind::RequestTooLong, "the request is too long")
            }
            error => HttpError::new(HttpErrorKind::Terminated, format!("{error:?}")),
        });
        let request = http::Request::from_parts(head, body.boxed_unsync());
        let connect_timeout = options.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT);
        let sending = self.client.send(request, connect_timeout);
        let sent = match options.first_byte_timeout {
            Some(limit) => tokio::time::timeout(limit, sending)
                .await
                .map_err(|_| Error::HttpResponseTimeout)?,
            None => sending.await,
        };
        let response = sent.map_err(in_wasi)?;
        let header_bytes = response
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum::<usize>();
        if header_bytes > MAX_HEADER_BYTES {
            return Err(Error::HttpResponseHeaderSectionSize(
                u32::try_from(header_bytes).ok(),
            ));
        }
        Ok(response.map(|body| {
            let body = body.map_err(in_wasi);
            let too_long = || Error::HttpResponseBodySize(None);
            let pause = options.between_bytes_timeout;
            let body = LimitedBody::new(body, self.limits.response_bytes, too_long, pause);
            GatheredBody::new(body).boxed_unsync()
        }))
    }
}

impl WasiHttpHooks for Egress {
    /// The client writes it, from the address that was checked: the guest's text may be another spelling of it.
    fn set_host_header(&mut self) -> bool {
        false
    }

    /// As it is by default, where the list is made anew for every header.
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        static FORBIDDEN: [HeaderName; 9] = DEFAULT_FORBIDDEN_HEADERS;
        FORBIDDEN.contains(name)
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

/// The error in the words of `wasi:http`.
fn in_wasi(error: HttpError) -> Error {
    match error.kind {
        HttpErrorKind::Dns => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        HttpErrorKind::Refused => Error::ConnectionRefused,
        HttpErrorKind::ConnectTimeout => Error::ConnectionTimeout,
        HttpErrorKind::Unreachable => Error::DestinationUnavailable,
        HttpErrorKind::Certificate => Error::TlsCertificateError,
        HttpErrorKind::Tls => Error::TlsProtocolError,
        HttpErrorKind::ReadTimeout => Error::ConnectionReadTimeout,
        HttpErrorKind::Terminated => Error::ConnectionTerminated,
        HttpErrorKind::Incomplete => Error::HttpResponseIncomplete,
        HttpErrorKind::RequestTooLong => Error::HttpRequestBodySize(None),
        HttpErrorKind::Unusable => Error::ConfigurationError,
        HttpErrorKind::Exhausted => Error::InternalError(Some(error.message)),
    }
}

/// How long connecting may take when the provider sets no limit.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of names and values in the headers of a response. A service sends two thousand; servers and proxies commonly
/// stop at 8 to 32 KiB.
const MAX_HEADER_BYTES: usize = 64 * 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io;

    use super::*;
    use crate::policy::Policy;

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
        let client = client(endpoint(&address(&allowed)));
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
        let client = client(endpoint(&address));
        let refused = client.send(get(&address), RequestOptions::default()).await;
        assert!(
            matches!(refused, Err(Error::ConnectionRefused)),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn a_server_that_does_not_begin_to_answer_meets_the_guests_limit() {
        // The system accepts connections for it, and nobody reads them.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let options = RequestOptions {
            first_byte_timeout: Some(Duration::from_millis(20)),
            ..RequestOptions::default()
        };
        let client = client(endpoint(&address));
        let silent = client.send(get(&address), options).await;
        assert!(
            matches!(silent, Err(Error::HttpResponseTimeout)),
            "{silent:?}"
        );
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_server_that_cannot_be_reached_meets_the_guests_limit() {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        // Once its queue is full, the system answers no more.
        let mut waiting = Vec::new();
        let limit = Duration::from_millis(200);
        let connect = || tokio::time::timeout(limit, tokio::net::TcpStream::connect(address));
        while let Ok(connected) = connect().await {
            waiting.push(connected.unwrap());
            assert!(waiting.len() < 100, "the queue has no end");
        }
        let address = format!("http://{address}");
        let options = RequestOptions {
            connect_timeout: Some(Duration::from_millis(20)),
            ..RequestOptions::default()
        };
        let client = client(endpoint(&address));
        let unreached = client.send(get(&address), options).await;
        assert!(
            matches!(unreached, Err(Error::ConnectionTimeout)),
            "{unreached:?}"
        );
    }

    #[tokio::test]
    async fn no_secret_leaves_in_the_clear() {
        // Nobody is asked where this is: no name server has it.
        for address in [
            "http://r.invalid/v1",
            "http://192.0.2.1/v1",
            "http://[2001:db8::1]/v1",
        ] {
            let client = client(endpoint(address));
            let refused = client
                .send(get(&format!("{address}/x")), RequestOptions::default())
                .await;
            assert!(
                matches!(refused, Err(Error::HttpRequestDenied)),
                "{address}: {refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn names_below_localhost_are_this_machine_and_no_name_server_is_asked() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["localhost", "api.localhost", "a.b.LocalHost"] {
            let address = format!("http://{host}:{port}");
            let client = client(endpoint(&address));
            let sending = tokio::spawn(client.send(get(&address), RequestOptions::default()));
            let accepted = tokio::time::timeout(Duration::from_secs(10), listener.accept()).await;
            accepted.unwrap().unwrap();
            sending.abort();
        }
    }

    #[test]
    fn guests_do_not_set_the_headers_of_the_connection() {
        let mut client = client(None);
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

    fn endpoint(address: &str) -> Option<Endpoint> {
        Policy::new().endpoint_at(address)
    }

    fn client(endpoint: Option<Endpoint>) -> Egress {
        let secrets = Arc::new(SealedSecrets::new(true, Arc::new(Policy::new())));
        let limits = BodyLimits {
            request_bytes: usize::MAX,
            response_bytes: usize::MAX,
        };
        let http = Arc::new(PooledClient::default());
        Egress::new(http, vec![endpoint], [], secrets, limits)
    }

    fn get(address: &str) -> http::Request<WasiBody> {
        let body = http_body_util::Empty::new().map_err(|never| match never {});
        http::Request::get(address)
            .body(body.boxed_unsync())
            .unwrap()
    }
}
