//! From the model that a caller names to the deployment that Azure knows.

use std::fmt;

/// Models and the names of their deployments, at least one each: the models in the order of their names, the deployments in the
/// order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping(pub Vec<(String, Vec<String>)>);

impl Mapping {
    /// The deployments of a model.
    pub fn of_model(&self, model: &str) -> Option<&Vec<String>> {
        let (_, names) = self.0.iter().find(|(mapped, _)| mapped == model)?;
        Some(names)
    }

    /// The model that is mapped to a deployment; the first in the order of their names when there are several.
    fn model_of(&self, deployment: &str) -> Option<&str> {
        let has_it = |names: &[String]| names.iter().any(|name| name == deployment);
        let (model, _) = self.0.iter().find(|(_, names)| has_it(names))?;
        Some(model)
    }
}

/// The configured deployments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployments {
    /// `deployment_mapping`.
    pub mapping: Mapping,
    /// `default_deployment`: for models that are not mapped.
    pub default_deployment: Option<String>,
    /// `default_model`: when a request names no model.
    pub default_model: String,
}

impl Deployments {
    /// The model that a request asks for; the default when it names none.
    pub fn model<'a>(&'a self, requested: Option<&'a str>) -> &'a str {
        requested
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .unwrap_or(&self.default_model)
    }

    /// The models that can be asked for: the mapped ones, the default model, and the default deployment under its own
    /// name.
    pub fn models(&self) -> Vec<&str> {
        let mapped = self.mapping.0.iter().map(|(model, _)| model);
        let mut names: Vec<&str> = Vec::new();
        for name in mapped
            .chain([&self.default_model])
            .chain(&self.default_deployment)
        {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Which deployment serves a request for a model: the first of them.
    pub fn resolve(&self, requested: Option<&str>) -> Deployment {
        self.resolve_all(requested).deployment
    }

    /// Which deployments serve a request for a model.
    pub(in crate::core) fn resolve_all(&self, requested: Option<&str>) -> Deployed {
        let model = self.model(requested);
        if let Some(names) = self.mapping.of_model(model) {
            return Deployed {
                deployment: Deployment {
                    name: names.first().cloned().unwrap_or_default(),
                    logical_model: model.to_owned(),
                    rule: Rule::Mapping,
                },
                names: names.clone(),
            };
        }
        let (name, rule) = match &self.default_deployment {
            Some(name) => (name.as_str(), Rule::DefaultDeployment),
            None => (model, Rule::ModelName),
        };
        Deployed {
            deployment: Deployment {
                name: name.to_owned(),
                logical_model: self.mapping.model_of(name).unwrap_or(model).to_owned(),
                rule,
            },
            names: vec![name.to_owned()],
        }
    }
}

/// The deployments that serve a request at one endpoint.
pub(in crate::core) struct Deployed {
    /// The first of them.
    pub(in crate::core) deployment: Deployment,
    /// The names of all of them.
    pub(in crate::core) names: Vec<String>,
}

/// A deployment that may answer a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The number of its endpoint: 0 is the first.
    pub resource: usize,
    /// The deployment.
    pub deployment: Deployment,
    /// It has provisioned throughput, which has no price per token.
    pub is_provisioned: bool,
}

/// The deployment that serves a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Its name: the `model` on the wire.
    pub name: String,
    /// The model that it stands for, which decides on capabilities, validation and price.
    pub logical_model: String,
    /// Why this one.
    pub rule: Rule,
}

impl Deployment {
    /// The line of the log that says which deployment serves a model, and why.
    pub fn resolution(&self, model: &str) -> String {
        let (name, rule) = (&self.name, self.rule.name());
        format!(
            "provider:deployment_resolved: model {model:?} -> deployment {name:?} (rule: {rule})"
        )
    }
}

/// Which rule chose a deployment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The model has an entry in `deployment_mapping`.
    Mapping,
    /// `default_deployment` is set.
    DefaultDeployment,
    /// The model's own name.
    ModelName,
}

impl Rule {
    /// Its name in `describe` and in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::DefaultDeployment => "default_deployment",
            Self::Mapping => "deployment_mapping",
            Self::ModelName => "model_name",
        }
    }
}

/// Says where the deployment's name came from.
impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Rule::Mapping => write!(
                f,
                "deployment `{}` (from `deployment_mapping` for the model `{}`)",
                self.name, self.logical_model
            ),
            Rule::DefaultDeployment => {
                write!(f, "deployment `{}` (from `default_deployment`)", self.name)
            }
            Rule::ModelName => write!(
                f,
                "deployment `{}` (the model's own name, as it has no entry in `deployment_mapping` and \
                 `default_deployment` is not set)",
                self.name
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapping_then_default_deployment_then_the_name_itself() {
        let mapping = [
            ("gpt-5.1", "production-gpt5"),
            ("gpt-5-mini", "fast-mini"),
            ("gpt-4.1", "shared"),
            ("gpt-4o", "shared"),
        ];
        use Rule::{DefaultDeployment, Mapping, ModelName};
        // requested, default deployment → deployment, logical model, rule
        for (requested, default_deployment, name, logical_model, rule) in [
            (Some("gpt-5.1"), None, "production-gpt5", "gpt-5.1", Mapping),
            (
                Some("gpt-5.1"),
                Some("d"),
                "production-gpt5",
                "gpt-5.1",
                Mapping,
            ),
            (
                Some("gpt-5-mini"),
                Some("d"),
                "fast-mini",
                "gpt-5-mini",
                Mapping,
            ),
            (
                Some("claude-opus-4-1"),
                Some("d"),
                "d",
                "claude-opus-4-1",
                DefaultDeployment,
            ),
            (
                Some("claude"),
                Some("fast-mini"),
                "fast-mini",
                "gpt-5-mini",
                DefaultDeployment,
            ),
            (
                Some("my-custom-deploy"),
                None,
                "my-custom-deploy",
                "my-custom-deploy",
                ModelName,
            ),
            (
                Some("fast-mini"),
                None,
                "fast-mini",
                "gpt-5-mini",
                ModelName,
            ),
            (Some("shared"), None, "shared", "gpt-4.1", ModelName),
            (Some("GPT-5.1"), None, "GPT-5.1", "GPT-5.1", ModelName),
            (None, None, "production-gpt5", "gpt-5.1", Mapping),
            (Some(" "), None, "production-gpt5", "gpt-5.1", Mapping),
        ] {
            let deployments = Deployments {
                mapping: super::Mapping(
                    mapping
                        .map(|(model, name)| (model.to_owned(), vec![name.to_owned()]))
                        .to_vec(),
                ),
                default_deployment: default_deployment.map(str::to_owned),
                default_model: "gpt-5.1".to_owned(),
            };
            let expected = Deployment {
                name: name.to_owned(),
                logical_model: logical_model.to_owned(),
                rule,
            };
            assert_eq!(
                deployments.resolve(requested),
                expected,
                "{requested:?} {default_deployment:?}"
            );
        }
    }
}
