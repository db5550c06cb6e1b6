//! What the host hears of a request that is sent on.

use super::super::edge::{Edge, Instant};
use super::super::report::{Listener, REQUEST, RESPONSE, usage as written_usage};
use crate::contract::types::{ProviderError, Usage};
use crate::core::forward::Outbound;
use crate::core::json::ObjectWriter;

/// The report of one request that is sent on.
#[derive(Debug)]
pub(super) struct ForwardReport<E> {
    edge: E,
    pub(super) listener: Listener<E>,
    /// The deployment; none where the request has nothing to do with one.
    model: Option<String>,
    route: String,
    status: u16,
    first_byte: Option<Instant>,
}

impl<E: Edge> ForwardReport<E> {
    /// Reports the request.
    pub(super) fn start(edge: E, outbound: &Outbound) -> Self {
        let route = format!("{} {}", outbound.method.name(), outbound.target.route);
        let deployment = outbound.deployment.as_ref();
        let report = Self {
            model: deployment.map(|deployment| deployment.name.clone()),
            route,
            listener: Listener::new(edge.clone()),
            status: 0,
            first_byte: None,
            edge,
        };
        if let Some(payload) = report.payload(REQUEST) {
            report.listener.emit(REQUEST, payload);
        }
        report
    }

    /// The service has answered.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = status;
    }

    /// A part of the answer has passed.
    pub(super) fn passed(&mut self) {
        if self.first_byte.is_none() {
            self.first_byte = Some(self.edge.now());
        }
    }

    /// Reports that there is no answer, or that it broke off.
    pub(super) fn failed(&self, error: &ProviderError) {
        if let Some(payload) = self.payload(RESPONSE) {
            self.listener.emit_failure(payload, error);
        }
    }

    /// Reports an answer that has come to its end.
    pub(super) fn succeeded(&self, usage: Option<&Usage>) {
        let Some(payload) = self.payload(RESPONSE) else {
            return;
        };
        let is_error = self.status >= 400;
        let first_byte = self
            .first_byte
            .map(|moment| self.listener.since_start(moment));
        let mut payload = payload
            .member("status", if is_error { "error" } else { "ok" })
            .member("http_status", &self.status)
            .member("duration_ms", &self.listener.duration_ms())
            .member("time_to_first_byte_ms", &first_byte);
        if is_error {
            let error = format!("the service answered with the status {}", self.status);
            payload = payload.member("error", &error);
        }
        if let Some(usage) = usage {
            payload = payload.written("usage", &written_usage(Some(usage)));
        }
        self.listener.emit(RESPONSE, payload);
    }

    fn payload(&self, name: &str) -> Option<ObjectWriter> {
        let payload = self.listener.payload(name)?;
        Some(
            payload
                .member("model", &self.model)
                .member("route", &self.route),
        )
    }
}
