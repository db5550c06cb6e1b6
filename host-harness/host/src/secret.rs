//! Values that must not be shown.

use std::fmt;
use std::sync::Arc;

/// A secret: it is sent, and never shown. `Debug` hides it, and there is no `Display`. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// How a secret is shown wherever its presence matters.
    pub const REDACTED: &str = "[REDACTED]";

    /// Takes a value out of sight.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
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
