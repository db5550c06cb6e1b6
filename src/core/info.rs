//! What the provider says of itself and of its models.

use serde_json::json;

use crate::contract::types::{ConfigField, FieldType, ModelInfo, ProviderInfo};
use crate::core::config::setting::{self, Disclosure, Setting};
use crate::core::deployment::Deployments;
use crate::core::error::PROVIDER_ID;
use crate::core::model::{self, Capabilities};

/// What this provider is. The same whatever the configuration.
pub fn provider_info() -> ProviderInfo {
    let default = |setting: &Setting| setting.default.unwrap_or_default().to_owned();
    let model = default(&setting::DEFAULT_MODEL);
    let Capabilities {
        context_window,
        max_output_tokens,
        ..
    } = model::capabilities(&model);
    ProviderInfo {
        id: PROVIDER_ID.to_owned(),
        display_name: "Azure OpenAI".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        credential_env_vars: [setting::API_KEY, setting::AZURE_ENDPOINT]
            .iter()
            .filter_map(|setting| setting.variables.first())
            .map(|name| name.to_string())
            .collect(),
        capabilities: ["streaming", "tools", "thinking", "json_mode"]
            .map(str::to_owned)
            .to_vec(),
        defaults: json!({
            "model": model,
            "max_tokens": number(&setting::MAX_TOKENS),
            "timeout": number(&setting::TIMEOUT),
            "context_window": context_window,
            "max_output_tokens": max_output_tokens,
        })
        .to_string(),
        config_fields: vec![
            config_field(&setting::AZURE_ENDPOINT, "Azure endpoint", true),
            config_field(&setting::API_KEY, "API key", true),
            config_field(&setting::API_VERSION, "API version", false),
            config_field(&setting::DEFAULT_DEPLOYMENT, "Default deployment", false),
            config_field(&setting::DEFAULT_MODEL, "Default model", false),
        ],
    }
}

/// The models that can be asked for: the mapped ones, the default model, and the default deployment under its own name.
pub fn models(deployments: &Deployments) -> Vec<ModelInfo> {
    let mapped = deployments.mapping.iter().map(|(model, _)| model);
    let mut names: Vec<&String> = Vec::new();
    for name in mapped
        .chain([&deployments.default_model])
        .chain(&deployments.default_deployment)
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| model_info(name, &deployments.resolve(Some(name)).logical_model))
        .collect()
}

fn model_info(id: &str, logical_model: &str) -> ModelInfo {
    let Capabilities {
        reasoning,
        context_window,
        max_output_tokens,
    } = model::capabilities(logical_model);
    let thinking = reasoning.then_some("thinking");
    ModelInfo {
        id: id.to_owned(),
        display_name: id.to_owned(),
        context_window,
        max_output_tokens,
        capabilities: ["streaming", "tools", "json_mode"]
            .into_iter()
            .chain(thinking)
            .map(str::to_owned)
            .collect(),
        defaults: "{}".to_owned(),
        pricing: None,
    }
}

fn config_field(setting: &Setting, display_name: &str, required: bool) -> ConfigField {
    ConfigField {
        id: setting.key.to_owned(),
        display_name: display_name.to_owned(),
        prompt: setting.help.to_owned(),
        field_type: match setting.disclosure {
            Disclosure::Nothing => FieldType::Secret,
            _ => FieldType::Text,
        },
        env_var: setting.variables.first().map(|name| name.to_string()),
        choices: Vec::new(),
        required,
        default: setting.default.map(str::to_owned),
        show_when: Vec::new(),
        requires_model: false,
    }
}

/// A setting's default that is a number.
fn number(setting: &Setting) -> Option<u64> {
    setting.default.and_then(|default| default.parse().ok())
}
