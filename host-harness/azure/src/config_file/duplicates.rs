//! Keys that occur twice in a TOML table.
//!
//! TOML forbids them, and a parser that meets one says where the second one is. To say where the first one is, and whether both
//! have the same value, the file's definitions are read once more here: by the same library's lexer and parser, so that
//! comments, multi-line strings and dotted keys are what they are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Raw, Source};

use super::syntax::key_name;

/// A key that occurs again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Duplicate {
    /// The key and the tables that it is in, such as `providers[0].config.debug`.
    pub(super) key: String,
    /// Where the first one begins.
    pub(super) first: usize,
    /// Where this one begins.
    pub(super) second: usize,
    /// What is under the keys.
    pub(super) values: Values,
    /// All that defines it a second time.
    statement: Range<usize>,
}

/// What is under two keys of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Twice the same.
    Same,
    /// Not the same.
    Different,
    /// A table that begins twice.
    Headers,
}

/// The keys that occur again, in the order in which they do; none if the text is not TOML for another reason.
pub(super) fn find(text: &str) -> Vec<Duplicate> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut events = Vec::with_capacity(tokens.len());
    let mut collect = |event: Event| {
        if !matches!(
            event.kind(),
            EventKind::Whitespace | EventKind::Comment | EventKind::Newline
        ) {
            events.push(event);
        }
    };
    let mut errors: Vec<ParseError> = Vec::new();
    parse_document(
        &tokens,
        &mut RecursionGuard::new(&mut collect, MAX_DEPTH),
        &mut errors,
    );
    if !errors.is_empty() {
        return Vec::new();
    }
    let mut reader = Reader {
        source,
        events: events.into_iter().peekable(),
        definitions: HashMap::new(),
        elements: HashMap::new(),
        duplicates: Vec::new(),
    };
    reader.document();
    reader.duplicates
}

/// The same text without the second definitions, which become blanks, so that everything else stays where it is.
pub(super) fn without(text: &str, duplicates: &[Duplicate]) -> String {
    let is_in = |index| {
        let mut statements = duplicates.iter().map(|duplicate| &duplicate.statement);
        statements.any(|statement| statement.contains(&index))
    };
    let mut kept = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        match character {
            _ if !is_in(index) => kept.push(character),
            '\n' | '\r' => kept.push(character),
            _ => kept.extend(std::iter::repeat_n(' ', character.len_utf8())),
        }
    }
    kept
}

/// A step from a table to what is in it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Step {
    Key(String),
    Element(usize),
}

type Path = Vec<Step>;

/// Where something is defined, and its value if it has one of its own.
struct Definition {
    begin: usize,
    value: Option<Range<usize>>,
}

struct Reader<'t, E: Iterator<Item = Event>> {
    source: Source<'t>,
    events: std::iter::Peekable<E>,
    definitions: HashMap<Path, Definition>,
    /// How many elements each list of tables has so far.
    elements: HashMap<Path, usize>,
    duplicates: Vec<Duplicate>,
}

impl<E: Iterator<Item = Event>> Reader<'_, E> {
    fn document(&mut self) {
        let mut table = Path::new();
        while let Some(event) = self.events.peek() {
            match event.kind() {
                EventKind::SimpleKey => drop(self.entry(&table, None)),
                EventKind::StdTableOpen => {
                    self.events.next();
                    table = self.header(false);
                }
                EventKind::ArrayTableOpen => {
                    self.events.next();
                    table = self.header(true);
                }
                _ => drop(self.events.next()),
            }
        }
    }

    /// Reads the keys of a header. Those on the way to a table go through the last element of each list of tables.
    fn header(&mut self, is_list: bool) -> Path {
        let (keys, span) = self.keys();
        let count = keys.len();
        let mut path = Path::new();
        for (index, key) in keys.into_iter().enumerate() {
            path.push(Step::Key(key));
            if is_list && index + 1 == count {
                *self.elements.entry(path.clone()).or_default() += 1;
            }
            if let Some(elements) = self.elements.get(&path) {
                path.push(Step::Element(elements - 1));
            }
        }
        if !is_list {
            self.define(path.clone(), span.clone(), None, span);
        }
        path
    }

    /// Reads a key and its value, and says where the value ends. `separator` is where the comma before it is.
    fn entry(&mut self, table: &[Step], separator: Option<usize>) -> usize {
        let (keys, span) = self.keys();
        let mut path = table.to_vec();
        path.extend(keys.into_iter().map(Step::Key));
        self.events
            .next_if(|event| event.kind() == EventKind::KeyValSep);
        let begin = self
            .events
            .peek()
            .map_or(span.end, |event| event.span().start());
        let end = self.value(&mut path).unwrap_or(begin);
        let statement = separator.unwrap_or(span.start)..end;
        self.define(path, span, Some(begin..end), statement);
        end
    }

    /// Reads a value, and says where it ends.
    fn value(&mut self, path: &mut Path) -> Option<usize> {
        let first = self.events.next()?;
        match first.kind() {
            EventKind::ArrayOpen => {
                let mut index = 0;
                loop {
                    match self.events.peek()?.kind() {
                        EventKind::ArrayClose => break,
                        EventKind::ValueSep => drop(self.events.next()),
                        _ => {
                            path.push(Step::Element(index));
                            self.value(path);
                            path.pop();
                            index += 1;
                        }
                    }
                }
            }
            EventKind::InlineTableOpen => {
                let mut separator = None;
                loop {
                    let event = self.events.peek()?;
                    match event.kind() {
                        EventKind::InlineTableClose => break,
                        EventKind::SimpleKey => drop(self.entry(path, separator)),
                        EventKind::ValueSep => {
                            separator = Some(event.span().start());
                            self.events.next();
                        }
                        _ => drop(self.events.next()),
                    }
                }
            }
            _ => return Some(first.span().end()),
        }
        self.events.next().map(|close| close.span().end())
    }

    /// Reads keys with dots between them, and says where they are.
    fn keys(&mut self) -> (Vec<String>, Range<usize>) {
        let mut keys = Vec::new();
        let mut span = None;
        while let Some(event) = self
            .events
            .next_if(|event| matches!(event.kind(), EventKind::SimpleKey | EventKind::KeySep))
        {
            if event.kind() == EventKind::SimpleKey {
                keys.push(self.key(&event));
                let begin = span.map_or(event.span().start(), |span: Range<usize>| span.start);
                span = Some(begin..event.span().end());
            }
        }
        (keys, span.unwrap_or_default())
    }

    /// A key without quotes and escapes.
    fn key(&self, event: &Event) -> String {
        let mut key = Cow::Borrowed("");
        if let Some(raw) = self.source.get(event.span()) {
            let raw = Raw::new_unchecked(raw.as_str(), event.encoding(), event.span());
            raw.decode_key(&mut key, &mut ());
        }
        key.into_owned()
    }

    fn define(
        &mut self,
        path: Path,
        key: Range<usize>,
        value: Option<Range<usize>>,
        statement: Range<usize>,
    ) {
        let Some(first) = self.definitions.get(&path) else {
            let begin = key.start;
            self.definitions.insert(path, Definition { begin, value });
            return;
        };
        let values = match (&first.value, &value) {
            (None, None) => Values::Headers,
            (Some(first), Some(second)) => match self.are_equal(first, second) {
                Some(true) => Values::Same,
                Some(false) => Values::Different,
                None => return,
            },
            _ => Values::Different,
        };
        self.duplicates.push(Duplicate {
            key: name(&path),
            first: first.begin,
            second: key.start,
            values,
            statement,
        });
    }

    /// None when one of them is no value, which is what is wrong with the file then.
    fn are_equal(&self, first: &Range<usize>, second: &Range<usize>) -> Option<bool> {
        let text = |range: &Range<usize>| self.source.input().get(range.clone());
        let value = |text: &str| {
            let value = toml::de::ValueDeserializer::parse(text).ok()?;
            toml::Value::deserialize(value).ok()
        };
        let (first, second) = (text(first)?, text(second)?);
        Some(first == second || value(first)? == value(second)?)
    }
}

fn name(path: &[Step]) -> String {
    let mut name = String::new();
    for step in path {
        match step {
            Step::Key(key) if name.is_empty() => name += &key_name(key),
            Step::Key(key) => name += &format!(".{}", key_name(key)),
            Step::Element(index) => name += &format!("[{index}]"),
        }
    }
    name
}

/// How deep values may be in each other: as deep as where the file is read.
const MAX_DEPTH: u32 = 80;

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found: key, where the first and the second are, as the text from there on up to `=` or `]`, and the values.
    fn found(text: &str) -> Vec<(String, usize, usize, Values)> {
        let line = |offset: usize| text[..offset].matches('\n').count() + 1;
        find(text)
            .into_iter()
            .map(|found| {
                (
                    found.key,
                    line(found.first),
                    line(found.second),
                    found.values,
                )
            })
            .collect()
    }

    #[test]
    fn the_same_key_in_a_table_is_found_in_every_spelling() {
        use Values::{Different, Headers, Same};
        for (text, key, second, values) in [
            ("a = 1\na = 1", "a", 2, Same),
            ("a = 1\na = 0x1", "a", 2, Same),
            ("a = 1\na = 2", "a", 2, Different),
            ("a = 'x'\n\"\\u0061\" = \"x\"", "a", 2, Same),
            ("a.b = 1\na . 'b' = 1", "a.b", 2, Same),
            ("[t]\n\"x.y\" = 1\n[u]\n[t.v]\n[t]", "t", 5, Headers),
            (
                "[[p]]\n[p.c]\na = 1\n[[p]]\n[p.c]\nb = 1\nb = 1",
                "p[1].c.b",
                7,
                Same,
            ),
            ("a = {b = 1, c = 2,\nb = 1}", "a.b", 2, Same),
            (
                "a = [{b = 1}, {b = [1,\n 2], b = [1, 2]}]",
                "a[1].b",
                2,
                Same,
            ),
            ("a = [1, # one\n2]\na = [ 1, 2 ]", "a", 3, Same),
            (
                "a = '''\nb = 1\nb = 1\n'''\n# a = 1\na = 1",
                "a",
                6,
                Different,
            ),
            ("a = nan\na = nan", "a", 2, Same),
            ("t.a = 1\n[t]\na = 1", "t.a", 3, Same),
        ] {
            let expected = (key.to_owned(), 1, second, values);
            let mut found = found(text);
            let (key, first, second, values) = found.remove(0);
            // Where the first one is shows in the tests of whole files.
            assert!(first < second, "{text}");
            assert_eq!((key, 1, second, values), expected, "{text}");
            assert!(found.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_second_key_is_none() {
        for text in [
            "a = 1\n# a = 1\nb = 1",
            "a = '''\na = 1\n'''",
            "a = \"\"\"\n[a]\nb = 1\nb = 2 \\\"\"\"\"\"\n",
            "[[p]]\na = 1\n[[p]]\na = 1",
            "[[p]]\n[p.c]\na = 1\n[[p]]\n[p.c]\na = 1",
            "a.b = 1\na.c = 1",
            "a = [{b = 1}, {b = 1}]",
            "a = {b = 1}\nc = {b = 1}",
            "[a]\nb = 1\n[c]\nb = 1",
            "\"a.b\" = 1\na.b = 1",
            "a = 1\na = ",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn the_text_without_them_is_toml_in_which_everything_is_where_it_was() {
        for (text, expected) in [
            ("a = 1\na = 1 # é\nb = 2", "a = 1\n      # é\nb = 2"),
            ("a = 'é'\na = 'é'\nb = 2", "a = 'é'\n        \nb = 2"),
            ("a = {b = 1, b = 1, c = 2}", "a = {b = 1       , c = 2}"),
            (
                "a = [1,\n2]\na = [1,\r\n2]\n",
                "a = [1,\n2]\n       \r\n  \n",
            ),
        ] {
            let without = without(text, &find(text));
            assert_eq!(without, expected);
            assert!(without.parse::<toml::Table>().is_ok(), "{without}");
        }
    }
}
