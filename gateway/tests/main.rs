//! The stand-alone gateway in a host that knows nothing of ours, before a mock of Azure or a service that keeps what it gets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod access;
#[path = "../../tests/component/serve/client.rs"]
mod client;
mod composition;
mod confinement;
mod events;
mod forward;
mod host;
mod identity;
mod kernel_form;
#[path = "../../tests/component/serve/recorder.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of `serve`, which use all of it"
)]
mod recorder;
#[path = "../../tests/component/serve/requests.rs"]
mod requests;
mod streams;
mod support;

use azure_openai_mock::MockAzure;

use self::host::{Grants, Host};
use crate::support::gateway;

/// The variables that lead to a mock.
fn variables(mock: &MockAzure) -> Vec<(String, String)> {
    owned(&[
        ("AZURE_OPENAI_ENDPOINT", &mock.endpoint()),
        ("AZURE_OPENAI_API_KEY", mock.api_key()),
    ])
}

fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let variables = variables.iter();
    variables
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// The gateway with these variables.
async fn serve(variables: Vec<(String, String)>) -> Host {
    let grants = Grants {
        variables,
        ..Grants::default()
    };
    Host::start(&gateway(), grants).await
}

/// The gateway with the variables that lead to a mock, and these.
async fn before(mock: &MockAzure, more: &[(&str, &str)]) -> Host {
    serve([variables(mock), owned(more)].concat()).await
}
