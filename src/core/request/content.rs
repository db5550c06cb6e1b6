//! Text, images and files: the parts of what the model reads.
//!
//! * An image is sent whatever the model: the service knows best which of its models sees.
//! * Base64 is checked here, because the service does not say which of many images is broken.
//! * A file has a name only beside its bytes, where the service requires one. A file at the service, or at an address,
//!   has its name there.
//! * `prompt_cache_breakpoint` and `detail` come from a block's extensions; its other extensions are the agent's own.

use serde_json::Value;

use super::location::{Drops, Invalid, Location};
use crate::contract::types::{BlockContent, ContentBlock, FileSource, Image};
use crate::core::item::{Content, File, Part, Source};
use crate::core::json;

/// The part for a block. None for one that no item has room for, which is reported.
pub(super) fn part(
    block: &ContentBlock,
    location: Location,
    drops: &mut Drops,
) -> Result<Option<Part>, Invalid> {
    let extensions = extensions(block.extensions.as_deref(), location)?;
    let content = match &block.content {
        BlockContent::Text(text) | BlockContent::Refusal(text) => Content::InputText(text.clone()),
        BlockContent::Image(picture) => {
            let of_source = self::extensions(picture.extensions.as_deref(), location)?;
            let picture = Picture::of(picture, &of_source, &extensions, location)?;
            image(&picture, location)?
        }
        BlockContent::File(file) => {
            let source = member(&file.source);
            let media_type = file.media_type.as_deref();
            self::file(source, file.filename.as_deref(), media_type, location)?
        }
        BlockContent::Reasoning(_)
        | BlockContent::RedactedThinking(_)
        | BlockContent::Thinking(_)
        | BlockContent::ToolCall(_) => {
            let reason = "only the assistant thinks and calls tools";
            drops.add(location, "", reason);
            return Ok(None);
        }
        // The callers have taken the results out.
        BlockContent::ToolResult(_) => return Ok(None),
    };
    Ok(Some(with_breakpoint(content, &extensions)))
}

/// Whether the model can read this block, if it is an image: the service generates images that it does not take.
pub(super) fn is_readable(block: &ContentBlock) -> bool {
    let BlockContent::Image(picture) = &block.content else {
        return true;
    };
    picture.media_type.as_deref() != Some("image/svg+xml")
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
pub(super) fn part_of_value(value: &Value, location: Location) -> Result<Part, Invalid> {
    let source = value.get("source").unwrap_or(value);
    let content = match json::text(value, "type") {
        Some("image") => image(&Picture::of_value(source, value, location)?, location)?,
        Some("file") => {
            let media_type = media_type(value).or(media_type(source));
            let filename = json::text(value, "filename");
            self::file(locate(source, location)?, filename, media_type, location)?
        }
        _ => Content::InputText(json::text(value, "text").unwrap_or_default().to_owned()),
    };
    Ok(with_breakpoint(content, value))
}

/// The extensions of what is at a location; null when there are none.
pub(super) fn extensions(text: Option<&str>, location: Location) -> Result<Value, Invalid> {
    match text.map(json::object) {
        None => Ok(Value::Null),
        Some(Some(extensions)) => Ok(Value::Object(extensions)),
        Some(None) => Err(location.invalid(".extensions", "expected a JSON object")),
    }
}

/// An image, wherever it is described.
struct Picture<'a> {
    /// As [`locate`] has it.
    source: (&'static str, &'a str),
    media_type: Option<&'a str>,
    detail: Option<&'static str>,
}

impl<'a> Picture<'a> {
    /// A block's image, with what the extensions of its source and of the block say.
    fn of(
        image: &'a Image,
        of_source: &'a Value,
        of_block: &Value,
        location: Location,
    ) -> Result<Self, Invalid> {
        let source = image.source.as_ref().map(member);
        let Some(source) = source.filter(|(_, found)| !found.is_empty()) else {
            return Err(nowhere(location));
        };
        let media_type = image.media_type.as_deref();
        Ok(Self {
            source,
            media_type: media_type
                .filter(|media_type| !media_type.is_empty())
                .or(self::media_type(of_source)),
            detail: match &image.detail {
                Some(detail) => Some(known_detail(detail, location)?),
                None => detail(of_block, location)?,
            },
        })
    }

    /// An image in a value that a tool returned.
    fn of_value(source: &'a Value, block: &Value, location: Location) -> Result<Self, Invalid> {
        Ok(Self {
            source: locate(source, location)?,
            media_type: media_type(source),
            detail: match detail(source, location)? {
                Some(detail) => Some(detail),
                None => detail(block, location)?,
            },
        })
    }
}

fn detail(object: &Value, location: Location) -> Result<Option<&'static str>, Invalid> {
    match object.get("detail") {
        None | Some(Value::Null) => Ok(None),
        Some(detail) => known_detail(detail.as_str().unwrap_or_default(), location).map(Some),
    }
}

fn known_detail(detail: &str, location: Location) -> Result<&'static str, Invalid> {
    let known = DETAILS.iter().find(|known| **known == detail);
    known
        .copied()
        .ok_or_else(|| location.invalid(".detail", "expected `low`, `high`, `auto` or `original`"))
}

/// A source, as [`locate`] has it.
fn member(source: &FileSource) -> (&'static str, &str) {
    match source {
        FileSource::Base64(data) => (DATA, data),
        FileSource::FileId(id) => (FILE_ID, id),
        FileSource::Url(url) => (URL, url),
    }
}

fn image(picture: &Picture<'_>, location: Location) -> Result<Content, Invalid> {
    let source = match picture.source {
        (DATA, data) => {
            let media_type = picture.media_type.unwrap_or_else(|| image_type(data));
            if !media_type.starts_with("image/") {
                return Err(location.invalid("", "the media type of an image begins with `image/`"));
            }
            Source::Url(data_uri(media_type, data, location)?)
        }
        (URL, url) if has_scheme(url, &["https://", "http://", "data:"]) => {
            Source::Url(url.to_owned())
        }
        (FILE_ID, id) => Source::Id(id.to_owned()),
        _ => {
            return Err(location.invalid(
                "",
                "the address of an image must begin with https, http or data",
            ));
        }
    };
    Ok(Content::Image {
        source,
        detail: picture.detail,
    })
}

fn file(
    source: (&str, &str),
    filename: Option<&str>,
    media_type: Option<&str>,
    location: Location,
) -> Result<Content, Invalid> {
    let file = match source {
        (DATA, data) => {
            let media_type = match media_type {
                Some(media_type) if !media_type.is_empty() => media_type,
                _ => "application/pdf",
            };
            File::Data {
                name: file_name(filename, media_type),
                uri: data_uri(media_type, data, location)?,
            }
        }
        (URL, url) if has_scheme(url, &["data:"]) => {
            let media_type = url.get("data:".len()..).unwrap_or_default();
            File::Data {
                name: file_name(filename, media_type),
                uri: url.to_owned(),
            }
        }
        (URL, url) if has_scheme(url, &["https://", "http://"]) => File::Url(url.to_owned()),
        (FILE_ID, id) => File::Id(id.to_owned()),
        _ => {
            return Err(location.invalid(
                "",
                "the address of a file must begin with https, http or data",
            ));
        }
    };
    Ok(Content::File(file))
}

/// A part with the end of what the prompt cache keeps, where the agent marks it.
fn with_breakpoint(content: Content, extensions: &Value) -> Part {
    let breakpoint = extensions.get("prompt_cache_breakpoint");
    Part {
        content,
        cache_breakpoint: breakpoint.filter(|value| !value.is_null()).cloned(),
    }
}

/// Where the bytes are: the member of the source that names it, and its value. `type` says which member that is; without a type
/// it is the first that is there.
fn locate(source: &Value, location: Location) -> Result<(&'static str, &str), Invalid> {
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
    Err(nowhere(location))
}

fn nowhere(location: Location) -> Invalid {
    location.invalid(
        ".source",
        "expected `data` in base64, a `url` or a `file_id`",
    )
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
    // What the others are is not known; this is what the Python provider assumes.
    "image/jpeg"
}

/// The name of a file that comes without one: the service knows by its end what is in it.
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
fn data_uri(media_type: &str, data: &str, location: Location) -> Result<String, Invalid> {
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
    if is_valid && padding <= 2 && length > 0 && length.is_multiple_of(4) {
        Ok(uri)
    } else {
        Err(location.invalid("", "the data is not base64, or a part of it is missing"))
    }
}

/// The members of a source.
const DATA: &str = "data";
const URL: &str = "url";
const FILE_ID: &str = "file_id";

/// How closely the model looks at an image.
const DETAILS: [&str; 4] = ["low", "high", "auto", "original"];
