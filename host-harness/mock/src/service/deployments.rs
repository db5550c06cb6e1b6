//! The deployments of the mocked resource.

use std::collections::BTreeMap;

/// The model of each deployment, by the deployment's name.
pub(crate) struct Deployments(BTreeMap<String, String>);

impl Deployments {
    /// The deployments that people usually have: named like their model.
    pub(crate) fn usual() -> Self {
        let usual = [
            ("gpt-4.1", "gpt-4.1-2025-04-14"),
            ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
            ("gpt-4o", "gpt-4o-2024-11-20"),
            ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
            ("gpt-5", "gpt-5-2025-08-07"),
            ("gpt-5-mini", "gpt-5-mini-2025-08-07"),
            ("gpt-5-nano", "gpt-5-nano-2025-08-07"),
            ("gpt-5.1", "gpt-5.1-2025-11-13"),
            ("o3", "o3-2025-04-16"),
            ("o4-mini", "o4-mini-2025-04-16"),
        ];
        Self(
            usual
                .map(|(name, model)| (name.to_owned(), model.to_owned()))
                .into(),
        )
    }

    pub(crate) fn add(&mut self, name: String, model: String) {
        self.0.insert(name, model);
    }

    pub(crate) fn find(&self, name: &str) -> Option<Deployment<'_>> {
        let (name, model) = self.0.get_key_value(name)?;
        Some(Deployment { name, model })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, model)| (name.as_str(), model.as_str()))
    }
}

/// One deployment.
#[derive(Clone, Copy)]
pub(crate) struct Deployment<'a> {
    pub(crate) name: &'a str,
    pub(crate) model: &'a str,
}

impl Deployment<'_> {
    /// Whether the model refuses `temperature` and `top_p` in a request with this effort, or without one. From GPT-5.1 on it takes
    /// them when it does not reason, and does not unasked.
    pub(crate) fn refuses_sampling(self, effort: Option<&str>) -> bool {
        let can_be_off = self.model.strip_prefix("gpt-5.").is_some_and(|rest| {
            !["pro", "codex", "chat"]
                .iter()
                .any(|kind| rest.contains(kind))
        });
        self.reasons() && !(can_be_off && effort.is_none_or(|effort| effort == "none"))
    }

    /// Whether the model thinks before it answers: the `gpt-5` line and the `o` series. It then takes `reasoning`.
    pub(crate) fn reasons(self) -> bool {
        let o_series = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
        self.model.starts_with("gpt-5") || self.model.strip_prefix('o').is_some_and(o_series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_and_the_effort_decide_whether_a_temperature_is_refused() {
        for (model, effort, refuses) in [
            ("gpt-4.1-2025-04-14", None, false),
            ("gpt-5-2025-08-07", None, true),
            ("gpt-5-2025-08-07", Some("none"), true),
            ("gpt-5.1-2025-11-13", None, false),
            ("gpt-5.1-2025-11-13", Some("none"), false),
            ("gpt-5.1-2025-11-13", Some("low"), true),
            ("gpt-5.4-pro-2026-03-05", None, true),
            ("gpt-5.1-codex", None, true),
            ("o3-2025-04-16", None, true),
        ] {
            let deployment = Deployment {
                name: "prod",
                model,
            };
            let found = deployment.refuses_sampling(effort);
            assert_eq!(found, refuses, "{model} {effort:?}");
        }
    }

    #[test]
    fn the_model_decides_whether_a_deployment_reasons() {
        let table = [
            ("gpt-5.1-2025-11-13", true),
            ("gpt-5-mini", true),
            ("o3-2025-04-16", true),
            ("gpt-4.1-2025-04-14", false),
            ("omni-moderation", false),
        ];
        for (model, reasons) in table {
            let deployment = Deployment {
                name: "prod",
                model,
            };
            assert_eq!(deployment.reasons(), reasons, "{model}");
        }
    }
}
