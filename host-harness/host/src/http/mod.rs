//! Outbound HTTP for providers: to allowed origins only, over pooled connections; and these connections, for what is asked on
//! behalf of providers, such as tokens.

mod body;
mod clients;
mod descriptors;
mod endpoint;
mod loopback;
mod origin;

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http_body_util::BodyExt;
use reqwest::Body;
use url::Url;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpHooks,
};

use self::body::LimitedBody;
pub use self::clients::{Clients, NoClient, proxy};
pub(crate) use self::endpoint::Endpoint;
pub use self::origin::Origin;
use crate::limits::Limits;
use crate::sealed::SealedSecrets;

/// The HTTP client of a provider: the host's connections, and where they may go.
#[derive(Clone)]
pub(crate) struct HttpClient {
    clients: Clients,
    allowed: Arc<BTreeSet<Origin>>,
    /// Where the secrets go; nowhere without an endpoint.
    endpoint: Option<Endpoint>,
    secrets: Arc<SealedSecrets>,
    /// The most bytes of a request's body.
    request_bytes: usize,
    /// The most bytes of a response's body.
    response_bytes: usize,
}

impl HttpClient {
    /// A client that goes to the endpoint, with the secrets, and to other allowed origins, without them.
    pub(crate) fn new(
        clients: Clients,
        endpoint: Option<Endpoint>,
        allowed: impl IntoIterator<Item = Origin>,
        secrets: Arc<SealedSecrets>,
        limits: &Limits,
    ) -> Self {
        let origin = endpoint.as_ref().map(|endpoint| endpoint.origin.clone());
        Self {
            clients,
            allowed: Arc::new(allowed.into_iter().chain(origin).collect()),
            endpoint,
            secrets,
            request_bytes: limits.request_bytes,
            response_bytes: limits.response_bytes,
        }
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
        let mut endpoints = self.endpoint.iter();
        if endpoints.any(|endpoint| endpoint.has(&head.method, &url)) {
            if !origin.is_secure() && !origin.is_loopback() {
                // Providers refuse such an endpoint too; but whoever has the secrets answers for them.
                tracing::warn!(
                    "a request to {origin} was refused: a secret would be sent in the clear"
                );
                return Err(Error::HttpRequestDenied);
            }
            self.secrets.unseal(&mut head.headers);
        }
        let connect_timeout = options.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT);
        let client = self
            .clients
            .get(&origin, connect_timeout)
            .map_err(|error| {
                tracing::error!("{error}");
                Error::ConfigurationError
            })?;
        let too_long = || Error::HttpRequestBodySize(None);
        let body = LimitedBody::new(body, self.request_bytes, too_long, None);
        // To the address that was checked, as it was read then.
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.body_mut() = Some(Body::wrap_stream(body.into_data_stream()));
        let sending = client.execute(request);
        let sent = match options.first_byte_timeout {
            Some(limit) => tokio::time::timeout(limit, sending)
                .await
                .map_err(|_| Error::HttpResponseTimeout)?,
            None => sending.await,
        };
        let response: http::Response<Body> = sent.map_err(|error| explain(&error))?.into();
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
            let body = body.map_err(|error| explain(&error));
            let too_long = || Error::HttpResponseBodySize(None);
            let pause = options.between_bytes_timeout;
            LimitedBody::new(body, self.response_bytes, too_long, pause).boxed_unsync()
        }))
    }
}

impl WasiHttpHooks for HttpClient {
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
    let ours = causes().find_map(|cause| cause.downcast_ref::<Error>());
    if let Some(Error::HttpRequestBodySize(limit)) = ours {
        return Error::HttpRequestBodySize(*limit);
    }
    if descriptors::have_run_out(io) {
        return Error::InternalError(Some(descriptors::HAVE_RUN_OUT.to_owned()));
    }
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

/// rustls hides its error inside an I/O error, and clients that one in another, where `source` does not find it.
fn tls_within(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner
        .downcast_ref()
        .or_else(|| tls_within(inner.downcast_ref()?))
}

/// How long connecting may take when the provider sets no limit.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of names and values in the headers of a response. Azure sends two thousand; servers and proxies commonly
/// stop at 8 to 32 KiB.
const MAX_HEADER_BYTES: usize = 64 * 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

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
        let client = client(Endpoint::parse(&address(&allowed)));
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
        let client = client(Endpoint::parse(&address));
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
        let client = client(Endpoint::parse(&address));
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
        let client = client(Endpoint::parse(&address));
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
            "http://r.invalid/openai",
            "http://192.0.2.1/openai",
            "http://[2001:db8::1]/openai",
        ] {
            let client = client(Endpoint::parse(address));
            let refused = client
                .send(get(&format!("{address}/v1/x")), RequestOptions::default())
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
            let client = client(Endpoint::parse(&address));
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

    fn client(endpoint: Option<Endpoint>) -> HttpClient {
        let secrets = Arc::new(SealedSecrets::new(true));
        HttpClient::new(
            Clients::default(),
            endpoint,
            [],
            secrets,
            &Limits::default(),
        )
    }

    fn get(address: &str) -> http::Request<WasiBody> {
        let body = http_body_util::Empty::new().map_err(|never| match never {});
        http::Request::get(address)
            .body(body.boxed_unsync())
            .unwrap()
    }
}
