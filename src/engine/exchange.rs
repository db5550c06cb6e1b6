//! One exchange with the service: the request, as it is sent, sent again and sent on.

use std::rc::Rc;
use std::time::Duration;

use super::authorization::Authorization;
use super::body::read_error;
use super::edge::{Edge, Instant, Request, Response};
use super::failure::{compressed, refused_and_not_renewed, unanswered};
use super::report::Report;
use super::route::{Retry, Route};
use crate::contract::types::{ChatRequest, ErrorKind, ProviderError};
use crate::core::classify::{self, Rejection};
use crate::core::config::{Authentication, Configuration, TimeLimits};
use crate::core::deployment::Candidate;
use crate::core::forward::Method;
use crate::core::headers::Headers;
use crate::core::item::ItemKind;
use crate::core::pricing::Cost;
use crate::core::request::{self, Translated};
use crate::core::response::Served;

/// One exchange with the service.
#[derive(Debug)]
pub(super) struct Exchange<E> {
    pub(super) edge: E,
    pub(super) configuration: Rc<Configuration>,
    /// Who is asked.
    pub(super) route: Route<E>,
    limits: TimeLimits,
    translated: Translated,
    /// To translate it for another endpoint, where there may be one.
    request: Option<ChatRequest>,
}

/// The head of an answer, its body as it arrives, and how long that may take.
pub(super) struct Answer<B> {
    pub(super) response: Response<B>,
    pub(super) deadlines: Deadlines,
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
        let requested = request.model.as_deref();
        let model = configuration.deployments.model(requested).to_owned();
        let candidates = configuration.candidates(requested);
        let mut route = Route::new(edge.clone(), Rc::clone(&configuration), candidates, model);
        let limits = time_limits(configuration.time_limits, request);
        let translated = limits.and_then(|limits| {
            let translated = request::translate(request, route.candidate(), &configuration)?;
            Ok((limits, translated))
        });
        let (limits, translated) = translated.map_err(|error| route.finished(error))?;
        if translated.needs_its_endpoint() {
            route.stay_at_endpoint();
        }
        Ok(Self {
            edge,
            configuration,
            request: route.may_leave_endpoint().then(|| request.clone()),
            route,
            limits,
            translated,
        })
    }

    /// Tells the host of the request, and begins the report of what comes of it.
    pub(super) fn report(&self, request: &ChatRequest) -> Report<E> {
        // In the log whatever `debug` is: the log has levels of its own.
        let deployment = self.route.deployment();
        self.edge.debug(&deployment.resolution(&self.route.model));
        let report = Report::start(
            self.edge.clone(),
            request,
            deployment,
            &self.translated,
            self.configuration.debug,
        );
        report.sends(&self.translated.body, &self.route.secrets);
        report
    }

    /// Sends the request, and tries again as long as that may help.
    ///
    /// # Errors
    ///
    /// When there is no answer, or the service refuses the request.
    pub(super) fn send(
        &mut self,
        report: &mut Report<E>,
    ) -> Result<Answer<E::Body>, ProviderError> {
        loop {
            let before = self.route.candidate().clone();
            if self.route.settle(&report.listener)? {
                self.move_from(&before, report)?;
            }
            let error = match self.attempt(report) {
                Ok(answer) => {
                    self.route.answered();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let retry = self.route.retry(error)?;
            self.wait(retry, report);
        }
    }

    /// Puts the request into the form that another deployment takes.
    ///
    /// At another endpoint, what the first one has encrypted means nothing, and what it refused may be accepted.
    fn move_from(
        &mut self,
        before: &Candidate,
        report: &mut Report<E>,
    ) -> Result<(), ProviderError> {
        let candidate = self.route.candidate();
        let name = &candidate.deployment.name;
        if let Some(request) = &self.request
            && candidate.resource != before.resource
        {
            let mut translated = request::translate(request, candidate, &self.configuration)?;
            translated.take_over(&mut self.translated);
            for dropped in &translated.dropped {
                if !self.translated.dropped.contains(dropped) {
                    report.dropped(dropped);
                }
            }
            self.translated = translated;
        } else if !self
            .configuration
            .extra_request_params
            .contains_key("model")
        {
            self.translated.ask(name);
        }
        report.moves_to(name);
        report.sends(&self.translated.body, &self.route.secrets);
        Ok(())
    }

    /// Tells of a retry, and waits until it is time for it.
    pub(super) fn wait(&self, retry: Retry, report: &Report<E>) {
        self.route.wait(retry, &report.listener);
    }

    /// Sends the request. Once more with a new token, when the host's last one was refused; and once more in another form,
    /// when the service refuses something that is optional, or earlier reasoning.
    fn attempt(&mut self, report: &Report<E>) -> Result<Answer<E::Body>, ProviderError> {
        let mut may_renew = matches!(
            self.route.resource().authentication,
            Authentication::Fetched(_)
        );
        let mut authorization = self.route.authorize(false)?;
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
                    .route
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
                    report.sends(&self.translated.body, &self.route.secrets);
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
        report.sends(&self.translated.body, &self.route.secrets);
    }

    /// What a response cost; none when that is not known.
    pub(super) fn cost(&self, served: &Served, headers: &Headers) -> Option<Cost> {
        self.route.cost(served, headers.is_spilled_over())
    }

    /// Puts the last touches to an error on its way out.
    pub(super) fn finished(&self, error: ProviderError) -> ProviderError {
        self.route.finished(error)
    }

    fn send_once(
        &self,
        authorization: &Authorization,
        deadlines: Deadlines,
    ) -> Result<Response<E::Body>, Rejection> {
        let resource = self.route.resource();
        let path = resource.responses_path();
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
        headers.extend(resource.extra_headers());
        let request = Request {
            method: Method::Post,
            scheme: resource.endpoint.scheme,
            authority: &resource.endpoint.authority,
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
        let asked = self.route.asked(&url, authorization.is_renewed);
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

/// What requests call their sender.
pub(super) const USER_AGENT: &str = concat!(
    "amplifier-azure-openai-provider/",
    env!("CARGO_PKG_VERSION")
);
