//! Histories that the service has no place for: nothing of them ends a conversation, and what is left out or moved is told.

use super::*;
use crate::contract::types::{File, Reasoning};

#[test]
fn what_the_service_has_no_place_for_is_left_out_or_moved_and_told() {
    let image = || BlockContent::Image(png("QUJD"));
    let drawing = || {
        BlockContent::Image(Image {
            media_type: Some("image/svg+xml".into()),
            ..png("QUJD")
        })
    };
    let broken = || BlockContent::Image(picture(FileSource::Base64("?".into())));
    let file = || {
        BlockContent::File(File {
            filename: None,
            media_type: None,
            source: FileSource::FileId("file_1".into()),
        })
    };
    let thinking = || {
        BlockContent::Thinking(Thinking {
            text: "Hm.".into(),
            signature: None,
            content: Some(r#"["state","rs_1"]"#.into()),
        })
    };
    let reasoning = || {
        BlockContent::Reasoning(Reasoning {
            content: "[]".into(),
            summary: "[]".into(),
        })
    };
    let text = || BlockContent::Text("Look.".into());
    let answer = |output: &str| {
        BlockContent::ToolResult(ToolResult {
            tool_call_id: "a".into(),
            output: output.into(),
        })
    };
    let only_the_assistant = "only the assistant thinks and calls tools";
    let moved = "it is sent as the user's";
    let unreadable = "cannot read images and files like this one of its own";
    for (about, message, kinds, told) in [
        (
            "an image of the assistant",
            blocks(Role::Assistant, vec![text(), image(), text()]),
            "assistant user:input_image assistant",
            Some(("messages[1].content[1]", moved)),
        ),
        (
            "a file of the assistant",
            blocks(Role::Assistant, vec![file()]),
            "user:input_file",
            Some(("messages[1].content[0]", moved)),
        ),
        (
            "an image of the system",
            blocks(Role::System, vec![text(), image()]),
            "user:input_image",
            Some(("messages[1].content[1]", moved)),
        ),
        (
            "a drawing that the service made",
            blocks(Role::Assistant, vec![drawing()]),
            "",
            Some(("messages[1].content[0]", unreadable)),
        ),
        (
            "an image of the assistant that is broken",
            blocks(Role::Assistant, vec![broken(), text()]),
            "assistant",
            Some(("messages[1].content[0]", unreadable)),
        ),
        (
            "thinking of the user",
            blocks(Role::User, vec![thinking(), text()]),
            "user:input_text",
            Some(("messages[1].content[0]", only_the_assistant)),
        ),
        (
            "reasoning of the developer",
            blocks(Role::Developer, vec![reasoning(), text()]),
            "user:input_text",
            Some(("messages[1].content[0]", only_the_assistant)),
        ),
        (
            "thinking of the system",
            blocks(Role::System, vec![thinking(), text()]),
            "",
            Some(("messages[1].content[0]", only_the_assistant)),
        ),
        (
            "a call of the user",
            blocks(Role::User, vec![text(), call("a", "{}")]),
            "user:input_text",
            Some(("messages[1].content[1]", only_the_assistant)),
        ),
        (
            "a result of the assistant",
            blocks(Role::Assistant, vec![call("a", "{}"), answer("1"), text()]),
            "function_call function_call_output assistant",
            None,
        ),
        (
            "thinking in a result",
            blocks(Role::Tool, vec![thinking()]),
            "",
            Some(("messages[1].content[0]", only_the_assistant)),
        ),
    ] {
        let translated = translated(&request(vec![user("Hi"), message, user("Go on")])).unwrap();
        let input = input_items(&translated);
        let found: Vec<String> = input[1..input.len() - 1]
            .iter()
            .map(|item| match item["role"].as_str() {
                Some("user") => format!(
                    "user:{}",
                    item["content"].as_array().unwrap().last().unwrap()["type"]
                        .as_str()
                        .unwrap()
                ),
                Some(role) => role.to_owned(),
                None => item["type"].as_str().unwrap().to_owned(),
            })
            .collect();
        // A result without a call is text of the user.
        let kinds = if about == "thinking in a result" {
            "user:input_text"
        } else {
            kinds
        };
        assert_eq!(found.join(" "), kinds, "{about}");
        match (told, translated.dropped.first()) {
            (Some((place, reason)), Some(dropped)) => {
                assert_eq!(dropped.parameter, place, "{about}");
                assert!(
                    dropped.reason.contains(reason),
                    "{about}: {}",
                    dropped.reason
                );
            }
            (told, dropped) => assert_eq!(told.is_some(), dropped.is_some(), "{about}"),
        }
    }
}

#[test]
fn reasoning_stays_with_what_it_led_to_past_an_image() {
    let thinking = BlockContent::Thinking(Thinking {
        text: String::new(),
        signature: None,
        content: Some(r#"["state","rs_1"]"#.into()),
    });
    let image = BlockContent::Image(png("QUJD"));
    let mut request = request(vec![
        user("Hi"),
        blocks(
            Role::Assistant,
            vec![thinking, image, BlockContent::Text("There.".into())],
        ),
    ]);
    request.model = Some("gpt-5.1".into());
    let input = input_items(&translated(&request).unwrap());
    assert_eq!(input[1]["role"], "user");
    assert_eq!(input[2]["type"], "reasoning");
    assert_eq!(input[3]["role"], "assistant");
}

#[test]
fn what_a_tool_answers_never_ends_a_conversation() {
    let answer = BlockContent::ToolResult(ToolResult {
        tool_call_id: "a".into(),
        output: r#"[{"type":"text","text":"Here:"},{"type":"image","data":"?"}]"#.into(),
    });
    let translated = translated(&request(vec![
        user("Hi"),
        blocks(Role::Assistant, vec![call("a", "{}")]),
        blocks(Role::Tool, vec![answer]),
    ]))
    .unwrap();
    let input = input_items(&translated);
    let output = &input[2]["output"];
    assert_eq!(output[0]["text"], "Here:");
    let problem = output[1]["text"].as_str().unwrap();
    assert!(
        problem.contains("messages[2].content[0].output[1]"),
        "{problem}"
    );
    assert_eq!(
        translated.dropped[0].parameter,
        "messages[2].content[0].output[1]"
    );
}

#[test]
fn arguments_that_were_stored_half_stay_as_text() {
    let stored = |arguments: Value| Message {
        extensions: Some(
            json!({ "tool_calls": [{ "id": "a", "tool": "f", "arguments": arguments }] })
                .to_string(),
        ),
        ..message(Role::Assistant, MessageContent::Text(String::new()))
    };
    for (arguments, sent, is_told) in [
        (json!({ "x": 1 }), r#"{"x":1}"#, false),
        (json!(""), "{}", false),
        (json!(r#"{"x":"#), r#"{"arguments":"{\"x\":"}"#, true),
        (json!([1]), r#"{"arguments":[1]}"#, true),
    ] {
        let translated = translated(&request(vec![
            user("Hi"),
            stored(arguments),
            result("a", "1"),
        ]))
        .unwrap();
        assert_eq!(input_items(&translated)[1]["arguments"], sent);
        assert_eq!(translated.dropped.len(), usize::from(is_told), "{sent}");
    }
}

#[test]
fn only_a_request_with_nothing_to_answer_is_an_error() {
    let thinking = BlockContent::RedactedThinking("x".into());
    for messages in [vec![], vec![blocks(Role::User, vec![thinking])]] {
        let error = translated(&request(messages)).unwrap_err();
        assert!(
            error
                .message
                .starts_with("messages: there is nothing to answer"),
            "{}",
            error.message
        );
    }
}
