//! `host-harness models`.

use std::io::{self, Write};
use std::sync::Arc;

use provider_host::contract::types::ModelInfo;
use provider_host::kernel_json::model_info;
use serde_json::Value;

use super::args::ModelsArguments;
use super::event_log::EventLog;
use super::failure::Failure;
use super::setup::Setup;
use super::visible;

/// Lists the models that can be asked for.
pub(super) async fn models(arguments: ModelsArguments) -> Result<(), Failure> {
    let mut setup = Setup::read(&arguments.provider, arguments.json)?;
    // Only so that the configuration is complete: nothing is asked.
    let _mock = setup.mock_unless_configured(arguments.json).await?;
    let provider = setup
        .host(Arc::new(EventLog::create(None, arguments.json)?))
        .await?
        .open(&setup.config)
        .await?;
    let models = provider.models().await?;
    let description: Value = serde_json::from_str(&provider.describe().await?).unwrap_or_default();
    let deployments = &description["deployments"];
    let text = match arguments.json {
        true => visible::json(&to_json(&models, deployments)?),
        false => to_text(&models, deployments),
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// The models in the kernel's form, each with its deployment, and with the model that this is taken for.
fn to_json(models: &[ModelInfo], deployments: &Value) -> Result<String, Failure> {
    let mut list = Vec::new();
    for model in models {
        let mut entry = model_info::to_value(model)?;
        let row = row(deployments, &model.id);
        for key in ["deployment", "logical_model"] {
            entry[key] = row[key].clone();
        }
        list.push(entry);
    }
    Ok(format!("{}\n", Value::Array(list)))
}

fn to_text(models: &[ModelInfo], deployments: &Value) -> String {
    let deployment = |model: &ModelInfo| {
        let row = row(deployments, &model.id);
        visible::word(row["deployment"].as_str().unwrap_or("-"))
    };
    let id = |model: &ModelInfo| visible::word(&model.id);
    let longest = |text: &dyn Fn(&ModelInfo) -> String| {
        let lengths = models.iter().map(|model| text(model).chars().count());
        lengths.max().unwrap_or_default()
    };
    let (model_width, deployment_width) = (longest(&id), longest(&deployment));
    let line = |model: &ModelInfo| {
        format!(
            "{:model_width$} -> {:deployment_width$}  {} tokens, {} of them output; {}; {}\n",
            id(model),
            deployment(model),
            model.context_window,
            model.max_output_tokens,
            visible::word(&price(model)),
            visible::word(&model.capabilities.join(", "))
        )
    };
    models.iter().map(line).collect()
}

/// What a model costs, for people.
fn price(model: &ModelInfo) -> String {
    let Some(pricing) = &model.pricing else {
        return "no known price".to_owned();
    };
    let mut text = format!("{} in", pricing.input_per_million);
    if let Some(cached) = pricing.cache_read_per_million {
        text += &format!(" ({cached} cached)");
    }
    text += &format!(
        ", {} out, {} per million tokens",
        pricing.output_per_million, pricing.currency
    );
    let defaults: Value = serde_json::from_str(&model.defaults).unwrap_or_default();
    if let Some(tokens) = defaults["long_input_tokens"].as_u64() {
        text += &format!(", more above {tokens} tokens of input");
    }
    text
}

/// What the provider says of a model's deployment; null if it says nothing.
fn row<'a>(deployments: &'a Value, model: &str) -> &'a Value {
    let mut rows = deployments.as_array().into_iter().flatten();
    rows.find(|row| row["model"] == model)
        .unwrap_or(&Value::Null)
}
