//! A host whose requests go out over a client of the program's own: here one that trusts a company's certificates, goes through
//! its proxy, and says what each request took.
//!
//! `cargo xtask build`, then `cargo run --release --example injected_client -p provider-host`, with `AZURE_OPENAI_ENDPOINT` and
//! `AZURE_OPENAI_API_KEY` set, and where they are needed `COMPANY_CA` (a file in PEM form) and `COMPANY_PROXY` (an address).

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use provider_host::contract::types::ChatRequest;
use provider_host::{Environment, HttpBody, HttpClient, HttpError, PooledClient, Proxies};
use serde_json::Map;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let environment = Environment::of_process();
    let mut client = PooledClient::builder();
    if let Some(file) = environment.get("COMPANY_CA") {
        client = client.root_certificates(std::fs::read(file)?);
    }
    client = client.proxies(match environment.get("COMPANY_PROXY") {
        Some(address) => Proxies::all(address).except(".internal.example"),
        None => Proxies::none(),
    });
    let client = Timed(client.build()?);

    let host = provider_host_azure::host_builder(environment)
        .http(Arc::new(client))
        .load("target/component/azure_openai_provider.wasm")
        .await?;
    let provider = host.open(&Map::new()).await?;
    let response = provider.complete(&ChatRequest::user("Hello")).await?;
    println!("{:?}", response.usage);
    Ok(())
}

/// Says where each request went, what came of it, and how long that took.
struct Timed(PooledClient);

#[async_trait]
impl HttpClient for Timed {
    async fn send(
        &self,
        request: http::Request<HttpBody>,
        connect_timeout: Duration,
    ) -> Result<http::Response<HttpBody>, HttpError> {
        let begin = Instant::now();
        let what = format!("{} {}", request.method(), request.uri().path());
        let response = self.0.send(request, connect_timeout).await;
        let outcome = match &response {
            Ok(response) => response.status().to_string(),
            Err(error) => error.to_string(),
        };
        println!("{what}: {outcome} after {:?}", begin.elapsed());
        response
    }
}
