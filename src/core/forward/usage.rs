//! Reads what an answer says of its tokens while it passes. No byte waits for that, and nothing is kept but a few counts.

use serde_json::Value;

use crate::contract::types::Usage;
use crate::core::json;
use crate::core::response::{Served, priced_tokens, translated_usage};

/// Looks for the model, the tier and the tokens in an answer in JSON, whole or in events.
///
/// A key in quotes is never a part of a text, whose own quotes are escaped, so that it can be found without reading the
/// rest.
#[derive(Debug)]
pub struct UsageReader {
    model: Finder,
    tier: Finder,
    usage: Finder,
    /// The first model that is named, and the last of everything else: what a stream says at its end counts.
    served: Served,
    counts: Option<Usage>,
}

impl Default for UsageReader {
    fn default() -> Self {
        Self {
            model: Finder::new(b"\"model\"", b'"'),
            tier: Finder::new(b"\"service_tier\"", b'"'),
            usage: Finder::new(b"\"usage\"", b'{'),
            served: Served::default(),
            counts: None,
        }
    }
}

impl UsageReader {
    /// Looks at the next bytes.
    pub fn read(&mut self, bytes: &[u8]) {
        let Self { served, counts, .. } = self;
        if served.model.is_none() {
            self.model.read(bytes, |value| {
                if served.model.is_none() {
                    served.model = json::text_of(value);
                }
            });
        }
        self.tier.read(bytes, |value| {
            served.service_tier = json::text_of(value);
        });
        self.usage.read(bytes, |value| {
            if let Some(usage) = in_one_form(value) {
                served.tokens = priced_tokens(&usage);
                *counts = translated_usage(&usage);
            }
        });
    }

    /// What decides on the cost.
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// What the answer used; none when it does not say.
    pub fn usage(&self) -> Option<&Usage> {
        self.counts.as_ref()
    }
}

/// The counts under the names of the Responses API, whatever API they are of; none of something else that has this name: a
/// schema may have such a property.
fn in_one_form(value: &[u8]) -> Option<Value> {
    let mut usage: Value = serde_json::from_slice(value).ok()?;
    for (old, name) in [
        ("prompt_tokens", "input_tokens"),
        ("prompt_tokens_details", "input_tokens_details"),
        ("completion_tokens", "output_tokens"),
        ("completion_tokens_details", "output_tokens_details"),
    ] {
        if let Some(value) = usage.get_mut(old).map(Value::take) {
            json::set(usage.as_object_mut()?, name, value);
        }
    }
    json::count(&usage, "input_tokens").map(|_| usage)
}

/// Finds the values of a key in JSON that passes in pieces.
#[derive(Debug)]
struct Finder {
    /// With its quotes.
    key: &'static [u8],
    /// What a value that is wanted begins with.
    opening: u8,
    state: State,
    /// The end of what was read, in which the key may have begun.
    tail: Vec<u8>,
    value: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Searching,
    /// The key was there; the colon, too.
    AfterKey {
        has_colon: bool,
    },
    InValue {
        depth: u32,
        in_text: bool,
        is_escaped: bool,
    },
}

impl Finder {
    fn new(key: &'static [u8], opening: u8) -> Self {
        Self {
            key,
            opening,
            state: State::Searching,
            tail: Vec::new(),
            value: Vec::new(),
        }
    }

    fn read(&mut self, mut bytes: &[u8], mut found: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Searching => self.search(bytes),
                State::AfterKey { has_colon } => self.open(bytes, has_colon),
                State::InValue { .. } => self.collect(bytes, &mut found),
            };
        }
    }

    /// Looks for the key. Returns what comes after it.
    fn search<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let kept = self.tail.len();
        // So many bytes of the key may be here already.
        let before = self.key.len() - 1;
        if kept > 0 {
            let more = bytes.len().min(before);
            self.tail.extend_from_slice(&bytes[..more]);
            if let Some(end) = self.end_of_key(&self.tail) {
                self.begin();
                return &bytes[end - kept..];
            }
        }
        if let Some(end) = self.end_of_key(bytes) {
            self.begin();
            return &bytes[end..];
        }
        if bytes.len() > before {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - before..]);
        } else {
            if kept == 0 {
                self.tail.extend_from_slice(bytes);
            }
            let surplus = self.tail.len().saturating_sub(before);
            self.tail.drain(..surplus);
        }
        &[]
    }

    fn begin(&mut self) {
        self.tail.clear();
        self.state = State::AfterKey { has_colon: false };
    }

    /// Where the key ends that is first. Looks at few of the bytes: where the last one of a key would be there is another one,
    /// the key cannot end before that one could be its own.
    fn end_of_key(&self, bytes: &[u8]) -> Option<usize> {
        let (key, length) = (self.key, self.key.len());
        let (last, before) = key.split_last()?;
        let mut end = length;
        while let Some(found) = bytes.get(end - 1) {
            if found == last && bytes[end - length..end] == *key {
                return Some(end);
            }
            let distance = before.iter().rev().position(|byte| byte == found);
            end += distance.map_or(length, |distance| distance + 1);
        }
        None
    }

    /// Looks for the value.
    fn open<'a>(&mut self, bytes: &'a [u8], has_colon: bool) -> &'a [u8] {
        let (byte, rest) = (bytes[0], &bytes[1..]);
        self.state = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return rest,
            b':' if !has_colon => State::AfterKey { has_colon: true },
            byte if has_colon && byte == self.opening => {
                self.value.clear();
                State::InValue {
                    depth: 0,
                    in_text: false,
                    is_escaped: false,
                }
            }
            _ => State::Searching,
        };
        match self.state {
            // What was not the value may begin another key.
            State::Searching | State::InValue { .. } => bytes,
            State::AfterKey { .. } => rest,
        }
    }

    /// Takes the bytes of the value.
    fn collect<'a>(&mut self, bytes: &'a [u8], found: &mut impl FnMut(&[u8])) -> &'a [u8] {
        let State::InValue {
            mut depth,
            mut in_text,
            mut is_escaped,
        } = self.state
        else {
            return bytes;
        };
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_text => is_escaped = true,
                b'"' => in_text = !in_text,
                b'{' if !in_text => depth += 1,
                b'}' if !in_text => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.value.push(*byte);
            let is_whole = depth == 0 && !in_text;
            if is_whole || self.value.len() > MAX_VALUE_BYTES {
                if is_whole {
                    found(&self.value);
                }
                self.state = State::Searching;
                return &bytes[index + 1..];
            }
        }
        self.state = State::InValue {
            depth,
            in_text,
            is_escaped,
        };
        &[]
    }
}

/// More than any counts have; what is longer is something else.
const MAX_VALUE_BYTES: usize = 4096;
