//! Environment variables.

use std::collections::BTreeMap;
use std::fmt;

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

    /// Those of these names that are set.
    pub(crate) fn only<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Vec<(String, String)> {
        let names = names.into_iter();
        let set = names.filter_map(|name| Some((name.to_owned(), self.get(name)?.to_owned())));
        set.collect()
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
    fn a_part_of_it_has_what_is_named_and_set() {
        let environment =
            Environment::from_iter([("ACME_URL", "u"), ("ACME_KEY", "s"), ("PATH", "/bin")]);
        let expected = [("ACME_URL".to_owned(), "u".to_owned())];
        assert_eq!(environment.only(["ACME_MODEL", "ACME_URL"]), expected);
    }

    #[test]
    fn it_shows_no_value() {
        let environment = Environment::from_iter([("ACME_KEY", "secret")]);
        assert_eq!(format!("{environment:?}"), r#"Environment {"ACME_KEY"}"#);
    }
}
