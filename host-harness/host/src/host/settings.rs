//! What the host takes from the settings that a provider resolved.

use serde_json::Value;
use tokio::sync::Semaphore;

use crate::deadline::Deadline;
use crate::instance::{Failure, Instance};

/// Settings that the host goes by too. None of them is needed: a provider may describe itself as it likes.
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
    pub(super) async fn of(instance: &mut Instance, deadline: Deadline) -> Result<Self, Failure> {
        let description = instance.run(deadline, async |store, bindings, provider| {
            let guest = bindings.amplifier_provider_provider().provider();
            guest.call_describe(store, provider).await
        });
        Ok(Self::read(&description.await?))
    }

    fn read(description: &str) -> Self {
        let description: Value = serde_json::from_str(description).unwrap_or_default();
        let value = |key: &str| &description["settings"][key]["value"];
        let limit = match value("max_concurrent_requests") {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_u64(),
        };
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        Self {
            default_model: value("default_model").as_str().map(str::to_owned),
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
                Settings::read(description),
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
            assert_eq!(Settings::read(&description), expected, "{description}");
        }
    }
}
