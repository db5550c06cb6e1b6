//! `host-harness mock`.

use std::io::{self, Write};
use std::time::Duration;

use azure_openai_mock::{MockAzure, Played, Script};
use serde_json::json;

use super::args::MockArguments;
use super::failure::Failure;
use super::files;

/// Runs the mock until Ctrl-C.
pub(super) async fn mock(arguments: MockArguments) -> Result<(), Failure> {
    let mut mock = MockAzure::builder()
        .bind(arguments.address())
        .delta_pause(Duration::from_millis(arguments.pause))
        .api_key(arguments.api_key);
    for deployment in &arguments.deployment {
        let (name, model) = deployment
            .split_once('=')
            .unwrap_or((deployment, deployment));
        if name.is_empty() || model.is_empty() {
            return Err(Failure::Usage(format!(
                "--deployment {deployment}: expected a name, or a name and a model such as production-gpt5=gpt-5.1"
            )));
        }
        mock = mock.deployment(name, model);
    }
    if let Some(path) = &arguments.script {
        let script = Script::parse(&files::text(path)?, path)?;
        mock = mock
            .script(script)
            .on_step(move |played| tell(played, arguments.json));
    }
    let mock = mock.start().await?;
    let text = match arguments.json {
        true => format!(
            "{}\n",
            json!({ "endpoint": mock.endpoint(), "api_key": mock.api_key() })
        ),
        false => to_text(&mock),
    };
    io::stdout().write_all(text.as_bytes())?;
    io::stdout().flush()?;
    mock.run_until(async {
        // Without a handler Ctrl-C ends the process, which is what is wanted.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
    .await;
    Ok(())
}

/// Says which step a request gets.
fn tell(played: &Played, json: bool) {
    let line = match json {
        true => json!({
            "request": played.request,
            "method": played.method,
            "path": played.path,
            "step": played.step,
            "name": played.name,
        })
        .to_string(),
        false => {
            let step = match played.step {
                Some(number) => format!("step {number}"),
                None => "after the last step".to_owned(),
            };
            let name = played.name.as_ref();
            let name = name.map_or_else(String::new, |name| format!(" ({name})"));
            let Played {
                request,
                method,
                path,
                ..
            } = played;
            format!("request {request}: {method} {path}: {step}{name}")
        }
    };
    // Whoever reads along may stop to; the mock goes on for its clients.
    let _ = writeln!(io::stdout(), "{line}");
}

fn to_text(mock: &MockAzure) -> String {
    let deployments: String = mock
        .deployments()
        .map(|(name, model)| format!("  {name} (answers as {model})\n"))
        .collect();
    format!(
        "A mock of Azure OpenAI is running until Ctrl-C. To use it:\n  \
         export AZURE_OPENAI_ENDPOINT={}\n  \
         export AZURE_OPENAI_API_KEY={}\n\
         Deployments:\n{deployments}",
        mock.endpoint(),
        mock.api_key(),
    )
}
