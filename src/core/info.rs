//! What the provider says of itself and of its models.

use serde_json::json;

use crate::contract::types::{ConfigField, FieldType, ModelInfo, ProviderInfo};
use crate::core::config::setting::Row;
use crate::core::config::settings;
use crate::core::deployment::Deployments;
use crate::core::error::PROVIDER_ID;
use crate::core::model::{self, Capabilities};

/// What this provider is. The same whatever the configuration.
pub fn provider_info() -> ProviderInfo {
    let default = |row: &Row| row.default.unwrap_or_default().to_owned();
    let model = default(&settings::DEFAULT_MODEL.row);
    let Capabilities {
        context_window,
        max_output_tokens,
        ..
    } = model::capabilities(&model);
    ProviderInfo {
        id: PROVIDER_ID.to_owned(),
        display_name: "Azure OpenAI".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        credential_env_vars: [&settings::API_KEY.row, &settings::AZURE_ENDPOINT.row]
            .iter()
            .filter_map(|row| row.variables.first())
            .map(|name| name.to_string())
            .collect(),
        capabilities: ["streaming", "tools", "thinking", "json_mode"]
            .map(str::to_owned)
            .to_vec(),
        defaults: json!({
            "model": model,
            "max_tokens": number(&settings::MAX_TOKENS.row),
            "timeout": number(&settings::TIMEOUT.row),
            "context_window": context_window,
            "max_output_tokens": max_output_tokens,
        })
        .to_string(),
        config_fields: config_fields(),
    }
}

/// The models that can be asked for.
pub fn models(deployments: &Deployments) -> Vec<ModelInfo> {
    let model_info = |name: &str| model_info(name, &deployments.resolve(Some(name)).logical_model);
    deployments.models().into_iter().map(model_info).collect()
}

fn model_info(id: &str, logical_model: &str) -> ModelInfo {
    let Capabilities {
        reasoning,
        context_window,
        max_output_tokens,
        ..
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

/// What a setup asks for. Everything else is a matter of the configuration.
fn config_fields() -> Vec<ConfigField> {
    use FieldType::{Boolean, Secret, Text};
    let managed_identity = [(settings::USE_MANAGED_IDENTITY.row.key, "true")];
    let fields: [(&Row, &str, FieldType, &[(&str, &str)]); 9] = [
        (&settings::AZURE_ENDPOINT.row, "Azure endpoint", Text, &[]),
        (&settings::API_KEY.row, "API key", Secret, &[]),
        (
            &settings::USE_DEFAULT_CREDENTIAL.row,
            "Use the default credential",
            Boolean,
            &[],
        ),
        (
            &settings::USE_MANAGED_IDENTITY.row,
            "Use a managed identity",
            Boolean,
            &[],
        ),
        (
            &settings::MANAGED_IDENTITY_CLIENT_ID.row,
            "Managed identity's client ID",
            Text,
            &managed_identity,
        ),
        (&settings::AZURE_AD_TOKEN.row, "Entra ID token", Secret, &[]),
        (&settings::API_VERSION.row, "API version", Text, &[]),
        (
            &settings::DEFAULT_DEPLOYMENT.row,
            "Default deployment",
            Text,
            &[],
        ),
        (&settings::DEFAULT_MODEL.row, "Default model", Text, &[]),
    ];
    let field =
        |(row, display_name, field_type, show_when): (&Row, &str, FieldType, &[(&str, &str)])| {
            ConfigField {
                id: row.key.to_owned(),
                display_name: display_name.to_owned(),
                prompt: row.help.to_owned(),
                field_type,
                env_var: row.variables.first().map(|name| name.to_string()),
                choices: Vec::new(),
                required: row.key == settings::AZURE_ENDPOINT.row.key,
                default: row.default.map(str::to_owned),
                show_when: show_when
                    .iter()
                    .map(|(key, value)| (key.to_string(), value.to_string()))
                    .collect(),
                requires_model: false,
            }
        };
    fields.into_iter().map(field).collect()
}

/// A setting's default that is a number.
fn number(row: &Row) -> Option<u64> {
    row.default.and_then(|default| default.parse().ok())
}
