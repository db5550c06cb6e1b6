//! A provider in a program of your own: open it, ask, and read the answer as it arrives.
//!
//! `cargo xtask build`, then `cargo run --release --example embed -p provider-host`, with `AZURE_OPENAI_ENDPOINT` and
//! `AZURE_OPENAI_API_KEY` set.

use std::error::Error;
use std::io::{self, Write};

use provider_host::Environment;
use provider_host::contract::types::{ChatRequest, StreamEvent};
use serde_json::Map;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = provider_host_azure::host_builder(Environment::of_process())
        .load("target/component/azure_openai_provider.wasm")
        .await?;
    // The settings of README.md; what they leave open comes from the environment.
    let provider = host.open(&Map::new()).await?;

    let mut stream = provider.stream(&ChatRequest::user("Hello")).await?;
    while let Some(event) = stream.next().await? {
        match event {
            StreamEvent::BlockDelta(delta) => {
                print!("{}", delta.text);
                io::stdout().flush()?;
            }
            StreamEvent::Completed(response) => println!("\n{:?}", response.usage),
            _ => {}
        }
    }
    Ok(())
}
