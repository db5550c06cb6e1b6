//! Tokens of Microsoft Entra ID.
//!
//! An application has a secret or a certificate in environment variables, a workload a token of another issuer, and a
//! person signs in. `oauth2` writes their forms and reads the answers; both go over the host's connections
//! ([`Exchange`]). The SDK of Azure for Rust is not used: it brings a pipeline and a cache of its own, to which a token
//! that was refused cannot be reported, and it loses what Entra says.

mod advice;
mod application;
mod authority;
mod client_certificate;
mod environment;
mod exchange;
mod workload_identity;

pub(super) use self::authority::{Authority, EntraClient};
pub(super) use self::environment::EnvironmentCredential;
pub(super) use self::exchange::{Exchange, NoToken};
pub(super) use self::workload_identity::WorkloadIdentityCredential;

/// The tenant: an id, or one of its domains.
pub(super) const TENANT_ID: &str = "AZURE_TENANT_ID";

/// The application's id.
pub(super) const CLIENT_ID: &str = "AZURE_CLIENT_ID";

/// What says that these variables are not set.
fn not_set(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => format!("{name} is not set"),
        [names @ .., last] => format!("{} and {last} are not set", names.join(", ")),
    }
}
