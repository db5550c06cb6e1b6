//! How much the model's words are left to chance.

use serde_json::{Map, Value};

use super::Dropped;
use super::location::{Invalid, invalid};
use crate::contract::types::ChatRequest;
use crate::core::config::RequestDefaults;
use crate::core::json;
use crate::core::model::{self, Capabilities};

/// What decides on whether `temperature` and `top_p` are sent.
pub(super) struct Sampling<'a> {
    /// What the model can do.
    pub(super) model: &'a Capabilities,
    /// Its name.
    pub(super) name: &'a str,
    /// The effort that is sent.
    pub(super) effort: Option<&'a str>,
}

impl Sampling<'_> {
    /// What the request asks for, else what the configuration sets. The setting's own default goes only to models that always
    /// take it: nobody asked for it.
    pub(super) fn translate(
        &self,
        request: &ChatRequest,
        defaults: &RequestDefaults,
        body: &mut Map<String, Value>,
        dropped: &mut Vec<Dropped>,
    ) -> Result<(), Invalid> {
        let takes_always = self.model.sampling == model::Sampling::Always;
        let has_default = defaults.temperature_is_set || takes_always;
        let default = has_default.then_some(defaults.temperature);
        for (name, value, max) in [
            ("temperature", request.temperature.or(default), 2),
            ("top_p", request.top_p, 1),
        ] {
            let Some(value) = value else {
                continue;
            };
            // Not a number is in no range.
            if !(0.0..=f64::from(max)).contains(&value) {
                let problem = format!("expected a number from 0 to {max}");
                return Err(invalid(name, &problem));
            }
            if self.model.takes_sampling(self.effort) {
                json::set(body, name, value.into());
            } else {
                dropped.push(Dropped::new(name, &self.refusal()));
            }
        }
        Ok(())
    }

    fn refusal(&self) -> String {
        let name = self.name;
        match self.model.sampling {
            model::Sampling::AtNone => {
                format!("the model {name} accepts it only at the effort `none`")
            }
            _ => format!("the model {name} does not accept it"),
        }
    }
}
