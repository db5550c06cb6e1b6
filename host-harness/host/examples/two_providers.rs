//! Two providers of different makes in one program. What a host grants to each of them is a policy, which is a value: Azure's
//! comes with its crate, and any other is a few lines.
//!
//! `cargo xtask test` builds both components; then `cargo run --release --example two_providers -p provider-host`, with
//! `AZURE_OPENAI_ENDPOINT`, `AZURE_OPENAI_API_KEY`, `ACME_BASE_URL` and `ACME_KEY` set.

use std::error::Error;

use http::HeaderName;
use provider_host::contract::types::{BlockContent, ChatRequest};
use provider_host::{Environment, Host, Policy, SecretHeader, Setting};
use serde_json::Map;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let environment = Environment::of_process();
    let azure = provider_host_azure::host_builder(environment.clone())
        .load("target/component/azure_openai_provider.wasm")
        .await?;

    // Where its requests go, and which header its key belongs into. Its component sees two variables, and a placeholder in
    // place of the key; requests to anywhere else do not leave.
    let key = SecretHeader::Value(HeaderName::from_static("x-api-key"));
    let policy = Policy::new()
        .endpoint(Setting::new("base_url").or_variable("ACME_BASE_URL"))
        .secret(Setting::new("key").or_variable("ACME_KEY"), key);
    let acme = Host::builder()
        .policy(policy)
        .environment(environment)
        .load("target/component/acme_provider.wasm")
        .await?;

    let request = ChatRequest::user("Hello");
    for host in [azure, acme] {
        let provider = host.open(&Map::new()).await?;
        let response = provider.complete(&request).await?;
        for block in &response.content {
            if let BlockContent::Text(text) = &block.content {
                println!("{}: {text}", provider.info().display_name);
            }
        }
    }
    Ok(())
}
