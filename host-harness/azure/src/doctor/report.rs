//! What an examination found.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat};
use provider_host::contract::types::ProviderError;
use provider_host::kernel_json;
use serde_json::{Value, json};

use super::{Authentication, Claims, Probe, retirement};
use crate::credentials::{Attempt, AttemptOutcome};

/// What an examination found.
#[derive(Debug)]
pub struct Report {
    /// What is wrong with the configuration. When there is anything, nothing else was examined.
    pub problems: Vec<String>,
    /// The provider's own description: endpoint, route, deployments, settings with their sources, warnings.
    pub description: Value,
    /// The proxy that requests go through.
    pub proxy: Option<String>,
    /// How requests say who sends them.
    pub authentication: Option<Authentication>,
    /// What came of asking the deployment.
    pub probe: Probe,
}

/// How an examination went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The configuration is wrong.
    Misconfigured,
    /// No credential gives a token, or the deployment does not answer.
    Failed,
    /// As far as it was examined, everything is well.
    Well,
}

impl Report {
    /// The report of a configuration that the provider does not take.
    pub(super) fn of_problems(error: &ProviderError) -> Self {
        let details: Value = error
            .details
            .as_deref()
            .and_then(|details| serde_json::from_str(details).ok())
            .unwrap_or_default();
        let found = details["problems"].as_array().into_iter().flatten();
        let mut problems: Vec<String> =
            found.filter_map(Value::as_str).map(str::to_owned).collect();
        if problems.is_empty() {
            problems.push(error.message.clone());
        }
        Self {
            problems,
            description: json!({
                "settings": details["settings"],
                "warnings": details["warnings"],
            }),
            proxy: None,
            authentication: None,
            probe: Probe::Skipped("the configuration is wrong"),
        }
    }

    /// How it went.
    pub fn verdict(&self) -> Verdict {
        let is_well = match &self.probe {
            Probe::Answered { .. } => true,
            Probe::Failed { .. } => false,
            Probe::Skipped(_) => self.has_credentials(),
        };
        match (self.problems.as_slice(), is_well) {
            ([_, ..], _) => Verdict::Misconfigured,
            ([], true) => Verdict::Well,
            ([], false) => Verdict::Failed,
        }
    }

    /// Whether a request can be sent. A token that has expired is sent too: this machine's clock may be wrong, and the
    /// service knows.
    pub(super) fn has_something_to_send(&self) -> bool {
        matches!(self.authentication, Some(Authentication::Token(_))) || self.has_credentials()
    }

    /// Whether there is a key or a token that is valid, or something that may give one.
    fn has_credentials(&self) -> bool {
        match &self.authentication {
            Some(Authentication::Asked { has_token, .. }) => *has_token,
            Some(Authentication::Planned { credentials, .. }) => {
                credentials.as_deref().is_ok_and(may_give_token)
            }
            Some(Authentication::Token(Some(claims))) => !claims.has_expired(),
            Some(Authentication::Key | Authentication::Token(None)) | None => true,
        }
    }

    /// The report as JSON. Times are RFC 3339.
    pub fn to_json(&self) -> Value {
        let mut report = json!({
            "verdict": match self.verdict() {
                Verdict::Misconfigured => "misconfigured",
                Verdict::Failed => "failed",
                Verdict::Well => "well",
            },
            "problems": self.problems,
            "retirements": retirement::all(&self.description, SystemTime::now()),
            "proxy": self.proxy,
            "authentication": self.authentication.as_ref().map(Authentication::to_json),
            "probe": self.probe.to_json(),
        });
        for key in ["endpoint", "route", "deployments", "settings", "warnings"] {
            report[key] = self.description[key].clone();
        }
        if let Some(method) = self.description["authentication"].get("method") {
            report["authentication"]["method"] = method.clone();
        }
        report
    }
}

impl Authentication {
    fn to_json(&self) -> Value {
        match self {
            Self::Key => json!({}),
            Self::Token(claims) => json!({ "token": claims.as_ref().map(Claims::to_json) }),
            Self::Planned { scope, credentials } => match credentials {
                Ok(attempts) => json!({
                    "scope": scope,
                    "credentials": attempts.iter().map(attempt).collect::<Vec<_>>(),
                }),
                Err(error) => json!({ "scope": scope, "problem": error.message }),
            },
            Self::Asked {
                scope,
                attempts,
                claims,
                ..
            } => json!({
                "scope": scope,
                "credentials": attempts.iter().map(attempt).collect::<Vec<_>>(),
                "token": claims.as_ref().map(Claims::to_json),
            }),
        }
    }
}

impl Claims {
    fn to_json(&self) -> Value {
        json!({
            "audience": self.audience,
            "tenant": self.tenant,
            "object_id": self.object_id,
            "expires_on": self.expires().map(rfc3339),
            "has_expired": self.expires().map(|_| self.has_expired()),
        })
    }

    /// When the token is no longer valid.
    pub fn expires(&self) -> Option<SystemTime> {
        let since_1970 = std::time::Duration::from_secs(self.expires_on?);
        SystemTime::UNIX_EPOCH.checked_add(since_1970)
    }

    /// Whether that has passed.
    pub fn has_expired(&self) -> bool {
        self.expires()
            .is_some_and(|expires| expires <= SystemTime::now())
    }
}

impl Probe {
    fn to_json(&self) -> Value {
        match self {
            Self::Answered {
                deployment,
                model,
                advice,
                duration,
            } => json!({
                "outcome": "answered",
                "deployment": deployment,
                "model": model,
                "advice": advice,
                "duration_ms": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            }),
            Self::Failed {
                deployment,
                error,
                diagnosis,
            } => json!({
                "outcome": "failed",
                "deployment": deployment,
                "problem": diagnosis.problem,
                "steps": diagnosis.steps,
                "error": kernel_json::provider_error::to_value(error).unwrap_or_default(),
            }),
            Self::Skipped(reason) => json!({ "outcome": "skipped", "reason": reason }),
        }
    }
}

/// Whether a credential gave a token.
pub(super) fn gave_token(attempt: &Attempt) -> bool {
    matches!(attempt.outcome, AttemptOutcome::Token { .. })
}

/// A time for people and for programs; empty for one that no calendar has.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    /// The last second of the year 9999, where the format ends.
    const LAST_SECOND: i64 = 253_402_300_799;
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).ok();
    since_1970
        .and_then(|since_1970| i64::try_from(since_1970.as_secs()).ok())
        .filter(|seconds| *seconds <= LAST_SECOND)
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
        .unwrap_or_default()
}

/// Whether a chain with these, which were not asked, may give a token: the first that is there decides.
fn may_give_token(planned: &[Attempt]) -> bool {
    let mut outcomes = planned.iter().map(|attempt| &attempt.outcome);
    let first = outcomes.find(|outcome| !matches!(outcome, AttemptOutcome::Unavailable(_)));
    matches!(first, Some(AttemptOutcome::Configured(_)))
}

fn attempt(Attempt { name, outcome }: &Attempt) -> Value {
    let mut attempt = json!({ "name": name, "outcome": outcome.word() });
    match outcome {
        AttemptOutcome::Token { expires_on } => attempt["expires_on"] = json!(rfc3339(*expires_on)),
        AttemptOutcome::Configured(message)
        | AttemptOutcome::Unavailable(message)
        | AttemptOutcome::Failed(message)
        | AttemptOutcome::Temporary(message) => attempt["message"] = json!(message),
        AttemptOutcome::NotReached => {}
    }
    attempt
}
