//! Server-sent events, decoded as their bytes arrive.
//!
//! The decoder is incremental and total: it takes the bytes in pieces of any size, split anywhere, and every sequence of
//! bytes decodes to some sequence of events. It follows the HTML standard's "interpreting an event stream": lines end in
//! LF, CRLF or CR; a leading byte order mark is skipped; comments and unknown fields are ignored; an event that the end
//! of the stream cuts off is not an event.

use std::collections::VecDeque;

/// The most bytes that one event may have.
///
/// The largest real events carry a whole response, images included; the service refuses bodies far below this. Without a
/// limit, a line that never ends would fill the sandbox's memory.
pub const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its data.
    pub data: Vec<u8>,
    /// It is named `error`. Other names are in its data too.
    pub is_error: bool,
}

/// A decoder of one event stream.
#[derive(Debug)]
pub struct Decoder {
    /// The line that is still arriving.
    line: Vec<u8>,
    /// The data of the event that is still arriving, each line followed by LF.
    data: Vec<u8>,
    /// The event that is still arriving is named `error`.
    is_error: bool,
    /// Complete events that were not taken yet.
    events: VecDeque<Event>,
    /// The last byte was a CR, so that a LF that comes next belongs to the same line end.
    after_cr: bool,
    /// No line has ended yet, so that the line may begin with a byte order mark.
    first_line: bool,
    max_event_bytes: usize,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Self {
        Self::with_limit(MAX_EVENT_BYTES)
    }

    /// A decoder with another limit than [`MAX_EVENT_BYTES`].
    pub fn with_limit(max_event_bytes: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            is_error: false,
            events: VecDeque::new(),
            after_cr: false,
            first_line: true,
            max_event_bytes,
        }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    ///
    /// When an event grows beyond the limit. The events before it can still be taken.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), EventTooLong> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', bytes);
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            if self.data.len() + self.line.len() + piece.len() > self.max_event_bytes {
                return Err(EventTooLong {
                    limit: self.max_event_bytes,
                });
            }
            let Some(end) = end else {
                self.line.extend_from_slice(piece);
                break;
            };
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if self.line.is_empty() {
                self.take_line(piece);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(piece);
                self.take_line(&line);
                // Its space is used again.
                line.clear();
                self.line = line;
            }
        }
        Ok(())
    }

    /// The next complete event.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether something of an event is there that was not taken yet; a comment is none.
    pub fn has_event(&self) -> bool {
        let is_comment = self.line.is_empty() || self.line.starts_with(b":");
        !self.events.is_empty() || !self.data.is_empty() || !is_comment
    }

    fn take_line(&mut self, mut line: &[u8]) {
        const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
        if std::mem::take(&mut self.first_line) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            self.end_event();
        } else if let Some(rest) = line.strip_prefix(b"event:") {
            self.is_error = rest.trim_ascii() == b"error";
        } else if let Some(rest) = line.strip_prefix(b"data") {
            match rest {
                [] => self.data.push(b'\n'),
                [b':', b' ', value @ ..] | [b':', value @ ..] => {
                    self.data.reserve(value.len() + 1);
                    self.data.extend_from_slice(value);
                    self.data.push(b'\n');
                }
                _ => {}
            }
        }
    }

    fn end_event(&mut self) {
        let is_error = std::mem::take(&mut self.is_error);
        if self.data.pop().is_some() {
            let data = std::mem::take(&mut self.data);
            self.events.push_back(Event { data, is_error });
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// An event is longer than the decoder's limit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("an event of the stream is longer than {limit} bytes")]
pub struct EventTooLong {
    /// The limit in bytes.
    pub limit: usize,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn events_follow_the_standard() {
        for (stream, expected) in [
            ("data: a\n\n", vec!["a"]),
            ("data:a\n\n", vec!["a"]),
            ("data:  a\n\n", vec![" a"]),
            ("data: a\ndata: b\n\n", vec!["a\nb"]),
            ("data\n\n", vec![""]),
            ("data:\n\n", vec![""]),
            ("data: a\r\rdata: b\r\n\r\n", vec!["a", "b"]),
            ("\u{feff}data: a\n\n", vec!["a"]),
            (": a comment\ndata: a\n\n", vec!["a"]),
            (":\n\n:\n\n", vec![]),
            ("event: keepalive\n\n", vec![]),
            ("event: x\nid: 1\nretry: 5\ndata: a\n\n", vec!["a"]),
            ("database: a\n\n", vec![]),
            (" data: a\n\n", vec![]),
            ("\n\n\ndata: a\n\n\n\n", vec!["a"]),
            ("data: [DONE]\n\n", vec!["[DONE]"]),
            ("data: cut off\n", vec![]),
            ("data: cut off", vec![]),
        ] {
            assert_eq!(decode([stream.as_bytes()]), expected, "{stream:?}");
        }
    }

    #[test]
    fn an_event_that_is_named_error_says_so() {
        let mut decoder = Decoder::new();
        let stream = "event: error\ndata: a\n\ndata: b\n\nevent:error\n\nevent: errors\ndata: c\n\ndata: d\nevent:error\n\n";
        decoder.feed(stream.as_bytes()).unwrap();
        let errors = std::iter::from_fn(|| decoder.next_event()).map(|event| event.is_error);
        assert_eq!(errors.collect::<Vec<_>>(), [true, false, false, true]);
    }

    #[test]
    fn what_has_arrived_of_an_event_is_told_from_comments() {
        for (stream, expected) in [
            ("", false),
            (": keep", false),
            (": keepalive\n\n", false),
            ("data", true),
            ("data: a\n", true),
            ("data: a\n\n", true),
        ] {
            let mut decoder = Decoder::new();
            decoder.feed(stream.as_bytes()).unwrap();
            assert_eq!(decoder.has_event(), expected, "{stream:?}");
        }
    }

    #[test]
    fn every_split_of_the_bytes_gives_the_same_events() {
        let stream =
            "\u{feff}data: grüße\r\n\r\n: comment\r\ndata: a\rdata: b\r\rdata: 🦀\n\n".as_bytes();
        let whole = decode([stream]);
        assert_eq!(whole, ["grüße", "a\nb", "🦀"]);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(decode(pieces), whole, "split at {first} and {second}");
            }
        }
        assert_eq!(decode(stream.chunks(1)), whole);
    }

    #[test]
    fn an_event_beyond_the_limit_is_an_error_and_keeps_the_events_before_it() {
        let mut decoder = Decoder::with_limit(16);
        decoder.feed(b"data: short\n\n").unwrap();
        assert_eq!(decoder.feed(&[b'x'; 17]), Err(EventTooLong { limit: 16 }));
        assert_eq!(decoder.next_event().unwrap().data, b"short");

        let mut lines = Decoder::with_limit(16);
        lines.feed(b"data: 12345678\n").unwrap();
        assert!(lines.feed(b"data: 12345678\n").is_err());
    }

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = Decoder::new();
        for piece in pieces {
            decoder.feed(piece).unwrap();
        }
        std::iter::from_fn(|| decoder.next_event())
            .map(|event| String::from_utf8(event.data).unwrap())
            .collect()
    }
}
