//! Server-sent events, decoded as their bytes arrive.
//!
//! The decoder is incremental and total: it takes the bytes in pieces of any size, split anywhere, and every sequence of
//! bytes decodes to some sequence of events. It follows the HTML standard's "interpreting an event stream": lines end in
//! LF, CRLF or CR; a leading byte order mark is skipped; comments and unknown fields are ignored; an event that the end
//! of the stream cuts off is not an event. Nothing is copied of an event that arrives in one piece with its data in one line.

use std::ops::Range;

/// The most bytes that one event may have.
///
/// The largest real events carry a whole response, images included; the service refuses bodies far below this. Without a
/// limit, a line that never ends would fill the sandbox's memory.
pub const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    /// Its data.
    pub data: &'a [u8],
    /// It is named `error`. Other names are in its data too.
    pub is_error: bool,
}

/// A decoder of one event stream.
#[derive(Debug)]
pub struct Decoder {
    /// The bytes that arrived and are still needed.
    buffer: Vec<u8>,
    /// Where the event begins that was not taken yet.
    begin: usize,
    /// Where its next line begins.
    line: usize,
    /// Up to where the end of that line was looked for.
    searched: usize,
    data: Data,
    /// The data of the event that was taken last, where it had several lines.
    taken: Vec<u8>,
    /// The event is named `error`.
    is_error: bool,
    /// The event is complete.
    is_complete: bool,
    /// The last line ended in a CR, so that a LF that comes next belongs to the same line end.
    after_cr: bool,
    /// No line has ended yet, so that the line may begin with a byte order mark.
    first_line: bool,
    max_event_bytes: usize,
}

/// The data of an event.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    /// One line, which is there in the buffer.
    Line(Range<usize>),
    /// Several, with line feeds between them.
    Lines(Vec<u8>),
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Self {
        Self::with_limit(MAX_EVENT_BYTES)
    }

    /// A decoder with another limit than [`MAX_EVENT_BYTES`].
    pub fn with_limit(max_event_bytes: usize) -> Self {
        Self {
            buffer: Vec::new(),
            begin: 0,
            line: 0,
            searched: 0,
            data: Data::None,
            taken: Vec::new(),
            is_error: false,
            is_complete: false,
            after_cr: false,
            first_line: true,
            max_event_bytes,
        }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: Vec<u8>) {
        // What was taken goes.
        let taken = std::mem::take(&mut self.begin);
        if taken == self.buffer.len() {
            self.buffer = bytes;
        } else {
            self.buffer.drain(..taken);
            self.buffer.extend_from_slice(&bytes);
        }
        self.line -= taken;
        self.searched -= taken;
        if let Data::Line(Range { start, end }) = &mut self.data {
            *start -= taken;
            *end -= taken;
        }
    }

    /// The next complete event.
    ///
    /// # Errors
    ///
    /// When an event grows beyond the limit.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, EventTooLong> {
        if !self.complete()? {
            return Ok(None);
        }
        self.begin = self.line;
        self.is_complete = false;
        let is_error = std::mem::take(&mut self.is_error);
        let data = match std::mem::take(&mut self.data) {
            Data::None => &[],
            Data::Line(range) => &self.buffer[range],
            Data::Lines(lines) => {
                self.taken = lines;
                &self.taken
            }
        };
        Ok(Some(Event { data, is_error }))
    }

    /// Whether something of an event is there that was not taken yet; a comment is none.
    pub fn has_event(&mut self) -> bool {
        // The error for one that is too long is something to take, too.
        let is_complete = self.complete().unwrap_or(true);
        let line = &self.buffer[self.line..];
        let is_comment = line.is_empty() || line.starts_with(b":");
        is_complete || !matches!(self.data, Data::None) || !is_comment
    }

    /// Reads lines until an event is complete; whether one is.
    fn complete(&mut self) -> Result<bool, EventTooLong> {
        while !self.is_complete {
            if self.after_cr && self.line < self.buffer.len() {
                self.after_cr = false;
                if self.buffer[self.line] == b'\n' {
                    self.line += 1;
                    self.searched = self.line;
                }
            }
            let rest = &self.buffer[self.searched..];
            let Some(length) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.searched = self.buffer.len();
                self.check_length(self.searched)?;
                break;
            };
            let (start, end) = (self.line, self.searched + length);
            self.check_length(end)?;
            self.after_cr = self.buffer[end] == b'\r';
            self.line = end + 1;
            self.searched = self.line;
            self.take_line(start, end);
            if matches!(self.data, Data::None) {
                // Comments and the like do not add up.
                self.begin = self.line;
            }
        }
        Ok(self.is_complete)
    }

    /// Whether an event that goes up to there is not too long. So is a comment that is, however its bytes come.
    fn check_length(&self, end: usize) -> Result<(), EventTooLong> {
        let limit = self.max_event_bytes;
        if end - self.begin > limit {
            return Err(EventTooLong { limit });
        }
        Ok(())
    }

    fn take_line(&mut self, mut start: usize, end: usize) {
        const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
        if std::mem::take(&mut self.first_line)
            && self.buffer[start..end].starts_with(BYTE_ORDER_MARK)
        {
            start += BYTE_ORDER_MARK.len();
        }
        let line = &self.buffer[start..end];
        if line.is_empty() {
            self.is_complete = !matches!(self.data, Data::None);
            self.is_error &= self.is_complete;
        } else if let Some(rest) = line.strip_prefix(b"event:") {
            self.is_error = rest.trim_ascii() == b"error";
        } else if let Some(rest) = line.strip_prefix(b"data") {
            let value = match rest {
                [] => end,
                [b':', b' ', value @ ..] | [b':', value @ ..] => end - value.len(),
                _ => return,
            };
            self.add_data(value..end);
        }
    }

    fn add_data(&mut self, value: Range<usize>) {
        self.data = match std::mem::take(&mut self.data) {
            Data::None => Data::Line(value),
            Data::Line(first) => {
                let lines = [&self.buffer[first], b"\n", &self.buffer[value]];
                Data::Lines(lines.concat())
            }
            Data::Lines(mut lines) => {
                lines.push(b'\n');
                lines.extend_from_slice(&self.buffer[value]);
                Data::Lines(lines)
            }
        };
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
        decoder.feed(stream.as_bytes().to_vec());
        let mut errors = Vec::new();
        while let Some(event) = decoder.next_event().unwrap() {
            errors.push(event.is_error);
        }
        assert_eq!(errors, [true, false, false, true]);
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
            decoder.feed(stream.as_bytes().to_vec());
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
        decoder.feed(b"data: short\n\n".to_vec());
        decoder.feed([b'x'; 17].to_vec());
        let too_long = Err(EventTooLong { limit: 16 });
        assert_eq!(decoder.next_event().unwrap().unwrap().data, b"short");
        assert_eq!(decoder.next_event(), too_long);

        let mut lines = Decoder::with_limit(16);
        lines.feed(b"data: 12345678\n".to_vec());
        assert_eq!(lines.next_event(), Ok(None));
        lines.feed(b"data: 12345678\n\n".to_vec());
        assert_eq!(lines.next_event(), too_long);
    }

    #[test]
    fn comments_do_not_add_up_to_an_event_that_is_too_long() {
        let mut decoder = Decoder::with_limit(16);
        for _ in 0..100 {
            decoder.feed(b": keepalive\n\n".to_vec());
            assert_eq!(decoder.next_event(), Ok(None));
        }
        assert!(decoder.buffer.len() < 32, "{}", decoder.buffer.len());
    }

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = Decoder::new();
        let mut events = Vec::new();
        for piece in pieces {
            decoder.feed(piece.to_vec());
            while let Some(event) = decoder.next_event().unwrap() {
                events.push(String::from_utf8(event.data.to_vec()).unwrap());
            }
        }
        events
    }
}
