//! Tokens for providers: which credential gets them, and how long they are kept.
//!
//! A provider asks for a token of the machine's managed identity, or of the first credential of a chain that is
//! available; it never sees what the credential itself is made of.
//!
//! # The chain
//!
//! [`AzureCredentials`] asks, in this order: an application's secret or certificate in environment variables, a
//! workload's identity, the machine's managed identity, and then what developers are logged in with. `dev`, `prod` or a
//! credential's name in `AZURE_TOKEN_CREDENTIALS` narrows it.
//!
//! * A credential that is *unavailable*, which means not configured or not present here, passes to the next.
//! * One that *fails* ends the chain, and so does one whose service cannot be reached: passing on would log in as
//!   somebody else without a word.
//! * The one that gave a token gives the next too, until it becomes unavailable; then the chain starts over.
//! * When no credential gives a token, the error lists all that were asked, each with what to do.
//!
//! # The cache
//!
//! Tokens are kept by credential and scope. One with five minutes left, or past the time that its issuer named, is
//! replaced in the background while it is handed out; when that fails, it stays as long as it is valid. However many
//! requests wait for a token, there is one fetch. A token that the service refused is replaced once, and a failure is
//! remembered for as long as its service asks, or for a few seconds.

mod answers;
mod azure;
mod cache;
mod chain;
mod developer_tools;
mod entra;
mod interactive_browser;
mod managed_identity;
mod surroundings;
#[cfg(test)]
mod testing;

use std::time::Duration;

use async_trait::async_trait;
use provider_host::credentials::{
    AccessToken, CredentialError, CredentialErrorKind, CredentialKind, TokenProvider, TokenRequest,
};

pub use self::azure::{AzureCredentials, AzureCredentialsBuilder};
pub use self::chain::{Attempt, AttemptOutcome};

/// One way to get a token.
#[async_trait]
pub(crate) trait Credential: Send + Sync {
    /// Its name in Azure's documentation, such as `AzureCliCredential`.
    fn name(&self) -> &'static str;

    /// Gets a new token: nothing is cached here.
    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError>;

    /// Where a token would come from, as far as this machine shows it: nothing is sent, and no program is run.
    ///
    /// An error is one that getting a token is certain to end in.
    async fn origin(&self) -> Result<String, CredentialError> {
        Ok("nothing of it can be seen before it is asked".to_owned())
    }

    /// How long getting a token may take. One that waits for a person takes longer.
    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }
}

/// How long getting a token may take. Each credential has limits of its own, and this one is there in case that several
/// use them up.
const TIME_LIMIT: Duration = Duration::from_secs(60);
