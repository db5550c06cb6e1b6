//! Environment variables, and which of them the provider sees.

use serde_json::Value;

use crate::address::Address;

/// The environment.
#[derive(Debug, Default)]
pub struct Variables(Vec<(String, String)>);

impl Variables {
    /// These variables.
    pub fn new(variables: Vec<(String, String)>) -> Self {
        Self(variables)
    }

    /// The value of a variable, without blanks around it, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(found, _)| found == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether a variable turns something on.
    pub fn is_on(&self, name: &str) -> bool {
        let value = self.get(name).unwrap_or_default().to_ascii_lowercase();
        matches!(value.as_str(), "1" | "on" | "true" | "yes")
    }

    /// The part of it that the provider sees.
    pub fn visible(&self) -> Vec<(String, String)> {
        let is_visible = |(name, _): &&(String, String)| VISIBLE.contains(&name.as_str());
        self.0.iter().filter(is_visible).cloned().collect()
    }

    /// Where the provider may send requests: to the endpoints that it is configured with.
    pub fn endpoints(&self) -> Vec<Address> {
        let settings: Value = self
            .get(SETTINGS)
            .and_then(|settings| serde_json::from_str(settings).ok())
            .unwrap_or_default();
        let set = |settings: &Value| {
            let endpoint = settings.get("azure_endpoint")?.as_str()?.trim();
            Some(endpoint.to_owned()).filter(|endpoint| !endpoint.is_empty())
        };
        let own = set(&settings).or_else(|| {
            let mut variables = ENDPOINTS.into_iter().filter_map(|name| self.get(name));
            variables.next().map(str::to_owned)
        });
        let fallbacks = settings.get("fallbacks").and_then(Value::as_array);
        let fallbacks = fallbacks.into_iter().flatten().filter_map(set);
        let endpoints = own.into_iter().chain(fallbacks);
        endpoints
            .filter_map(|endpoint| Address::parse(&endpoint))
            .filter(Address::is_confidential)
            .collect()
    }
}

/// The variables that the provider is configured with.
const VISIBLE: [&str; 16] = [
    "AZURE_MANAGED_IDENTITY_CLIENT_ID",
    "AZURE_OPENAI_AD_TOKEN",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_API_VERSION",
    "AZURE_OPENAI_BASE_URL",
    "AZURE_OPENAI_DEFAULT_DEPLOYMENT",
    "AZURE_OPENAI_DEFAULT_MODEL",
    "AZURE_OPENAI_DEPLOYMENT_NAME",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_KEY",
    "AZURE_OPENAI_MAX_OUTPUT_TOKENS",
    "AZURE_OPENAI_TEMPERATURE",
    "AZURE_OPENAI_TOKEN_SCOPE",
    "AZURE_USE_DEFAULT_CREDENTIAL",
    "AZURE_USE_MANAGED_IDENTITY",
    "OPENAI_API_VERSION",
];

/// The settings that have no variable of their own, as a JSON object. The front hands them to the provider.
const SETTINGS: &str = "GATEWAY_SETTINGS";

/// The variables of the endpoint, the first of which counts that is set.
const ENDPOINTS: [&str; 2] = ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"];

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<const N: usize>(variables: [(&str, &str); N]) -> Variables {
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Variables::new(owned.into())
    }

    #[test]
    fn the_provider_sees_what_it_is_configured_with_and_nothing_else() {
        let environment = variables([
            ("AZURE_OPENAI_ENDPOINT", "e"),
            ("AZURE_CLIENT_SECRET", "s"),
            ("GATEWAY_KEY", "k"),
            ("PATH", "/bin"),
        ]);
        let expected = [("AZURE_OPENAI_ENDPOINT".to_owned(), "e".to_owned())];
        assert_eq!(environment.visible(), expected);
    }

    #[test]
    fn requests_go_to_the_configured_endpoints() {
        for (environment, expected) in [
            (
                variables([("AZURE_OPENAI_ENDPOINT", " https://R.openai.azure.com/ ")]),
                vec!["https://r.openai.azure.com"],
            ),
            (
                variables([
                    ("AZURE_OPENAI_BASE_URL", "https://b.example/openai/v1"),
                    ("AZURE_OPENAI_ENDPOINT", ""),
                ]),
                vec!["https://b.example"],
            ),
            (
                variables([
                    ("AZURE_OPENAI_ENDPOINT", "https://unused.example"),
                    (
                        "GATEWAY_SETTINGS",
                        r#"{"azure_endpoint":"https://a.example","fallbacks":[{"azure_endpoint":"https://c.example:444/x"},{}]}"#,
                    ),
                ]),
                vec!["https://a.example", "https://c.example:444"],
            ),
            (
                variables([("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:80")]),
                vec!["http://127.0.0.1:80"],
            ),
            // A key must not cross a network in the clear.
            (
                variables([("AZURE_OPENAI_ENDPOINT", "http://r.example")]),
                vec![],
            ),
            (
                variables([("AZURE_OPENAI_ENDPOINT", "https://me:word@r.example")]),
                vec![],
            ),
            (variables([("GATEWAY_SETTINGS", "no JSON")]), vec![]),
            (variables([]), vec![]),
        ] {
            let found: Vec<String> = environment
                .endpoints()
                .iter()
                .map(Address::origin)
                .collect();
            assert_eq!(found, expected, "{environment:?}");
        }
    }
}
