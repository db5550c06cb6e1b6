//! Values that must not be shown.

use std::fmt;

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
    /// One more secret. One that is too short is left out: it is none of Azure's, and taking it out would tear words
    /// apart.
    pub fn add(&mut self, secret: Secret) {
        const MIN_BYTES: usize = 8;
        if secret.expose().len() >= MIN_BYTES {
            self.0.push(secret);
        }
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
