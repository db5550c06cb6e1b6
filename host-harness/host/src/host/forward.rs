//! Requests in the service's own form.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use wasmtime::component::ResourceAny;

use super::call::Call;
use super::reading::{Reading, Source, Working};
use super::{CallError, CallOptions, Opened, Provider};
use crate::contract::gateway::{HttpHeader, HttpRequest, HttpResponse};
use crate::contract::types::{ErrorKind, ProviderError};

impl Provider {
    /// Sends a request of a client that speaks the service's API on to the service, and returns when its answer begins.
    ///
    /// The path is below the one where the provider's service has its API, such as `/responses` or `/files/file_1?x=y`; a
    /// scheme and a host are not looked at. The deployment takes the place of the model, in a body of JSON, in a form, and in a
    /// path that begins with
    /// `/deployments/NAME/`; the provider adds its key or its token. Everything else goes out as it is, and the answer comes
    /// back as it is, errors of the service too. Of what the service says to be an error (a status of 400 or more) secrets
    /// are taken out.
    ///
    /// # Errors
    ///
    /// When there is no answer: the provider's error, the component's failure, or what the host had against the call.
    pub async fn forward(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<ForwardedBody>, CallError> {
        self.forward_with(request, CallOptions::new()).await
    }

    /// The same, with something of its own.
    ///
    /// # Errors
    ///
    /// When there is no answer: the provider's error, the component's failure, or what the host had against the call.
    pub async fn forward_with(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> Result<Response<ForwardedBody>, CallError> {
        let request = handed_over(request);
        let limits = options.limits(&self.0.grants.limits);
        limits.check_size(size(&request))?;
        let mut call = self.0.enter(None, options).await?;
        let answered = call.run(async |store, bindings, provider| {
            let guest = bindings.amplifier_provider_gateway();
            guest.call_forward(store, provider, &request).await
        });
        let answered = answered.await?;
        drop(request);
        let response = match answered {
            Ok(response) => response,
            Err(error) => {
                call.end();
                return Err(self.0.grants.error(error));
            }
        };
        let (status, headers) = self.0.head(&response)?;
        let length = length(status, &headers);
        let body = ForwardedBody::new(call, response.body, length);
        let is_readable_error = is_error(status) && is_text(&headers);
        let (headers, body) = if is_readable_error || length == Some(0) {
            self.0.redacted(headers, body).await?
        } else {
            (headers, body)
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// The body of a forwarded answer: a [`Stream`] of its bytes as they arrive, until its end or an error. Dropping it closes
/// the exchange at once. When the call's time is over ([`crate::Limits::wall_time`]) the exchange is closed, whether somebody
/// waits for bytes or not.
pub struct ForwardedBody(Body);

enum Body {
    /// All of it, or nothing when that was taken.
    Whole(Option<Bytes>),
    Arriving(Reading<Open>),
}

/// A call whose body is open.
struct Open {
    call: Call,
    body: ResourceAny,
    /// How many bytes are still to come, if that is known.
    left: Option<u64>,
}

impl ForwardedBody {
    fn new(mut call: Call, body: ResourceAny, length: Option<u64>) -> Self {
        let deadline = call.deadline();
        call.set_watched(true);
        let open = Open {
            call,
            body,
            left: length,
        };
        Self(Body::Arriving(Reading::new(open, deadline)))
    }

    /// Waits for the next bytes; none at the end, and after an error. No byte is lost when the returned future is dropped.
    ///
    /// # Errors
    ///
    /// The provider's error when the answer breaks off, the component's failure, or a limit of the host.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        let next = poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await;
        next.transpose()
    }

    /// How many bytes there are, if that is known.
    pub fn known_length(&self) -> Option<usize> {
        match &self.0 {
            Body::Whole(bytes) => Some(bytes.as_ref().map_or(0, Bytes::len)),
            Body::Arriving(_) => None,
        }
    }
}

impl Stream for ForwardedBody {
    type Item = Result<Bytes, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Body::Whole(bytes) => Poll::Ready(bytes.take().map(Ok)),
            Body::Arriving(reading) => reading.poll_next(context),
        }
    }
}

impl fmt::Debug for ForwardedBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ForwardedBody")
            .finish_non_exhaustive()
    }
}

impl Source for Open {
    type Part = Bytes;

    fn next(mut self: Box<Self>) -> Working<Self> {
        Box::pin(async move {
            match self.read().await {
                Ok(Ok(Some(bytes))) => {
                    self.left = self
                        .left
                        .map(|left| left.saturating_sub(bytes.len() as u64));
                    if self.left == Some(0) {
                        // Whoever knows the length does not ask for the end, which is here too.
                        self.finish().await;
                        return (None, Ok(Some(bytes.into())));
                    }
                    (Some(self), Ok(Some(bytes.into())))
                }
                Ok(Ok(None)) => (None, self.close().await.map(|()| None)),
                Ok(Err(error)) => {
                    let error = self.call.opened().grants.error(error);
                    if let Err(failure) = self.close().await {
                        // What the provider said is what the caller can use.
                        tracing::warn!("the component failed after its error: {failure}");
                    }
                    (None, Err(error))
                }
                Err(error) => (None, Err(error)),
            }
        })
    }

    fn expire(self: Box<Self>) -> CallError {
        self.call.expire()
    }
}

impl Open {
    async fn read(&mut self) -> Result<Result<Option<Vec<u8>>, ProviderError>, CallError> {
        let body = self.body;
        let read = self.call.run(async |store, bindings, _| {
            let exports = bindings.amplifier_provider_gateway();
            exports.http_body().call_read(store, body).await
        });
        read.await
    }

    /// Lets the component see the end of the body, and keeps the instance.
    async fn finish(mut self: Box<Self>) {
        let finished = match self.read().await {
            Ok(_) => self.close().await,
            Err(error) => Err(error),
        };
        if let Err(error) = finished {
            tracing::warn!("the component failed after the last byte: {error}");
        }
    }

    /// Drops the component's body, and keeps the instance.
    async fn close(mut self: Box<Self>) -> Result<(), CallError> {
        let body = self.body;
        let closing = self
            .call
            .run(async |store, _, _| body.resource_drop_async(store).await);
        closing.await?;
        self.call.end();
        Ok(())
    }
}

impl Opened {
    /// Status and headers, of which secrets are taken out: a service may repeat what it was sent.
    fn head(&self, response: &HttpResponse) -> Result<(StatusCode, HeaderMap), CallError> {
        let status = StatusCode::from_u16(response.status)
            .ok()
            .filter(|status| !status.is_informational())
            .ok_or_else(|| broken(format!("the status {}", response.status)))?;
        let mut headers = HeaderMap::with_capacity(response.headers.len());
        for HttpHeader { name, value } in &response.headers {
            let broken = || broken(format!("the header {name:?}"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken())?;
            let value = match std::str::from_utf8(value) {
                Ok(text) => HeaderValue::from_str(&self.grants.secrets.redact(text)),
                Err(_) => HeaderValue::from_bytes(value),
            };
            headers.append(name, value.map_err(|_| broken())?);
        }
        Ok((status, headers))
    }

    /// An error, of which secrets are taken out; or nothing at all. Both are short, so that they can wait for their end.
    async fn redacted(
        &self,
        mut headers: HeaderMap,
        mut body: ForwardedBody,
    ) -> Result<(HeaderMap, ForwardedBody), CallError> {
        let mut bytes = Vec::new();
        while let Some(more) = body.next().await? {
            bytes.extend_from_slice(&more);
            if bytes.len() > MAX_ERROR_BYTES {
                return Err(broken(format!(
                    "an error of more than {MAX_ERROR_BYTES} bytes"
                )));
            }
        }
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => self.grants.secrets.redact(&text).into_owned().into(),
            Err(error) => Bytes::from(error.into_bytes()),
        };
        headers.remove(header::CONTENT_LENGTH);
        Ok((headers, ForwardedBody(Body::Whole(Some(bytes)))))
    }
}

/// How many bytes a request has.
fn size(request: &HttpRequest) -> usize {
    let headers = request.headers.iter();
    let headers = headers.map(|header| header.name.len() + header.value.len());
    request.path.len() + request.body.len() + headers.sum::<usize>()
}

/// The request as the component gets it.
fn handed_over(request: Request<Bytes>) -> HttpRequest {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let headers = head.headers.iter().map(|(name, value)| HttpHeader {
        name: name.as_str().to_owned(),
        value: value.as_bytes().to_vec(),
    });
    HttpRequest {
        method: head.method.as_str().to_owned(),
        path: path.trim_start_matches('/').to_owned(),
        headers: headers.collect(),
        body: body.into(),
    }
}

/// How many bytes a body has, if its head says it.
fn length(status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Some(0);
    }
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Whether a body is not compressed, so that secrets in it can be seen.
fn is_text(headers: &HeaderMap) -> bool {
    let encoding = headers.get(header::CONTENT_ENCODING);
    encoding.is_none_or(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The component's answer is none of HTTP's.
fn broken(what: String) -> CallError {
    let message = format!("the component's answer has {what}, which HTTP has not");
    ProviderError::of_host(ErrorKind::Stream, message).into()
}

/// What a service says of an error is shorter by far.
const MAX_ERROR_BYTES: usize = 1024 * 1024;
