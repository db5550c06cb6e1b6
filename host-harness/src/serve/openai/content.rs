//! From the parts of an item to content blocks.

use serde_json::{Map, Value, json};

use crate::contract::types::{BlockContent, ContentBlock, File, FileSource, MessageContent, Role};
use crate::kernel_json::JsonError;
use crate::kernel_json::reader::{self, Object, Place, one_of};

/// What an error calls content.
pub(super) const CONTENT: &str = "a string or an array of parts";

/// Reads what a message, or the output of a tool, holds.
pub(super) fn read(
    value: Value,
    place: Place<'_>,
    role: Role,
) -> Result<MessageContent, JsonError> {
    match value {
        Value::String(text) => Ok(MessageContent::Text(text)),
        value => {
            let read = |value: Value, place: Place<'_>| part(value, place, role);
            reader::list(value, place, CONTENT, read).map(MessageContent::Blocks)
        }
    }
}

fn part(value: Value, place: Place<'_>, role: Role) -> Result<ContentBlock, JsonError> {
    let mut object = Object::new(value, place)?;
    let kind = object.string("type")?;
    let kinds = kinds(role);
    if !kinds.contains(&kind.as_str()) {
        let expected = one_of(kinds);
        return Err(JsonError::unexpected(
            place.key("type"),
            &expected,
            &Value::String(kind),
        ));
    }
    let content = match kind.as_str() {
        "input_image" => BlockContent::Image(image(&mut object)?),
        "input_file" => BlockContent::File(file(&mut object)?),
        "refusal" => BlockContent::Refusal(object.string("refusal")?),
        _ => BlockContent::Text(object.string("text")?),
    };
    let breakpoint = object.optional(BREAKPOINT, |value, _| Ok(value))?;
    let extensions = breakpoint.map(|breakpoint| json!({ BREAKPOINT: breakpoint }).to_string());
    Ok(ContentBlock {
        extensions,
        ..ContentBlock::of(content)
    })
}

/// The parts that there are in the messages of a role.
fn kinds(role: Role) -> &'static [&'static str] {
    match role {
        Role::Assistant => &["output_text", "refusal", "input_text"],
        Role::System => &["input_text"],
        _ => &["input_text", "input_image", "input_file", "output_text"],
    }
}

fn image(object: &mut Object<'_>) -> Result<String, JsonError> {
    let mut source = Map::new();
    let mut set = |key: &str, value: &str| source.insert(key.to_owned(), value.into());
    let (url, id) = (
        object.optional_string("image_url")?,
        object.optional_string("file_id")?,
    );
    match (url, id) {
        (Some(url), _) => {
            set("type", "url");
            set("url", &url);
        }
        (None, Some(id)) => {
            set("type", "file_id");
            set("file_id", &id);
        }
        (None, None) => {
            let place = object.place();
            let expected = "an address, or a `file_id`";
            return Err(JsonError::missing(place.key("image_url"), expected));
        }
    }
    if let Some(detail) = object.optional_string("detail")? {
        set("detail", &detail);
    }
    Ok(Value::Object(source).to_string())
}

fn file(object: &mut Object<'_>) -> Result<File, JsonError> {
    let data = object.optional_string("file_data")?;
    let id = object.optional_string("file_id")?;
    let url = object.optional_string("file_url")?;
    let source = match (data, id, url) {
        // An address that holds the file, and says of what type it is.
        (Some(data), ..) if data.starts_with("data:") => FileSource::Url(data),
        (Some(data), ..) => FileSource::Base64(data),
        (None, Some(id), _) => FileSource::FileId(id),
        (None, None, Some(url)) => FileSource::Url(url),
        (None, None, None) => {
            let place = object.place();
            let expected = "its bytes, a `file_id` or a `file_url`";
            return Err(JsonError::missing(place.key("file_data"), expected));
        }
    };
    Ok(File {
        filename: object.optional_string("filename")?,
        media_type: None,
        source,
    })
}

/// The key of a part up to which the service keeps what it has read, which a chat request has under the same name.
const BREAKPOINT: &str = "prompt_cache_breakpoint";
