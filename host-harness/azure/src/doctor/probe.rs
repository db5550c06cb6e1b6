//! One small request to the deployment.

use std::time::{Duration, Instant};

use provider_host::CallError;
use provider_host::contract::types::{
    ChatRequest, ChatResponse, Message, MessageContent, ProviderError, Role,
};
use serde_json::{Value, json};

use super::diagnosis::{Diagnosis, Found};
use super::{Examination, Report};

/// What came of asking the deployment.
#[derive(Debug)]
pub enum Probe {
    /// It answered.
    Answered {
        /// The deployment.
        deployment: String,
        /// The model that says it answered.
        model: Option<String>,
        /// What to do when that is not the model that the deployment is taken for.
        advice: Option<String>,
        /// From the request to the last byte.
        duration: Duration,
    },
    /// It did not.
    Failed {
        /// The deployment.
        deployment: String,
        /// What the provider says.
        error: Box<ProviderError>,
        /// What that means.
        diagnosis: Diagnosis,
    },
    /// It was not asked, for this reason.
    Skipped(&'static str),
}

/// Asks the deployment for a few tokens.
pub(super) async fn probe(
    examination: &Examination<'_>,
    report: &Report,
) -> Result<Probe, CallError> {
    let mut config = examination.config.clone();
    // A problem is to be shown, not waited out.
    for (key, value) in [
        ("auto_continue", json!(false)),
        ("max_retries", json!(0)),
        ("timeout", json!(TIMEOUT_SECONDS)),
    ] {
        config.insert(key.to_owned(), value);
    }
    // The first deployment is asked, and no other: its answer would hide what is wrong with the first.
    config.insert("fallbacks".to_owned(), json!([]));
    if let Some(Value::Object(mapping)) = config.get_mut("deployment_mapping") {
        for names in mapping.values_mut() {
            if let Some(first) = names.get(0).cloned() {
                *names = first;
            }
        }
    }
    // As the default, the model has a row in the description: which deployment serves it is the provider's to say.
    let model = examination.model.map(str::trim);
    if let Some(model) = model.filter(|model| !model.is_empty()) {
        config.insert("default_model".to_owned(), json!(model));
    }
    let provider = examination.host.open(&config).await?;
    let description: Value = serde_json::from_str(&provider.describe().await?).unwrap_or_default();
    let found = Found::of(report, &description);
    let deployment = found.deployment.to_owned();
    let begun = Instant::now();
    match provider.complete(&request()).await {
        Ok(response) => {
            let model = answered_by(&response);
            Ok(Probe::Answered {
                deployment,
                advice: model.as_deref().and_then(|model| found.mistaken_for(model)),
                model,
                duration: begun.elapsed(),
            })
        }
        Err(CallError::Provider(error)) => Ok(Probe::Failed {
            diagnosis: Diagnosis::of(&error, &found),
            deployment,
            error,
        }),
        Err(error) => Err(error),
    }
}

fn request() -> ChatRequest {
    let message = Message {
        role: Role::User,
        content: MessageContent::Text("Answer with one word: ready".to_owned()),
        name: None,
        tool_call_id: None,
        metadata: None,
        extensions: None,
    };
    ChatRequest {
        messages: vec![message],
        tools: Vec::new(),
        tool_choice: None,
        response_format: None,
        model: None,
        temperature: None,
        top_p: None,
        max_output_tokens: Some(MAX_OUTPUT_TOKENS),
        stop: Vec::new(),
        reasoning_effort: None,
        conversation_id: None,
        stream: None,
        timeout: None,
        metadata: None,
        extensions: None,
    }
}

/// The model that answered, as the service calls it.
fn answered_by(response: &ChatResponse) -> Option<String> {
    let metadata: Value = serde_json::from_str(response.metadata.as_deref()?).ok()?;
    metadata["openai:model"].as_str().map(str::to_owned)
}

/// The least that every model takes; a model that thinks uses them up, and its answer is cut off, which is an answer too.
const MAX_OUTPUT_TOKENS: u64 = 16;

/// Long enough for a cold deployment, short enough for a person who waits.
const TIMEOUT_SECONDS: u64 = 60;
