//! What a host grants to a provider.

use std::collections::BTreeSet;

use http::{HeaderName, Method};
use serde_json::{Map, Value};

use crate::environment::Environment;
use crate::http::Endpoint;

/// What a host grants to a provider: which variables it sees, where its requests go, which secret belongs into which header,
/// and what tokens may be for. It is data, so that the same host runs providers of any make.
///
/// An empty policy grants nothing; each method grants one thing more. Secrets are put into requests below the endpoint alone,
/// and the endpoint's origin is the only one that the provider reaches, beside those that the builder allows.
///
/// ```
/// use http::HeaderName;
/// use provider_host::{Policy, SecretHeader, Setting};
///
/// let key = HeaderName::from_static("x-api-key");
/// let policy = Policy::new()
///     .endpoint(Setting::new("base_url").or_variable("ACME_BASE_URL").or("https://api.acme.example/v1"))
///     .secret(Setting::new("key").or_variable("ACME_KEY"), SecretHeader::Value(key))
///     .variables(["ACME_MODEL"]);
/// assert!(policy.visible_variables().eq(["ACME_BASE_URL", "ACME_KEY", "ACME_MODEL"]));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Policy {
    variables: BTreeSet<String>,
    endpoint: Option<Setting>,
    base: fn(&str) -> &str,
    methods: Vec<Method>,
    pub(crate) secrets: Vec<(Setting, SecretHeader)>,
    pub(crate) secret_headers: Option<String>,
    token_scopes: Vec<String>,
    token_scope: Option<Setting>,
    pub(crate) nested_settings: Option<String>,
    pub(crate) alternatives: Option<String>,
    pub(crate) model_setting: Option<String>,
    pub(crate) concurrency_setting: Option<String>,
}

/// A setting of a provider: its key in the configuration, the variables that stand in for it, and what it is without any of
/// them. The first that is not empty counts, which is what the provider itself must go by too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Setting {
    pub(crate) key: String,
    pub(crate) variables: Vec<String>,
    default: Option<String>,
}

/// The header that a secret belongs into.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretHeader {
    /// As the whole value of this header, such as `x-api-key`.
    Value(HeaderName),
    /// After `Bearer ` in `authorization`.
    Bearer,
}

impl Setting {
    /// A setting with this key, and nothing that stands in for it.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            variables: Vec::new(),
            default: None,
        }
    }

    /// The variable that counts when the setting, and those that were named before, are empty.
    pub fn or_variable(mut self, name: impl Into<String>) -> Self {
        self.variables.push(name.into());
        self
    }

    /// What counts when all of them are empty.
    pub fn or(mut self, default: impl Into<String>) -> Self {
        self.default = Some(default.into());
        self
    }

    /// What stands in for the setting.
    fn stand_in<'a>(&'a self, environment: &'a Environment) -> Option<&'a str> {
        let variables = self.variables.iter();
        let values = variables.filter_map(|name| environment.get(name));
        values
            .chain(self.default.as_deref())
            .find(|value| !value.trim().is_empty())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// A policy that grants nothing. Once there is an endpoint, secrets go there with GET and POST.
    pub fn new() -> Self {
        Self {
            variables: BTreeSet::new(),
            endpoint: None,
            base: |path| path,
            methods: vec![Method::GET, Method::POST],
            secrets: Vec::new(),
            secret_headers: None,
            token_scopes: Vec::new(),
            token_scope: None,
            nested_settings: None,
            alternatives: None,
            model_setting: None,
            concurrency_setting: None,
        }
    }

    /// More variables that the provider sees, beside those that stand in for settings which are named here.
    pub fn variables<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.variables.extend(names.into_iter().map(Into::into));
        self
    }

    /// The setting with the address of the service: the provider reaches its origin, and secrets go below its path.
    pub fn endpoint(mut self, setting: Setting) -> Self {
        self.variables.extend(setting.variables.iter().cloned());
        self.endpoint = Some(setting);
        self
    }

    /// How to get from the path of an address, as people write it, to the path of the endpoint: for providers that take what is
    /// often pasted with it off its end. Without this it is the whole path. What is returned must be a prefix of the path that
    /// the provider's requests have: secrets go to all that is below it.
    pub fn endpoint_path(mut self, base: fn(&str) -> &str) -> Self {
        self.base = base;
        self
    }

    /// The methods of requests that secrets are for: GET and POST without this.
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = methods.into_iter().collect();
        self
    }

    /// One more setting that is a secret, and the header that it belongs into. The provider sees a placeholder for it.
    pub fn secret(mut self, setting: Setting, header: SecretHeader) -> Self {
        self.variables.extend(setting.variables.iter().cloned());
        self.secrets.push((setting, header));
        self
    }

    /// The setting that holds a table of headers for each request. Every value in it is a secret for the header that it is
    /// named after.
    pub fn secret_headers(mut self, key: impl Into<String>) -> Self {
        self.secret_headers = Some(key.into());
        self
    }

    /// What tokens may be for. They go after `Bearer ` in `authorization`, to the endpoint and its alternatives. A provider that
    /// could ask for any scope could do all that the credentials can.
    pub fn token_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.token_scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// The setting with one more scope that tokens may be for.
    pub fn token_scope(mut self, setting: Setting) -> Self {
        self.variables.extend(setting.variables.iter().cloned());
        self.token_scope = Some(setting);
        self
    }

    /// A setting that holds a table in which the provider looks for its settings too: what follows the header of a table in TOML
    /// is in that table.
    pub fn nested_settings(mut self, key: impl Into<String>) -> Self {
        self.nested_settings = Some(key.into());
        self
    }

    /// The setting that holds a list of tables, each with the settings of another endpoint that the provider may go to. What is
    /// secret in one of them goes to that endpoint alone, and no variable stands in for what it does not say.
    pub fn alternatives(mut self, key: impl Into<String>) -> Self {
        self.alternatives = Some(key.into());
        self
    }

    /// The setting with the model of requests that name none, in what the provider says of its settings (`describe`). The host's
    /// events name that model.
    pub fn model_setting(mut self, key: impl Into<String>) -> Self {
        self.model_setting = Some(key.into());
        self
    }

    /// The setting that says how many requests may run at once, in what the provider says of its settings (`describe`). Without
    /// it there is no limit.
    pub fn concurrency_setting(mut self, key: impl Into<String>) -> Self {
        self.concurrency_setting = Some(key.into());
        self
    }

    /// The variables that the provider sees, by name.
    pub fn visible_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str)
    }

    /// The address of the endpoint as it is written, a valid one or not: the same that the provider takes. None where nothing
    /// names one.
    pub fn address<'a>(
        &'a self,
        config: &'a Map<String, Value>,
        environment: &'a Environment,
    ) -> Option<&'a str> {
        let setting = self.endpoint.as_ref()?;
        match self.value(config, &setting.key) {
            // What is no text is set all the same: the provider says what is wrong with it.
            Some(address) => Some(address.as_str().unwrap_or("no address")),
            None => setting.stand_in(environment),
        }
    }

    /// The endpoint at an address as people write it. None when it is no address.
    pub fn endpoint_at(&self, address: &str) -> Option<Endpoint> {
        Endpoint::parse(address, self.base, &self.methods)
    }

    /// A setting of a configuration that is not empty, where the provider finds it too.
    pub fn value<'a>(&self, config: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
        let nested = self.nested_settings.as_ref();
        let nested = nested.and_then(|key| config.get(key)?.as_object());
        let misplaced = nested
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| (name.trim() == key).then_some(value));
        let mut values = config.get(key).into_iter().chain(misplaced);
        values.find(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        })
    }

    /// The endpoint of a configuration, and after it those of its alternatives, in their order; none where there is no valid
    /// address.
    pub(crate) fn endpoints(
        &self,
        config: &Map<String, Value>,
        environment: &Environment,
    ) -> Vec<Option<Endpoint>> {
        let nowhere = Environment::default();
        let alternatives = self.alternatives_of(config).into_iter();
        let alternatives =
            alternatives.map(|table| table.and_then(|table| self.address(table, &nowhere)));
        let address = self.address(config, environment);
        std::iter::once(address)
            .chain(alternatives)
            .map(|address| self.endpoint_at(address?))
            .collect()
    }

    /// What tokens may be for, with this configuration.
    pub(crate) fn scopes(
        &self,
        config: &Map<String, Value>,
        environment: &Environment,
    ) -> Vec<String> {
        let configured = self.token_scope.as_ref().into_iter().flat_map(|setting| {
            let own = match self.value(config, &setting.key) {
                Some(scope) => scope.as_str(),
                None => setting.stand_in(environment),
            };
            let alternatives = self.alternatives_of(config).into_iter();
            let others =
                alternatives.filter_map(|table| self.value(table?, &setting.key)?.as_str());
            own.into_iter().chain(others).map(str::trim)
        });
        let configured = configured.filter(|scope| !scope.is_empty());
        configured
            .map(str::to_owned)
            .chain(self.token_scopes.iter().cloned())
            .collect()
    }

    /// The key of the setting that allows one more scope.
    pub(crate) fn scope_key(&self) -> Option<&str> {
        Some(&self.token_scope.as_ref()?.key)
    }

    /// The secret that a setting with this key is, if it is one: the header that it belongs into.
    pub(crate) fn header_of_setting(&self, key: &str) -> Option<&SecretHeader> {
        let mut secrets = self.secrets.iter();
        secrets.find_map(|(setting, header)| (setting.key == key).then_some(header))
    }

    /// The same for a variable.
    pub(crate) fn header_of_variable(&self, name: &str) -> Option<&SecretHeader> {
        let mut secrets = self.secrets.iter();
        secrets.find_map(|(setting, header)| {
            let mut variables = setting.variables.iter();
            variables.any(|variable| variable == name).then_some(header)
        })
    }

    /// The tables of the alternatives, in their order; none for what is no table.
    fn alternatives_of<'a>(
        &self,
        config: &'a Map<String, Value>,
    ) -> Vec<Option<&'a Map<String, Value>>> {
        let listed = self.alternatives.as_ref();
        let listed = listed.and_then(|key| self.value(config, key));
        match listed {
            Some(Value::Array(tables)) => tables.iter().map(Value::as_object).collect(),
            Some(Value::Object(table)) => vec![Some(table)],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_policy_grants_nothing() {
        let policy = Policy::new();
        let config = config(json!({ "endpoint": "https://a.example", "url": "https://b.example" }));
        let environment = Environment::from_iter([("ENDPOINT", "https://c.example")]);
        assert_eq!(policy.visible_variables().count(), 0);
        assert_eq!(policy.address(&config, &environment), None);
        assert_eq!(policy.endpoints(&config, &environment), [None]);
        assert_eq!(policy.scopes(&config, &environment), [""; 0]);
        assert_eq!(policy.header_of_setting("endpoint"), None);
    }

    #[test]
    fn the_first_address_that_is_not_empty_counts() {
        let setting = Setting::new("url").or_variable("A").or_variable("B");
        let policy = Policy::new()
            .endpoint(setting.clone())
            .nested_settings("table");
        let with_default = policy.clone().endpoint(setting.or("default"));
        // configuration, variables → address, and with a default
        for (document, variables, expected, or_default) in [
            (json!({}), vec![], None, "default"),
            (json!({ "url": "x" }), vec![("A", "a")], Some("x"), "x"),
            (
                json!({ "url": " " }),
                vec![("A", "a"), ("B", "b")],
                Some("a"),
                "a",
            ),
            (
                json!({ "url": null }),
                vec![("A", " "), ("B", "b")],
                Some("b"),
                "b",
            ),
            (
                json!({ "url": 5 }),
                vec![("A", "a")],
                Some("no address"),
                "no address",
            ),
            (
                json!({ "table": { " url ": "x" } }),
                vec![("A", "a")],
                Some("x"),
                "x",
            ),
            (
                json!({ "url": "y", "table": { "url": "x" } }),
                vec![],
                Some("y"),
                "y",
            ),
        ] {
            let (config, environment) = (config(document), Environment::from_iter(variables));
            assert_eq!(
                policy.address(&config, &environment),
                expected,
                "{config:?}"
            );
            assert_eq!(
                with_default.address(&config, &environment),
                Some(or_default),
                "{config:?}"
            );
        }
    }

    #[test]
    fn alternatives_have_settings_of_their_own_and_nothing_else() {
        let policy = Policy::new()
            .endpoint(Setting::new("url").or_variable("URL"))
            .token_scope(Setting::new("scope").or_variable("SCOPE"))
            .token_scopes(["fixed"])
            .alternatives("others");
        let environment = Environment::from_iter([("URL", "https://v.example"), ("SCOPE", "v")]);
        let at = |address| policy.endpoint_at(address);
        // alternatives → endpoints, scopes
        for (others, endpoints, scopes) in [
            (
                json!(null),
                vec![at("https://v.example")],
                vec!["v", "fixed"],
            ),
            (
                json!([{ "url": "https://b.example/b", "scope": " b " }, {}, 5]),
                vec![
                    at("https://v.example"),
                    at("https://b.example/b"),
                    None,
                    None,
                ],
                vec!["v", "b", "fixed"],
            ),
            (
                json!({ "url": "https://b.example" }),
                vec![at("https://v.example"), at("https://b.example")],
                vec!["v", "fixed"],
            ),
        ] {
            let config = config(json!({ "others": others }));
            assert_eq!(
                policy.endpoints(&config, &environment),
                endpoints,
                "{config:?}"
            );
            assert_eq!(policy.scopes(&config, &environment), scopes, "{config:?}");
        }
    }

    fn config(document: Value) -> Map<String, Value> {
        document.as_object().unwrap().clone()
    }
}
