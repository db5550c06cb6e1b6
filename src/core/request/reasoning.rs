//! How much the model reasons, and how much of that it tells.

use serde_json::{Map, Value};

use super::Dropped;
use super::location::{Invalid, invalid};
use super::options::Options;
use crate::contract::types::ChatRequest;
use crate::core::config::RequestDefaults;
use crate::core::json;
use crate::core::model::{Capabilities, Effort};

/// The `reasoning` of a request.
pub(super) struct Reasoning {
    /// Its members; empty when it is not sent.
    pub(super) members: Map<String, Value>,
    /// Whether the model's reasoning is asked for, encrypted, so that the next request can send it back.
    pub(super) is_included: bool,
    /// Extended thinking, if it was asked for and the model is to reason.
    pub(super) thinking: Option<Thinking>,
}

/// Extended thinking: the model reasons, with the effort `high` unless another is asked for, and has tokens for it besides
/// those of the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thinking {
    /// How many tokens that is; none when nothing is said of it.
    pub budget: Option<u64>,
}

impl Reasoning {
    /// Each member comes from the request's `reasoning`, which may be the effort alone, else from its `reasoning_effort`,
    /// else from the settings. An empty effort, or null, is none, whatever the setting.
    ///
    /// Extended thinking asks for the effort `high` where nothing else does: a setting of `none` is for the requests that do
    /// not ask for it.
    ///
    /// A model that is known not to reason gets nothing of it. One that is not known may reason; if it does not, the service
    /// says so, and is asked again without it.
    pub(super) fn of(
        request: &ChatRequest,
        options: &Options,
        model: &Capabilities,
        defaults: &RequestDefaults,
        dropped: &mut Vec<Dropped>,
    ) -> Result<Self, Invalid> {
        let mut members = Map::new();
        match options.get(REASONING) {
            None => {}
            Some(Value::String(effort)) => json::set_text(&mut members, EFFORT, effort),
            Some(Value::Object(asked)) => members = asked.clone(),
            Some(_) => {
                return Err(invalid(
                    REASONING,
                    "expected an object, or the effort as text",
                ));
            }
        }
        default(&mut members, EFFORT, request.reasoning_effort.as_deref());
        let wants_thinking = options.extended_thinking()?;
        let wants_thinking = wants_thinking.unwrap_or(defaults.extended_thinking);
        let budget = options.thinking_budget()?.or(defaults.thinking_budget);
        if model.is_known && !model.reasoning {
            if !members.is_empty() || wants_thinking {
                dropped.push(Dropped::new(REASONING, "the model does not reason"));
                members = Map::new();
            }
            return Ok(Self {
                members,
                is_included: false,
                thinking: None,
            });
        }
        let default_effort = match defaults.reasoning_effort {
            None | Some("none") if wants_thinking => Some("high"),
            effort => effort,
        };
        default(&mut members, EFFORT, default_effort);
        let wanted = members.get(EFFORT).and_then(Value::as_str);
        if let Some(effort) = wanted.and_then(|wanted| model.other_effort(wanted)) {
            let changed = wanted.map(|wanted| (wanted.to_owned(), effort.name().to_owned()));
            let efforts: Vec<&str> = model.efforts.iter().map(Effort::name).collect();
            let reason = format!("the model takes {}", efforts.join(", "));
            dropped.push(Dropped {
                changed,
                ..Dropped::new("reasoning.effort", &reason)
            });
            json::set_text(&mut members, EFFORT, effort.name());
        }
        let effort = members.get(EFFORT);
        let is_off = effort.is_some_and(|effort| effort == "none");
        if effort.is_some_and(|effort| effort.is_null() || effort == "") {
            members.remove(EFFORT);
        }
        if model.summarizes_unasked || !members.is_empty() {
            default(&mut members, "summary", Some(defaults.reasoning_summary));
        }
        let thinks = wants_thinking && !is_off && members.contains_key(EFFORT);
        Ok(Self {
            is_included: !is_off && (model.reasoning || !members.is_empty()),
            thinking: thinks.then(|| Thinking {
                budget: budget.filter(|budget| *budget > 0),
            }),
            members,
        })
    }
}

/// Adds a member that is not there.
fn default(members: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    match value {
        Some(value) if !members.contains_key(key) => json::set_text(members, key, value),
        _ => {}
    }
}

const REASONING: &str = "reasoning";

/// The member that says how much the model reasons.
pub(super) const EFFORT: &str = "effort";
