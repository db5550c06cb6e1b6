//! The models that can be asked for, in the form of the API of OpenAI.

use serde_json::{Value, json};

use crate::contract::types::ModelInfo;

/// The list of all models.
pub fn list(models: &[ModelInfo]) -> Value {
    let models: Vec<Value> = models.iter().map(model).collect();
    json!({ "object": "list", "data": models })
}

/// One model.
pub fn model(model: &ModelInfo) -> Value {
    json!({
        "id": model.id,
        "object": "model",
        // The API wants a time, and a configuration has none.
        "created": 0,
        "owned_by": "azure-openai",
    })
}
