//! Which deployments rest: what the instances of a provider know together, as a small text.
//!
//! Another instance wrote it, perhaps of another build, so that it is read as what others wrote: what cannot be read, or cannot be
//! believed, is not there.

use std::time::Duration;

use serde_json::Value;

use super::Cause;
use crate::core::deployment::Candidate;
use crate::core::json;

/// Which deployments rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table(Vec<Rest>);

/// A deployment that rests, or may be tried again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rest {
    /// The number of its endpoint.
    resource: usize,
    /// Its name; empty for all of the endpoint's.
    deployment: String,
    /// Until when, in milliseconds since 1970.
    pub(super) until: u64,
    /// How often it failed, since it last answered.
    failures: u64,
    /// Why.
    pub(super) cause: Cause,
    /// One call is trying it, and has until then.
    pub(super) is_trial: bool,
}

impl Table {
    /// The most bytes of the text; hosts keep no longer one.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Reads the text.
    pub fn read(text: &str, now: u64) -> Self {
        let mut table = Self::default();
        let value: Value = serde_json::from_slice(text.as_bytes()).unwrap_or_default();
        for rest in value.as_array().into_iter().flatten() {
            let believable = now.saturating_add(milliseconds(LONGEST_REST));
            if let Some(rest) = Rest::read(rest)
                && rest.until <= believable
                && rest.until.saturating_add(FORGOTTEN_AFTER) >= now
            {
                table.0.push(rest);
            }
        }
        table
    }

    /// Writes the text: what rests longest first, and as much as there is room for.
    pub fn written(&self) -> String {
        let mut rests: Vec<&Rest> = self.0.iter().collect();
        let mut text = "[".to_owned();
        while let Some((index, rest)) = rests.iter().enumerate().max_by_key(|(_, rest)| rest.until)
        {
            let entry = rest.written();
            if text.len() + entry.len() + 2 <= Self::MAX_BYTES {
                if text.len() > 1 {
                    text.push(',');
                }
                text.push_str(&entry);
            }
            rests.remove(index);
        }
        text.push(']');
        text
    }

    /// Whether a deployment rests, and how long. None when it may be asked.
    pub(super) fn rest(&self, candidate: &Candidate, now: u64) -> Option<&Rest> {
        self.of(candidate)
            .filter(|rest| rest.until > now)
            .max_by_key(|rest| rest.until)
    }

    /// Lets a call try a deployment, if it has failed before: until the end of the trial it rests for all others. Whether it is a
    /// trial.
    pub fn begin(&mut self, candidate: &Candidate, now: u64) -> bool {
        let mut is_trial = false;
        for rest in &mut self.0 {
            if rest.is_of(candidate) {
                rest.until = now.saturating_add(milliseconds(LONGEST_TRIAL));
                rest.is_trial = true;
                is_trial = true;
            }
        }
        is_trial
    }

    /// Lets a deployment rest that failed: as long as the service `asked` for, else twice as long as the last time.
    pub fn fail(
        &mut self,
        candidate: &Candidate,
        cause: Cause,
        asked: Option<Duration>,
        was_trial: bool,
        now: u64,
    ) {
        if was_trial && !cause.is_of_endpoint() {
            // It has answered.
            self.0
                .retain(|rest| !rest.is_of(candidate) || !rest.deployment.is_empty());
        }
        let name = match cause.is_of_endpoint() {
            true => "",
            false => &candidate.deployment.name,
        };
        let known = self
            .0
            .iter_mut()
            .find(|rest| rest.resource == candidate.resource && rest.deployment == name);
        let asked = asked.filter(|asked| !asked.is_zero());
        let asked = asked.map(|asked| milliseconds(asked.min(LONGEST_REST)));
        match known {
            // Calls that were under way fail together: they have failed once.
            Some(rest) if rest.until > now && !was_trial => {
                rest.until = rest.until.max(now.saturating_add(asked.unwrap_or(0)));
            }
            Some(rest) => {
                rest.failures = rest.failures.saturating_add(1);
                rest.until = now.saturating_add(asked.unwrap_or_else(|| pause(rest.failures)));
                rest.cause = cause;
                rest.is_trial = false;
            }
            None => self.0.push(Rest {
                resource: candidate.resource,
                deployment: name.to_owned(),
                until: now.saturating_add(asked.unwrap_or_else(|| pause(1))),
                failures: 1,
                cause,
                is_trial: false,
            }),
        }
    }

    /// Forgets what is known of a deployment: it has answered.
    pub fn succeed(&mut self, candidate: &Candidate) {
        self.0.retain(|rest| !rest.is_of(candidate));
    }

    fn of(&self, candidate: &Candidate) -> impl Iterator<Item = &Rest> {
        self.0.iter().filter(|rest| rest.is_of(candidate))
    }
}

impl Rest {
    fn is_of(&self, candidate: &Candidate) -> bool {
        self.resource == candidate.resource
            && (self.deployment.is_empty() || self.deployment == candidate.deployment.name)
    }

    fn read(value: &Value) -> Option<Self> {
        let [resource, deployment, until, failures, cause, is_trial] = value.as_array()?.as_slice()
        else {
            return None;
        };
        Some(Self {
            resource: usize::try_from(resource.as_u64()?).ok()?,
            deployment: deployment.as_str()?.to_owned(),
            until: until.as_u64()?,
            failures: failures.as_u64()?,
            cause: Cause::parse(cause.as_str()?)?,
            is_trial: is_trial.as_bool()?,
        })
    }

    fn written(&self) -> String {
        json::written(&Value::Array(vec![
            self.resource.into(),
            self.deployment.as_str().into(),
            self.until.into(),
            self.failures.into(),
            self.cause.name().into(),
            self.is_trial.into(),
        ]))
    }
}

/// How long a deployment rests whose service does not say, in milliseconds: 5, 10, 20 … 300 seconds.
fn pause(failures: u64) -> u64 {
    let doublings = failures.saturating_sub(1).min(6);
    (5_000 << doublings).min(300_000)
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The longest rest, whatever the service says: a day.
const LONGEST_REST: Duration = Duration::from_secs(86_400);

/// How long a trial keeps others away. Answers begin sooner; a call that was cancelled says nothing, and must not keep them away for
/// ever.
pub(super) const LONGEST_TRIAL: Duration = Duration::from_secs(30);

/// How long after its rest is known of a deployment that it failed, in milliseconds: ten minutes. What was not asked for so long has
/// had time to recover.
const FORGOTTEN_AFTER: u64 = 600_000;
