//! Input that is wrong, odd or far too large: a typed error that names the place, or the right result, and the provider
//! answers the next request. Only what the memory of an instance cannot hold ends that instance.

mod documents;
mod large;
mod requests;
mod responses;

use provider_host::contract::types::{ChatRequest, ChatResponse, ProviderError};

use crate::support::{Setup, ask, in_time, provider_error};

/// What comes of a request; fails on a trap, and when the next request is not answered.
async fn outcome(setup: &Setup, request: &ChatRequest) -> Result<ChatResponse, ProviderError> {
    let outcome = in_time(setup.provider.complete(request)).await;
    let outcome = match outcome {
        Ok(response) => Ok(response),
        error => Err(provider_error(error)),
    };
    in_time(setup.provider.complete(&ask("Are you there?")))
        .await
        .unwrap();
    outcome
}

/// JSON that is nested so deep.
fn nested(depth: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
}
