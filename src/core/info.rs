//! What the provider says of itself and of its models.

use crate::contract::types::{ConfigField, FieldType, ModelInfo, ProviderInfo};
use crate::core::config::setting::{Disclosure, Question, Row};
use crate::core::config::settings::{self, SETTINGS};
use crate::core::deployment::Deployments;
use crate::core::error::PROVIDER_ID;
use crate::core::json::ObjectWriter;
use crate::core::model::{self, Capabilities, Effort};
use crate::core::pricing::Pricing;

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
        capabilities: ["streaming", "tools", "thinking", "vision", "json_mode"]
            .map(str::to_owned)
            .to_vec(),
        defaults: ObjectWriter::new()
            .member("model", &model)
            .member("max_tokens", &number(&settings::MAX_TOKENS.row))
            .member("timeout", &number(&settings::TIMEOUT.row))
            .member("context_window", &context_window)
            .member("max_output_tokens", &max_output_tokens)
            .finish(),
        config_fields: SETTINGS
            .iter()
            .filter_map(|row| config_field(row))
            .collect(),
        extensions: None,
    }
}

/// The models that can be asked for.
pub fn models(deployments: &Deployments, pricing: &Pricing) -> Vec<ModelInfo> {
    let model_info = |name: &str| {
        let logical_model = deployments.resolve(Some(name)).logical_model;
        model_info(name, &logical_model, pricing)
    };
    deployments.models().into_iter().map(model_info).collect()
}

fn model_info(id: &str, logical_model: &str, pricing: &Pricing) -> ModelInfo {
    let capabilities = model::capabilities(logical_model);
    let Capabilities {
        reasoning,
        vision,
        context_window,
        max_output_tokens,
        ..
    } = capabilities;
    let thinking = reasoning.then_some("thinking");
    let vision = vision.then_some("vision");
    ModelInfo {
        id: id.to_owned(),
        display_name: id.to_owned(),
        context_window,
        max_output_tokens,
        capabilities: ["streaming", "tools", "json_mode"]
            .into_iter()
            .chain(thinking)
            .chain(vision)
            .map(str::to_owned)
            .collect(),
        defaults: defaults(logical_model, &capabilities),
        pricing: pricing.price(logical_model).map(Into::into),
        extensions: None,
    }
}

/// What a model does unasked, and what the kernel's form has no place for: which efforts it takes, how much of the window the
/// input may have, and from which length on it costs more than its price says.
fn defaults(logical_model: &str, capabilities: &Capabilities) -> String {
    let mut defaults = ObjectWriter::new();
    if !capabilities.is_known {
        return defaults.finish();
    }
    if let Some(effort) = capabilities.default_effort {
        defaults = defaults.member("reasoning_effort", effort.name());
    }
    let efforts: Vec<&str> = capabilities.efforts.iter().map(Effort::name).collect();
    if !efforts.is_empty() {
        defaults = defaults.member("reasoning_efforts", &efforts);
    }
    defaults = defaults.member("max_input_tokens", &capabilities.max_input_tokens);
    let price = model::find(logical_model).and_then(|model| model.price);
    if price.is_some_and(|price| price.has_long_inputs) {
        defaults = defaults.member("long_input_tokens", &model::LONG_INPUT_TOKENS);
    }
    defaults.finish()
}

/// What a setup asks for. Everything else is a matter of the configuration.
fn config_field(row: &Row) -> Option<ConfigField> {
    let Question {
        display_name,
        show_when,
    } = row.question.as_ref()?;
    let mut conditions = Vec::new();
    if let Some((key, value)) = show_when {
        conditions.push((key.to_string(), value.to_string()));
    }
    Some(ConfigField {
        id: row.key.to_owned(),
        display_name: display_name.to_string(),
        prompt: row.help.to_owned(),
        field_type: match (row.disclosure, row.default) {
            (Disclosure::Nothing, _) => FieldType::Secret,
            (_, Some("true" | "false")) => FieldType::Boolean,
            _ => FieldType::Text,
        },
        env_var: row.variables.first().map(|name| name.to_string()),
        choices: Vec::new(),
        // There is more than one way to authenticate, and only one place where the service is.
        required: row.key == settings::AZURE_ENDPOINT.row.key,
        default: row.default.map(str::to_owned),
        show_when: conditions,
        requires_model: false,
        extensions: None,
    })
}

/// A setting's default that is a number.
fn number(row: &Row) -> Option<u64> {
    row.default.and_then(|default| default.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_asks_for_the_endpoint_and_the_ways_to_authenticate() {
        let fields = provider_info().config_fields;
        let asked: Vec<(&str, FieldType, bool)> = fields
            .iter()
            .map(|field| (field.id.as_str(), field.field_type, field.required))
            .collect();
        assert_eq!(
            asked,
            [
                ("azure_endpoint", FieldType::Text, true),
                ("api_key", FieldType::Secret, false),
                ("azure_ad_token", FieldType::Secret, false),
                ("use_managed_identity", FieldType::Boolean, false),
                ("managed_identity_client_id", FieldType::Text, false),
                ("use_default_credential", FieldType::Boolean, false),
                ("api_version", FieldType::Text, false),
                ("default_deployment", FieldType::Text, false),
                ("default_model", FieldType::Text, false),
            ]
        );
        let condition = [("use_managed_identity".to_owned(), "true".to_owned())];
        assert_eq!(fields[4].show_when, condition);
        assert_eq!(fields[1].env_var.as_deref(), Some("AZURE_OPENAI_API_KEY"));
    }
}
