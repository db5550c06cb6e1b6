//! What the host hears of a request that is sent on.

use super::super::edge::{Edge, Instant};
use super::super::report::{milliseconds, usage as written_usage, uuid};
use crate::contract::types::{ProviderError, Usage};
use crate::core::error::{PROVIDER_ID, kind_name};
use crate::core::forward::Outbound;
use crate::core::json::ObjectWriter;

/// The report of one request that is sent on.
#[derive(Debug)]
pub(super) struct ForwardReport<E> {
    edge: E,
    /// The deployment; none where the request has nothing to do with one.
    model: Option<String>,
    route: String,
    /// Ties the events of the request together.
    request_id: String,
    started: Instant,
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
            request_id: uuid(edge.random()),
            started: edge.now(),
            status: 0,
            first_byte: None,
            edge,
        };
        report.emit("llm:request", report.payload());
        report
    }

    /// Another deployment is asked from here on.
    pub(super) fn moves_to(&mut self, deployment: &str) {
        self.model = Some(deployment.to_owned());
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
        let payload = self
            .payload()
            .member("status", "error")
            .member(
                "duration_ms",
                &milliseconds(self.edge.now().since(self.started)),
            )
            .member("error", &error.message)
            .member("error_type", kind_name(error.kind));
        let payload = match &error.code {
            Some(code) => payload.member("error_code", code),
            None => payload,
        };
        self.emit("llm:response", payload);
    }

    /// Reports an answer that has come to its end.
    pub(super) fn succeeded(&self, usage: Option<&Usage>) {
        let is_error = self.status >= 400;
        let first_byte = self.first_byte.map(|moment| moment.since(self.started));
        let mut payload = self
            .payload()
            .member("status", if is_error { "error" } else { "ok" })
            .member("http_status", &self.status)
            .member(
                "duration_ms",
                &milliseconds(self.edge.now().since(self.started)),
            )
            .member("time_to_first_byte_ms", &first_byte.map(milliseconds));
        if is_error {
            let error = format!("the service answered with the status {}", self.status);
            payload = payload.member("error", &error);
        }
        if let Some(usage) = usage {
            payload = payload.written("usage", &written_usage(Some(usage)));
        }
        self.emit("llm:response", payload);
    }

    /// Begins a payload that says which call it is of.
    pub(super) fn call(&self) -> ObjectWriter {
        ObjectWriter::new()
            .member("provider", PROVIDER_ID)
            .member("request_id", &self.request_id)
    }

    fn payload(&self) -> ObjectWriter {
        self.call()
            .member("model", &self.model)
            .member("route", &self.route)
    }

    fn emit(&self, name: &str, payload: ObjectWriter) {
        self.edge.emit(name, &payload.finish());
    }
}
