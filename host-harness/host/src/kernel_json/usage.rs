//! Tokens and money.

use serde_json::Value;

use crate::contract::types::Usage;

use super::JsonError;
use super::reader::{self, Object, Place};
use super::writer::ObjectWriter;

pub(super) fn read(value: Value, place: Place<'_>) -> Result<Usage, JsonError> {
    let mut object = Object::new(value, place)?;
    Ok(Usage {
        input_tokens: object.integer("input_tokens")?,
        output_tokens: object.integer("output_tokens")?,
        total_tokens: object.integer("total_tokens")?,
        reasoning_tokens: object.optional_integer("reasoning_tokens")?,
        cache_read_tokens: object.optional_integer("cache_read_tokens")?,
        cache_write_tokens: object.optional_integer("cache_write_tokens")?,
        cost_usd: object.optional("cost_usd", |value, place| {
            check_decimal(&value, place)?;
            reader::string(value, place)
        })?,
        extensions: object.extensions(),
    })
}

pub(super) fn write(usage: &Usage, place: Place<'_>) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(place);
    object.put("input_tokens", usage.input_tokens);
    object.put("output_tokens", usage.output_tokens);
    object.put("total_tokens", usage.total_tokens);
    object.put_some("reasoning_tokens", usage.reasoning_tokens);
    object.put_some("cache_read_tokens", usage.cache_read_tokens);
    object.put_some("cache_write_tokens", usage.cache_write_tokens);
    let cost = usage.cost_usd.as_deref().map(Value::from);
    if let Some(cost) = &cost {
        check_decimal(cost, place.key("cost_usd"))?;
    }
    object.put_some("cost_usd", cost);
    object.extend(usage.extensions.as_deref())?;
    Ok(object.finish())
}

/// The kernel reads the cost as a decimal and refuses the whole response if it is not one.
fn check_decimal(value: &Value, place: Place<'_>) -> Result<(), JsonError> {
    if value.as_str().is_some_and(is_decimal) {
        Ok(())
    } else {
        Err(JsonError::unexpected(
            place,
            "a decimal number in a string, such as \"0.0125\"",
            value,
        ))
    }
}

/// `12`, `0.5`, `.5`, `-1.`, and with an exponent, which Python's decimals have when they are small: `1E-7`.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            exponent.strip_prefix(['+', '-']).unwrap_or(exponent),
        ),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty())
        && digits(whole)
        && digits(fraction)
        && !exponent.is_empty()
        && digits(exponent)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn usage_survives_a_round_trip() {
        for value in [
            json!({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
            json!({"input_tokens": u64::MAX, "output_tokens": 0, "total_tokens": 0, "reasoning_tokens": 4,
                "cache_read_tokens": 5, "cache_write_tokens": 6, "cost_usd": "0.000001250", "tier": ["x"]}),
        ] {
            let usage = read(value.clone(), Place::Root).unwrap();
            assert_eq!(write(&usage, Place::Root), Ok(value));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let count = "an integer of at least 0 without a fraction";
        let cost = "a decimal number in a string, such as \"0.0125\"";
        for (key, found, expected) in [
            (
                "input_tokens",
                json!(-1),
                format!("u.input_tokens: expected {count}, found -1"),
            ),
            (
                "output_tokens",
                json!(10.0),
                format!("u.output_tokens: expected {count}, found 10.0"),
            ),
            (
                "total_tokens",
                json!(null),
                format!("u.total_tokens: expected {count}, found null"),
            ),
            (
                "reasoning_tokens",
                json!("1"),
                format!("u.reasoning_tokens: expected {count}, found \"1\""),
            ),
            (
                "cost_usd",
                json!(0.5),
                format!("u.cost_usd: expected {cost}, found 0.5"),
            ),
            (
                "cost_usd",
                json!("$1"),
                format!("u.cost_usd: expected {cost}, found \"$1\""),
            ),
        ] {
            let mut value = json!({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3});
            value[key] = found;
            let error = read(value, Place::Root.key("u")).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let error = read(
            json!({"input_tokens": 1, "output_tokens": 2}),
            Place::Root.key("u"),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("u.total_tokens: expected {count}, but the key is missing")
        );
    }

    #[test]
    fn a_cost_that_is_no_number_is_not_written() {
        let value = json!({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3});
        let mut usage = read(value, Place::Root).unwrap();
        usage.cost_usd = Some("free".into());
        assert_eq!(
            write(&usage, Place::Root.key("usage"))
                .unwrap_err()
                .to_string(),
            "usage.cost_usd: expected a decimal number in a string, such as \"0.0125\", found \"free\""
        );
    }

    #[test]
    fn decimals_are_told_from_other_text() {
        for text in [
            "0", "12", "0.5", ".5", "1.", "-1.25", "+3", "1E-7", "2.5e+10",
        ] {
            assert!(is_decimal(text), "{text}");
        }
        for text in [
            "", ".", "-", "1,5", "1.2.3", "1e", "e5", "0x1", "NaN", "inf", " 1", "1_000", "--1",
        ] {
            assert!(!is_decimal(text), "{text}");
        }
    }
}
