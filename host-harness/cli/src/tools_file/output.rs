//! From what a command wrote to what the model reads.

use provider_host::contract::types::MessageContent;
use provider_host::kernel_json::message;
use serde_json::{Value, json};

/// How a command ended.
pub(super) struct Ended {
    /// Its exit code; none if a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// The result of the call. Output is text, or `{"content": […]}` with blocks in the kernel's form, so that a tool can show
/// an image.
pub(super) fn of(ended: Ended) -> MessageContent {
    let Ended {
        code,
        stdout,
        stderr,
    } = ended;
    if code != Some(0) {
        return MessageContent::Text(failure(code, &stdout, &stderr));
    }
    let Ok(text) = String::from_utf8(stdout) else {
        return MessageContent::Text(
            "The command's output is not UTF-8 text, and nothing of it can be shown.".to_owned(),
        );
    };
    match blocks(&text) {
        None => MessageContent::Text(cut(text.trim_end_matches(['\r', '\n']))),
        Some(Ok(content)) => content,
        Some(Err(problem)) => MessageContent::Text(format!(
            "The command's output has content that cannot be used: {problem}"
        )),
    }
}

fn failure(code: Option<i32>, stdout: &[u8], stderr: &[u8]) -> String {
    let mut text = match code {
        Some(code) => format!("The command failed with the exit code {code}."),
        None => "The command was ended by a signal.".to_owned(),
    };
    for (name, bytes) in [("Standard error", stderr), ("Standard output", stdout)] {
        let written = String::from_utf8_lossy(bytes);
        let written = written.trim_end();
        if !written.is_empty() {
            text += &format!("\n{name}:\n{}", cut(written));
        }
    }
    text
}

/// The blocks of an object that has `content` and nothing else; none for any other text.
fn blocks(text: &str) -> Option<Result<MessageContent, String>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
        return None;
    };
    if object.len() != 1 || !object.get("content").is_some_and(Value::is_array) {
        return None;
    }
    // The kernel's own reader of a message, whose errors name the place.
    let result = json!({ "role": "tool", "content": object.remove("content") });
    let read = message::from_value(result);
    Some(
        read.map(|message| message.content)
            .map_err(|error| error.to_string()),
    )
}

/// Text of a length that a model can read.
fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    match end < text.len() {
        true => format!(
            "{}\n[The output has {} bytes, of which {end} are shown.]",
            &text[..end],
            text.len()
        ),
        false => text.to_owned(),
    }
}

/// The most bytes of text: some 250,000 tokens, which is more than most models take. A tool that prints a whole log must not
/// cost the conversation.
const MAX_TEXT_BYTES: usize = 1024 * 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn written(stdout: &[u8]) -> Value {
        let content = of(Ended {
            code: Some(0),
            stdout: stdout.to_vec(),
            stderr: Vec::new(),
        });
        let mut message = message::parse(r#"{"role":"tool","content":""}"#).unwrap();
        message.content = content;
        message::to_value(&message).unwrap()["content"].take()
    }

    #[test]
    fn output_is_text_unless_it_is_content_in_the_kernels_form() {
        let image =
            json!({ "type": "image", "source": { "type": "url", "url": "https://a.example" } });
        for (stdout, expected) in [
            (json!({ "content": [image] }).to_string(), json!([image])),
            (format!("\n {}\n", json!({ "content": [] })), json!([])),
            ("sunny\r\n\n".to_owned(), json!("sunny")),
            (String::new(), json!("")),
            ("{\"degrees\":18}\n".to_owned(), json!("{\"degrees\":18}")),
            (
                "{\"content\":\"text\"}".to_owned(),
                json!("{\"content\":\"text\"}"),
            ),
            (
                "{\"content\":[],\"more\":1}".to_owned(),
                json!("{\"content\":[],\"more\":1}"),
            ),
            ("{\"content\":[".to_owned(), json!("{\"content\":[")),
            (
                "{\"content\":[{\"type\":\"picture\"}]}".to_owned(),
                json!(
                    "The command's output has content that cannot be used: content[0].type: expected one of text, \
                     thinking, redacted_thinking, tool_call, tool_result, image, reasoning, file, found \"picture\""
                ),
            ),
        ] {
            assert_eq!(written(stdout.as_bytes()), expected, "{stdout}");
        }
        assert_eq!(
            written(b"\xff\xfe"),
            json!("The command's output is not UTF-8 text, and nothing of it can be shown.")
        );
    }

    #[test]
    fn long_text_is_cut_between_characters_and_says_so() {
        let long = "é".repeat(MAX_TEXT_BYTES);
        let text = written(format!("x{long}").as_bytes());
        let text = text.as_str().unwrap();
        assert!(
            text.ends_with("é\n[The output has 2097153 bytes, of which 1048575 are shown.]"),
            "{}",
            &text[text.len() - 100..]
        );
    }
}
