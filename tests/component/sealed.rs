//! Sealed secrets: what a provider is shown of them, where they go, and where they do not.

mod alternatives;
mod hidden;
mod malformed;
mod real;
mod refused;
mod sent;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use provider_host::credentials::{AccessToken, CredentialError, TokenProvider, TokenRequest};
use provider_host::secret::Secret;

/// Gives out `PREFIX-1`, `PREFIX-2` and so on, a new one for each request.
struct Tokens {
    prefix: &'static str,
    asked: Mutex<Vec<TokenRequest>>,
}

impl Tokens {
    fn new(prefix: &'static str) -> Arc<Self> {
        Arc::new(Self {
            prefix,
            asked: Mutex::default(),
        })
    }

    /// What it was asked for.
    fn asked(&self) -> Vec<TokenRequest> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl TokenProvider for Tokens {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, CredentialError> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(request.clone());
        Ok(AccessToken {
            token: Secret::new(format!("{}-{}", self.prefix, asked.len())),
            expires_on: SystemTime::now() + Duration::from_secs(3600),
            refresh_on: None,
        })
    }
}

/// A scope that every host gives tokens for.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
