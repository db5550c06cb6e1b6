//! What holds for every document, shown with some thousands that a generator makes.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Map, Value, json};

use super::{chat_request, chat_response, message, tool_call};

/// Enough to meet every field of every type many times over, in about a second.
const DOCUMENTS: u64 = 5_000;

#[test]
fn what_was_written_for_the_kernel_comes_back_as_it_was() {
    for seed in 0..DOCUMENTS {
        let mut make = Generator::new(seed);
        let value = make.request();
        let request = chat_request::from_value(value.clone()).unwrap();
        assert_eq!(chat_request::to_value(&request), Ok(value), "{seed}");

        let value = make.response();
        let response = chat_response::from_value(value.clone()).unwrap();
        assert_eq!(chat_response::to_value(&response), Ok(value), "{seed}");

        let value = make.message(Side::Request);
        let read = message::from_value(value.clone()).unwrap();
        assert_eq!(message::to_value(&read), Ok(value), "{seed}");

        let value = make.tool_call();
        let call = tool_call::from_value(value.clone()).unwrap();
        assert_eq!(tool_call::to_value(&call), Ok(value), "{seed}");
    }
}

#[test]
fn what_was_written_in_another_way_is_the_same_after_one_round_trip() {
    for seed in 0..DOCUMENTS {
        let mut make = Generator::new(seed);
        make.spells_otherwise = true;
        let value = make.request();
        let request = chat_request::from_value(value).unwrap();
        let written = chat_request::to_value(&request).unwrap();
        let again = chat_request::parse(&written.to_string()).unwrap();
        assert_eq!(request, again, "{seed}");
        assert_eq!(chat_request::to_value(&again), Ok(written), "{seed}");
    }
}

#[test]
fn a_document_that_is_damaged_is_an_error_or_a_document_and_never_a_panic() {
    for seed in 0..DOCUMENTS {
        let mut make = Generator::new(seed);
        let mut text = make.request().to_string().into_bytes();
        for _ in 0..=make.below(3) {
            let at = make.below(text.len());
            text[at] = make.pick(b"{}[]\",:0ntf\\ ").to_owned();
        }
        let text = String::from_utf8_lossy(&text);
        if let Ok(request) = chat_request::parse(&text) {
            let written = chat_request::to_value(&request).unwrap();
            assert_eq!(chat_request::from_value(written), Ok(request), "{seed}");
        }
    }
}

/// Who a message or a block is for: not every block may be in a response.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Request,
    Response,
}

/// Makes documents; the same for the same seed. As the kernel writes them, with keys that nobody knows wherever the kernel
/// keeps such.
struct Generator {
    state: u64,
    /// Writes `null` for what is not there, and integers for floats, which the kernel reads too.
    spells_otherwise: bool,
}

impl Generator {
    fn new(seed: u64) -> Self {
        Self {
            state: seed,
            spells_otherwise: false,
        }
    }

    fn request(&mut self) -> Value {
        let mut object = Map::new();
        let messages = self.list(0, |make| make.message(Side::Request));
        object.insert("messages".to_owned(), messages);
        self.sometimes(&mut object, "tools", |make| make.list(1, Self::tool));
        self.sometimes(&mut object, "tool_choice", Self::tool_choice);
        self.sometimes(&mut object, "response_format", Self::response_format);
        for key in ["model", "reasoning_effort", "conversation_id"] {
            self.sometimes(&mut object, key, Self::text);
        }
        for key in ["temperature", "top_p", "timeout"] {
            self.sometimes(&mut object, key, Self::float);
        }
        self.sometimes(&mut object, "max_output_tokens", Self::integer);
        self.sometimes(&mut object, "stop", |make| make.list(1, Self::text));
        self.sometimes(&mut object, "stream", Self::boolean);
        self.sometimes(&mut object, "metadata", Self::object);
        self.with_unknown_keys(object)
    }

    fn response(&mut self) -> Value {
        let mut object = Map::new();
        let content = self.list(0, |make| make.block(Side::Response));
        object.insert("content".to_owned(), content);
        let reason = self.pick(&["stop", "length", "tool_calls", "content_filter"]);
        object.insert("finish_reason".to_owned(), json!(reason));
        self.sometimes(&mut object, "tool_calls", |make| {
            make.list(1, Self::tool_call)
        });
        self.sometimes(&mut object, "usage", Self::usage);
        self.sometimes(&mut object, "degradation", Self::degradation);
        self.sometimes(&mut object, "metadata", Self::object);
        self.with_unknown_keys(object)
    }

    fn message(&mut self, side: Side) -> Value {
        let roles = [
            "system",
            "developer",
            "user",
            "assistant",
            "function",
            "tool",
        ];
        let content = match self.below(2) {
            0 => self.text(),
            _ => self.list(0, |make| make.block(side)),
        };
        let mut object = object(json!({ "role": self.pick(&roles), "content": content }));
        self.sometimes(&mut object, "name", Self::text);
        self.sometimes(&mut object, "tool_call_id", Self::text);
        self.sometimes(&mut object, "metadata", Self::object);
        self.with_unknown_keys(object)
    }

    fn block(&mut self, side: Side) -> Value {
        let (text, name) = (self.text(), self.text());
        let block = match self.below(if side == Side::Request { 11 } else { 8 }) {
            0 => json!({ "type": "text", "text": text }),
            1 => json!({ "type": "text", "text": text, "refusal": true }),
            2 => {
                let mut block = object(json!({ "type": "thinking", "thinking": text }));
                self.sometimes(&mut block, "signature", Self::text);
                self.sometimes(&mut block, "content", |make| make.list(0, Self::any));
                Value::Object(block)
            }
            3 => json!({ "type": "redacted_thinking", "data": text }),
            4 => json!({ "type": "tool_call", "id": text, "name": name, "input": self.object() }),
            5 => json!({ "type": "tool_result", "tool_call_id": text, "output": self.any() }),
            6 => json!({ "type": "image", "source": self.image() }),
            7 => json!({
                "type": "reasoning",
                "content": self.list(0, Self::any),
                "summary": self.list(0, Self::any),
            }),
            kind => {
                let source = match kind {
                    8 => json!({ "type": "base64", "data": text }),
                    9 => json!({ "type": "file_id", "file_id": text }),
                    _ => json!({ "type": "url", "url": text }),
                };
                let mut block = object(json!({ "type": "file", "source": source }));
                self.sometimes(&mut block, "filename", Self::text);
                self.sometimes(&mut block, "media_type", Self::text);
                Value::Object(block)
            }
        };
        let mut block = object(block);
        self.sometimes(&mut block, "visibility", |make| {
            json!(make.pick(&["internal", "developer", "user"]))
        });
        self.with_unknown_keys(block)
    }

    fn image(&mut self) -> Value {
        let text = self.text();
        let source = match self.below(4) {
            0 => json!({ "type": "base64", "data": text }),
            1 => json!({ "type": "file_id", "file_id": text }),
            2 => json!({ "type": "url", "url": text }),
            _ => return self.object(),
        };
        let mut source = object(source);
        self.sometimes(&mut source, "media_type", Self::text);
        self.sometimes(&mut source, "detail", Self::text);
        self.with_unknown_keys(source)
    }

    fn tool(&mut self) -> Value {
        if self.below(3) == 0 {
            let hosted = object(json!({ "type": "web_search" }));
            return self.with_unknown_keys(hosted);
        }
        let mut object = object(json!({ "name": self.text(), "parameters": self.object() }));
        self.sometimes(&mut object, "description", Self::text);
        self.sometimes(&mut object, "strict", Self::boolean);
        self.with_unknown_keys(object)
    }

    fn tool_call(&mut self) -> Value {
        let call = json!({ "id": self.text(), "name": self.text(), "arguments": self.object() });
        self.with_unknown_keys(object(call))
    }

    fn tool_choice(&mut self) -> Value {
        match self.below(4) {
            0 => json!(self.pick(&["auto", "none", "required"])),
            1 => json!({ "type": "function", "name": self.text() }),
            2 => {
                json!({ "type": "allowed_tools", "mode": "auto", "tools": self.list(0, Self::any) })
            }
            _ => self.object(),
        }
    }

    fn response_format(&mut self) -> Value {
        match self.below(3) {
            0 => json!({ "type": "text" }),
            1 => json!({ "type": "json" }),
            _ => {
                let mut format = object(json!({ "type": "json_schema", "schema": self.object() }));
                self.sometimes(&mut format, "name", Self::text);
                self.sometimes(&mut format, "description", Self::text);
                self.sometimes(&mut format, "strict", Self::boolean);
                self.with_unknown_keys(format)
            }
        }
    }

    fn usage(&mut self) -> Value {
        let mut object = object(json!({
            "input_tokens": self.integer(),
            "output_tokens": self.integer(),
            "total_tokens": self.integer(),
        }));
        for key in [
            "reasoning_tokens",
            "cache_read_tokens",
            "cache_write_tokens",
        ] {
            self.sometimes(&mut object, key, Self::integer);
        }
        self.sometimes(&mut object, "cost_usd", |make| {
            json!(make.pick(&["0", "0.000001250", "12.5", "1E-7"]))
        });
        self.with_unknown_keys(object)
    }

    fn degradation(&mut self) -> Value {
        let degradation = json!({
            "requested": self.text(),
            "actual": self.text(),
            "reason": self.text(),
        });
        self.with_unknown_keys(object(degradation))
    }

    /// Any value, not very deep.
    fn any(&mut self) -> Value {
        match self.below(7) {
            0 => Value::Null,
            1 => self.boolean(),
            2 => self.integer(),
            3 => json!(-1.5e-3),
            4 => self.list(0, Self::text),
            5 => self.object(),
            _ => self.text(),
        }
    }

    fn object(&mut self) -> Value {
        let mut object = Map::new();
        for _ in 0..self.below(3) {
            let key = self.pick(&["type", "content", "", "ключ", "z", "a b"]);
            let value = match self.below(3) {
                0 => json!({ "nested": [null, { "b": 1, "a": 2.0 }] }),
                _ => self.text(),
            };
            object.insert((*key).to_owned(), value);
        }
        Value::Object(object)
    }

    fn with_unknown_keys(&mut self, mut object: Map<String, Value>) -> Value {
        for key in ["cache_control", "x-vendor", "ключ"] {
            if self.below(3) == 0 {
                let value = self.any();
                object.insert(key.to_owned(), value);
            }
        }
        Value::Object(object)
    }

    fn sometimes(
        &mut self,
        object: &mut Map<String, Value>,
        key: &str,
        make: impl FnOnce(&mut Self) -> Value,
    ) {
        if self.below(2) == 0 {
            let value = make(self);
            object.insert(key.to_owned(), value);
        } else if self.spells_otherwise && self.below(2) == 0 {
            object.insert(key.to_owned(), Value::Null);
        }
    }

    fn list(&mut self, least: usize, make: impl Fn(&mut Self) -> Value) -> Value {
        let length = least + self.below(3);
        (0..length).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> Value {
        json!(self.pick(&["", "a", "auto", "null", "é🌍\u{0}\"\\", "\u{feff}\u{202e}"]))
    }

    fn float(&mut self) -> Value {
        match self.spells_otherwise {
            true => json!(self.pick(&[0, 1, 60])),
            false => json!(self.pick(&[0.0, 0.7, 2.5, 1e-9])),
        }
    }

    fn integer(&mut self) -> Value {
        json!(self.pick(&[0, 1, 4096, u64::MAX]))
    }

    fn boolean(&mut self) -> Value {
        json!(self.below(2) == 0)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// SplitMix64.
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as usize % limit
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
