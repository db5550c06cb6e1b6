//! A request of a client that speaks the service's API, sent on; and its answer, as it arrives.

mod report;

use std::rc::Rc;

use self::report::ForwardReport;
use super::Engine;
use super::authorization::Authorization;
use super::body::ERROR_BODY_TIME;
use super::edge::{Body, Edge, Instant, Request, Response, TransportError};
use super::exchange::{Deadlines, USER_AGENT};
use super::failure::{StreamFailure, refused_and_not_renewed, unanswered};
use super::route::Route;
use crate::contract::gateway::{HttpHeader, HttpRequest};
use crate::contract::types::ProviderError;
use crate::core::classify;
use crate::core::config::{Authentication, Configuration};
use crate::core::deployment::{Candidate, Deployment, Rule};
use crate::core::failover::Cause;
use crate::core::forward::{Outbound, UsageReader, response_headers};
use crate::core::headers::Headers;
use crate::core::pricing::Cost;

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
    /// Who is asked.
    route: Route<E>,
    report: ForwardReport<E>,
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
        let mut candidates = outbound.candidates.clone();
        if candidates.is_empty() {
            // Nobody's, at the first endpoint.
            candidates.push(Candidate {
                resource: 0,
                deployment: Deployment {
                    name: String::new(),
                    logical_model: String::new(),
                    rule: Rule::ModelName,
                },
                is_provisioned: configuration.primary.is_provisioned,
            });
        }
        let deployment = outbound.deployment.as_ref();
        let model = deployment.map(|deployment| deployment.logical_model.clone());
        let edge = self.edge.clone();
        let route = Route::new(
            edge,
            Rc::clone(&configuration),
            candidates,
            model.unwrap_or_default(),
        );
        let mut forwarding = Forwarding {
            report: ForwardReport::start(self.edge.clone(), &outbound),
            edge: self.edge.clone(),
            configuration,
            outbound,
            route,
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
        // What the service said last itself is what the client understands.
        let mut said = None;
        loop {
            match self.route.settle(&self.report.listener) {
                Ok(false) => {}
                Ok(true) => {
                    let candidate = self.route.candidate();
                    self.outbound.name(candidate, self.route.resource());
                    self.report.moves_to(&candidate.deployment.name);
                }
                Err(error) => return said.ok_or(error),
            }
            // Its connection is not needed any more.
            drop(said.take());
            let Unanswered { error, refusal } = match self.attempt() {
                Ok(answer) => {
                    self.route.answered();
                    return Ok(answer);
                }
                Err(unanswered) => unanswered,
            };
            let retry = match self.route.retry(error) {
                Ok(retry) => retry,
                Err(error) => return refusal.ok_or(error),
            };
            said = refusal.filter(|_| self.route.has_choice());
            self.route.wait(retry, &self.report.listener);
        }
    }

    /// One attempt; once more with a new token, when the host's last one was refused.
    fn attempt(&mut self) -> Result<Answer<E::Body>, Unanswered<E::Body>> {
        let can_renew = matches!(
            self.route.resource().authentication,
            Authentication::Fetched(_)
        );
        let authorization = self.route.authorize(false)?;
        let mut answer = self.send_once(&authorization)?;
        if answer.response.status == 401 && can_renew {
            let refused = self.rejected(&answer.response, &[]);
            drop(answer);
            let authorization = self
                .route
                .authorize(true)
                .map_err(|error| refused_and_not_renewed(refused, &error))?;
            answer = self.send_once(&authorization)?;
        }
        self.judged(answer)
    }

    fn send_once(&self, authorization: &Authorization) -> Result<Answer<E::Body>, ProviderError> {
        let Self {
            configuration,
            outbound,
            ..
        } = self;
        let resource = self.route.resource();
        let limits = configuration.time_limits;
        let deadlines = Deadlines {
            limits,
            attempt: self.edge.now().after(limits.attempt),
        };
        let mut headers = outbound.headers(resource);
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
        {
            headers.push(("user-agent", USER_AGENT.as_bytes()));
        }
        headers.push(authorization.header());
        headers.extend(resource.extra_headers());
        let request = Request {
            method: outbound.method,
            scheme: resource.endpoint.scheme,
            authority: &resource.endpoint.authority,
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
        let may_come_again = classify::is_worth_a_retry(*status)
            && (is_unserved || self.outbound.is_repeatable())
            && headers.get("x-should-retry") != Some("false");
        // Another deployment may answer what this one will not.
        let may_leave = self.route.has_choice() && matches!(status, 400..=499);
        if !may_come_again && !may_leave {
            return Ok(answer);
        }
        let begun = self.begin(&mut answer);
        let error = self.rejected(&answer.response, &begun.bytes);
        answer.begun = Some(begun);
        let has_reason = if self.route.has_choice() {
            Cause::of(&error).is_some()
        } else {
            error.retryable
        };
        if !has_reason {
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
        let url = self.url();
        let asked = self.route.asked(&url, false);
        classify::rejected(response.status, &response.headers, body, asked).error
    }

    fn url(&self) -> String {
        let endpoint = &self.route.resource().endpoint;
        let path = self.outbound.path.split('?').next().unwrap_or_default();
        format!("{}://{}{path}", endpoint.scheme, endpoint.authority)
    }

    fn failed(&self, error: ProviderError) -> ProviderError {
        let error = self.route.finished(error);
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
            let cost = self
                .forwarding
                .route
                .cost(reader.served(), self.is_spilled_over);
            usage.cost_usd = cost.map(Cost::written);
            Some(usage)
        });
        self.forwarding.report.succeeded(usage.as_ref());
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
