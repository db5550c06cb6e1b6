//! The models that can be asked for, in the form of the API of OpenAI.

use provider_host::contract::types::ModelInfo;
use serde_json::{Value, json};

/// The list of all models.
pub(super) fn list(models: &[ModelInfo]) -> Value {
    let models: Vec<Value> = models.iter().map(model).collect();
    json!({ "object": "list", "data": models })
}

/// One model.
pub(super) fn model(model: &ModelInfo) -> Value {
    json!({
        "id": model.id,
        "object": "model",
        // The API wants a time, and a configuration has none.
        "created": 0,
        "owned_by": "azure-openai",
    })
}
