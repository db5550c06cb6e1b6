//! `host-harness models`.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::Value;

use super::args::ModelsArguments;
use super::failure::Failure;
use super::setup::Setup;
use crate::contract::types::ModelInfo;
use crate::events::NoSubscriber;
use crate::kernel_json::model_info;

/// Lists the models that can be asked for.
pub(super) async fn models(arguments: ModelsArguments) -> Result<(), Failure> {
    let mut setup = Setup::read(&arguments.provider)?;
    // Only so that the configuration is complete: nothing is asked.
    let _mock = setup.mock_unless_configured(arguments.json).await?;
    let provider = setup
        .host(Arc::new(NoSubscriber))
        .await?
        .open(&setup.config)
        .await?;
    let models = provider.models().await?;
    let text = match arguments.json {
        true => {
            let models: Result<Vec<Value>, _> = models.iter().map(model_info::to_value).collect();
            format!("{}\n", Value::Array(models?))
        }
        false => {
            let description: Value =
                serde_json::from_str(&provider.describe().await?).unwrap_or_default();
            to_text(&models, &description["deployments"])
        }
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn to_text(models: &[ModelInfo], deployments: &Value) -> String {
    let deployment = |model: &str| {
        let mut rows = deployments.as_array().into_iter().flatten();
        let row = rows.find(|row| row["model"] == model);
        row.and_then(|row| row["deployment"].as_str())
            .unwrap_or("-")
    };
    let longest = |texts: Vec<&str>| texts.into_iter().map(str::len).max().unwrap_or_default();
    let model_width = longest(models.iter().map(|model| model.id.as_str()).collect());
    let deployment_width = longest(models.iter().map(|model| deployment(&model.id)).collect());
    let line = |model: &ModelInfo| {
        format!(
            "{:model_width$} -> {:deployment_width$}  {} tokens, {} of them output; {}\n",
            model.id,
            deployment(&model.id),
            model.context_window,
            model.max_output_tokens,
            model.capabilities.join(", ")
        )
    };
    models.iter().map(line).collect()
}
