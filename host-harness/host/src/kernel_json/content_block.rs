//! Content blocks, tagged by `type`.

use serde_json::Value;

use crate::contract::types::{
    BlockContent, ContentBlock, File, FileSource, Image, Reasoning, Thinking, ToolCall, ToolResult,
    Visibility,
};

use super::JsonError;
use super::reader::{self, AN_OBJECT, Object, Place, one_of};
use super::writer::ObjectWriter;

/// What an error calls a list of blocks.
pub(super) const BLOCKS: &str = "an array of content blocks";

pub(super) fn read(value: Value, place: Place<'_>) -> Result<ContentBlock, JsonError> {
    let mut object = Object::new(value, place)?;
    let kind = object.string("type")?;
    let content = match kind.as_str() {
        "text" => read_text(&mut object)?,
        "thinking" => BlockContent::Thinking(Thinking {
            text: object.string("thinking")?,
            signature: object.optional_string("signature")?,
            content: object.optional_array_text("content")?,
        }),
        "redacted_thinking" => BlockContent::RedactedThinking(object.string("data")?),
        "tool_call" => BlockContent::ToolCall(ToolCall {
            id: object.string("id")?,
            name: object.string("name")?,
            arguments: object.object_text("input")?,
            extensions: None,
        }),
        "tool_result" => BlockContent::ToolResult(ToolResult {
            tool_call_id: object.string("tool_call_id")?,
            output: object.required("output", "any value", |value, _| Ok(value.to_string()))?,
        }),
        "image" => BlockContent::Image(object.required("source", AN_OBJECT, read_image)?),
        "reasoning" => BlockContent::Reasoning(Reasoning {
            content: object.array_text("content")?,
            summary: object.array_text("summary")?,
        }),
        "file" => BlockContent::File(read_file(&mut object)?),
        _ => {
            let place = place.key("type");
            return Err(JsonError::unexpected(
                place,
                &one_of(&TYPES),
                &Value::String(kind),
            ));
        }
    };
    Ok(ContentBlock {
        content,
        visibility: object.optional("visibility", |value, place| {
            reader::word(&value, place, &VISIBILITIES, visibility_name)
        })?,
        extensions: object.extensions(),
    })
}

pub(super) fn write(block: &ContentBlock, place: Place<'_>) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(place);
    match &block.content {
        BlockContent::Text(text) => {
            object.put("type", "text");
            object.put("text", text.as_str());
        }
        BlockContent::Thinking(thinking) => {
            object.put("type", "thinking");
            object.put("thinking", thinking.text.as_str());
            object.put_some("signature", thinking.signature.as_deref());
            object.put_some_array("content", thinking.content.as_deref())?;
        }
        BlockContent::RedactedThinking(data) => {
            object.put("type", "redacted_thinking");
            object.put("data", data.as_str());
        }
        BlockContent::ToolCall(call) => {
            object.put("type", "tool_call");
            object.put("id", call.id.as_str());
            object.put("name", call.name.as_str());
            object.put_object("input", &call.arguments)?;
        }
        BlockContent::ToolResult(result) => {
            object.put("type", "tool_result");
            object.put("tool_call_id", result.tool_call_id.as_str());
            object.put_any("output", &result.output)?;
        }
        BlockContent::Image(image) => {
            object.put("type", "image");
            object.put("source", image_value(image, place.key("source"))?);
        }
        BlockContent::Reasoning(reasoning) => {
            object.put("type", "reasoning");
            object.put_array("content", &reasoning.content)?;
            object.put_array("summary", &reasoning.summary)?;
        }
        BlockContent::File(file) => {
            object.put("type", "file");
            object.put_some("filename", file.filename.as_deref());
            object.put_some("media_type", file.media_type.as_deref());
            object.put("source", file_source_value(&file.source));
        }
        BlockContent::Refusal(text) => {
            object.put("type", "text");
            object.put("text", text.as_str());
            object.put("refusal", true);
        }
    }
    object.put_some("visibility", block.visibility.map(visibility_name));
    // The block's own extensions are the later ones, so they win over the tool call's.
    if let BlockContent::ToolCall(call) = &block.content {
        object.extend(call.extensions.as_deref())?;
    }
    object.extend(block.extensions.as_deref())?;
    Ok(object.finish())
}

/// A text, or the refusal that the kernel has no block for. Any other value of `refusal` is an extension.
fn read_text(object: &mut Object<'_>) -> Result<BlockContent, JsonError> {
    let text = object.string("text")?;
    if object.peek("refusal") == Some(&Value::Bool(true)) {
        object.forget("refusal");
        Ok(BlockContent::Refusal(text))
    } else {
        Ok(BlockContent::Text(text))
    }
}

/// A source that says in one of the usual ways where the bytes are, with or without its `type`. The kernel takes any object:
/// another one is kept as it is.
fn read_image(value: Value, place: Place<'_>) -> Result<Image, JsonError> {
    let mut object = Object::new(value, place)?;
    let mut source = None;
    for (kinds, key, make) in IMAGE_SOURCES {
        let is_kind = match object.peek("type") {
            None | Some(Value::Null) => true,
            Some(kind) => kind.as_str().is_some_and(|kind| kinds.contains(&kind)),
        };
        if is_kind && object.peek(key).is_some_and(Value::is_string) {
            source = Some(make(object.string(key)?));
            object.forget("type");
            break;
        }
    }
    Ok(Image {
        source,
        media_type: object.optional_string("media_type")?,
        detail: object.optional_string("detail")?,
        extensions: object.extensions(),
    })
}

fn image_value(image: &Image, place: Place<'_>) -> Result<Value, JsonError> {
    let mut object = ObjectWriter::new(place);
    if let Some(source) = &image.source {
        let (kind, key, value) = match source {
            FileSource::Base64(data) => ("base64", "data", data),
            FileSource::FileId(id) => ("file_id", "file_id", id),
            FileSource::Url(url) => ("url", "url", url),
        };
        object.put("type", kind);
        object.put(key, value.as_str());
    }
    object.put_some("media_type", image.media_type.as_deref());
    object.put_some("detail", image.detail.as_deref());
    object.extend(image.extensions.as_deref())?;
    Ok(object.finish())
}

fn read_file(object: &mut Object<'_>) -> Result<File, JsonError> {
    let filename = object.optional_string("filename")?;
    let media_type = object.optional_string("media_type")?;
    let (source, source_media_type) = object.required("source", AN_OBJECT, read_file_source)?;
    Ok(File {
        filename,
        media_type: media_type.or(source_media_type),
        source,
    })
}

/// Where the bytes are, and the media type, which an image's source has and a file's may have too.
fn read_file_source(
    value: Value,
    place: Place<'_>,
) -> Result<(FileSource, Option<String>), JsonError> {
    let mut object = Object::new(value, place)?;
    let kind = object.string("type")?;
    let source = match kind.as_str() {
        "base64" => FileSource::Base64(object.string("data")?),
        "file_id" | "file" => FileSource::FileId(object.string("file_id")?),
        "url" => FileSource::Url(object.string("url")?),
        _ => {
            let expected = one_of(&["base64", "file_id", "file", "url"]);
            return Err(JsonError::unexpected(
                place.key("type"),
                &expected,
                &Value::String(kind),
            ));
        }
    };
    Ok((source, object.optional_string("media_type")?))
}

fn file_source_value(source: &FileSource) -> Value {
    match source {
        FileSource::Base64(data) => serde_json::json!({"type": "base64", "data": data}),
        FileSource::FileId(id) => serde_json::json!({"type": "file_id", "file_id": id}),
        FileSource::Url(url) => serde_json::json!({"type": "url", "url": url}),
    }
}

/// Where the bytes of an image may be: what `type` says then, which key has it, and what that makes.
type ImageSource = (
    &'static [&'static str],
    &'static str,
    fn(String) -> FileSource,
);

const IMAGE_SOURCES: [ImageSource; 3] = [
    (&["base64"], "data", FileSource::Base64),
    (&["url"], "url", FileSource::Url),
    (&["file_id", "file"], "file_id", FileSource::FileId),
];

fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Internal => "internal",
        Visibility::Developer => "developer",
        Visibility::User => "user",
    }
}

const VISIBILITIES: [Visibility; 3] = [
    Visibility::Internal,
    Visibility::Developer,
    Visibility::User,
];

const TYPES: [&str; 8] = [
    "text",
    "thinking",
    "redacted_thinking",
    "tool_call",
    "tool_result",
    "image",
    "reasoning",
    "file",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn image(source: Option<FileSource>) -> Image {
        Image {
            source,
            media_type: None,
            detail: None,
            extensions: None,
        }
    }

    #[test]
    fn an_image_without_a_type_gets_the_one_of_its_source() {
        for (source, written) in [
            (
                json!({"data": "AA=="}),
                json!({"type": "base64", "data": "AA=="}),
            ),
            (
                json!({"type": null, "url": "u"}),
                json!({"type": "url", "url": "u"}),
            ),
            (
                json!({"type": "file", "file_id": "f"}),
                json!({"type": "file_id", "file_id": "f"}),
            ),
            // What cannot be where the bytes are is kept.
            (
                json!({"type": "url", "url": 1}),
                json!({"type": "url", "url": 1}),
            ),
        ] {
            let block = read(json!({"type": "image", "source": source}), Place::Root).unwrap();
            let value = write(&block, Place::Root).unwrap();
            assert_eq!(value, json!({"type": "image", "source": written}));
        }
    }

    fn plain(content: BlockContent) -> ContentBlock {
        ContentBlock {
            content,
            visibility: None,
            extensions: None,
        }
    }

    #[test]
    fn every_block_survives_a_round_trip() {
        for (value, content) in [
            (
                json!({"type": "text", "text": "Hello"}),
                BlockContent::Text("Hello".into()),
            ),
            (
                json!({"type": "thinking", "thinking": "Hm", "signature": "s", "content": ["gAAA", null]}),
                BlockContent::Thinking(Thinking {
                    text: "Hm".into(),
                    signature: Some("s".into()),
                    content: Some(r#"["gAAA",null]"#.into()),
                }),
            ),
            (
                json!({"type": "thinking", "thinking": ""}),
                BlockContent::Thinking(Thinking {
                    text: String::new(),
                    signature: None,
                    content: None,
                }),
            ),
            (
                json!({"type": "redacted_thinking", "data": "x"}),
                BlockContent::RedactedThinking("x".into()),
            ),
            (
                json!({"type": "tool_call", "id": "c1", "name": "add", "input": {"b": 2, "a": 1}}),
                BlockContent::ToolCall(ToolCall {
                    id: "c1".into(),
                    name: "add".into(),
                    arguments: r#"{"a":1,"b":2}"#.into(),
                    extensions: None,
                }),
            ),
            (
                json!({"type": "tool_result", "tool_call_id": "c1", "output": null}),
                BlockContent::ToolResult(ToolResult {
                    tool_call_id: "c1".into(),
                    output: "null".into(),
                }),
            ),
            (
                json!({"type": "tool_result", "tool_call_id": "c1", "output": "3"}),
                BlockContent::ToolResult(ToolResult {
                    tool_call_id: "c1".into(),
                    output: "\"3\"".into(),
                }),
            ),
            (
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}),
                BlockContent::Image(Image {
                    media_type: Some("image/png".into()),
                    ..image(Some(FileSource::Base64("AA==".into())))
                }),
            ),
            (
                json!({"type": "image", "source": {"type": "url", "url": "u", "detail": "low", "x": [1]}}),
                BlockContent::Image(Image {
                    detail: Some("low".into()),
                    extensions: Some(r#"{"x":[1]}"#.into()),
                    ..image(Some(FileSource::Url("u".into())))
                }),
            ),
            (
                json!({"type": "image", "source": {"type": "file_id", "file_id": "f", "media_type": "image/gif"}}),
                BlockContent::Image(Image {
                    media_type: Some("image/gif".into()),
                    ..image(Some(FileSource::FileId("f".into())))
                }),
            ),
            (
                json!({"type": "image", "source": {"type": "s3", "bucket": "b", "url": "u"}}),
                BlockContent::Image(Image {
                    extensions: Some(r#"{"bucket":"b","type":"s3","url":"u"}"#.into()),
                    ..image(None)
                }),
            ),
            (
                json!({"type": "reasoning", "content": [], "summary": [{"text": "t"}]}),
                BlockContent::Reasoning(Reasoning {
                    content: "[]".into(),
                    summary: r#"[{"text":"t"}]"#.into(),
                }),
            ),
            (
                json!({"type": "file", "filename": "a.pdf", "media_type": "application/pdf",
                    "source": {"type": "base64", "data": "AA=="}}),
                BlockContent::File(File {
                    filename: Some("a.pdf".into()),
                    media_type: Some("application/pdf".into()),
                    source: FileSource::Base64("AA==".into()),
                }),
            ),
            (
                json!({"type": "file", "source": {"type": "file_id", "file_id": "f1"}}),
                BlockContent::File(File {
                    filename: None,
                    media_type: None,
                    source: FileSource::FileId("f1".into()),
                }),
            ),
            (
                json!({"type": "file", "source": {"type": "url", "url": "https://a.example/b.pdf"}}),
                BlockContent::File(File {
                    filename: None,
                    media_type: None,
                    source: FileSource::Url("https://a.example/b.pdf".into()),
                }),
            ),
            (
                json!({"type": "text", "text": "No.", "refusal": true}),
                BlockContent::Refusal("No.".into()),
            ),
        ] {
            let block = read(value.clone(), Place::Root).unwrap();
            assert_eq!(block, plain(content));
            assert_eq!(write(&block, Place::Root), Ok(value));
        }
    }

    #[test]
    fn visibility_and_unknown_keys_survive_with_every_type() {
        for mut value in [
            json!({"type": "text", "text": "Hello"}),
            json!({"type": "text", "text": "Hello", "refusal": true}),
            json!({"type": "thinking", "thinking": ""}),
            json!({"type": "redacted_thinking", "data": "x"}),
            json!({"type": "tool_call", "id": "c1", "name": "add", "input": {}}),
            json!({"type": "tool_result", "tool_call_id": "c1", "output": [1]}),
            json!({"type": "image", "source": {}}),
            json!({"type": "reasoning", "content": [], "summary": []}),
            json!({"type": "file", "source": {"type": "url", "url": "u"}}),
        ] {
            for (name, visibility) in [
                ("internal", Visibility::Internal),
                ("developer", Visibility::Developer),
                ("user", Visibility::User),
            ] {
                value["visibility"] = json!(name);
                value["cache_control"] = json!({"z": 1, "a": null});
                let block = read(value.clone(), Place::Root).unwrap();
                assert_eq!(block.visibility, Some(visibility));
                assert_eq!(
                    block.extensions.as_deref(),
                    Some(r#"{"cache_control":{"a":null,"z":1}}"#)
                );
                assert_eq!(write(&block, Place::Root).as_ref(), Ok(&value));
            }
        }
    }

    #[test]
    fn other_spellings_are_accepted() {
        for (value, expected) in [
            (
                json!({"type": "file", "source": {"type": "file", "file_id": "f1"}}),
                json!({"type": "file", "source": {"type": "file_id", "file_id": "f1"}}),
            ),
            (
                json!({"type": "file", "source": {"type": "base64", "data": "", "media_type": "text/plain"}}),
                json!({"type": "file", "media_type": "text/plain", "source": {"type": "base64", "data": ""}}),
            ),
            (
                json!({"type": "file", "media_type": "a/b", "source":
                    {"type": "base64", "data": "", "media_type": "text/plain", "other": 1}}),
                json!({"type": "file", "media_type": "a/b", "source": {"type": "base64", "data": ""}}),
            ),
            (
                json!({"type": "thinking", "thinking": "", "signature": null, "content": null, "visibility": null}),
                json!({"type": "thinking", "thinking": ""}),
            ),
            (
                json!({"type": "text", "text": "a", "refusal": false}),
                json!({"type": "text", "text": "a", "refusal": false}),
            ),
        ] {
            let block = read(value, Place::Root).unwrap();
            assert_eq!(write(&block, Place::Root), Ok(expected));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (value, expected) in [
            (json!("hi"), "[4]: expected an object, found \"hi\""),
            (
                json!({}),
                "[4].type: expected a string, but the key is missing",
            ),
            (
                json!({"type": "audio"}),
                "[4].type: expected one of text, thinking, redacted_thinking, tool_call, tool_result, image, \
                 reasoning, file, found \"audio\"",
            ),
            (
                json!({"type": "text"}),
                "[4].text: expected a string, but the key is missing",
            ),
            (
                json!({"type": "text", "text": null}),
                "[4].text: expected a string, found null",
            ),
            (
                json!({"type": "thinking", "thinking": "", "content": {}}),
                "[4].content: expected an array, found an object",
            ),
            (
                json!({"type": "redacted_thinking", "data": 1}),
                "[4].data: expected a string, found 1",
            ),
            (
                json!({"type": "tool_call", "id": "c", "name": "n", "input": "{}"}),
                "[4].input: expected an object, found \"{}\"",
            ),
            (
                json!({"type": "tool_call", "id": "c", "name": "n", "input": null}),
                "[4].input: expected an object, found null",
            ),
            (
                json!({"type": "tool_result", "tool_call_id": null, "output": 1}),
                "[4].tool_call_id: expected a string, found null",
            ),
            (
                json!({"type": "tool_result", "tool_call_id": "c"}),
                "[4].output: expected any value, but the key is missing",
            ),
            (
                json!({"type": "image", "source": "https://a.example"}),
                "[4].source: expected an object, found \"https://a.example\"",
            ),
            (
                json!({"type": "reasoning", "content": []}),
                "[4].summary: expected an array, but the key is missing",
            ),
            (
                json!({"type": "file"}),
                "[4].source: expected an object, but the key is missing",
            ),
            (
                json!({"type": "file", "source": {"type": "path"}}),
                "[4].source.type: expected one of base64, file_id, file, url, found \"path\"",
            ),
            (
                json!({"type": "file", "source": {"type": "url", "url": 1}}),
                "[4].source.url: expected a string, found 1",
            ),
            (
                json!({"type": "text", "text": "", "visibility": "all"}),
                "[4].visibility: expected one of internal, developer, user, found \"all\"",
            ),
        ] {
            let error = read(value, Place::Root.index(4)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn text_of_a_hostile_component_is_an_error() {
        let call = |arguments: &str, extensions: Option<&str>| {
            BlockContent::ToolCall(ToolCall {
                id: "c".into(),
                name: "n".into(),
                arguments: arguments.into(),
                extensions: extensions.map(str::to_owned),
            })
        };
        for (content, expected) in [
            (
                call("{", None),
                "[4].input: not valid JSON, line 1, column 1: EOF while parsing an object",
            ),
            (
                call("\"{}\"", None),
                "[4].input: expected an object, found \"{}\"",
            ),
            (
                call("{}", Some("[]")),
                "[4].extensions: expected an object, found an array",
            ),
            (
                BlockContent::Image(Image {
                    extensions: Some("null".into()),
                    ..image(None)
                }),
                "[4].source.extensions: expected an object, found null",
            ),
            (
                BlockContent::ToolResult(ToolResult {
                    tool_call_id: "c".into(),
                    output: "three".into(),
                }),
                "[4].output: not valid JSON, line 1, column 2: expected ident",
            ),
        ] {
            let error = write(&plain(content), Place::Root.index(4)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_calls_extensions_are_written_beside_the_blocks() {
        let block = ContentBlock {
            content: BlockContent::ToolCall(ToolCall {
                id: "c".into(),
                name: "n".into(),
                arguments: "{}".into(),
                extensions: Some(r#"{"a":1,"b":1,"id":"x"}"#.into()),
            }),
            visibility: None,
            extensions: Some(r#"{"b":2,"c":2,"visibility":"x"}"#.into()),
        };
        assert_eq!(
            write(&block, Place::Root),
            Ok(
                json!({"type": "tool_call", "id": "c", "name": "n", "input": {}, "a": 1, "b": 2, "c": 2})
            )
        );
    }
}
