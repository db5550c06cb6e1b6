//! The body of a request, of which only the name of the model changes.

use std::ops::Range;

use super::{Target, form, invalid, json_body};
use crate::contract::gateway::HttpHeader;
use crate::contract::types::ProviderError;

/// A body: the client's bytes, and what stands in the place of some of them. They are not copied: a body may have tens of
/// megabytes.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    /// In the order of their places, none of which overlap.
    edits: Vec<(Range<usize>, Vec<u8>)>,
}

impl Body {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            edits: Vec::new(),
        }
    }

    /// The parts of which it is made, in their order.
    pub fn parts(&self) -> Vec<&[u8]> {
        let mut parts = Vec::with_capacity(2 * self.edits.len() + 1);
        let mut from = 0;
        for (range, bytes) in &self.edits {
            parts.push(&self.bytes[from..range.start]);
            parts.push(bytes);
            from = range.end;
        }
        parts.push(&self.bytes[from..]);
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// Looks for the model. None where the body is not what it is said to be: the service says so.
    pub(super) fn find(&self, format: &Format) -> Option<Found> {
        match format {
            Format::Form { boundary } => Some(form::find(&self.bytes, boundary)),
            Format::Json => json_body::find(&self.bytes),
        }
    }

    /// Puts a deployment in the place of the model.
    pub(super) fn name(&mut self, format: &Format, found: &Found, deployment: &str) {
        let written = || match format {
            Format::Form { .. } => deployment.as_bytes().to_vec(),
            Format::Json => json_body::written(deployment),
        };
        let places = found.places.iter();
        self.edits = places.map(|place| (place.clone(), written())).collect();
        if self.edits.is_empty() && !found.has_other {
            let member = match format {
                Format::Form { boundary } => form::part(boundary, deployment),
                Format::Json => json_body::member(deployment, found.is_empty),
            };
            self.edits.push((found.start..found.start, member));
        }
    }
}

/// What was found in a body.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    /// The model; of several the last, as readers of JSON have it.
    pub(super) model: Option<String>,
    /// Where it is, each time.
    pub(super) places: Vec<Range<usize>>,
    /// Where there is room for one more.
    pub(super) start: usize,
    /// There is nothing else after that.
    pub(super) is_empty: bool,
    /// There is a model that is no text: the service says what it thinks of it.
    pub(super) has_other: bool,
    /// A stored prompt is named, which has its own model.
    pub(super) has_prompt: bool,
    /// Something else is named that one endpoint keeps, and no other.
    pub(super) is_bound: bool,
}

/// How a body is written.
#[derive(Debug, PartialEq)]
pub(super) enum Format {
    /// `multipart/form-data`, whose parts this is between.
    Form { boundary: Vec<u8> },
    /// JSON.
    Json,
}

impl Format {
    /// The format of a body that may name a model; none of any other.
    pub(super) fn of(
        headers: &[HttpHeader],
        target: &Target,
    ) -> Result<Option<Self>, ProviderError> {
        let value = |name: &str| {
            let header = headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case(name));
            header.and_then(|header| std::str::from_utf8(&header.value).ok())
        };
        if !target.has_deployment() {
            return Ok(None);
        }
        let Some(kind) = value("content-type") else {
            return Ok(None);
        };
        let essence = kind.split(';').next().unwrap_or_default().trim();
        let format = if essence.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case("multipart/form-data") {
            let boundary = form::boundary(kind)
                .ok_or_else(|| invalid("the content type of the form names no boundary"))?;
            Self::Form { boundary }
        } else {
            return Ok(None);
        };
        match value("content-encoding") {
            None => Ok(Some(format)),
            Some(encoding) if encoding.trim().eq_ignore_ascii_case("identity") => Ok(Some(format)),
            Some(encoding) => Err(invalid(format!(
                "the body is encoded as {encoding:?}, so that its model cannot be read; send it without \
                 `content-encoding`"
            ))),
        }
    }
}
