//! Why a call failed.

use crate::contract::types::ProviderError;
use crate::instance::Grants;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The component broke: it trapped, or used more than it may. The instance is gone; the next call gets another.
    #[error("the provider component failed: {}", .0.root_cause())]
    Component(#[from] wasmtime::Error),

    /// The provider says what is wrong.
    #[error("{}", .0.message)]
    Provider(Box<ProviderError>),
}

impl Grants {
    pub(super) fn error(&self, error: ProviderError) -> CallError {
        self.redacted(error).into()
    }

    /// The provider's error, without the secrets that a service may have repeated in it.
    pub(super) fn redacted(&self, mut error: ProviderError) -> ProviderError {
        let redact = |text: &mut String| *text = self.secrets.redact(text).into_owned();
        redact(&mut error.message);
        for text in [
            &mut error.code,
            &mut error.details,
            &mut error.model,
            &mut error.request_id,
        ] {
            text.as_mut().map(redact);
        }
        error
    }
}

impl From<ProviderError> for CallError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(Box::new(error))
    }
}
