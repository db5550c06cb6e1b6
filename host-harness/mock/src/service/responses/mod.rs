//! The Responses API: from the body of a request to the object or the events of its answer.
//!
//! [`schema`] says what the service accepts, [`parameters`], [`input`] with its [`items`], and [`tools`] say it for the
//! parts of a request and read them. [`media`] looks into images and files, [`consistency`] checks that a conversation holds
//! together. [`answer`] is the "model". [`object`] puts its answer into the service's form, and [`stream`] tells any
//! response event by event.

mod answer;
mod arguments;
mod consistency;
mod input;
mod item;
mod items;
mod media;
mod object;
mod parameters;
mod request;
mod schema;
mod stream;
mod text;
mod tools;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::script::Scripted;
use crate::service::deployments::Deployments;
use crate::service::dialect::Dialect;
use crate::service::error::ApiError;
use answer::Answer;
use request::CreateRequest;

/// The answer to a request to create a response.
pub(crate) enum Reply {
    Events(Vec<Value>),
    /// A stream of another API, as text.
    Lines(String),
    Object(Value),
}

/// The events in which a stream tells a response object, as the service orders them.
pub fn response_events(response: &Value) -> Vec<Value> {
    stream::events(response, false)
}

/// Checks the body of a request as the service would, for a mock with the usual deployments.
///
/// # Errors
///
/// The message with which the service would refuse it.
pub fn check_request(body: &Value) -> Result<(), String> {
    check_in(Dialect::Resource, body)
}

/// The same for a Foundry project, which refuses more.
///
/// # Errors
///
/// The message with which the service would refuse it.
pub fn check_project_request(body: &Value) -> Result<(), String> {
    check_in(Dialect::Project, body)
}

fn check_in(dialect: Dialect, body: &Value) -> Result<(), String> {
    match CreateRequest::parse(body, dialect, &Deployments::usual()) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.message().to_owned()),
    }
}

/// Creates a response: what a script has for it, which is asked for only if the service takes the request, or what the
/// "model" says.
pub(crate) fn create(
    body: &Value,
    dialect: Dialect,
    deployments: &Deployments,
    scripted: impl FnOnce() -> Option<Scripted>,
    ids: &Ids,
) -> Result<Reply, ApiError> {
    let request = CreateRequest::parse(body, dialect, deployments)?;
    let response = match scripted() {
        Some(Scripted::Events(events)) => return Ok(Reply::Events(events)),
        Some(Scripted::Response(response)) => response,
        None => object::response(&request, Answer::to(&request), ids),
    };
    Ok(match request.stream {
        true => Reply::Events(stream::events(&response, request.is_obfuscated())),
        false => Reply::Object(response),
    })
}

/// Makes the ids of responses and items: unique in one mock, and the same in each run.
#[derive(Default)]
pub(crate) struct Ids(AtomicU64);

impl Ids {
    fn next(&self, prefix: &str) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{prefix}_{number:024x}")
    }
}
