//! The version of the API, and the path that it decides on.

use super::endpoint::{Endpoint, EndpointKind};

/// The version of the API that requests are made with.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiVersion {
    /// The v1 API, which needs no version in the request.
    V1,
    /// The v1 API with its preview features.
    V1Preview,
    /// A dated version.
    Dated(String),
}

impl ApiVersion {
    /// The first dated version with the Responses API.
    pub const FIRST_WITH_RESPONSES: &str = "2025-03-01";

    /// Reads `v1`, `latest`, `preview` or a date with or without `-preview`.
    ///
    /// A date before [`Self::FIRST_WITH_RESPONSES`] means v1: it comes from a configuration that was written for another
    /// API, and the Responses API never had it.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "v1" | "latest" => Some(Self::V1),
            "preview" => Some(Self::V1Preview),
            version => {
                let date = version.strip_suffix("-preview").unwrap_or(version);
                if !is_date(date) {
                    return None;
                }
                // Dates of this form are ordered as their texts are.
                match date < Self::FIRST_WITH_RESPONSES {
                    true => Some(Self::V1),
                    false => Some(Self::Dated(version.to_owned())),
                }
            }
        }
    }

    /// The version that an endpoint is asked with: some have the v1 API only, and projects refuse every `api-version`.
    pub(super) fn at(self, kind: EndpointKind) -> Self {
        match (kind, self) {
            (EndpointKind::Project, _) | (EndpointKind::V1, Self::Dated(_)) => Self::V1,
            (_, version) => version,
        }
    }

    /// The path and query of the Responses API below an endpoint.
    pub fn responses_path(&self, endpoint: &Endpoint) -> String {
        self.path(endpoint, "responses")
    }

    /// The path and query of a route of the API, such as `files/file_1`, below an endpoint.
    pub fn path(&self, endpoint: &Endpoint, route: &str) -> String {
        let base = &endpoint.path;
        let v1 = match endpoint.kind {
            EndpointKind::Resource | EndpointKind::Project => "/openai/v1",
            EndpointKind::V1 => "",
        };
        match self {
            Self::V1 => format!("{base}{v1}/{route}"),
            Self::V1Preview => format!("{base}{v1}/{route}?api-version=preview"),
            Self::Dated(version) => format!("{base}/openai/{route}?api-version={version}"),
        }
    }

    /// Whether the routes that ask a model have its deployment in their path.
    pub fn has_deployments_in_paths(&self) -> bool {
        matches!(self, Self::Dated(_))
    }
}

/// Whether a text is a date before the Responses API.
pub(super) fn is_before_responses(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let date = text.strip_suffix("-preview").unwrap_or(&text);
    is_date(date) && date < ApiVersion::FIRST_WITH_RESPONSES
}

/// Whether a text looks like `2025-04-01`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let within = |part: &str, length, range: std::ops::RangeInclusive<u16>| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part
                .parse()
                .is_ok_and(|number: u16| range.contains(&number))
    };
    match parts.as_slice() {
        [year, month, day] => {
            within(year, 4, 2000..=9999) && within(month, 2, 1..=12) && within(day, 2, 1..=31)
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn versions_decide_on_the_path() {
        let endpoint = Endpoint::parse("https://gw.example/team").unwrap();
        for (version, path) in [
            ("", "/team/openai/v1/responses"),
            ("v1", "/team/openai/v1/responses"),
            (" V1 ", "/team/openai/v1/responses"),
            ("latest", "/team/openai/v1/responses"),
            ("2024-02-15-preview", "/team/openai/v1/responses"),
            ("2024-10-21", "/team/openai/v1/responses"),
            ("2025-02-28-preview", "/team/openai/v1/responses"),
            ("preview", "/team/openai/v1/responses?api-version=preview"),
            (
                "2025-03-01-preview",
                "/team/openai/responses?api-version=2025-03-01-preview",
            ),
            (
                "2025-04-01-preview",
                "/team/openai/responses?api-version=2025-04-01-preview",
            ),
            (
                "2026-01-01",
                "/team/openai/responses?api-version=2026-01-01",
            ),
        ] {
            let path_of = |version: ApiVersion| version.responses_path(&endpoint);
            assert_eq!(
                ApiVersion::parse(version).map(path_of).as_deref(),
                Some(path),
                "{version}"
            );
        }
    }

    #[test]
    fn projects_and_gateways_with_a_path_of_their_own_have_the_v1_api_only() {
        let project = "https://r.services.ai.azure.com/api/projects/P";
        let project_path = "/api/projects/P/openai/v1/responses";
        let gateway = "https://gw.example/team/v1";
        for (endpoint, version, path) in [
            (project, "v1", project_path),
            (project, "preview", project_path),
            (project, "2024-02-15-preview", project_path),
            (project, "2025-04-01-preview", project_path),
            (gateway, "v1", "/team/v1/responses"),
            (gateway, "2025-04-01-preview", "/team/v1/responses"),
            (gateway, "preview", "/team/v1/responses?api-version=preview"),
        ] {
            let endpoint = Endpoint::parse(endpoint).unwrap();
            let version = ApiVersion::parse(version).unwrap().at(endpoint.kind);
            assert_eq!(version.responses_path(&endpoint), path, "{version:?}");
        }
    }

    #[test]
    fn what_is_not_a_version_is_told() {
        for text in [
            "v2",
            "2025",
            "2025-4-1",
            "2025-13-01",
            "2025-04-32",
            "2025-04-01-beta",
            "2025-04-01&x=1",
        ] {
            assert_eq!(ApiVersion::parse(text), None, "{text}");
        }
    }
}
