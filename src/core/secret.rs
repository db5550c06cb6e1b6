//! Values that must not be shown.

use std::fmt;

use serde_json::{Map, Value};

use super::json;

/// A secret: it is sent, and never shown. `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// How a secret is shown wherever its presence matters.
    pub const REDACTED: &str = "[REDACTED]";

    /// Takes a value out of sight.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::REDACTED)
    }
}

/// The secrets that a request is sent with, to be taken out of what comes back.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// One more secret, as it is and as JSON has it: what is redacted may be a document. One that is too short is left out: it
    /// is none of Azure's, and taking it out would tear words apart.
    pub fn add(&mut self, secret: Secret) {
        const MIN_BYTES: usize = 8;
        if secret.expose().len() < MIN_BYTES {
            return;
        }
        let quoted = json::written(&Value::from(secret.expose()));
        let unquoted = quoted
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        if let Some(escaped) = unquoted.filter(|escaped| *escaped != secret.expose()) {
            self.0.push(Secret::new(escaped.to_owned()));
        }
        self.0.push(secret);
    }

    /// A text without the secrets in it.
    pub fn redact(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), Secret::REDACTED);
            }
        }
        text
    }
}

/// Takes the values out whose keys say that they are secret, wherever they are: the authorization of an MCP server, say, which is
/// part of a request's body.
pub fn redact_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let key = key.to_ascii_lowercase();
                if SECRET_KEYS.contains(&key.as_str()) {
                    *value = Secret::REDACTED.into();
                } else {
                    redact_members(value);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redact_members),
        _ => {}
    }
}

/// Keys whose values are secret, in lower case: those that the Python provider knows.
const SECRET_KEYS: [&str; 13] = [
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "password",
    "private_key",
    "privatekey",
    "secret",
    "token",
    "x-api-key",
];

/// A value without what its keys call a secret, however deep: what is below `authorization`, `headers`, `password` and the
/// like, and the passwords and queries of addresses. Numbers and booleans are none.
pub fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut shown = Map::new();
            for (key, value) in members {
                let value = match is_secret(key) {
                    true => redacted(value),
                    false => without_secrets(value),
                };
                shown.insert(key.clone(), value);
            }
            Value::Object(shown)
        }
        Value::Array(elements) => elements.iter().map(without_secrets).collect(),
        Value::String(text) if is_address(text) => shown_address(text).into(),
        other => other.clone(),
    }
}

/// An address without user name, password and query, where people put keys.
pub fn shown_address(address: &str) -> String {
    let (user, rest) = match address.rsplit_once('@') {
        Some((_, rest)) => (format!("{}@", Secret::REDACTED), rest),
        None => (String::new(), address),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{user}{rest}")
}

fn is_address(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The same keys with no text in it.
fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut shown = Map::new();
            for (key, value) in members {
                shown.insert(key.clone(), redacted(value));
            }
            Value::Object(shown)
        }
        Value::Array(elements) => elements.iter().map(redacted).collect(),
        Value::String(_) => Secret::REDACTED.into(),
        other => other.clone(),
    }
}

/// Whether what is under this key is a secret.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    key == "headers"
        || SECRET_KEYS.contains(&key.as_str())
        || key.ends_with("token")
        || SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// What the names of secrets have in them. `key` alone would be `prompt_cache_key` too, and `token` `max_output_tokens`.
const SECRET_WORDS: [&str; 8] = [
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "password",
    "private_key",
    "secret",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_whose_keys_say_that_they_are_secret_are_taken_out_wherever_they_are() {
        let mut body = json!({
            "tools": [{ "type": "mcp", "authorization": "abc", "headers": { "X-Api-Key": "k", "accept": "a" } }],
            "input": [{ "arguments": { "PASSWORD": ["x"], "tokens": 3 } }],
            "credentials": null,
            "max_output_tokens": 16,
        });
        redact_members(&mut body);
        let hidden = Secret::REDACTED;
        assert_eq!(
            body,
            json!({
                "tools": [{ "type": "mcp", "authorization": hidden, "headers": { "X-Api-Key": hidden, "accept": "a" } }],
                "input": [{ "arguments": { "PASSWORD": hidden, "tokens": 3 } }],
                "credentials": hidden,
                "max_output_tokens": 16,
            })
        );
    }

    #[test]
    fn a_secret_is_taken_out_as_it_is_and_as_json_has_it() {
        for secret in [
            "plain-secret",
            "with \"quotes\"",
            "back\\slash",
            "\"edges\"\"",
            "line\nfeed",
        ] {
            let mut secrets = Secrets::default();
            secrets.add(Secret::new(secret.to_owned()));
            let document = json::written(&serde_json::json!({ "a": [format!("x{secret}y")] }));
            assert_eq!(
                secrets.redact(document),
                r#"{"a":["x[REDACTED]y"]}"#,
                "{secret}"
            );
            let text = format!("says {secret}.");
            assert_eq!(secrets.redact(text), "says [REDACTED].", "{secret}");
        }
    }

    #[test]
    fn what_keys_call_a_secret_is_not_shown_however_deep_it_is() {
        let params = json!({
            "tools": [{
                "type": "mcp",
                "server_url": "https://user:hunter2@mcp.example/sse?key=hunter2#hunter2",
                "authorization": "hunter2",
                "headers": { "X-Team": "hunter2", "X-More": ["hunter2"] },
            }],
            "metadata": { "API-Key": "hunter2", "access_token": { "value": "hunter2" }, "team": "a" },
            "max_output_tokens": 100,
            "prompt_cache_key": "team-a",
        });
        assert_eq!(
            without_secrets(&params),
            json!({
                "tools": [{
                    "type": "mcp",
                    "server_url": "[REDACTED]@mcp.example/sse",
                    "authorization": "[REDACTED]",
                    "headers": { "X-Team": "[REDACTED]", "X-More": ["[REDACTED]"] },
                }],
                "metadata": { "API-Key": "[REDACTED]", "access_token": { "value": "[REDACTED]" }, "team": "a" },
                "max_output_tokens": 100,
                "prompt_cache_key": "team-a",
            })
        );
    }
}
