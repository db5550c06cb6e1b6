//! What was found before the deployment was asked.

use serde_json::Value;

use crate::doctor::{Authentication, Claims, Report};

/// What was found before the deployment was asked.
#[derive(Clone)]
pub(in crate::doctor) struct Found<'a> {
    /// The endpoint's host, and its port if it names one.
    pub(super) host: &'a str,
    pub(super) route: &'a str,
    /// Whether the endpoint is a Foundry project.
    pub(super) is_project: bool,
    pub(super) proxy: Option<&'a str>,
    pub(in crate::doctor) deployment: &'a str,
    /// The model that the deployment is taken for.
    pub(super) logical_model: &'a str,
    /// The rule that chose the deployment.
    pub(super) rule: &'a str,
    /// All models and their deployments.
    pub(super) deployments: &'a [Value],
    /// The setting that chose the way to authenticate.
    pub(super) method: &'a str,
    /// What tokens are for, if the host gets them.
    pub(super) scope: Option<&'a str>,
    pub(super) claims: Option<&'a Claims>,
    pub(super) api_version: &'a str,
    /// Each setting, and where its value comes from.
    pub(super) settings: &'a Value,
}

impl<'a> Found<'a> {
    /// What was found, with the description of a provider whose default model is the one that is asked for.
    pub(in crate::doctor) fn of(report: &'a Report, description: &'a Value) -> Self {
        let text = |value: &'a Value| value.as_str().unwrap_or_default();
        let settings = &description["settings"];
        let deployments = description["deployments"].as_array();
        let deployments = deployments.map(Vec::as_slice).unwrap_or_default();
        let asked = &settings["default_model"]["value"];
        let row = deployments.iter().find(|row| row["model"] == *asked);
        let row = row.unwrap_or(&Value::Null);
        let endpoint = text(&description["endpoint"]);
        let authority = endpoint.split("://").nth(1).unwrap_or(endpoint);
        Self {
            host: authority.split('/').next().unwrap_or(authority),
            route: text(&description["route"]),
            is_project: authority.contains("/api/projects/"),
            proxy: report.proxy.as_deref(),
            deployment: text(&row["deployment"]),
            logical_model: text(&row["logical_model"]),
            rule: text(&row["rule"]),
            deployments,
            method: text(&description["authentication"]["method"]),
            scope: description["authentication"]["scope"].as_str(),
            claims: match &report.authentication {
                Some(Authentication::Token(claims) | Authentication::Asked { claims, .. }) => {
                    claims.as_ref()
                }
                _ => None,
            },
            api_version: text(&settings["api_version"]["value"]),
            settings,
        }
    }
}

impl Found<'_> {
    /// What to do when a deployment is taken for another model than the one that answers: then its capabilities, and what
    /// it costs, are those of the other.
    pub(in crate::doctor) fn mistaken_for(&self, answered: &str) -> Option<String> {
        let Self {
            deployment,
            logical_model,
            ..
        } = self;
        let answered = without_date(answered);
        if answered == without_date(logical_model) {
            return None;
        }
        let is_served = self.deployments.iter().any(|row| {
            row["model"] == answered
                && row["logical_model"] == answered
                && row["deployment"] == *deployment
        });
        let step = match is_served {
            true => format!("ask for the model {answered}, which it serves as well"),
            false => format!(
                "put \"{answered}\" = \"{deployment}\" into `deployment_mapping`, and ask for that model"
            ),
        };
        Some(format!(
            "the deployment `{deployment}` is taken for the model {logical_model} and answers as {answered}; to have it \
             taken for what it is, {step}"
        ))
    }

    /// What tokens are for: what the host asks for, or else what the endpoint accepts.
    pub(super) fn token_scope(&self) -> String {
        match (self.scope, self.is_project) {
            (Some(scope), _) => scope.to_owned(),
            (None, true) => self.project_scope(),
            (None, false) => format!("https://cognitiveservices.azure.{}/.default", self.cloud()),
        }
    }

    /// The only scope whose tokens Foundry projects accept.
    pub(super) fn project_scope(&self) -> String {
        format!("https://ai.azure.{}/.default", self.cloud())
    }

    /// What tokens for the endpoint's cloud may be for instead.
    pub(super) fn other_token_scope(&self) -> String {
        let service = match self.token_scope().contains("//ai.azure.") {
            true => "cognitiveservices",
            false => "ai",
        };
        format!("https://{service}.azure.{}/.default", self.cloud())
    }

    /// The last part of the names in the endpoint's cloud. Gateways have names of their own, and are taken for the public
    /// cloud's.
    fn cloud(&self) -> &'static str {
        let name = self.host.split(':').next().unwrap_or_default();
        ["us", "cn"]
            .into_iter()
            .find(|cloud| name.ends_with(&format!(".azure.{cloud}")))
            .unwrap_or("com")
    }
}

/// A model's name without the date of its version, such as `-2025-11-13`.
fn without_date(model: &str) -> &str {
    const PATTERN: &str = "-0000-00-00";
    let Some((name, date)) = model
        .len()
        .checked_sub(PATTERN.len())
        .and_then(|end| model.split_at_checked(end))
    else {
        return model;
    };
    let is_like = |(found, pattern): (u8, u8)| match pattern {
        b'0' => found.is_ascii_digit(),
        _ => found == pattern,
    };
    match date.bytes().zip(PATTERN.bytes()).all(is_like) {
        true => name,
        false => model,
    }
}
