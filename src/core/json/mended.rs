//! JSON that is nearly right.

use serde_json::Value;

/// What was made of JSON that cannot be read as it is.
#[derive(Debug, PartialEq)]
pub struct Mended {
    /// The JSON. It can be read, unless it is wrong in other ways than those that are mended.
    pub json: Vec<u8>,
    /// The second half of a character that the member `delta` of the outermost object begins with, without the first.
    pub low: Option<u16>,
    /// The first half of a character that the same member ends with, without the second.
    pub high: Option<u16>,
}

/// Mends what can be mended without a guess: bytes that are no UTF-8 and halves of characters become U+FFFD, control
/// characters are escaped, and numbers that are too great and values that are nested too deep become null.
///
/// Of the halves at the ends of the member `delta`, whose other halves may be in other events, nothing is left in it.
pub fn mended(bytes: &[u8]) -> Mended {
    let text = String::from_utf8_lossy(bytes);
    let mut mender = Mender {
        input: text.trim_start_matches(BYTE_ORDER_MARK).as_bytes(),
        place: 0,
        depth: 0,
        in_delta: false,
        mended: Mended {
            json: Vec::with_capacity(bytes.len()),
            low: None,
            high: None,
        },
    };
    while let Some(byte) = mender.peek() {
        mender.token(byte);
    }
    mender.mended
}

/// Mends JSON whose end is missing too: what is complete of it is kept, and of a `message` that breaks off its beginning.
pub fn closed(bytes: &[u8]) -> Vec<u8> {
    let mut json = mended(bytes).json;
    let mut open = Vec::new();
    // Up to where the values are complete, and the brackets that are open there.
    let mut complete = (0, Vec::new());
    let mut is_value = true;
    let mut is_message = false;
    let mut place = 0;
    while let Some(&byte) = json.get(place) {
        let begin = place;
        place += 1;
        let ends_value = match byte {
            b'"' => match end_of_text(&json, begin) {
                Some(end) => {
                    place = end;
                    if !is_value {
                        is_message = &json[begin..end] == b"\"message\"";
                    }
                    is_value
                }
                // Half a code would be another one.
                None => {
                    json.push(b'"');
                    place = json.len();
                    is_value && is_message
                }
            },
            b'{' => {
                open.push(b'}');
                is_value = false;
                true
            }
            b'[' => {
                open.push(b']');
                is_value = true;
                true
            }
            b'}' | b']' => {
                open.pop();
                true
            }
            b':' => {
                is_value = true;
                false
            }
            b',' => {
                is_value = open.last() == Some(&b']');
                false
            }
            _ if is_of_word(byte) => {
                while json.get(place).copied().is_some_and(is_of_word) {
                    place += 1;
                }
                // The last one may be the beginning of another.
                place < json.len()
            }
            _ => false,
        };
        if ends_value {
            complete = (place, open.clone());
        }
    }
    let (end, open) = complete;
    json.truncate(end);
    json.extend(open.into_iter().rev());
    json
}

struct Mender<'a> {
    input: &'a [u8],
    place: usize,
    depth: usize,
    /// The value that comes next is that of the member `delta`.
    in_delta: bool,
    mended: Mended,
}

impl Mender<'_> {
    fn peek(&self) -> Option<u8> {
        self.input.get(self.place).copied()
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'"' => self.text(),
            b'{' | b'[' if self.depth == MAX_DEPTH => {
                self.pass_over();
                self.write(b"null");
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.copy(1);
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.copy(1);
            }
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.copy(1),
        }
    }

    fn number(&mut self) {
        let rest = &self.input[self.place..];
        let end = rest.iter().position(|byte| !is_of_word(*byte));
        let number = &rest[..end.unwrap_or(rest.len())];
        let is_too_great = serde_json::from_slice::<Value>(number).is_err()
            && number.iter().all(|byte| b"+-.eE0123456789".contains(byte));
        if is_too_great {
            self.place += number.len();
            self.write(b"null");
        } else {
            self.copy(number.len());
        }
    }

    /// Passes over an array or an object.
    fn pass_over(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    let end = end_of_text(self.input, self.place);
                    self.place = end.unwrap_or(self.input.len());
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.place += 1;
            if depth == 0 {
                return;
            }
        }
    }

    fn text(&mut self) {
        let begin = self.place + 1;
        let is_delta = std::mem::take(&mut self.in_delta) && self.depth == 1;
        self.copy(1);
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    let text = &self.input[begin..self.place];
                    self.copy(1);
                    self.in_delta = self.depth == 1 && text == b"delta" && self.is_key();
                    return;
                }
                b'\\' => self.escape(begin, is_delta),
                0..0x20 => {
                    self.place += 1;
                    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
                    self.write(&[
                        b'\\',
                        b'u',
                        b'0',
                        b'0',
                        digit(byte >> 4),
                        digit(byte & 0x0f),
                    ]);
                }
                _ => self.copy(1),
            }
        }
    }

    /// Whether the text that has just ended is a member's name.
    fn is_key(&self) -> bool {
        self.input[self.place..].trim_ascii_start().first() == Some(&b':')
    }

    fn escape(&mut self, begin: usize, is_delta: bool) {
        let rest = &self.input[self.place..];
        match rest.get(1) {
            // The end is missing.
            None => self.place += 1,
            Some(b'u') if rest.len() < UNIT && !rest.contains(&b'"') => self.place += rest.len(),
            Some(b'u') => self.unit(begin, is_delta),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.copy(2),
            // No escape, but a backslash.
            Some(_) => {
                self.write(br"\\");
                self.place += 1;
            }
        }
    }

    /// One code unit of UTF-16, or two that are one character.
    fn unit(&mut self, begin: usize, is_delta: bool) {
        let rest = &self.input[self.place..];
        let is_at_begin = self.place == begin;
        match unit(rest) {
            None => {
                self.place += 2;
                self.write(REPLACEMENT);
            }
            Some(0xd800..=0xdbff) if matches!(unit(&rest[UNIT..]), Some(0xdc00..=0xdfff)) => {
                self.copy(2 * UNIT);
            }
            Some(half @ 0xd800..=0xdfff) => {
                self.place += UNIT;
                let is_low = half >= 0xdc00;
                if is_delta && is_low && is_at_begin {
                    self.mended.low = Some(half);
                } else if is_delta && !is_low && self.peek() == Some(b'"') {
                    self.mended.high = Some(half);
                } else {
                    self.write(REPLACEMENT);
                }
            }
            Some(_) => self.copy(UNIT),
        }
    }

    fn copy(&mut self, count: usize) {
        let bytes = &self.input[self.place..][..count];
        self.mended.json.extend_from_slice(bytes);
        self.place += count;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.mended.json.extend_from_slice(bytes);
    }
}

/// The code unit that is escaped there.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..UNIT)?.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Where the text ends that begins there: behind its last quotation mark. None when that is missing.
fn end_of_text(json: &[u8], begin: usize) -> Option<usize> {
    let mut place = begin + 1;
    loop {
        place += match json.get(place)? {
            b'"' => return Some(place + 1),
            b'\\' => 2,
            _ => 1,
        };
    }
}

/// Whether a byte is one of a number, or of a word such as `null`.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// How deep values may be nested. The JSON reader takes 128, and what is read here is written into other objects.
const MAX_DEPTH: usize = 100;

/// The bytes of one escaped code unit.
const UNIT: usize = r"\u0000".len();

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_nearly_right_can_be_read() {
        let deep = |depth: usize| {
            [
                r#"{"a":1,"b":"#,
                &"[".repeat(depth),
                &"]".repeat(depth),
                "}",
            ]
            .concat()
        };
        for (text, expected) in [
            (
                &br#"{"a":[1,-2.5e3,"x\n\u00e9\ud83e\udd80",null,true]}"#[..],
                json!({ "a": [1, -2.5e3, "x\né🦀", null, true] }),
            ),
            (b"{\"a\":\"x\xff\"}", json!({ "a": "x\u{fffd}" })),
            (b"{\"a\":\"x\ny\x01\"}", json!({ "a": "x\ny\u{1}" })),
            (
                br#"{"a":"\ud83e","b":"\udd80 and \ud83ex"}"#,
                json!({ "a": "\u{fffd}", "b": "\u{fffd} and \u{fffd}x" }),
            ),
            (
                br#"{"a":"\u12g4","b":"\x41"}"#,
                json!({ "a": "\u{fffd}12g4", "b": r"\x41" }),
            ),
            (
                br#"{"a":1e999,"b":[-1e400,1e3]}"#,
                json!({ "a": null, "b": [null, 1e3] }),
            ),
            (b"\xef\xbb\xbf{}", json!({})),
            (deep(200).as_bytes(), json!({ "a": 1, "b": nested(99) })),
            (
                br#"{"a":["\"]}",{"b":"\\"}]}"#,
                json!({ "a": ["\"]}", { "b": "\\" }] }),
            ),
        ] {
            let mended = mended(text);
            let shown = String::from_utf8_lossy(&mended.json).into_owned();
            assert_eq!(
                serde_json::from_slice::<Value>(&mended.json).unwrap(),
                expected,
                "{shown}"
            );
            assert_eq!((mended.low, mended.high), (None, None), "{shown}");
        }
    }

    #[test]
    fn halves_of_characters_at_the_ends_of_a_delta_are_kept_apart() {
        for (text, delta, low, high) in [
            (r#"{"delta":"x\ud83e"}"#, "x", None, Some(0xd83e)),
            (r#"{"delta" : "\udd80y"}"#, "y", Some(0xdd80), None),
            (
                r#"{"type":"t","delta":"\udd80\ud83e"}"#,
                "",
                Some(0xdd80),
                Some(0xd83e),
            ),
            (
                r#"{"delta":"\ud83ex\udd80"}"#,
                "\u{fffd}x\u{fffd}",
                None,
                None,
            ),
            (r#"{"delta":"\ud83e\udd80"}"#, "🦀", None, None),
        ] {
            let mended = mended(text.as_bytes());
            let value: Value = serde_json::from_slice(&mended.json).unwrap();
            assert_eq!(value["delta"], delta, "{text}");
            assert_eq!((mended.low, mended.high), (low, high), "{text}");
        }
    }

    #[test]
    fn what_has_no_end_is_closed_wherever_it_ends() {
        let text = r#"{"error":{"code":"insufficient_quota","list":[1,{"a":null}],"message":"You \"exceeded\" \u00e9 it"}}"#;
        for end in 1..=text.len() {
            let json = closed(&text.as_bytes()[..end]);
            let value: Value = serde_json::from_slice(&json).unwrap_or_else(|error| {
                panic!("{end}: {error}: {}", String::from_utf8_lossy(&json))
            });
            if end > 38 {
                assert_eq!(value["error"]["code"], "insufficient_quota", "{end}");
            }
        }
        let whole: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&closed(text.as_bytes())).unwrap(),
            whole
        );
        let cut = closed(br#"{"error":{"message":"Too man"#);
        assert_eq!(
            serde_json::from_slice::<Value>(&cut).unwrap(),
            json!({ "error": { "message": "Too man" } })
        );
        assert!(closed(b"").is_empty());
    }

    fn nested(depth: usize) -> Value {
        let innermost = Value::Array(vec![Value::Null]);
        (1..depth).fold(innermost, |inner, _| Value::Array(vec![inner]))
    }
}
