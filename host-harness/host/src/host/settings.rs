//! What the host takes from the settings that a provider resolved.

use serde_json::Value;
use tokio::sync::Semaphore;

use crate::deadline::Deadline;
use crate::instance::{Failure, Instance};
use crate::policy::Policy;

/// Settings that the host goes by too, where the policy names them. None of them is needed: a provider may describe itself as it
/// likes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settings {
    /// The model of requests that name none.
    pub(super) default_model: Option<String>,
    /// How many requests may run at once; none without a limit.
    pub(super) max_concurrent_requests: Option<usize>,
}

impl Settings {
    /// Asks an instance for them, which has time until then.
    ///
    /// # Errors
    ///
    /// When the component fails.
    pub(super) async fn of(
        instance: &mut Instance,
        policy: &Policy,
        deadline: Deadline,
    ) -> Result<Self, Failure> {
        let description = instance.run(deadline, async |store, bindings, provider| {
            let guest = bindings.amplifier_provider_provider().provider();
            guest.call_describe(store, provider).await
        });
        Ok(Self::read(&description.await?, policy))
    }

    fn read(description: &str, policy: &Policy) -> Self {
        let description: Value = serde_json::from_str(description).unwrap_or_default();
        let value = |key: &Option<String>| {
            let key = key.as_ref()?;
            description["settings"][key].get("value")
        };
        let limit = match value(&policy.concurrency_setting) {
            Some(Value::String(text)) => text.trim().parse().ok(),
            limit => limit.and_then(Value::as_u64),
        };
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        let model = value(&policy.model_setting).and_then(Value::as_str);
        Self {
            default_model: model.map(str::to_owned),
            max_concurrent_requests: limit
                .filter(|limit| (1..=Semaphore::MAX_PERMITS).contains(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_description_is_good_enough() {
        let policy = Policy::new()
            .model_setting("default_model")
            .concurrency_setting("max_concurrent_requests");
        for description in [
            "",
            "{",
            "null",
            "5",
            r#""x""#,
            "[]",
            "{}",
            r#"{"settings":[]}"#,
            r#"{"settings":{"default_model":5}}"#,
            r#"{"settings":{"max_concurrent_requests":{"value":-1}}}"#,
            r#"{"settings":{"max_concurrent_requests":{"value":0}}}"#,
            r#"{"settings":{"max_concurrent_requests":{"value":18446744073709551615}}}"#,
            r#"{"settings":{"max_concurrent_requests":{"value":"many"}}}"#,
        ] {
            assert_eq!(
                Settings::read(description, &policy),
                Settings::default(),
                "{description}"
            );
        }
        for limit in ["7", r#"" 7 ""#] {
            let description = format!(
                r#"{{"settings":{{"default_model":{{"value":"m"}},"max_concurrent_requests":{{"value":{limit}}}}}}}"#
            );
            let expected = Settings {
                default_model: Some("m".to_owned()),
                max_concurrent_requests: Some(7),
            };
            assert_eq!(
                Settings::read(&description, &policy),
                expected,
                "{description}"
            );
            let of_nothing = Settings::read(&description, &Policy::new());
            assert_eq!(of_nothing, Settings::default(), "{description}");
        }
    }
}
