//! A mock of Azure OpenAI on loopback, so that a provider can be run and tested without an account.
//!
//! It speaks the service's HTTP: its paths and API versions, its two ways to authenticate, its checks of a request with
//! the texts that clients match on, and the Responses API as a whole object or as a stream of events. What its "model"
//! says depends on the request alone, and so do all ids and times: equal runs give equal bytes. Chat Completions and
//! Embeddings are there in a plain way.
//!
//! Below `/api/projects/NAME` it is a project of Microsoft Foundry ([`MockAzure::project_endpoint`]), which refuses what a
//! resource accepts: any `api-version`, tokens for another audience, and input items without a type.
//!
//! Beside it are the services that give out tokens: Microsoft Entra, and the endpoints of managed identities in a virtual
//! machine, an App Service and the agent of Azure Arc. The Responses API takes the tokens that they have issued.
//!
//! For tests there is more than the service offers: every request is kept ([`MockAzure::requests`],
//! [`MockAzure::token_requests`]), the next answers can be written ([`Scripted`]) or made to fail ([`Fault`]), whole
//! sequences of them with all that can happen to a stream can be scripted ([`Script`]), and a stream can be held back event
//! by event ([`DeltaGate`]). [`check_request`] and [`response_events`] do a part of the
//! work without HTTP.
//!
//! Inside, dependencies go one way: the mock itself, the identity services, the service and its scripts, and what goes over the
//! wire.
//!
//! ```no_run
//! # async fn example() -> Result<(), azure_openai_mock::MockError> {
//! use azure_openai_mock::MockAzure;
//!
//! let mock = MockAzure::builder().deployment("prod", "gpt-5.1-2025-11-13").start().await?;
//! println!("{}/openai/v1/responses with the key {}", mock.endpoint(), mock.api_key());
//! # Ok(())
//! # }
//! ```

mod builder;
mod environment;
mod identity;
mod identity_control;
mod mock;
mod script;
mod server;
mod service;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
mod wire;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinHandle;

pub use builder::{MOCK_API_KEY, MockAzureBuilder, MockError};
pub use identity::{
    MOCK_CLIENT_ID, MOCK_CLIENT_SECRET, MOCK_FEDERATED_TOKEN, MOCK_IDENTITY_CLIENT_ID,
    MOCK_IDENTITY_HEADER, MOCK_PUBLIC_CLIENT_ID, MOCK_TENANT_ID,
};
pub use script::{
    Answer, ErrorShape, Fault, Insert, Inserted, LineEnd, Place, Played, RetryAfter, RetryHeader,
    Script, ScriptError, Scripted, Shape, Split, Step, Stop, StopHow, StopPlace, StreamError,
};
pub use service::responses::{check_project_request, check_request, response_events};
pub use wire::gate::DeltaGate;
pub use wire::record::RecordedRequest;

use mock::Mock;

/// The example of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A running mock. Dropping it closes the listener and every connection.
pub struct MockAzure {
    address: SocketAddr,
    mock: Arc<Mock>,
    server: JoinHandle<()>,
}

impl MockAzure {
    /// A mock with the usual deployments, the key [`MOCK_API_KEY`] and a port of the system's choice.
    pub fn builder() -> MockAzureBuilder {
        MockAzureBuilder::new()
    }

    /// What a client takes for its `azure_endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a client takes for its `azure_endpoint` if it is to see a Foundry project of this name.
    pub fn project_endpoint(&self, name: &str) -> String {
        format!("{}/api/projects/{name}", self.endpoint())
    }

    /// The key that opens the mock.
    pub fn api_key(&self) -> &str {
        &self.mock.options.api_key
    }

    /// The deployments, each with the model that it answers as, in alphabetical order.
    pub fn deployments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.mock.options.deployments.iter()
    }

    /// The requests to the Responses API so far, in the order in which their bodies had arrived. The oldest are forgotten
    /// after some thousands.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.mock.records.all()
    }

    /// Waits until that many requests to the Responses API have arrived, answered or not.
    pub async fn wait_for_requests(&self, count: usize) {
        self.mock.records.wait_for(count).await;
    }

    /// Lets the next request to the Responses API meet this fault; more faults queue up, one for each request.
    pub fn push_fault(&self, fault: Fault) {
        self.push_step(fault.into());
    }

    /// Lets this happen to the next request to the Responses API, or to as many as it repeats for. Steps and faults are
    /// one queue.
    pub fn push_step(&self, step: Step) {
        self.mock.steps.push(step);
    }

    /// Queues the steps of a script. Its rest, too, is from now on what happens when the queue is empty.
    pub fn play(&self, script: Script) {
        self.mock.steps.play(script);
    }

    /// Answers the next request to the Responses API with this; more answers queue up, one for each request. A request
    /// that the service would refuse is refused all the same, and takes none.
    pub fn push_answer(&self, answer: Scripted) {
        self.mock.answers.push(answer);
    }

    /// How many connections clients have made.
    pub fn connections(&self) -> usize {
        self.mock.connections.load(Ordering::Relaxed)
    }

    /// How many answers a client walked away from: it closed a stream before its end, or gave up on
    /// [`Fault::NeverAnswer`].
    pub fn closed_streams(&self) -> usize {
        self.mock.closed.count()
    }

    /// Waits until clients have walked away from that many answers.
    pub async fn wait_for_closed_streams(&self, count: usize) {
        self.mock.closed.wait_for(count).await;
    }

    /// Serves until `shutdown` is ready, for a program that is nothing but the mock.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
    }
}

impl fmt::Debug for MockAzure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockAzure")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for MockAzure {
    fn drop(&mut self) {
        self.server.abort();
    }
}
