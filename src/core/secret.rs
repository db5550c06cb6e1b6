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
}
