//! Models that Azure retires, by the provider's own account.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::report::rfc3339;

/// What to say of each model that is retired, or will be soon: when, and what Microsoft names in its place.
pub(super) fn all(description: &Value, now: SystemTime) -> Vec<String> {
    let today = day(now);
    let soon = day(now + SOON);
    let mut all = Vec::new();
    for row in description["deployments"].as_array().into_iter().flatten() {
        let Some(date) = row["retires"].as_str() else {
            continue;
        };
        // Days in this form are in the order of their letters.
        let state = match date {
            date if date <= today.as_str() => "was retired on",
            date if date <= soon.as_str() => "will be retired on",
            _ => continue,
        };
        let model = row["logical_model"].as_str().unwrap_or_default();
        let deployment = row["deployment"].as_str().unwrap_or_default();
        let replacement = match row["replacement"].as_str() {
            Some(replacement) => format!("Microsoft names {replacement} in its place"),
            None => "deploy another model in its place".to_owned(),
        };
        let line =
            format!("the model {model} (deployment `{deployment}`) {state} {date}; {replacement}");
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all
}

/// A day as the table of models has it: `2027-07-13`.
fn day(time: SystemTime) -> String {
    let mut text = rfc3339(time);
    text.truncate("2027-07-13".len());
    text
}

/// How long before its end a model is named: long enough to try another one.
const SOON: Duration = Duration::from_secs(90 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_are_named_that_are_retired_or_will_be_within_90_days() {
        let description = json!({ "deployments": [
            { "model": "o3", "deployment": "prod", "logical_model": "o3", "retires": "2026-11-19",
              "replacement": "gpt-5.6-sol" },
            { "model": "prod", "deployment": "prod", "logical_model": "o3", "retires": "2026-11-19",
              "replacement": "gpt-5.6-sol" },
            { "model": "gpt-5-nano", "deployment": "n", "logical_model": "gpt-5-nano", "retires": "2027-02-09" },
            { "model": "gpt-5.1", "deployment": "gpt-5.1", "logical_model": "gpt-5.1", "retires": "2027-07-13" },
            { "model": "my-own", "deployment": "my-own", "logical_model": "my-own" },
        ] });
        let at = |seconds| {
            all(
                &description,
                SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            )
        };
        let o3 = "the model o3 (deployment `prod`) was retired on 2026-11-19; Microsoft names gpt-5.6-sol in its place";
        let nano = "the model gpt-5-nano (deployment `n`) will be retired on 2027-02-09; deploy another model in its place";
        // 2026-11-28.
        assert_eq!(at(1_795_824_000), [o3, nano]);
        // 2026-11-18 and 2026-11-19.
        assert!(at(1_794_960_000)[0].contains("will be retired on 2026-11-19"));
        assert!(at(1_795_046_400)[0].contains("was retired on 2026-11-19"));
        assert_eq!(
            all(&json!({}), SystemTime::UNIX_EPOCH),
            Vec::<String>::new()
        );
    }
}
