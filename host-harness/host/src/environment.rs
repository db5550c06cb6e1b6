//! Environment variables, and which of them a provider may see.

use std::collections::BTreeMap;
use std::fmt;

/// The variables that this provider reads; a provider sees no other.
pub const VISIBLE_VARIABLES: [&str; 16] = [
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

/// An environment: a copy, so that nothing depends on the process's own changing under it, and tests have theirs. `Debug`
/// shows the names only: some values are secrets.
#[derive(Clone, Default, PartialEq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The process's environment. Variables that are not Unicode are left out.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable's value, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of it, for a program that runs in it.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The part of it that a provider sees.
    pub(crate) fn visible(&self) -> Vec<(String, String)> {
        VISIBLE_VARIABLES
            .iter()
            .filter_map(|name| Some((name.to_string(), self.get(name)?.to_owned())))
            .collect()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment ")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let owned = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self(owned.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_sees_the_variables_on_the_list_only() {
        let environment: Environment = [
            ("AZURE_OPENAI_ENDPOINT", "e"),
            ("AZURE_CLIENT_SECRET", "s"),
            ("PATH", "/bin"),
        ]
        .into_iter()
        .collect();
        let expected = [("AZURE_OPENAI_ENDPOINT".to_owned(), "e".to_owned())];
        assert_eq!(environment.visible(), expected);
    }
}
