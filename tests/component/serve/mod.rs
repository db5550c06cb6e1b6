//! The provider as an HTTP service: the real component, a mock of Azure behind it, and HTTP in front of it.

pub(crate) mod client;
mod command_line;
mod forward;
mod guard;
mod kernel_form;
mod limits;
#[cfg(target_os = "linux")]
mod memory;
mod metrics;
mod models;
mod page;
pub(crate) mod recorder;
mod requests;

use std::net::SocketAddr;
use std::sync::Arc;

use azure_openai_mock::{DeltaGate, MockAzure};
use provider_host::{Limits, Provider};
use provider_host_serve::{Metrics, Service, ServiceBuilder};
use serde_json::{Value, json};

use self::client::{Answer, post};
use crate::support::{azure, component, config};

/// A service, and the mock behind it.
struct Served {
    mock: MockAzure,
    service: Service,
    provider: Provider,
}

impl Served {
    async fn new() -> Self {
        Self::with(
            MockAzure::builder().start().await.unwrap(),
            json!({}),
            Service::builder(),
        )
        .await
    }

    /// One whose mock sends events as the gate lets them through.
    async fn gated(gate: &DeltaGate, service: ServiceBuilder) -> Self {
        let mock = MockAzure::builder()
            .gate(gate.clone())
            .start()
            .await
            .unwrap();
        Self::with(mock, json!({}), service).await
    }

    async fn with(mock: MockAzure, settings: Value, service: ServiceBuilder) -> Self {
        Self::limited(mock, settings, service, Limits::default()).await
    }

    async fn limited(
        mock: MockAzure,
        settings: Value,
        service: ServiceBuilder,
        limits: Limits,
    ) -> Self {
        let metrics = Arc::new(Metrics::new());
        let mut config = config(&mock);
        config.extend(settings.as_object().unwrap().clone());
        let host = azure().events(metrics.clone()).limits(limits);
        let host = host.load(&component()).await.unwrap();
        let provider = host.open(&config).await.unwrap();
        let service = service
            .metrics(metrics)
            .start(provider.clone())
            .await
            .unwrap();
        Self {
            mock,
            service,
            provider,
        }
    }

    fn address(&self) -> SocketAddr {
        self.service.address()
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        post(self.address(), path, body).await
    }
}

/// A chat request in the kernel's form.
fn hello() -> Value {
    json!({ "messages": [{ "role": "user", "content": "Say hello" }] })
}
