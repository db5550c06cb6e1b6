//! Values that must not be shown.

use std::fmt;

use serde_json::Value;

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

/// Takes out of a value what its keys call a secret, however deep: what is below `authorization`, `headers`, `password` and the
/// like, and the passwords and queries of addresses. It is the one rule for all that is shown of what people configure and
/// send: the authorization of an MCP server, say, which is part of a request's body.
pub fn redact_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if is_secret(key) {
                    redact_all(value);
                } else {
                    redact_members(value);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redact_members),
        Value::String(text) if is_address(text) => *text = shown_address(text),
        _ => {}
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

/// Whether a text is an address and nothing else. A question that begins with one is none.
fn is_address(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && !text.contains(char::is_whitespace)
}

/// Leaves the keys, and what is null, true or false.
fn redact_all(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(redact_all),
        Value::Array(elements) => elements.iter_mut().for_each(redact_all),
        Value::String(_) | Value::Number(_) => *value = Secret::REDACTED.into(),
        Value::Bool(_) | Value::Null => {}
    }
}

/// Whether what is under this key is a secret.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    SECRET_KEYS.contains(&key.as_str())
        || key.ends_with("token")
        || SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// Keys whose values are secret, in lower case with `_` for `-`: of those that the Python provider knows, the ones that have none
/// of [`SECRET_WORDS`] in them.
const SECRET_KEYS: [&str; 3] = ["auth", "headers", "privatekey"];

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
        let mut value = json!({
            "tools": [{
                "type": "mcp",
                "server_url": "https://user:hunter2@mcp.example/sse?key=hunter2#hunter2",
                "authorization": "hunter2",
                "headers": { "X-Team": "hunter2", "X-More": ["hunter2"] },
            }],
            "input": [{ "arguments": { "PASSWORD": ["hunter2"], "pin_password": 4711, "tokens": 3 } }],
            "metadata": { "API-Key": "hunter2", "access_token": { "value": "hunter2" }, "team": "a" },
            "credentials": null,
            "secret": true,
            "max_output_tokens": 100,
            "prompt_cache_key": "team-a",
            "text": "https://a.example/?q=1 says what? Read it.",
        });
        redact_members(&mut value);
        assert_eq!(
            value,
            json!({
                "tools": [{
                    "type": "mcp",
                    "server_url": "[REDACTED]@mcp.example/sse",
                    "authorization": "[REDACTED]",
                    "headers": { "X-Team": "[REDACTED]", "X-More": ["[REDACTED]"] },
                }],
                "input": [{ "arguments": { "PASSWORD": ["[REDACTED]"], "pin_password": "[REDACTED]", "tokens": 3 } }],
                "metadata": { "API-Key": "[REDACTED]", "access_token": { "value": "[REDACTED]" }, "team": "a" },
                "credentials": null,
                "secret": true,
                "max_output_tokens": 100,
                "prompt_cache_key": "team-a",
                "text": "https://a.example/?q=1 says what? Read it.",
            })
        );
    }

    #[test]
    fn the_keys_that_the_python_provider_knows_are_secret() {
        for key in [
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
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["max_output_tokens", "prompt_cache_key", "author", "key"] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
