//! How a mock is set up.

mod identity;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;

use crate::identity::Settings;
use crate::mock::{Mock, Options};
use crate::script::{Observer, Played, Script, Steps};
use crate::service::deployments::Deployments;
use crate::wire::gate::{DeltaGate, Pace};
use crate::{MockAzure, server};

/// The key of a mock that was not given one.
pub const MOCK_API_KEY: &str = "mock-key";

/// The settings of a mock that is not running yet; see [`MockAzure::builder`].
pub struct MockAzureBuilder {
    address: SocketAddr,
    pub(crate) identity: Settings,
    options: Options,
    script: Script,
    observer: Option<Observer>,
}

impl MockAzureBuilder {
    pub(crate) fn new() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            identity: Settings::usual(),
            options: Options {
                api_key: MOCK_API_KEY.to_owned(),
                bearer_tokens: Vec::new(),
                deployments: Deployments::usual(),
                pace: Pace::default(),
            },
            script: Script::default(),
            observer: None,
        }
    }

    /// The key that clients must send.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.options.api_key = key.into();
        self
    }

    /// Takes this token after `Authorization: Bearer`, besides the key, other tokens and those that the mock issues.
    #[must_use]
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.options.bearer_tokens.push(token.into());
        self
    }

    /// Adds a deployment, or replaces the usual one of that name. `model` is what `response.model` says, and decides
    /// whether the deployment reasons.
    #[must_use]
    pub fn deployment(mut self, name: impl Into<String>, model: impl Into<String>) -> Self {
        self.options.deployments.add(name.into(), model.into());
        self
    }

    /// Pauses before each delta of a stream, so that a person sees it stream. None unless set.
    #[must_use]
    pub fn delta_pause(mut self, pause: Duration) -> Self {
        self.options.pace.pause = pause;
        self
    }

    /// Holds back every event of every stream until the gate lets it through.
    #[must_use]
    pub fn gate(mut self, gate: DeltaGate) -> Self {
        self.options.pace.gate = Some(gate);
        self
    }

    /// Plays a script from the first request to the Responses API on.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// Is told of each request to the Responses API, when it gets its step.
    #[must_use]
    pub fn on_step(mut self, observer: impl Fn(&Played) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Listens there instead of on a port of the system's choice.
    #[must_use]
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Starts to serve, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address is not a loopback address (the mock is not made for a network) or cannot be bound, or a
    /// certificate cannot be read.
    pub async fn start(self) -> Result<MockAzure, MockError> {
        let address = self.address;
        if !address.ip().is_loopback() {
            return Err(MockError::NotLoopback(address));
        }
        let certificates = self.identity.check();
        certificates.map_err(|error| MockError::Certificate(error.to_string()))?;
        let bind_error = |source| MockError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let steps = Steps::new(self.script, self.observer);
        let mock = Arc::new(Mock::new(self.options, self.identity, steps));
        Ok(MockAzure {
            address,
            server: tokio::spawn(server::serve(listener, Arc::clone(&mock))),
            mock,
        })
    }
}

/// Why a mock did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MockError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate that clients should sign with is none.
    #[error("a certificate given to the mock is no X.509 certificate in DER form: {0}")]
    Certificate(String),
    /// The address can be reached from other machines.
    #[error("the mock listens on loopback addresses only, and {0} is not one")]
    NotLoopback(SocketAddr),
}
