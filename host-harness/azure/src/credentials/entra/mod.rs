//! Tokens of Microsoft Entra ID.
//!
//! An application has a secret or a certificate in environment variables, a workload a token of another issuer. Both are
//! credentials of `azure_identity` here, which writes their requests; the requests go over the host's connections, and the
//! answers are read here, as those to a person's sign-in are.

mod advice;
mod application;
mod authority;
mod client_certificate;
mod environment;
mod http_client;
mod token_endpoint;
mod workload_identity;

pub(super) use self::authority::Authority;
pub(super) use self::environment::EnvironmentCredential;
pub(super) use self::token_endpoint::{NoToken, TokenEndpoint};
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
