//! Finds the model in JSON without reading the rest: a body may be large, and none of its bytes may change.

use std::ops::Range;

use memchr::memchr2;

use super::body::Found;
use crate::core::json;
use crate::core::request::KEPT_AT_ENDPOINTS;

/// Looks at the members of an object. None when it is none, as far as that can be seen: the service says what is wrong.
pub(super) fn find(bytes: &[u8]) -> Option<Found> {
    let mut reader = Reader { bytes, at: 0 };
    reader.blanks();
    reader.take(b'{')?;
    let mut found = Found {
        start: reader.at,
        ..Found::default()
    };
    reader.blanks();
    if reader.peek()? == b'}' {
        found.is_empty = true;
        return Some(found);
    }
    loop {
        reader.blanks();
        let key = text(&bytes[reader.string()?])?;
        reader.blanks();
        reader.take(b':')?;
        reader.blanks();
        let value = reader.value()?;
        match &*key {
            "model" if bytes[value.start] == b'"' => {
                found.model = Some(text(&bytes[value.clone()])?);
                found.places.push(value);
            }
            "model" => found.has_other = true,
            "prompt" => found.has_prompt = &bytes[value] != b"null",
            key if KEPT_AT_ENDPOINTS.contains(&key) => found.is_bound |= &bytes[value] != b"null",
            _ => {}
        }
        reader.blanks();
        match reader.next()? {
            b',' => {}
            b'}' => return Some(found),
            _ => return None,
        }
    }
}

/// A name as JSON has it.
pub(super) fn written(name: &str) -> Vec<u8> {
    json::written(&name.into()).into_bytes()
}

/// The member, as the first one of an object.
pub(super) fn member(name: &str, is_only: bool) -> Vec<u8> {
    let mut member = br#""model":"#.to_vec();
    member.extend(written(name));
    if !is_only {
        member.push(b',');
    }
    member
}

/// What a literal in quotes says.
fn text(literal: &[u8]) -> Option<String> {
    json::text_of(literal)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// A literal in quotes, with them.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            self.at += memchr2(b'"', b'\\', &self.bytes[self.at..])? + 1;
            if self.bytes[self.at - 1] == b'"' {
                return Some(start..self.at);
            }
            // What is escaped is never the end.
            self.next()?;
        }
    }

    /// Any value. Not by calling itself: a body may be as deep as it likes.
    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                _ if depth > 0 => {
                    let rest = &self.bytes[self.at..];
                    let is_structure = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
                    self.at += rest.iter().position(is_structure)?;
                    continue;
                }
                _ => {
                    let rest = &self.bytes[self.at..];
                    let is_end =
                        |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
                    self.at += rest.iter().position(is_end)?;
                }
            }
            if depth == 0 {
                return (self.at > start).then_some(start..self.at);
            }
        }
    }
}
