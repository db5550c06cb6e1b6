//! One exchange with the service: the request, as it is sent, sent again and sent on.

use std::rc::Rc;
use std::time::Duration;

use super::authorization::Authorization;
use super::body::read_error;
use super::edge::{Edge, Instant, Request, Response};
use super::failure::{compressed, refused_and_not_renewed, seconds, unanswered};
use super::report::Report;
use crate::contract::types::{ChatRequest, ErrorKind, ProviderError};
use crate::core::classify::{self, Asked, Rejection};
use crate::core::config::{Authentication, Configuration, Retries, TimeLimits};
use crate::core::deployment::Deployment;
use crate::core::forward::Method;
use crate::core::headers::Headers;
use crate::core::item::ItemKind;
use crate::core::pricing::{Bill, Cost};
use crate::core::request::{self, Translated};
use crate::core::response::Served;
use crate::core::retry;
use crate::core::secret::Secrets;

/// One exchange with the service.
#[derive(Debug)]
pub(super) struct Exchange<E> {
    pub(super) edge: E,
    pub(super) configuration: Rc<Configuration>,
    deployment: Deployment,
    /// The model that was asked for.
    model: String,
    limits: TimeLimits,
    translated: Translated,
    /// How often something was tried again.
    retries: u64,
    /// What must not be seen in errors and events.
    pub(super) secrets: Secrets,
}

/// The head of an answer, its body as it arrives, and how long that may take.
pub(super) struct Answer<B> {
    pub(super) response: Response<B>,
    pub(super) deadlines: Deadlines,
}

/// What is tried again, and when.
#[derive(Debug)]
pub(super) struct Retry {
    /// Why.
    pub(super) error: ProviderError,
    /// After which wait.
    pub(super) delay: Duration,
}

impl Retry {
    /// Decides whether to try again after an error, when that was done so many times before.
    ///
    /// # Errors
    ///
    /// The error, when it would come again, was tried again often enough, or wants a longer wait than is allowed.
    pub(super) fn of(
        mut error: ProviderError,
        settings: &Retries,
        before: u64,
        edge: &impl Edge,
    ) -> Result<Self, ProviderError> {
        if !error.retryable || settings.most == 0 {
            return Err(error);
        }
        if before >= settings.most {
            let tried = format!("; it was tried {} times", before + 1);
            error.message.push_str(&tried);
            return Err(error);
        }
        let asked = error.retry_after_ms.map(Duration::from_millis);
        match retry::delay(settings, before, asked, edge.random()) {
            Some(delay) => Ok(Self { error, delay }),
            None => {
                let waits = format!(
                    "; the service asks to wait {} seconds, which is more than `max_retry_delay`",
                    seconds(asked.unwrap_or_default())
                );
                error.message.push_str(&waits);
                Err(error)
            }
        }
    }
}

/// The limits of one attempt, and when it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) limits: TimeLimits,
    pub(super) attempt: Instant,
}

impl<E: Edge> Exchange<E> {
    /// Translates a request.
    ///
    /// # Errors
    ///
    /// When it cannot be sent as it is.
    pub(super) fn new(
        edge: E,
        configuration: Rc<Configuration>,
        request: &ChatRequest,
    ) -> Result<Self, ProviderError> {
        let deployments = &configuration.deployments;
        let deployment = deployments.resolve(request.model.as_deref());
        let model = deployments.model(request.model.as_deref()).to_owned();
        let mut secrets = Secrets::default();
        for (_, value) in &configuration.extra_headers {
            secrets.add(value.clone());
        }
        let limits = time_limits(configuration.time_limits, request);
        let translated = limits.and_then(|limits| {
            let translated = request::translate(request, &deployment, &configuration)?;
            Ok((limits, translated))
        });
        match translated {
            Ok((limits, translated)) => Ok(Self {
                edge,
                configuration,
                deployment,
                model,
                limits,
                translated,
                retries: 0,
                secrets,
            }),
            Err(error) => Err(finished(error, &model, &secrets)),
        }
    }

    /// Tells the host of the request, and begins the report of what comes of it.
    pub(super) fn report(&self, request: &ChatRequest) -> Report<E> {
        // In the log whatever `debug` is: the log has levels of its own.
        self.edge.debug(&self.deployment.resolution(&self.model));
        let report = Report::start(
            self.edge.clone(),
            request,
            &self.deployment,
            &self.translated,
            self.configuration.debug,
        );
        report.sends(&self.translated.body, &self.secrets);
        report
    }

    /// Sends the request, and tries again as long as that may help.
    ///
    /// # Errors
    ///
    /// When there is no answer, or the service refuses the request.
    pub(super) fn send(&mut self, report: &Report<E>) -> Result<Answer<E::Body>, ProviderError> {
        loop {
            let error = match self.attempt(report) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let retry = self.retry(error)?;
            self.wait(retry, report);
        }
    }

    /// Decides whether to try again after an error.
    ///
    /// # Errors
    ///
    /// The error, when it would come again, was tried again often enough, or wants a longer wait than is allowed.
    pub(super) fn retry(&mut self, error: ProviderError) -> Result<Retry, ProviderError> {
        let retry = Retry::of(error, &self.configuration.retries, self.retries, &self.edge)?;
        self.retries += 1;
        Ok(retry)
    }

    /// Tells of a retry, and waits until it is time for it.
    pub(super) fn wait(&self, Retry { error, delay }: Retry, report: &Report<E>) {
        let error = self.finished(error);
        let most = self.configuration.retries.most;
        report.retry(&error, self.retries, most, delay);
        self.edge.sleep(self.edge.now().after(delay));
    }

    /// Sends the request. Once more with a new token, when the host's last one was refused; and once more in another form,
    /// when the service refuses something that is optional, or earlier reasoning.
    fn attempt(&mut self, report: &Report<E>) -> Result<Answer<E::Body>, ProviderError> {
        let mut may_renew = matches!(
            self.configuration.authentication,
            Authentication::Fetched(_)
        );
        let mut authorization = self.authorize(false)?;
        loop {
            // Here, because each attempt has its own time, and getting a token is none of it.
            let deadlines = Deadlines {
                limits: self.limits,
                attempt: self.edge.now().after(self.limits.attempt),
            };
            let rejection = match self.send_once(&authorization, deadlines) {
                Ok(response) => {
                    return Ok(Answer {
                        response,
                        deadlines,
                    });
                }
                Err(rejection) => rejection,
            };
            if may_renew && rejection.error.kind == ErrorKind::Authentication {
                may_renew = false;
                authorization = self
                    .authorize(true)
                    .map_err(|error| refused_and_not_renewed(rejection.error, &error))?;
                continue;
            }
            let refusal = rejection.refusal.as_ref();
            match refusal.and_then(|refusal| self.translated.remedy(refusal)) {
                Some(dropped) => {
                    for dropped in &dropped {
                        report.dropped(dropped);
                    }
                    report.sends(&self.translated.body, &self.secrets);
                }
                None => return Err(rejection.error),
            }
        }
    }

    /// Whether the answer is asked for as a stream.
    pub(super) fn is_streaming(&self) -> bool {
        self.translated.is_streaming()
    }

    /// Whether an answer that is cut off at its limit goes on.
    pub(super) fn auto_continue(&self) -> bool {
        self.translated.auto_continue
    }

    /// Raises the limit on the output once, if an answer may take more than one response: the old limit and the new one.
    pub(super) fn raise_limit(&mut self) -> Option<(u64, u64)> {
        if self.auto_continue() {
            self.translated.raise_limit()
        } else {
            None
        }
    }

    /// The limit on the output.
    pub(super) fn output_limit(&self) -> Option<u64> {
        self.translated.output_limit()
    }

    /// Adds what the service has said so far to the input, in place of what it had said before.
    pub(super) fn go_on(&mut self, said: Vec<ItemKind>, report: &Report<E>) {
        self.translated.continue_with(said);
        report.sends(&self.translated.body, &self.secrets);
    }

    /// What a response cost; none when that is not known.
    pub(super) fn cost(&self, served: &Served, headers: &Headers) -> Option<Cost> {
        self.configuration.pricing.cost(&Bill {
            answered: served.model.as_deref(),
            logical_model: &self.deployment.logical_model,
            service_tier: served.service_tier.as_deref(),
            is_spilled_over: headers.is_spilled_over(),
            tokens: served.tokens?,
        })
    }

    /// Puts the last touches to an error on its way out: the model that was asked for, and no secret in the service's
    /// words.
    pub(super) fn finished(&self, error: ProviderError) -> ProviderError {
        finished(error, &self.model, &self.secrets)
    }

    fn authorize(&mut self, renew: bool) -> Result<Authorization, ProviderError> {
        let authentication = &self.configuration.authentication;
        let authorization = Authorization::get(&self.edge, authentication, renew)?;
        self.secrets.add(authorization.secret());
        Ok(authorization)
    }

    fn send_once(
        &self,
        authorization: &Authorization,
        deadlines: Deadlines,
    ) -> Result<Response<E::Body>, Rejection> {
        let configuration = &self.configuration;
        let path = configuration.responses_path();
        let body = self.translated.body.write();
        let accept = match self.translated.is_streaming() {
            true => "text/event-stream",
            false => "application/json",
        };
        let mut headers = vec![
            ("accept", accept.as_bytes()),
            // There is nothing in here that could unpack another one.
            ("accept-encoding", b"identity"),
            authorization.header(),
            ("content-type", b"application/json"),
            ("user-agent", USER_AGENT.as_bytes()),
        ];
        headers.extend(configuration.extra_headers());
        let request = Request {
            method: Method::Post,
            scheme: configuration.endpoint.scheme,
            authority: &configuration.endpoint.authority,
            path: &path,
            headers: &headers,
            body: &[&body],
            connect_timeout: deadlines.limits.connect,
        };
        let url = format!("{}://{}{path}", request.scheme, request.authority);

        let mut response = self
            .edge
            .send(&request, deadlines.attempt)
            .map_err(|error| unanswered(&error, &url, deadlines.limits))?;
        if response.status == 200 {
            return match response.headers.compression() {
                Some(encoding) => Err(compressed(encoding, &url).into()),
                None => Ok(response),
            };
        }
        let body = read_error(&self.edge, &mut response.body, deadlines.attempt);
        let asked = Asked {
            deployment: &self.deployment,
            url: &url,
            endpoint: &configuration.endpoint,
            authentication: &configuration.authentication,
            is_renewed: authorization.is_renewed,
            now: self.edge.unix_time().as_secs(),
        };
        Err(classify::rejected(
            response.status,
            &response.headers,
            &body,
            asked,
        ))
    }
}

/// The configured limits, or the request's where that is stricter.
fn time_limits(configured: TimeLimits, request: &ChatRequest) -> Result<TimeLimits, ProviderError> {
    let attempt = match request.timeout.map(Duration::try_from_secs_f64) {
        None => configured.attempt,
        Some(Ok(timeout)) if !timeout.is_zero() => configured.attempt.min(timeout),
        Some(_) => {
            return Err(ProviderError::new(
                ErrorKind::InvalidRequest,
                "timeout: expected seconds, more than 0",
            ));
        }
    };
    Ok(TimeLimits {
        attempt,
        ..configured
    })
}

pub(super) fn finished(mut error: ProviderError, model: &str, secrets: &Secrets) -> ProviderError {
    error.model = Some(model.to_owned());
    error.message = secrets.redact(error.message);
    error.code = error.code.map(|code| secrets.redact(code));
    error.request_id = error.request_id.map(|id| secrets.redact(id));
    error
}

/// What requests call their sender.
pub(super) const USER_AGENT: &str = concat!(
    "amplifier-azure-openai-provider/",
    env!("CARGO_PKG_VERSION")
);
