//! Reading values, which may be strings for numbers and booleans too: variables and setup wizards have nothing else.

use std::time::Duration;

use serde_json::{Map, Value};

use super::api_version::ApiVersion;
use super::endpoint::Endpoint;
use crate::core::deployment::Mapping;
use crate::core::json;
use crate::core::pricing::{Amount, Price};
use crate::core::secret::Secret;

/// What a value should have been, for the sentence that says so.
pub(super) struct Expected(pub(super) String);

impl<T: Into<String>> From<T> for Expected {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

pub(super) fn endpoint(value: &Value) -> Result<Endpoint, Expected> {
    Endpoint::parse(text(value, "an address")?).map_err(|error| error.to_string().into())
}

/// The version as it is written, known to be one.
pub(super) fn api_version(value: &Value) -> Result<String, Expected> {
    const EXPECTED: &str = "`v1`, `latest`, `preview` or a date such as `2025-04-01-preview`";
    let text = text(value, EXPECTED)?;
    match ApiVersion::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(EXPECTED.into()),
    }
}

/// The name of a model or a deployment, or anything else that is for people to choose.
pub(super) fn name(value: &Value) -> Result<String, Expected> {
    text(value, "text").map(str::to_owned)
}

/// Text that goes into an address, a header or a command: a value that was pasted with a line break in it would fail
/// far from here.
pub(super) fn word(value: &Value) -> Result<String, Expected> {
    const EXPECTED: &str = "letters, digits and punctuation only, without blanks and line breaks";
    let text = text(value, "text, in quotes")?;
    match text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(EXPECTED.into()),
    }
}

pub(super) fn secret(value: &Value) -> Result<Secret, Expected> {
    word(value).map(Secret::new)
}

pub(super) fn choice(
    value: &Value,
    words: &'static [&'static str],
) -> Result<&'static str, Expected> {
    let text = value.as_str().map(str::trim).unwrap_or_default();
    words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(text))
        .copied()
        .ok_or_else(|| format!("one of {}", words.join(", ")).into())
}

pub(super) fn boolean(value: &Value) -> Result<bool, Expected> {
    let word = match value {
        Value::Bool(boolean) => return Ok(*boolean),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("true or false".into()),
    }
}

/// A limit on tokens; none when it is 0 or null.
pub(super) fn tokens(value: &Value) -> Result<Option<u64>, Expected> {
    if value.is_null() {
        return Ok(None);
    }
    let limit = whole_number(value, 0, u64::from(u32::MAX))?;
    Ok(Some(limit).filter(|limit| *limit > 0))
}

/// How many alternatives of a token the service reports at most.
pub(super) fn logprobs(value: &Value) -> Result<Value, Expected> {
    whole_number(value, 0, 20).map(Value::from)
}

pub(super) fn retries(value: &Value) -> Result<u64, Expected> {
    /// With the default delays, an hour and a half of trying.
    const MOST: u64 = 100;
    whole_number(value, 0, MOST)
}

pub(super) fn concurrency(value: &Value) -> Result<u64, Expected> {
    whole_number(value, 0, u64::from(u32::MAX))
}

pub(super) fn temperature(value: &Value) -> Result<f64, Expected> {
    number(value)
        .filter(|number| (0.0..=2.0).contains(number))
        .ok_or_else(|| "a number from 0 to 2".into())
}

/// A limit on time, in seconds.
pub(super) fn limit(value: &Value) -> Result<Duration, Expected> {
    match delay(value) {
        Ok(limit) if !limit.is_zero() => Ok(limit),
        _ => Err(format!("seconds, more than 0 and at most {MAX_SECONDS}").into()),
    }
}

/// A wait, in seconds.
pub(super) fn delay(value: &Value) -> Result<Duration, Expected> {
    number(value)
        .filter(|number| (0.0..=f64::from(MAX_SECONDS)).contains(number))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("seconds, from 0 to {MAX_SECONDS}").into())
}

/// Models and their deployments, one name or a list of them.
pub(super) fn mapping(value: &Value) -> Result<Mapping, Expected> {
    const EXPECTED: &str = "a table from model names to deployment names";
    entries(value, EXPECTED, |model, value| {
        let listed = match value {
            Value::Array(names) => names.as_slice(),
            name => std::slice::from_ref(name),
        };
        let mut names: Vec<String> = Vec::new();
        for name in listed {
            match name.as_str().map(str::trim) {
                Some(name) if names.iter().any(|other| other == name) => {
                    return Err(
                        format!("{EXPECTED}, with each deployment of `{model}` once").into(),
                    );
                }
                Some(name) if !name.is_empty() => names.push(name.to_owned()),
                _ => {
                    names.clear();
                    break;
                }
            }
        }
        match names.is_empty() {
            true => Err(format!("{EXPECTED}, with a deployment for `{model}`").into()),
            false => Ok(names),
        }
    })
    .map(Mapping)
}

pub(super) fn pricing(value: &Value) -> Result<Vec<(String, Price)>, Expected> {
    const EXPECTED: &str = "a table from model names to tables with `input` and `output`";
    entries(value, EXPECTED, |model, price| {
        let amount = |key| match price.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match self::amount(value) {
                Some(amount) => Ok(Some(amount)),
                None => Err(format!(
                    "US dollars for `{key}` of `{model}`, from 0 to less than {}, with at most {} digits \
                     after the point",
                    Amount::LIMIT,
                    Amount::MAX_DECIMALS
                )),
            },
        };
        match (amount("input")?, amount("output")?) {
            (Some(input), Some(output)) => Ok(Price {
                input,
                output,
                cached_input: amount("cached_input")?,
                cache_write: amount("cache_write")?,
            }),
            _ => Err(format!("{EXPECTED}, also for `{model}`").into()),
        }
    })
}

pub(super) fn headers(value: &Value) -> Result<Vec<(String, Secret)>, Expected> {
    /// What this provider or the host says itself.
    const OURS: [&str; 8] = [
        "accept",
        "accept-encoding",
        "api-key",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ];
    /// What is about one connection or about how a body is sent: RFC 9110, sections 7.6.1, 8.4, 10.1.1 and 11.7, and RFC
    /// 7540, section 3.2.1. HTTP hosts forbid most of them, and the service takes no compressed body.
    const OF_CONNECTIONS: [&str; 10] = [
        "connection",
        "content-encoding",
        "expect",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ];
    const EXPECTED: &str = "a table from names of headers to their values";
    let headers = entries(value, EXPECTED, |name, text| {
        // RFC 9110, section 5.6.2.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err("names of headers, which `extra_headers` has something else among".into());
        }
        let is_one_of = |names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        if is_one_of(&OURS) {
            return Err(format!("headers that are not set by the provider, as `{name}` is").into());
        }
        if is_one_of(&OF_CONNECTIONS) {
            let expected =
                "headers that the service is meant to read; a request cannot be sent with";
            return Err(format!("{expected} `{name}`").into());
        }
        let text = text.as_str().map(str::trim).unwrap_or_default();
        match !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            true => Ok(Secret::new(text.to_owned())),
            false => Err(format!("text on one line for `{name}`").into()),
        }
    })?;
    // Names of headers are the same in any case: only one of these would be sent.
    for (index, (name, _)) in headers.iter().enumerate() {
        if headers[..index]
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            return Err(format!("each header once, and `{name}` is there twice").into());
        }
    }
    Ok(headers)
}

pub(super) fn table(value: &Value) -> Result<Map<String, Value>, Expected> {
    value.as_object().cloned().ok_or_else(|| "a table".into())
}

/// A table that is passed through.
pub(super) fn object(value: &Value) -> Result<Value, Expected> {
    table(value).map(Value::Object)
}

/// A list of tables with settings.
pub(super) fn tables(value: &Value) -> Result<Vec<Map<String, Value>>, Expected> {
    const EXPECTED: &str =
        "a list of tables, which in TOML begin with [[providers.config.fallbacks]] each";
    let elements = value.as_array().ok_or(EXPECTED)?;
    elements
        .iter()
        .map(|element| element.as_object().cloned().ok_or_else(|| EXPECTED.into()))
        .collect()
}

/// A list of tables that is passed through.
pub(super) fn objects(value: &Value) -> Result<Value, Expected> {
    match value.as_array() {
        Some(tables) if tables.iter().all(Value::is_object) => Ok(value.clone()),
        _ => Err("a list of tables".into()),
    }
}

/// Text that is passed through.
pub(super) fn text_as_json(value: &Value) -> Result<Value, Expected> {
    name(value).map(Value::String)
}

/// Text or a table that is passed through.
pub(super) fn text_or_object(value: &Value) -> Result<Value, Expected> {
    match value {
        Value::String(_) => text_as_json(value),
        Value::Object(_) => Ok(value.clone()),
        _ => Err("text or a table".into()),
    }
}

/// A day: longer than any response takes, and far from what a clock can overflow with.
const MAX_SECONDS: u32 = 86_400;

fn text<'a>(value: &'a Value, expected: &str) -> Result<&'a str, Expected> {
    value.as_str().map(str::trim).ok_or_else(|| expected.into())
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => json::number(text),
        _ => value.as_f64(),
    }
}

fn amount(value: &Value) -> Option<Amount> {
    match value {
        // As it was written, unless with more digits than any amount has.
        Value::Number(number) => Amount::parse(&number.to_string()),
        Value::String(text) => Amount::parse(text.trim()),
        _ => None,
    }
}

fn whole_number(value: &Value, least: u64, most: u64) -> Result<u64, Expected> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_u64(),
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a whole number from {least} to {most}").into())
}

fn entries<T>(
    value: &Value,
    expected: &str,
    mut read: impl FnMut(&str, &Value) -> Result<T, Expected>,
) -> Result<Vec<(String, T)>, Expected> {
    let object = value.as_object().ok_or(expected)?;
    let entry = |(key, value): (&String, &Value)| Ok((key.clone(), read(key, value)?));
    object.iter().map(entry).collect()
}
