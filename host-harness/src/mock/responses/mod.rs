//! The Responses API: from the body of a request to the object or the events of its answer.
//!
//! [`shape`] says what the service accepts, [`parameters`], [`input`] and [`tools`] say it for the parts of a request
//! and read them, [`pairs`] checks that a conversation holds together. [`answer`] is the "model". [`object`] and
//! [`stream`] put its answer into the service's forms.

mod answer;
mod arguments;
mod input;
mod item;
mod object;
mod pairs;
mod parameters;
mod request;
mod shape;
mod stream;
mod text;
mod tools;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::deployments::Deployments;
use super::error::ApiError;
use answer::Answer;
use object::Response;
use request::CreateRequest;

pub(super) use stream::Event;

/// The answer to a request to create a response.
pub(super) enum Reply {
    Events(Vec<Event>),
    Object(Value),
}

/// Creates a response.
pub(super) fn create(
    body: &Value,
    deployments: &Deployments,
    ids: &Ids,
) -> Result<Reply, ApiError> {
    let request = CreateRequest::parse(body, deployments)?;
    let response = Response::new(&request, Answer::to(&request), ids);
    Ok(if request.stream {
        Reply::Events(stream::events(&response))
    } else {
        Reply::Object(response.finished())
    })
}

/// Makes the ids of responses and items: unique in one mock, and the same in each run.
#[derive(Default)]
pub(super) struct Ids(AtomicU64);

impl Ids {
    fn next(&self, prefix: &str) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{prefix}_{number:024x}")
    }
}
