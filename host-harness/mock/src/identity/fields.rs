//! The fields of a query or a form.

use std::collections::BTreeMap;

use http::{HeaderMap, Uri, header};
use serde_json::Value;
use url::form_urlencoded;

/// Names and values. A field without a value is like one that is not there.
#[derive(Default)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// The fields of an address's query.
    pub(super) fn of_query(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    /// The fields of a body, if it is a form.
    pub(super) fn of_form(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = content_type.split(';').next()?.trim();
        kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
            .then(|| Self::parse(body))
    }

    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// A field's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// All fields, as sent.
    pub(super) fn to_json(&self) -> Value {
        let member = |(name, value): (&String, &String)| (name.clone(), Value::from(value.clone()));
        Value::Object(self.0.iter().map(member).collect())
    }
}
