//! Text, images and files: the parts of what the model reads.
//!
//! * An image is sent whatever the model: the service knows best which of its models sees.
//! * Base64 is checked here, because the service does not say which of many images is broken.
//! * A file has a name only beside its bytes, where the service requires one. A file at the service, or at an address,
//!   has its name there.
//! * `prompt_cache_breakpoint` and `detail` come from a block's extensions; its other extensions are the agent's own.

use serde_json::Value;

use super::place::{Drops, Invalid, Place};
use crate::contract::types::{BlockContent, ContentBlock, FileSource};
use crate::core::json;

/// The part for a block. None for one that no item has a place for, which is told.
pub(super) fn part(
    block: &ContentBlock,
    place: Place,
    drops: &mut Drops,
) -> Result<Option<Value>, Invalid> {
    let extensions = extensions(block.extensions.as_deref(), place)?;
    let part = match &block.content {
        BlockContent::Text(text) | BlockContent::Refusal(text) => self::text("input_text", text),
        BlockContent::Image(source) => {
            let source = json::object(source).map_or(Value::Null, Value::Object);
            image(&source, &extensions, place)?
        }
        BlockContent::File(file) => {
            let source = match &file.source {
                FileSource::Base64(data) => (DATA, data.as_str()),
                FileSource::FileId(id) => (FILE_ID, id.as_str()),
                FileSource::Url(url) => (URL, url.as_str()),
            };
            let media_type = file.media_type.as_deref();
            self::file(source, file.filename.as_deref(), media_type, place)?
        }
        BlockContent::Reasoning(_)
        | BlockContent::RedactedThinking(_)
        | BlockContent::Thinking(_)
        | BlockContent::ToolCall(_) => {
            let reason = "only the assistant thinks and calls tools";
            drops.add(place, "", reason);
            return Ok(None);
        }
        // Whoever calls this has taken the results out.
        BlockContent::ToolResult(_) => return Ok(None),
    };
    Ok(Some(with_breakpoint(part, &extensions)))
}

/// Whether the model can read this block, if it is an image: the service generates images that it does not take.
pub(super) fn is_readable(block: &ContentBlock) -> bool {
    let BlockContent::Image(source) = &block.content else {
        return true;
    };
    let source = json::object(source).map_or(Value::Null, Value::Object);
    media_type(&source) != Some("image/svg+xml")
}

/// Whether a value that a tool returned is a block: in the kernel's form, or an image in that of the Model Context
/// Protocol, which has no `source`.
pub(super) fn is_block(value: &Value) -> bool {
    let has_source = value.get("source").is_some_and(Value::is_object);
    match json::text(value, "type") {
        Some("text") => json::text(value, "text").is_some(),
        Some("image") => has_source || json::text(value, DATA).is_some(),
        Some("file") => has_source,
        _ => false,
    }
}

/// The part for a value that is a block.
pub(super) fn part_of_value(value: &Value, place: Place) -> Result<Value, Invalid> {
    let source = value.get("source").unwrap_or(value);
    let part = match json::text(value, "type") {
        Some("image") => image(source, value, place)?,
        Some("file") => {
            let media_type = media_type(value).or(media_type(source));
            let filename = json::text(value, "filename");
            self::file(locate(source, place)?, filename, media_type, place)?
        }
        _ => text("input_text", json::text(value, "text").unwrap_or_default()),
    };
    Ok(with_breakpoint(part, value))
}

/// A part of this kind that is text.
pub(super) fn text(kind: &str, text: &str) -> Value {
    let mut part = json::typed(kind);
    json::set_text(&mut part, "text", text);
    Value::Object(part)
}

/// The extensions of what is at a place; null when there are none.
pub(super) fn extensions(text: Option<&str>, place: Place) -> Result<Value, Invalid> {
    match text.map(json::object) {
        None => Ok(Value::Null),
        Some(Some(extensions)) => Ok(Value::Object(extensions)),
        Some(None) => Err(place.invalid(".extensions", "expected a JSON object")),
    }
}

fn image(source: &Value, extensions: &Value, place: Place) -> Result<Value, Invalid> {
    let mut part = json::typed("input_image");
    match locate(source, place)? {
        (DATA, data) => {
            let media_type = media_type(source).unwrap_or_else(|| image_type(data));
            if !media_type.starts_with("image/") {
                return Err(place.invalid("", "the media type of an image begins with `image/`"));
            }
            let uri = data_uri(media_type, data, place)?;
            json::set(&mut part, "image_url", uri);
        }
        (URL, url) if has_scheme(url, &["https://", "http://", "data:"]) => {
            json::set_text(&mut part, "image_url", url);
        }
        (FILE_ID, id) => json::set_text(&mut part, FILE_ID, id),
        _ => {
            return Err(place.invalid(
                "",
                "the address of an image must begin with https, http or data",
            ));
        }
    }
    let detail = source.get("detail").or(extensions.get("detail"));
    if let Some(detail) = detail.filter(|detail| !detail.is_null()) {
        if !matches!(detail.as_str(), Some("low" | "high" | "auto" | "original")) {
            return Err(place.invalid(".detail", "expected `low`, `high`, `auto` or `original`"));
        }
        json::set(&mut part, "detail", detail.clone());
    }
    Ok(Value::Object(part))
}

fn file(
    source: (&str, &str),
    filename: Option<&str>,
    media_type: Option<&str>,
    place: Place,
) -> Result<Value, Invalid> {
    let mut part = json::typed("input_file");
    let mut set = |key: &str, value: &str| json::set_text(&mut part, key, value);
    match source {
        (DATA, data) => {
            let media_type = match media_type {
                Some(media_type) if !media_type.is_empty() => media_type,
                _ => "application/pdf",
            };
            set("filename", &file_name(filename, media_type));
            let uri = data_uri(media_type, data, place)?;
            json::set(&mut part, FILE_DATA, uri);
        }
        (URL, url) if has_scheme(url, &["data:"]) => {
            let media_type = url.get("data:".len()..).unwrap_or_default();
            set("filename", &file_name(filename, media_type));
            set(FILE_DATA, url);
        }
        (URL, url) if has_scheme(url, &["https://", "http://"]) => set("file_url", url),
        (FILE_ID, id) => set(FILE_ID, id),
        _ => {
            return Err(place.invalid(
                "",
                "the address of a file must begin with https, http or data",
            ));
        }
    }
    Ok(Value::Object(part))
}

/// Copies the end of what the prompt cache keeps, where the agent says that this is one.
fn with_breakpoint(mut part: Value, extensions: &Value) -> Value {
    const KEY: &str = "prompt_cache_breakpoint";
    let breakpoint = extensions.get(KEY).filter(|value| !value.is_null());
    if let (Value::Object(members), Some(breakpoint)) = (&mut part, breakpoint) {
        json::set(members, KEY, breakpoint.clone());
    }
    part
}

/// Where the bytes are: the member of the source that says it, and what it says. `type` tells which member it is; without
/// it, whichever is there.
fn locate(source: &Value, place: Place) -> Result<(&'static str, &str), Invalid> {
    let wanted = match json::text(source, "type") {
        Some("base64") => DATA,
        Some("url") => URL,
        Some("file" | "file_id") => FILE_ID,
        _ => "",
    };
    for member in [DATA, URL, FILE_ID] {
        if wanted.is_empty() || wanted == member {
            match json::text(source, member) {
                Some(found) if !found.is_empty() => return Ok((member, found)),
                _ => {}
            }
        }
    }
    Err(place.invalid(
        ".source",
        "expected `data` in base64, a `url` or a `file_id`",
    ))
}

fn media_type(source: &Value) -> Option<&str> {
    // The first is the kernel's name, the last that of the Model Context Protocol.
    for key in ["media_type", "mediaType", "mimeType"] {
        match json::text(source, key) {
            Some(media_type) if !media_type.is_empty() => return Some(media_type),
            _ => {}
        }
    }
    None
}

/// The media type of an image that comes without one, by what images of each type begin with.
fn image_type(data: &str) -> &'static str {
    for (beginning, media_type) in [
        ("iVBOR", "image/png"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
    ] {
        if data.trim_ascii_start().starts_with(beginning) {
            return media_type;
        }
    }
    // What the others are is not known; this is what the Python provider says then.
    "image/jpeg"
}

/// The name of a file that comes without one: the service tells by its end what is in it.
fn file_name(filename: Option<&str>, media_type: &str) -> String {
    match filename {
        Some(filename) if !filename.is_empty() => filename.to_owned(),
        _ => {
            let subtype = essence(media_type);
            let start = subtype.rfind('/').map_or(0, |slash| slash + 1);
            let ending = match &subtype[start..] {
                "plain" => "txt",
                "markdown" => "md",
                "" => "pdf",
                other => other,
            };
            ["file.", ending].concat()
        }
    }
}

/// A media type without its parameters, and without the rest of a data URI that it stands in.
fn essence(media_type: &str) -> &str {
    let is_end = |byte: u8| matches!(byte, b';' | b',' | b' ');
    let end = media_type.bytes().position(is_end);
    &media_type[..end.unwrap_or(media_type.len())]
}

fn has_scheme(url: &str, schemes: &[&str]) -> bool {
    for scheme in schemes {
        let start = url.get(..scheme.len()).unwrap_or_default();
        if start.eq_ignore_ascii_case(scheme) {
            return true;
        }
    }
    false
}

/// A data URI, made in one pass: images have tens of megabytes. White space in the base64, which some encoders break into
/// lines, is left out.
fn data_uri(media_type: &str, data: &str, place: Place) -> Result<Value, Invalid> {
    let prefix = ["data:", essence(media_type), ";base64,"].concat();
    let mut uri = String::with_capacity(prefix.len() + data.len());
    uri.push_str(&prefix);
    // Where the text begins that is not copied yet, how much of it pads, and whether all is of the alphabet.
    let (mut start, mut padding, mut is_valid) = (0, 0, true);
    for (index, byte) in data.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => is_valid &= padding == 0,
            b'=' => padding += 1,
            b' ' | b'\t' | b'\n' | b'\r' => {
                uri.push_str(&data[start..index]);
                start = index + 1;
            }
            _ => is_valid = false,
        }
    }
    uri.push_str(&data[start..]);
    let length = uri.len() - prefix.len();
    match is_valid && padding <= 2 && length > 0 && length.is_multiple_of(4) {
        true => Ok(Value::String(uri)),
        false => Err(place.invalid("", "the data is not base64, or a part of it is missing")),
    }
}

/// The members of a source.
const DATA: &str = "data";
const URL: &str = "url";
const FILE_ID: &str = "file_id";

const FILE_DATA: &str = "file_data";
