//! The way of one call: which deployment it asks, when it asks again or another one, and what must not be seen of that.

use std::rc::Rc;
use std::time::Duration;

use super::authorization::Authorization;
use super::edge::Edge;
use super::failure::seconds;
use super::report::Listener;
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::classify::Asked;
use crate::core::config::{Configuration, Resource, Retries};
use crate::core::deployment::{Candidate, Deployment};
use crate::core::failover::{Cause, Choice, Course, Failed, Table, moment};
use crate::core::headers::Headers;
use crate::core::item::ORIGIN;
use crate::core::json::ObjectWriter;
use crate::core::pricing::{Bill, Cost};
use crate::core::response::Served;
use crate::core::retry;
use crate::core::secret::Secrets;

/// The way of one call.
#[derive(Debug)]
pub(super) struct Route<E> {
    edge: E,
    configuration: Rc<Configuration>,
    course: Course,
    /// The model that was asked for; empty for a request that has nothing to do with one.
    pub(super) model: String,
    /// What must not be seen in errors and events.
    pub(super) secrets: Secrets,
    /// Why the call has left a deployment, until it has another one.
    left: Option<(Cause, ProviderError)>,
}

/// What is tried again, and when.
#[derive(Debug)]
pub(super) struct Retry {
    /// Why.
    pub(super) error: ProviderError,
    /// After which wait; none when another deployment is asked.
    delay: Option<Duration>,
}

impl<E: Edge> Route<E> {
    /// The way of a call that these may answer, of which there is at least one.
    pub(super) fn new(
        edge: E,
        configuration: Rc<Configuration>,
        candidates: Vec<Candidate>,
        model: String,
    ) -> Self {
        let mut secrets = Secrets::default();
        let fallbacks = configuration.fallbacks.iter();
        for resource in fallbacks.chain([&configuration.primary]) {
            for (_, value) in &resource.extra_headers {
                secrets.add(value.clone());
            }
        }
        Self {
            course: Course::new(candidates, configuration.failover, configuration.retries),
            edge,
            configuration,
            model,
            secrets,
            left: None,
        }
    }

    /// Whether more than one endpoint may answer.
    pub(super) fn may_leave_endpoint(&self) -> bool {
        self.course.has_several_endpoints()
    }

    /// The call stays at its endpoint, which keeps something that it needs.
    pub(super) fn stay_at_endpoint(&mut self) {
        self.course.stay_at_endpoint();
    }

    /// Whether there is more than one deployment.
    pub(super) fn has_choice(&self) -> bool {
        self.course.has_choice()
    }

    /// The deployment that is asked, and where it is.
    pub(super) fn candidate(&self) -> &Candidate {
        self.course.present()
    }

    /// The deployment that is asked.
    pub(super) fn deployment(&self) -> &Deployment {
        &self.candidate().deployment
    }

    /// The endpoint that is asked.
    pub(super) fn resource(&self) -> &Resource {
        self.configuration.resource(self.candidate().resource)
    }

    /// Who sends the request; with `renew`, another token than the last.
    pub(super) fn authorize(&mut self, renew: bool) -> Result<Authorization, ProviderError> {
        let authorization = Authorization::get(&self.edge, &self.resource().authentication, renew)?;
        self.secrets.add(authorization.secret());
        Ok(authorization)
    }

    /// What an error's message needs to know of a request to this address.
    pub(super) fn asked<'a>(&'a self, url: &'a str, is_renewed: bool) -> Asked<'a> {
        let resource = self.resource();
        Asked {
            deployment: self.deployment(),
            url,
            endpoint: &resource.endpoint,
            authentication: &resource.authentication,
            is_renewed,
            now: self.edge.unix_time().as_secs(),
        }
    }

    /// Decides whether to try again after an error, and whether the same deployment. The table knows afterwards of one that rests.
    ///
    /// # Errors
    ///
    /// The error, when it would come again, was tried again often enough, or wants a longer wait than is allowed.
    pub(super) fn retry(&mut self, error: ProviderError) -> Result<Retry, ProviderError> {
        if !self.has_choice() {
            return self.retry_same(error);
        }
        let cause = match self.course.failed(&error, self.edge.random()) {
            Failed::Wait(delay) => {
                return Ok(Retry {
                    error,
                    delay: Some(delay),
                });
            }
            Failed::Leave(cause) => Some(cause),
            Failed::Final => None,
        };
        let choice = self.update(&|table, now| {
            self.course.note(&error, table, now);
            self.course
                .choose(table, |candidate| self.busy(candidate), now)
        });
        match cause {
            Some(cause) if choice != Choice::GiveUp => {
                self.left = Some((cause, error.clone()));
                Ok(Retry { error, delay: None })
            }
            _ => Err(self.given_up(error)),
        }
    }

    /// Tries again where there is nothing to choose from.
    fn retry_same(&mut self, mut error: ProviderError) -> Result<Retry, ProviderError> {
        let settings: &Retries = &self.configuration.retries;
        let before = self.course.retries;
        if !error.retryable || settings.most == 0 {
            return Err(error);
        }
        if before >= settings.most {
            let tried = format!("; it was tried {} times", before + 1);
            error.message.push_str(&tried);
            return Err(error);
        }
        let asked = error.retry_after_ms.map(Duration::from_millis);
        let Some(delay) = retry::delay(settings, before, asked, self.edge.random()) else {
            let waits = format!(
                "; the service asks to wait {} seconds, which is more than `max_retry_delay`",
                seconds(asked.unwrap_or_default())
            );
            error.message.push_str(&waits);
            return Err(error);
        };
        self.course.retries += 1;
        Ok(Retry {
            error,
            delay: Some(delay),
        })
    }

    /// Reports a retry, and waits until it is time for it. Does nothing where another deployment is asked instead.
    pub(super) fn wait(&self, Retry { error, delay }: Retry, listener: &Listener<E>) {
        if let Some(delay) = delay {
            self.wait_for(error, delay, listener);
        }
    }

    fn wait_for(&self, error: ProviderError, delay: Duration, listener: &Listener<E>) {
        let error = self.finished(error);
        let count = (self.course.retries, self.configuration.retries.most);
        listener.retry(&error, count, delay);
        self.edge.sleep(self.edge.now().after(delay));
    }

    /// Settles which deployment is asked next; waits for one, where all of them rest. Whether it is another one than before.
    ///
    /// # Errors
    ///
    /// When none can be asked in the time that a call may wait.
    pub(super) fn settle(&mut self, listener: &Listener<E>) -> Result<bool, ProviderError> {
        const FAILOVER: &str = "provider:failover";
        if !self.has_choice() {
            return Ok(false);
        }
        loop {
            let before = self.candidate().clone();
            let (choice, is_trial, cause) = self.update(&|table, now| {
                let cause = self.course.cause_to_rest(table, now);
                let choice = self
                    .course
                    .choose(table, |candidate| self.busy(candidate), now);
                let is_trial = match choice {
                    Choice::Ask(number) => table.begin(self.course.candidate(number), now),
                    _ => false,
                };
                (choice, is_trial, cause)
            });
            match choice {
                Choice::Ask(number) => {
                    self.course.ask(number, is_trial);
                    let left = self.left.take();
                    let is_other = *self.candidate() != before;
                    let cause = left.as_ref().map(|(cause, _)| *cause).or(cause);
                    if is_other
                        && let Some(cause) = cause
                        && let Some(payload) = listener.payload(FAILOVER)
                    {
                        let error = left.map(|(_, error)| self.finished(error).message);
                        let payload = payload
                            .written("from", &self.described(&before))
                            .written("to", &self.described(self.candidate()))
                            .member("reason", cause.name())
                            .member("error_message", &error);
                        listener.emit(FAILOVER, payload);
                    }
                    if self.configuration.failover.is_least_busy {
                        self.edge.work_with(&label(self.candidate()));
                    }
                    return Ok(is_other);
                }
                Choice::Look(wait) => {
                    self.edge.sleep(self.edge.now().after(wait));
                    self.course.waited(choice);
                }
                Choice::Wait(wait) => {
                    self.course.waited(choice);
                    let error = match &self.left {
                        Some((_, error)) => error.clone(),
                        None => self.all_rest(),
                    };
                    self.wait_for(error, wait, listener);
                }
                Choice::GiveUp => {
                    let left = self.left.take();
                    return Err(match left {
                        Some((_, error)) => self.given_up(error),
                        None => self.all_rest(),
                    });
                }
            }
        }
    }

    /// The deployment has answered.
    pub(super) fn answered(&mut self) {
        if self.course.answered() {
            self.update(&|table, _| table.succeed(self.candidate()));
        }
    }

    /// What a response cost; none when that is not known, and where it is paid by the hour.
    pub(super) fn cost(&self, served: &Served, is_spilled_over: bool) -> Option<Cost> {
        let candidate = self.candidate();
        if candidate.is_provisioned && !is_spilled_over {
            return None;
        }
        self.configuration.pricing.cost(&Bill {
            answered: served.model.as_deref(),
            logical_model: &candidate.deployment.logical_model,
            service_tier: served.service_tier.as_deref(),
            // Whatever the others are: this one is paid by the token.
            is_spilled_over: true,
            tokens: served.tokens?,
        })
    }

    /// What the metadata of a response says of who answered, where that may be one of several and the service does not say it.
    pub(super) fn served_by(&self, headers: &Headers) -> Vec<(&'static str, String)> {
        const DEPLOYMENT: &str = "azure:deployment";
        let mut served_by = Vec::new();
        if !self.has_choice() && self.configuration.fallbacks.is_empty() {
            return served_by;
        }
        if !headers.served_by().any(|(key, _)| key == DEPLOYMENT) {
            served_by.push((DEPLOYMENT, self.deployment().name.clone()));
        }
        if !self.configuration.fallbacks.is_empty() {
            served_by.push((ORIGIN, self.resource().name()));
        }
        served_by
    }

    /// Puts the last touches to an error on its way out: the model that was asked for, and no secret in the service's
    /// words.
    pub(super) fn finished(&self, mut error: ProviderError) -> ProviderError {
        error.model = Some(self.model.clone()).filter(|model| !model.is_empty());
        error.message = self.secrets.redact(error.message);
        error.code = error.code.map(|code| self.secrets.redact(code));
        error.request_id = error.request_id.map(|id| self.secrets.redact(id));
        error
    }

    /// The error of a call that nobody else answers either.
    fn given_up(&self, mut error: ProviderError) -> ProviderError {
        let (others, soonest) = self.resting(Some(self.candidate()));
        if let Some(others) = others {
            error.message.push_str("; not asked, because they rest: ");
            error.message.push_str(&others);
        }
        if error.retryable {
            let soonest = soonest.map(|(left, _)| left);
            error.retry_after_ms = error.retry_after_ms.into_iter().chain(soonest).min();
        }
        error
    }

    /// The error of a call that finds all of them resting.
    fn all_rest(&self) -> ProviderError {
        let (all, soonest) = self.resting(None);
        let kind = match soonest {
            Some((_, Cause::Network)) => ErrorKind::Network,
            Some((_, Cause::RateLimit)) => ErrorKind::RateLimit,
            Some((_, Cause::Timeout)) => ErrorKind::Timeout,
            _ => ErrorKind::Unavailable,
        };
        let message = format!(
            "every deployment for the model {} rests after it has failed: {}; try again later",
            self.model,
            all.unwrap_or_default()
        );
        ProviderError {
            retry_after_ms: soonest.map(|(left, _)| left),
            ..ProviderError::new(kind, message)
        }
    }

    /// Those that rest, in words, and the one that rests for the shortest time: for how many milliseconds, and why.
    fn resting(&self, but: Option<&Candidate>) -> (Option<String>, Option<(u64, Cause)>) {
        let now = moment(self.edge.unix_time());
        let table = Table::read(&self.edge.shared_state().text, now);
        let mut words = Vec::new();
        let mut soonest: Option<(u64, Cause)> = None;
        for (candidate, cause, left) in self.course.resting(&table, now) {
            if soonest.is_none_or(|(least, _)| left < least) {
                soonest = Some((left, cause));
            }
            if but == Some(candidate) {
                continue;
            }
            let endpoint = &self.configuration.resource(candidate.resource).endpoint;
            words.push(format!(
                "`{}` at {endpoint} ({}, for {} seconds)",
                candidate.deployment.name,
                cause.name(),
                left.div_ceil(1000)
            ));
        }
        ((!words.is_empty()).then(|| words.join(", ")), soonest)
    }

    /// Changes the shared table. Another instance may have changed it since it was read: then once more. `change` may be called
    /// several times, therefore.
    fn update<T>(&self, change: &dyn Fn(&mut Table, u64) -> T) -> T {
        /// So many at once are more than there are; after them the table is as good as it is.
        const MAX_TIMES: u32 = 32;
        let mut times = 0;
        loop {
            let now = moment(self.edge.unix_time());
            let state = self.edge.shared_state();
            let before = Table::read(&state.text, now);
            let mut table = before.clone();
            let changed = change(&mut table, now);
            times += 1;
            if table == before
                || self.edge.share(&table.written(), state.version)
                || times >= MAX_TIMES
            {
                return changed;
            }
        }
    }

    /// How many calls a deployment has, where that matters.
    fn busy(&self, candidate: &Candidate) -> u64 {
        let label = label(candidate);
        let busy = self.edge.shared_state().busy;
        let count = busy.iter().find(|(name, _)| *name == label);
        count.map_or(0, |(_, count)| u64::from(*count))
    }

    /// A deployment in the payload of an event.
    fn described(&self, candidate: &Candidate) -> String {
        let endpoint = &self.configuration.resource(candidate.resource).endpoint;
        ObjectWriter::new()
            .member("deployment", &candidate.deployment.name)
            .member("endpoint", &endpoint.to_string())
            .finish()
    }
}

/// What a call works with, for the others: unlike names at unlike endpoints.
fn label(candidate: &Candidate) -> String {
    format!("{}/{}", candidate.resource, candidate.deployment.name)
}
