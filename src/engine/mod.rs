//! The engine: sends requests, reads responses, tells the host what it does.
//!
//! It is written once, over [`Edge`], and knows neither WebAssembly nor the service's formats: those are the core's.

mod authorization;
mod body;
pub mod edge;
mod event_reader;
mod exchange;
mod failure;
mod forward;
mod report;
mod response_stream;

use std::rc::Rc;

use self::edge::Edge;
use self::exchange::Exchange;
pub use self::forward::{Forwarded, ForwardedBody};
pub use self::response_stream::ResponseStream;
use crate::contract::types::{ChatRequest, ChatResponse, ErrorKind, ProviderError, StreamEvent};
use crate::core::config::Configuration;

/// An opened provider.
#[derive(Clone, Debug)]
pub struct Engine<E> {
    edge: E,
    configuration: Rc<Configuration>,
}

impl<E: Edge> Engine<E> {
    /// Resolves the configuration against the environment, and tells the host of what is odd about it.
    ///
    /// # Errors
    ///
    /// One error that names everything that is wrong with the configuration.
    pub fn open(edge: E, document: &str) -> Result<Self, ProviderError> {
        let configuration = Configuration::resolve(document, &edge.environment())?;
        for warning in &configuration.warnings {
            report::config_warning(&edge, warning);
        }
        if let Some(note) = &configuration.note {
            edge.debug(note);
        }
        Ok(Self {
            edge,
            configuration: Rc::new(configuration),
        })
    }

    /// The resolved configuration.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// One whole exchange: [`Self::complete_streaming`], drained.
    ///
    /// # Errors
    ///
    /// The first error of the exchange.
    pub fn complete(&self, request: &ChatRequest) -> Result<ChatResponse, ProviderError> {
        let mut stream = self.complete_streaming(request)?;
        let mut completed = None;
        loop {
            let mut events = stream.next_events()?;
            match events.pop() {
                Some(StreamEvent::Completed(response)) => completed = Some(response),
                Some(_) => {}
                None => break,
            }
        }
        // A stream ends with `completed` or with an error, so that this is a defect of ours; still no reason to panic.
        completed.ok_or_else(|| {
            ProviderError::new(ErrorKind::Stream, "the stream ended without a response")
        })
    }

    /// Sends a request, and returns when the service has accepted it.
    ///
    /// # Errors
    ///
    /// When the request cannot be sent, or the service refuses it.
    pub fn complete_streaming(
        &self,
        request: &ChatRequest,
    ) -> Result<ResponseStream<E>, ProviderError> {
        let edge = self.edge.clone();
        let mut exchange = Exchange::new(edge, Rc::clone(&self.configuration), request)?;
        let report = exchange.report(request);
        match exchange.send(&report) {
            Ok(answer) => Ok(ResponseStream::new(answer, exchange, report)),
            Err(error) => {
                let error = exchange.finished(error);
                report.failed(&error);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
