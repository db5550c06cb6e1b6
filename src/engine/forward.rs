//! A request of a client that speaks the service's API, sent on; and its answer, as it arrives.

mod report;

use std::rc::Rc;

use self::report::ForwardReport;
use super::Engine;
use super::authorization::Authorization;
use super::body::ERROR_BODY_TIME;
use super::edge::{Body, Edge, Instant, Request, Response, TransportError};
use super::exchange::{Deadlines, Retry, USER_AGENT, finished};
use super::failure::{StreamFailure, refused_and_not_renewed, unanswered};
use crate::contract::gateway::{HttpHeader, HttpRequest};
use crate::contract::types::ProviderError;
use crate::core::classify::{self, Asked};
use crate::core::config::{Authentication, Configuration};
use crate::core::deployment::{Deployment, Rule};
use crate::core::forward::{Outbound, UsageReader, response_headers};
use crate::core::headers::Headers;
use crate::core::pricing::{Bill, Cost};
use crate::core::response::Served;
use crate::core::secret::Secrets;

/// The answer of the service.
pub struct Forwarded<E: Edge> {
    /// The status.
    pub status: u16,
    /// The headers, without those of the connection.
    pub headers: Vec<HttpHeader>,
    /// The body.
    pub body: ForwardedBody<E>,
}

/// A body that arrives. Dropping it closes the exchange.
pub struct ForwardedBody<E: Edge> {
    edge: E,
    /// What was read to see whether to try again.
    begun: Option<Vec<u8>>,
    /// None when it is at its end.
    body: Option<E::Body>,
    /// Why it has no end.
    broken: Option<TransportError>,
    deadlines: Deadlines,
    /// A standard deployment answered in place of a provisioned one.
    is_spilled_over: bool,
    is_event_stream: bool,
    /// Its end was reported.
    is_over: bool,
    /// None for an answer that cannot be read in passing.
    usage: Option<UsageReader>,
    forwarding: Forwarding<E>,
}

/// What stays the same in all attempts.
struct Forwarding<E> {
    edge: E,
    configuration: Rc<Configuration>,
    outbound: Outbound,
    /// For errors: the deployment, or that there is none.
    deployment: Deployment,
    secrets: Secrets,
    report: ForwardReport<E>,
    /// How often something was tried again.
    retries: u64,
}

/// An answer, and what was read of its body.
struct Answer<B> {
    response: Response<B>,
    begun: Option<Begun>,
    deadlines: Deadlines,
}

/// The beginning of a body.
struct Begun {
    bytes: Vec<u8>,
    rest: Rest,
}

/// What comes after the beginning of a body.
enum Rest {
    Nothing,
    Unread,
    /// The connection broke, which it says only once.
    Broken(TransportError),
}

/// Why an attempt has no answer that is worth sending on at once.
struct Unanswered<B> {
    error: ProviderError,
    /// What the service said, if it said something.
    refusal: Option<Answer<B>>,
}

impl<B> From<ProviderError> for Unanswered<B> {
    fn from(error: ProviderError) -> Self {
        Self {
            error,
            refusal: None,
        }
    }
}

impl<E: Edge> Engine<E> {
    /// Sends a request on, and returns when its answer begins.
    ///
    /// # Errors
    ///
    /// When the request cannot be sent on, or there is no answer.
    pub fn forward(&self, request: HttpRequest) -> Result<Forwarded<E>, ProviderError> {
        let configuration = Rc::clone(&self.configuration);
        let outbound = Outbound::new(request, &configuration)?;
        let mut secrets = Secrets::default();
        for (_, value) in &configuration.extra_headers {
            secrets.add(value.clone());
        }
        let deployment = outbound.deployment.clone().unwrap_or_else(|| Deployment {
            name: String::new(),
            logical_model: String::new(),
            rule: Rule::ModelName,
        });
        let mut forwarding = Forwarding {
            report: ForwardReport::start(self.edge.clone(), &outbound),
            edge: self.edge.clone(),
            configuration,
            deployment,
            secrets,
            retries: 0,
            outbound,
        };
        match forwarding.send() {
            Ok(answer) => Ok(Forwarded::new(answer, forwarding)),
            Err(error) => Err(forwarding.failed(error)),
        }
    }
}

impl<E: Edge> Forwarding<E> {
    /// Sends the request, and sends it again as long as that may help.
    fn send(&mut self) -> Result<Answer<E::Body>, ProviderError> {
        loop {
            let Unanswered { error, refusal } = match self.attempt() {
                Ok(answer) => return Ok(answer),
                Err(unanswered) => unanswered,
            };
            let settings = &self.configuration.retries;
            let retry = Retry::of(error, settings, self.retries, &self.edge);
            let Retry { error, delay } = match retry {
                Ok(retry) => retry,
                // What the service said itself is what the client understands.
                Err(error) => return refusal.ok_or(error),
            };
            // Its connection is not needed while we wait.
            drop(refusal);
            self.retries += 1;
            let error = self.finished(error);
            let count = (self.retries, settings.most);
            self.report.listener.retry(&error, count, delay);
            self.edge.sleep(self.edge.now().after(delay));
        }
    }

    /// One attempt; once more with a new token, when the host's last one was refused.
    fn attempt(&mut self) -> Result<Answer<E::Body>, Unanswered<E::Body>> {
        let can_renew = matches!(
            self.configuration.authentication,
            Authentication::Fetched(_)
        );
        let authorization = self.authorize(false)?;
        let mut answer = self.send_once(&authorization)?;
        if answer.response.status == 401 && can_renew {
            let refused = self.rejected(&answer.response, &[]);
            drop(answer);
            let authorization = self
                .authorize(true)
                .map_err(|error| refused_and_not_renewed(refused, &error))?;
            answer = self.send_once(&authorization)?;
        }
        self.judged(answer)
    }

    fn authorize(&mut self, renew: bool) -> Result<Authorization, ProviderError> {
        let authentication = &self.configuration.authentication;
        let authorization = Authorization::get(&self.edge, authentication, renew)?;
        self.secrets.add(authorization.secret());
        Ok(authorization)
    }

    fn send_once(&self, authorization: &Authorization) -> Result<Answer<E::Body>, ProviderError> {
        let Self {
            configuration,
            outbound,
            ..
        } = self;
        let limits = configuration.time_limits;
        let deadlines = Deadlines {
            limits,
            attempt: self.edge.now().after(limits.attempt),
        };
        let clients = outbound.headers.iter();
        let mut headers: Vec<(&str, &[u8])> = clients
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
        {
            headers.push(("user-agent", USER_AGENT.as_bytes()));
        }
        headers.push(authorization.header());
        headers.extend(configuration.extra_headers());
        let request = Request {
            method: outbound.method,
            scheme: configuration.endpoint.scheme,
            authority: &configuration.endpoint.authority,
            path: &outbound.path,
            headers: &headers,
            body: &outbound.body.parts(),
            connect_timeout: limits.connect,
        };
        match self.edge.send(&request, deadlines.attempt) {
            Ok(response) => Ok(Answer {
                response,
                begun: None,
                deadlines,
            }),
            Err(error) => {
                // What was not sent was not acted on.
                let is_unsent = matches!(error, TransportError::Unreachable(_));
                let mut error = unanswered(&error, &self.url(), limits);
                error.retryable &= is_unsent || outbound.is_repeatable();
                Err(error)
            }
        }
    }

    /// Tells answers from those that may be others the next time.
    fn judged(&self, mut answer: Answer<E::Body>) -> Result<Answer<E::Body>, Unanswered<E::Body>> {
        let Response {
            status, headers, ..
        } = &answer.response;
        let is_unserved = matches!(status, 429 | 503);
        if !classify::is_worth_a_retry(*status)
            || !(is_unserved || self.outbound.is_repeatable())
            || headers.get("x-should-retry") == Some("false")
        {
            return Ok(answer);
        }
        let begun = self.begin(&mut answer);
        let error = self.rejected(&answer.response, &begun.bytes);
        answer.begun = Some(begun);
        if !error.retryable {
            return Ok(answer);
        }
        Err(Unanswered {
            error,
            refusal: Some(answer),
        })
    }

    /// Reads what an error says, as far as that comes soon: its status alone says enough.
    fn begin(&self, answer: &mut Answer<E::Body>) -> Begun {
        let soon = self.edge.now().after(ERROR_BODY_TIME);
        let deadline = soon.min(answer.deadlines.attempt);
        let mut bytes = Vec::new();
        let rest = loop {
            match answer.response.body.read(deadline) {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break Rest::Nothing,
                Err(TransportError::TimedOut) => break Rest::Unread,
                Err(error) => break Rest::Broken(error),
            }
            if bytes.len() > MAX_ERROR_BYTES || self.edge.now() >= deadline {
                break Rest::Unread;
            }
        };
        Begun { bytes, rest }
    }

    fn rejected(&self, response: &Response<E::Body>, body: &[u8]) -> ProviderError {
        let asked = Asked {
            deployment: &self.deployment,
            url: &self.url(),
            endpoint: &self.configuration.endpoint,
            authentication: &self.configuration.authentication,
            is_renewed: false,
            now: self.edge.unix_time().as_secs(),
        };
        classify::rejected(response.status, &response.headers, body, asked).error
    }

    fn url(&self) -> String {
        let endpoint = &self.configuration.endpoint;
        let path = self.outbound.path.split('?').next().unwrap_or_default();
        format!("{}://{}{path}", endpoint.scheme, endpoint.authority)
    }

    fn finished(&self, error: ProviderError) -> ProviderError {
        let mut error = finished(error, &self.deployment.logical_model, &self.secrets);
        error.model = error.model.filter(|model| !model.is_empty());
        error
    }

    fn failed(&self, error: ProviderError) -> ProviderError {
        let error = self.finished(error);
        self.report.failed(&error);
        error
    }
}

impl<E: Edge> Forwarded<E> {
    fn new(answer: Answer<E::Body>, mut forwarding: Forwarding<E>) -> Self {
        let Answer {
            response:
                Response {
                    status,
                    headers,
                    body,
                },
            begun,
            deadlines,
        } = answer;
        forwarding.report.answered(status);
        // It is not sent again, and may be large.
        forwarding.outbound.forget_body();
        let (begun, body, broken) = match begun {
            None => (None, Some(body), None),
            Some(Begun { bytes, rest }) => match rest {
                Rest::Nothing => (Some(bytes), None, None),
                Rest::Unread => (Some(bytes), Some(body), None),
                Rest::Broken(error) => (Some(bytes), None, Some(error)),
            },
        };
        Self {
            status,
            headers: response_headers(&headers),
            body: ForwardedBody {
                edge: forwarding.edge.clone(),
                begun: begun.filter(|bytes| !bytes.is_empty()),
                body,
                broken,
                deadlines,
                is_spilled_over: headers.is_spilled_over(),
                is_event_stream: headers.is_event_stream(),
                is_over: false,
                usage: can_be_read(&headers).then(UsageReader::default),
                forwarding,
            },
        }
    }
}

impl<E: Edge> ForwardedBody<E> {
    /// Waits for the next bytes; none at the end, and after an error.
    ///
    /// # Errors
    ///
    /// When the answer breaks off.
    pub fn read(&mut self) -> Result<Option<Vec<u8>>, ProviderError> {
        if let Some(bytes) = self.begun.take() {
            return Ok(Some(self.passed(bytes)));
        }
        let Deadlines { limits, attempt } = self.deadlines;
        if let Some(error) = self.broken.take() {
            return Err(self.broke_off(error, attempt));
        }
        let Some(body) = &mut self.body else {
            return self.end();
        };
        // An answer in one piece may take all the time that there is.
        let deadline = if self.is_event_stream {
            attempt.min(self.edge.now().after(limits.stream_idle))
        } else {
            attempt
        };
        match body.read(deadline) {
            Ok(Some(mut bytes)) => {
                // A burst of events leaves the sandbox at once.
                body.read_ready(&mut bytes);
                Ok(Some(self.passed(bytes)))
            }
            Ok(None) => self.end(),
            Err(error) => Err(self.broke_off(error, deadline)),
        }
    }

    /// The end, which is reported once.
    fn end(&mut self) -> Result<Option<Vec<u8>>, ProviderError> {
        self.body = None;
        if !std::mem::replace(&mut self.is_over, true) {
            self.succeeded();
        }
        Ok(None)
    }

    fn broke_off(&mut self, error: TransportError, deadline: Instant) -> ProviderError {
        self.body = None;
        self.is_over = true;
        let error = StreamFailure::Transport(error).explain(self.deadlines, deadline);
        self.forwarding.failed(error)
    }

    fn passed(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.forwarding.report.passed();
        if let Some(usage) = &mut self.usage {
            usage.read(&bytes);
        }
        bytes
    }

    /// Reports the answer, with what it cost.
    fn succeeded(&self) {
        let usage = self.usage.as_ref().and_then(|reader| {
            let mut usage = reader.usage()?.clone();
            usage.cost_usd = self.cost(reader.served()).map(Cost::written);
            Some(usage)
        });
        self.forwarding.report.succeeded(usage.as_ref());
    }

    fn cost(&self, served: &Served) -> Option<Cost> {
        let Forwarding {
            configuration,
            deployment,
            ..
        } = &self.forwarding;
        configuration.pricing.cost(&Bill {
            answered: served.model.as_deref(),
            logical_model: &deployment.logical_model,
            service_tier: served.service_tier.as_deref(),
            is_spilled_over: self.is_spilled_over,
            tokens: served.tokens?,
        })
    }
}

/// Whether an answer is JSON, or events of it, and not compressed.
fn can_be_read(headers: &Headers) -> bool {
    let is_plain = headers
        .get("content-encoding")
        .is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
    let kind = headers.get("content-type").unwrap_or_default();
    is_plain
        && (headers.is_event_stream() || kind.to_ascii_lowercase().starts_with("application/json"))
}

/// Enough for the errors of the service; what is longer is none of its own.
const MAX_ERROR_BYTES: usize = 64 * 1024;
