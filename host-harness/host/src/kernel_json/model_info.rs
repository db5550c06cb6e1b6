//! [`ModelInfo`]: a model that can be asked for. Only written: it comes from the component.

use serde_json::Value;

use crate::contract::types::{ModelInfo, Pricing};

use super::JsonError;
use super::reader::Place;
use super::writer::ObjectWriter;

/// Writes a model.
///
/// # Errors
///
/// The defaults are not the text of a JSON object, or a price is not finite.
pub fn to_value(model: &ModelInfo) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(Place::Root);
    object.put("id", model.id.as_str());
    object.put("display_name", model.display_name.as_str());
    object.put("context_window", model.context_window);
    object.put("max_output_tokens", model.max_output_tokens);
    object.put("capabilities", model.capabilities.as_slice());
    object.put_object("defaults", &model.defaults)?;
    object.put_some("pricing", model.pricing.as_ref().map(pricing).transpose()?);
    object.extend(model.extensions.as_deref())?;
    Ok(object.finish())
}

fn pricing(pricing: &Pricing) -> Result<Value, JsonError> {
    let root = Place::Root;
    let mut object = ObjectWriter::new(root.key("pricing"));
    object.put_float("input_per_million", pricing.input_per_million)?;
    object.put_float("output_per_million", pricing.output_per_million)?;
    object.put_some_float("cache_read_per_million", pricing.cache_read_per_million)?;
    object.put_some_float("cache_write_per_million", pricing.cache_write_per_million)?;
    object.put("currency", pricing.currency.as_str());
    object.extend(pricing.extensions.as_deref())?;
    Ok(object.finish())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn model(pricing: Option<Pricing>) -> ModelInfo {
        ModelInfo {
            id: "gpt-5.1".into(),
            display_name: "GPT-5.1".into(),
            context_window: 400_000,
            max_output_tokens: 128_000,
            capabilities: vec!["tools".into()],
            defaults: "{}".into(),
            pricing,
            extensions: None,
        }
    }

    fn price(input_per_million: f64) -> Pricing {
        Pricing {
            input_per_million,
            output_per_million: 10.0,
            cache_read_per_million: Some(0.125),
            cache_write_per_million: None,
            currency: "USD".into(),
            extensions: None,
        }
    }

    #[test]
    fn a_model_is_written_with_its_price_if_it_is_known() {
        assert_eq!(
            to_value(&model(None)),
            Ok(
                json!({"id": "gpt-5.1", "display_name": "GPT-5.1", "context_window": 400_000,
                "max_output_tokens": 128_000, "capabilities": ["tools"], "defaults": {}})
            )
        );
        assert_eq!(
            to_value(&model(Some(price(1.25)))).unwrap()["pricing"],
            json!({"input_per_million": 1.25, "output_per_million": 10.0, "cache_read_per_million": 0.125,
                "currency": "USD"})
        );
    }

    #[test]
    fn a_price_that_is_no_number_is_an_error() {
        assert_eq!(
            to_value(&model(Some(price(f64::NAN))))
                .unwrap_err()
                .to_string(),
            "pricing.input_per_million: expected a finite number, since JSON has no other, found NaN"
        );
    }
}
