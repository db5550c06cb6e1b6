//! Conversations, most of them broken.

use azure_openai_provider::contract::types::{
    BlockContent, ChatRequest, ContentBlock, File, FileSource, Image, Message, MessageContent,
    Reasoning, Role, Thinking, ToolCall, ToolResult, ToolSpec, Visibility,
};
use serde_json::{Map, json};

use super::generator::Generator;
use super::values;

/// A request with a conversation that can be sent, whatever is wrong with it: roles in any order, calls without results,
/// results without calls, ids that are missing, empty, used twice or too long, nothing where something is expected.
pub(super) fn sendable(generator: &mut Generator) -> ChatRequest {
    let mut request = request(generator, message);
    // A conversation of nothing cannot be sent.
    request.messages.push(said(Role::User, generator.word()));
    request
}

/// A request with any blocks under any role, and texts where JSON is expected.
pub(super) fn any(generator: &mut Generator) -> ChatRequest {
    request(generator, any_message)
}

/// A request with this conversation.
pub(super) fn asking(messages: Vec<Message>) -> ChatRequest {
    ChatRequest {
        messages,
        tools: Vec::new(),
        tool_choice: None,
        response_format: None,
        model: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        reasoning_effort: None,
        conversation_id: None,
        stream: None,
        timeout: None,
        metadata: None,
        extensions: None,
    }
}

fn request(generator: &mut Generator, message: fn(&mut Generator) -> Message) -> ChatRequest {
    let messages = (0..generator.below(9)).map(|_| message(generator));
    let mut request = asking(messages.collect());
    request.model = Some(generator.pick(&["gpt-5.1", "gpt-4.1", "o3"]).to_owned());
    // The result of a patch cannot be an image.
    let has_images = request.messages.iter().any(has_images);
    request.tools = match has_images || generator.once_in(2) {
        true => Vec::new(),
        // Tools whose calls and results are not those of functions.
        false => vec![
            ToolSpec::Hosted(json!({"type": "apply_patch"}).to_string()),
            ToolSpec::Hosted(json!({"type": "custom", "name": "g"}).to_string()),
        ],
    };
    request
}

fn has_images(message: &Message) -> bool {
    let MessageContent::Blocks(blocks) = &message.content else {
        return false;
    };
    let is_image = |block: &ContentBlock| matches!(block.content, BlockContent::Image(_));
    message.role != Role::User && blocks.iter().any(is_image)
}

fn message(generator: &mut Generator) -> Message {
    let role = generator.pick(&[
        Role::System,
        Role::Developer,
        Role::User,
        Role::User,
        Role::Assistant,
        Role::Assistant,
        Role::Assistant,
        Role::Tool,
        Role::Tool,
        Role::Tool,
        Role::Function,
    ]);
    let mut message = said(role, String::new());
    if matches!(role, Role::Tool | Role::Function) {
        message.tool_call_id = Some(id(generator));
        message.name = generator.once_in(2).then(|| "f".to_owned());
    }
    message.content = match generator.below(3) {
        0 => MessageContent::Text(text(generator)),
        _ => {
            let blocks = (0..generator.below(5)).map(|_| block(role, generator));
            MessageContent::Blocks(blocks.collect())
        }
    };
    message
}

/// A block that can be sent in a message of this role.
fn block(role: Role, generator: &mut Generator) -> ContentBlock {
    let content = match (role, generator.below(8)) {
        (Role::User | Role::Tool, 0 | 1) => BlockContent::ToolResult(tool_result(generator)),
        (Role::User | Role::Tool, 2) => BlockContent::Image(image(generator)),
        (Role::User, 3) => BlockContent::File(file(generator)),
        (Role::Assistant, 0) => BlockContent::Refusal(text(generator)),
        (Role::Assistant, 1 | 2) => BlockContent::Thinking(thinking(generator)),
        (Role::Assistant, 3) => BlockContent::RedactedThinking(generator.word()),
        (Role::Assistant, 4 | 5) => BlockContent::ToolCall(tool_call(generator)),
        (Role::Assistant, 6) => BlockContent::Reasoning(Reasoning {
            content: json!([generator.word()]).to_string(),
            summary: "[]".to_owned(),
        }),
        _ => BlockContent::Text(text(generator)),
    };
    with_visibility(content, generator)
}

fn any_message(generator: &mut Generator) -> Message {
    let role = generator.pick(&[
        Role::System,
        Role::Developer,
        Role::User,
        Role::Assistant,
        Role::Tool,
        Role::Function,
    ]);
    let mut message = said(role, text(generator));
    message.tool_call_id = generator.once_in(2).then(|| id(generator));
    message.name = generator.once_in(4).then(|| text(generator));
    message.metadata = generator.once_in(4).then(|| odd_json(generator));
    if generator.once_in(2) {
        let blocks = (0..generator.below(4)).map(|_| any_block(generator));
        message.content = MessageContent::Blocks(blocks.collect());
    }
    message
}

fn any_block(generator: &mut Generator) -> ContentBlock {
    let content = match generator.below(9) {
        0 => BlockContent::Text(text(generator)),
        1 => BlockContent::Thinking(Thinking {
            content: Some(odd_json(generator)),
            ..thinking(generator)
        }),
        2 => BlockContent::RedactedThinking(text(generator)),
        3 => BlockContent::ToolCall(ToolCall {
            arguments: odd_json(generator),
            name: text(generator),
            ..tool_call(generator)
        }),
        4 => BlockContent::ToolResult(ToolResult {
            output: odd_json(generator),
            ..tool_result(generator)
        }),
        5 => BlockContent::Image(match generator.once_in(2) {
            true => Image {
                extensions: Some(odd_json(generator)),
                ..image(generator)
            },
            false => broken_image(generator),
        }),
        6 => BlockContent::Reasoning(Reasoning {
            content: odd_json(generator),
            summary: odd_json(generator),
        }),
        7 => BlockContent::File(File {
            filename: generator.once_in(2).then(|| text(generator)),
            media_type: generator.once_in(2).then(|| text(generator)),
            source: match generator.below(3) {
                0 => FileSource::Base64(text(generator)),
                1 => FileSource::FileId(text(generator)),
                _ => FileSource::Url(text(generator)),
            },
        }),
        _ => BlockContent::Refusal(text(generator)),
    };
    with_visibility(content, generator)
}

fn with_visibility(content: BlockContent, generator: &mut Generator) -> ContentBlock {
    ContentBlock {
        content,
        visibility: generator.pick(&[None, None, Some(Visibility::Internal)]),
        extensions: None,
    }
}

fn said(role: Role, text: String) -> Message {
    Message {
        role,
        content: MessageContent::Text(text),
        name: None,
        tool_call_id: None,
        metadata: None,
        extensions: None,
    }
}

fn text(generator: &mut Generator) -> String {
    match generator.once_in(6) {
        true => String::new(),
        false => generator.word(),
    }
}

/// Few, so that calls and results meet.
fn id(generator: &mut Generator) -> String {
    let long = "an id of a call that is longer than the sixty-four characters of the service ";
    match generator.below(12) {
        0 => String::new(),
        1 => long.to_owned(),
        2 => format!("{long}2"),
        3 => "ünïcödé \u{0}".repeat(6),
        other => {
            generator
                .pick(&["a", "b", "c", "a_2", "call_1", "fc_1"])
                .to_owned()
                + &"_2".repeat(other % 2)
        }
    }
}

fn thinking(generator: &mut Generator) -> Thinking {
    let encrypted = generator.pick(&[Some("gAAAA"), Some("gAAAB"), Some(""), None]);
    let id = generator.pick(&[Some("rs_1"), Some("rs_2"), None]);
    Thinking {
        text: text(generator),
        signature: generator.once_in(3).then(|| generator.word()),
        content: match generator.once_in(4) {
            true => None,
            false => Some(json!([encrypted, id]).to_string()),
        },
    }
}

fn tool_call(generator: &mut Generator) -> ToolCall {
    let mut arguments = values::object(generator, 2);
    arguments.insert("word".to_owned(), json!(generator.word()));
    match generator.below(6) {
        0 => arguments.insert("input".to_owned(), json!(generator.word())),
        1 | 2 => {
            let kind = generator.pick(&["create_file", "delete_file", "update_file"]);
            arguments = Map::from_iter([("path".to_owned(), json!(generator.word()))]);
            if kind != "delete_file" {
                arguments.insert("diff".to_owned(), json!(generator.word()));
            }
            arguments.insert("type".to_owned(), json!(kind))
        }
        _ => None,
    };
    ToolCall {
        id: id(generator),
        name: generator
            .pick(&["f", "g", "get_weather", "apply_patch", ""])
            .to_owned(),
        arguments: json!(arguments).to_string(),
        extensions: None,
    }
}

fn tool_result(generator: &mut Generator) -> ToolResult {
    ToolResult {
        tool_call_id: id(generator),
        output: values::any(generator, 2).to_string(),
    }
}

fn image(generator: &mut Generator) -> Image {
    generator.pick(&[
        picture(base64("iVBORw0KGgo="), Some("image/png")),
        picture(base64("/9j/4AA="), Some("image/jpeg")),
        picture(url("https://example.com/cat.png"), None),
    ])
}

fn broken_image(generator: &mut Generator) -> Image {
    generator.pick(&[
        picture(base64("iVBO Rw0KGgo"), Some("image/png")),
        picture(base64(""), Some("image/png")),
        picture(base64("aGk="), Some("text/plain")),
        picture(base64("iVBORw0KGgo="), None),
        picture(url("cat.png"), None),
        picture(None, None),
    ])
}

fn picture(source: Option<FileSource>, media_type: Option<&str>) -> Image {
    Image {
        source,
        media_type: media_type.map(str::to_owned),
        detail: None,
        extensions: None,
    }
}

fn base64(data: &str) -> Option<FileSource> {
    Some(FileSource::Base64(data.to_owned()))
}

fn url(url: &str) -> Option<FileSource> {
    Some(FileSource::Url(url.to_owned()))
}

fn file(generator: &mut Generator) -> File {
    File {
        filename: Some("a.pdf".to_owned()),
        media_type: Some("application/pdf".to_owned()),
        source: generator.pick(&[
            FileSource::Base64("JVBERi0=".to_owned()),
            FileSource::FileId("file_1".to_owned()),
            FileSource::Url("https://example.com/a.pdf".to_owned()),
        ]),
    }
}

/// JSON of any kind, or none.
fn odd_json(generator: &mut Generator) -> String {
    match generator.below(4) {
        0 => text(generator),
        1 => "{".to_owned(),
        _ => values::any(generator, 2).to_string(),
    }
}
