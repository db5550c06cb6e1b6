//! Finds the model in a form: RFC 7578. Files may be large, and none of their bytes may change.

use memchr::memchr;

use super::body::Found;

/// The boundary that a content type names: RFC 2046, section 5.1.1.
pub(super) fn boundary(content_type: &str) -> Option<Vec<u8>> {
    let value = parameter(content_type, "boundary")?;
    (1..=70).contains(&value.len()).then(|| value.into_bytes())
}

/// Looks at the parts of a form.
pub(super) fn find(bytes: &[u8], boundary: &[u8]) -> Found {
    let mut found = Found::default();
    let Some(mut at) = delimiter(bytes, boundary, 0) else {
        found.has_other = true;
        return found;
    };
    found.start = at.start;
    // A part is between two delimiters: a head, an empty line, and the content.
    while let Some(next) = delimiter(bytes, boundary, at.end) {
        let part = at.end..next.start;
        at = next;
        let Some(head) = position(&bytes[part.clone()], b"\r\n\r\n") else {
            continue;
        };
        let content = part.start + head + 4..part.end.saturating_sub(2);
        if is_model(&bytes[part.start..part.start + head]) && content.start <= content.end {
            found.model = std::str::from_utf8(&bytes[content.clone()])
                .ok()
                .map(str::to_owned);
            found.has_other |= found.model.is_none();
            found.places.push(content);
        }
    }
    found
}

/// The part, before all others.
pub(super) fn part(boundary: &[u8], name: &str) -> Vec<u8> {
    let mut part = b"--".to_vec();
    part.extend(boundary);
    part.extend(b"\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n");
    part.extend(name.as_bytes());
    part.extend(b"\r\n");
    part
}

/// Whether a part's head says that it is the model.
fn is_model(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    head.split("\r\n").any(|line| {
        let Some((name, value)) = line.split_once(':') else {
            return false;
        };
        name.trim().eq_ignore_ascii_case("content-disposition")
            && parameter(value, "name").as_deref() == Some("model")
    })
}

/// The value of a parameter, in quotes or without.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (found, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = left.split_once(';')?.1;
    }
}

/// What is in quotes, and what comes after it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

/// The next delimiter at the beginning of a line: from its dashes to its boundary's end.
fn delimiter(bytes: &[u8], boundary: &[u8], from: usize) -> Option<std::ops::Range<usize>> {
    let is_here = |start: usize| {
        let rest = bytes
            .get(start..)?
            .strip_prefix(b"--")?
            .strip_prefix(boundary)?;
        // What goes on is another text.
        matches!(rest, [] | [b'\r' | b'-' | b' ' | b'\t', ..])
            .then_some(start..start + 2 + boundary.len())
    };
    if from == 0
        && let Some(first) = is_here(0)
    {
        return Some(first);
    }
    let mut at = from;
    loop {
        at += position(bytes.get(at..)?, b"\r\n")? + 2;
        if let Some(found) = is_here(at) {
            return Some(found);
        }
    }
}

/// Where a text is first, whose first byte is rare.
fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(text[0], &bytes[at..])?;
        if bytes[at..].starts_with(text) {
            return Some(at);
        }
        at += 1;
    }
}
