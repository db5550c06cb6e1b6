//! The engine: sends requests, reads responses, tells the host what it does.
//!
//! It is written once, over [`Edge`], and knows neither WebAssembly nor the service's formats: those are the core's.

mod authorization;
pub mod edge;
mod report;
mod response_stream;

use std::time::Duration;

use self::authorization::Authorization;
use self::edge::{Body, Edge, Instant, Request, Response, TransportError};
use self::report::Report;
pub use self::response_stream::ResponseStream;
use crate::contract::types::{ChatRequest, ChatResponse, ErrorKind, ProviderError, StreamEvent};
use crate::core::classify::{self, Asked, Rejection};
use crate::core::config::{Authentication, Configuration, TimeLimits};
use crate::core::deployment::Deployment;
use crate::core::pricing::Tariff;
use crate::core::request::{self, Translated};
use crate::core::secret::Secrets;

/// The most bytes of an error's body that are read. Real ones have some hundreds; what comes after these is a page of
/// HTML, or an attack.
const MAX_ERROR_BYTES: usize = 256 * 1024;

/// The most bytes of a response that comes whole: what the largest event of a stream may have.
const MAX_RESPONSE_BYTES: usize = crate::core::sse::MAX_EVENT_BYTES;

/// What requests call their sender.
const USER_AGENT: &str = concat!(
    "amplifier-azure-openai-provider/",
    env!("CARGO_PKG_VERSION")
);

/// An opened provider.
#[derive(Clone, Debug)]
pub struct Engine<E> {
    edge: E,
    configuration: Configuration,
}

impl<E: Edge> Engine<E> {
    /// Resolves the configuration against the environment, and tells the host of what is odd about it.
    ///
    /// # Errors
    ///
    /// One error that names everything that is wrong with the configuration.
    pub fn open(edge: E, document: &str) -> Result<Self, ProviderError> {
        let configuration = Configuration::resolve(document, &edge.environment())?;
        for warning in &configuration.warnings {
            report::config_warning(&edge, warning);
        }
        Ok(Self {
            edge,
            configuration,
        })
    }

    /// The resolved configuration.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// One whole exchange: [`Self::complete_streaming`], drained.
    ///
    /// # Errors
    ///
    /// The first error of the exchange.
    pub fn complete(&self, request: &ChatRequest) -> Result<ChatResponse, ProviderError> {
        let mut stream = self.complete_streaming(request)?;
        let mut completed = None;
        while let Some(event) = stream.next_event()? {
            if let StreamEvent::Completed(response) = event {
                completed = Some(response);
            }
        }
        // A stream ends with `completed` or with an error, so that this is a defect of ours; still no reason to panic.
        completed.ok_or_else(|| {
            ProviderError::new(ErrorKind::Stream, "the stream ended without a response")
        })
    }

    /// Sends a request, and returns when the service has accepted it.
    ///
    /// # Errors
    ///
    /// When the request cannot be sent, or the service refuses it.
    pub fn complete_streaming(
        &self,
        request: &ChatRequest,
    ) -> Result<ResponseStream<E>, ProviderError> {
        let deployment = self
            .configuration
            .deployments
            .resolve(request.model.as_deref());
        let model = self
            .configuration
            .deployments
            .model(request.model.as_deref());
        let mut secrets = Secrets::default();
        for (_, value) in &self.configuration.extra_headers {
            secrets.add(value.clone());
        }
        let with_model = |error| finished(error, model, &secrets);

        let limits = self.time_limits(request).map_err(with_model)?;
        let mut translated =
            request::translate(request, &deployment, &self.configuration).map_err(with_model)?;
        let report = Report::start(
            self.edge.clone(),
            request,
            &deployment,
            &translated,
            self.configuration.debug,
        );
        match self.exchange(&mut translated, &deployment, limits, &report, &mut secrets) {
            Ok((response, deadlines)) => {
                let edge = self.edge.clone();
                let tariff = Tariff {
                    pricing: self.configuration.pricing.clone(),
                    logical_model: deployment.logical_model,
                };
                Ok(ResponseStream::new(
                    response, edge, report, deadlines, model, tariff, secrets,
                ))
            }
            Err(error) => {
                let error = finished(error, model, &secrets);
                report.failed(&error);
                Err(error)
            }
        }
    }

    /// The configured limits, or the request's where that is stricter.
    fn time_limits(&self, request: &ChatRequest) -> Result<TimeLimits, ProviderError> {
        let TimeLimits {
            connect,
            attempt,
            stream_idle,
        } = self.configuration.time_limits;
        let attempt = match request.timeout.map(Duration::try_from_secs_f64) {
            None => attempt,
            Some(Ok(timeout)) if !timeout.is_zero() => attempt.min(timeout),
            Some(_) => {
                return Err(ProviderError::new(
                    ErrorKind::InvalidRequest,
                    "timeout: expected seconds, more than 0",
                ));
            }
        };
        Ok(TimeLimits {
            connect,
            attempt,
            stream_idle,
        })
    }

    /// Sends a request. Once more with a new token, when the host's last one was refused; and once more without it, when
    /// the model does not support something that is optional.
    fn exchange(
        &self,
        translated: &mut Translated,
        deployment: &Deployment,
        limits: TimeLimits,
        report: &Report<E>,
        secrets: &mut Secrets,
    ) -> Result<(Response<E::Body>, Deadlines), ProviderError> {
        let mut may_renew = matches!(
            self.configuration.authentication,
            Authentication::Fetched(_)
        );
        let mut may_drop = true;
        let mut authorization = self.authorize(false, secrets)?;
        loop {
            // Here, because each attempt has its own time, and getting a token is none of it.
            let deadlines = Deadlines {
                limits,
                attempt: self.edge.now().after(limits.attempt),
            };
            let rejection = match self.send(translated, deployment, &authorization, deadlines) {
                Ok(response) => return Ok((response, deadlines)),
                Err(rejection) => rejection,
            };
            if may_renew && rejection.error.kind == ErrorKind::Authentication {
                may_renew = false;
                authorization = self
                    .authorize(true, secrets)
                    .map_err(|error| refused_and_not_renewed(rejection.error, &error))?;
                continue;
            }
            let unsupported = rejection.unsupported_parameter.as_deref();
            match unsupported.and_then(|name| translated.drop_parameter(name)) {
                Some(dropped) if may_drop => {
                    may_drop = false;
                    report.dropped(&dropped);
                }
                _ => return Err(rejection.error),
            }
        }
    }

    fn authorize(
        &self,
        renew: bool,
        secrets: &mut Secrets,
    ) -> Result<Authorization, ProviderError> {
        let authentication = &self.configuration.authentication;
        let authorization = Authorization::get(&self.edge, authentication, renew)?;
        secrets.add(authorization.secret.clone());
        Ok(authorization)
    }

    fn send(
        &self,
        translated: &Translated,
        deployment: &Deployment,
        authorization: &Authorization,
        deadlines: Deadlines,
    ) -> Result<Response<E::Body>, Rejection> {
        let configuration = &self.configuration;
        let path = configuration.responses_path();
        let body = serde_json::to_vec(&translated.body).map_err(|error| {
            ProviderError::new(
                ErrorKind::InvalidRequest,
                format!("the request is no JSON: {error}"),
            )
        })?;
        let accept = match translated.is_streaming() {
            true => "text/event-stream",
            false => "application/json",
        };
        let mut headers = vec![
            ("accept", accept),
            (authorization.header, authorization.value.expose()),
            ("content-type", "application/json"),
            ("user-agent", USER_AGENT),
        ];
        let extra_headers = configuration.extra_headers.iter();
        headers.extend(extra_headers.map(|(name, value)| (name.as_str(), value.expose())));
        let request = Request {
            scheme: configuration.endpoint.scheme,
            authority: &configuration.endpoint.authority,
            path: &path,
            headers: &headers,
            body: &body,
            connect_timeout: deadlines.limits.connect,
        };
        let url = format!("{}://{}{path}", request.scheme, request.authority);

        let mut response = self
            .edge
            .send(&request, deadlines.attempt)
            .map_err(|error| unanswered(&error, &url, deadlines.limits))?;
        if response.status == 200 {
            return Ok(response);
        }
        // What of the body can be read is enough for a message; its status alone says what kind of error it is.
        let body = read_all(
            &self.edge,
            &mut response.body,
            MAX_ERROR_BYTES,
            deadlines.attempt,
        )
        .unwrap_or_default();
        let asked = Asked {
            deployment,
            url: &url,
            authentication: &configuration.authentication,
        };
        Err(classify::rejected(
            response.status,
            &response.headers,
            &body,
            asked,
        ))
    }
}

/// The limits of one attempt, and when it ends.
#[derive(Clone, Copy, Debug)]
struct Deadlines {
    limits: TimeLimits,
    attempt: Instant,
}

/// The error for a token that the service refused, and that the host has no other for.
fn refused_and_not_renewed(refused: ProviderError, error: &ProviderError) -> ProviderError {
    ProviderError {
        message: format!(
            "{}; and when another was asked for, {}",
            refused.message, error.message
        ),
        retryable: error.retryable,
        retry_after_ms: error.retry_after_ms,
        ..refused
    }
}

/// The error for a request without a response.
fn unanswered(error: &TransportError, url: &str, limits: TimeLimits) -> ProviderError {
    let (kind, message) = match error {
        TransportError::TimedOut => (
            ErrorKind::Timeout,
            format!(
                "{url} did not answer within {} seconds; try again, or raise `timeout`",
                seconds(limits.attempt)
            ),
        ),
        TransportError::Denied(_) => (
            ErrorKind::AccessDenied,
            format!(
                "the request to {url} was not sent: {error}; add the host to the host's allow-list"
            ),
        ),
        TransportError::Refused(_) => (
            ErrorKind::InvalidRequest,
            format!("the request to {url} was not sent: {error}"),
        ),
        TransportError::Broken(_) => (
            ErrorKind::Network,
            format!("{url} did not answer: {error}; try again"),
        ),
        TransportError::Untrusted(_) => (
            ErrorKind::Network,
            format!(
                "{url} cannot be trusted: {error}; check the address, the system's certificates and the proxy"
            ),
        ),
        TransportError::Unreachable(_) => (
            ErrorKind::Network,
            format!(
                "{url} cannot be reached: {error}; check the endpoint, the name service, the proxy and the firewall"
            ),
        ),
    };
    let mut unanswered = ProviderError::new(kind, message);
    // A certificate does not become valid by asking again.
    unanswered.retryable &= !matches!(error, TransportError::Untrusted(_));
    unanswered.code = error.code().map(str::to_owned);
    unanswered
}

/// A time limit in seconds, for people.
fn seconds(limit: Duration) -> String {
    match limit.subsec_millis() {
        0 => limit.as_secs().to_string(),
        milliseconds => format!("{}.{milliseconds:03}", limit.as_secs()),
    }
}

/// Reads a body to its end, if that comes before `deadline` and within `limit` bytes.
fn read_all<E: Edge>(
    edge: &E,
    body: &mut E::Body,
    limit: usize,
    deadline: Instant,
) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.read(deadline).map_err(ReadError::Transport)? {
        if bytes.len() + chunk.len() > limit {
            return Err(ReadError::TooLong);
        }
        // A body that always has more never waits, and so never meets the deadline by itself.
        if edge.now() >= deadline {
            return Err(ReadError::Transport(TransportError::TimedOut));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Why a body could not be read to its end.
enum ReadError {
    TooLong,
    Transport(TransportError),
}

/// Puts the last touches to an error on its way out: the model that was asked for, and no secret in the service's words.
fn finished(mut error: ProviderError, model: &str, secrets: &Secrets) -> ProviderError {
    error.model = Some(model.to_owned());
    error.message = secrets.redact(error.message);
    error.code = error.code.map(|code| secrets.redact(code));
    error.request_id = error.request_id.map(|id| secrets.redact(id));
    error
}

#[cfg(test)]
mod tests;
