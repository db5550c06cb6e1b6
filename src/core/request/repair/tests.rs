#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod generated;

use serde_json::{Value, json};

use super::*;
use crate::contract::types::{
    BlockContent, ContentBlock, MessageContent, Role, Thinking, ToolCall, ToolResult,
};
use crate::core::request::tests::items;

/// Histories before and after. Each word is a block of a message, and then an item: `a1` is a call with the id `a` and the
/// argument 1, `=a1` is a result of `a` that says 1, `=a?` is a result that says that it is lost.
#[test]
fn every_call_gets_one_result_after_its_turn_and_every_result_has_its_call() {
    for (name, before, after) in [
        ("nothing", "", ""),
        ("no calls", "user | text | user", "user text user"),
        (
            "whole",
            "user | text a1 | =a1 | text | user",
            "user text a1 =a1 text user",
        ),
        (
            "whole, in parallel",
            "user | a1 b1 | =b1 | =a1",
            "user a1 b1 =b1 =a1",
        ),
        (
            "whole, results in one message",
            "user | a1 b1 | =b1 =a1",
            "user a1 b1 =b1 =a1",
        ),
        (
            "whole, calls in two messages",
            "user | a1 | b1 | =a1 | =b1",
            "user a1 b1 =a1 =b1",
        ),
        (
            "whole, results from the user",
            "user | a1 b1 | user:=a1 =b1 user",
            "user a1 b1 =a1 =b1 user",
        ),
        (
            "whole, a system message between",
            "user | a1 | system | =a1",
            "user a1 =a1",
        ),
        // Results that are lost.
        ("at the end", "user | a1", "user a1 =a?"),
        (
            "before the user",
            "user | a1 | user",
            "user a1 =a? interrupted user",
        ),
        (
            "before the user's blocks",
            "user | a1 | user:user user",
            "user a1 =a? interrupted user user",
        ),
        (
            "before a system message and the user",
            "user | a1 | system | user",
            "user a1 =a? interrupted user",
        ),
        (
            "before a reminder",
            "user | a1 | reminder",
            "user a1 =a? reminder",
        ),
        (
            "before the application's context",
            "user | a1 | developer | user",
            "user a1 =a? developer user",
        ),
        (
            "before the assistant",
            "user | a1 | text | user",
            "user a1 =a? text user",
        ),
        (
            "before another turn",
            "user | a1 | b1 | =b1",
            "user a1 b1 =a? =b1",
        ),
        (
            "after text in the same message",
            "user | a1 text",
            "user a1 text =a?",
        ),
        (
            "three in parallel",
            "user | a1 b1 c1 | user",
            "user a1 b1 c1 =a? =b? =c? interrupted user",
        ),
        (
            "some in parallel",
            "user | a1 b1 c1 | =b1 | user",
            "user a1 b1 c1 =a? =c? =b1 user",
        ),
        (
            "several turns",
            "user | a1 | user | b1 c1 | =c1 | text | d1 | user",
            "user a1 =a? interrupted user b1 c1 =b? =c1 text d1 =d? interrupted user",
        ),
        // Results in the wrong place.
        ("before its call", "user | =a1 | a1", "user a1 =a1"),
        (
            "after the user",
            "user | a1 | user | =a1",
            "user a1 =a1 user",
        ),
        (
            "after the assistant",
            "user | a1 | text | =a1",
            "user a1 =a1 text",
        ),
        (
            "after another turn",
            "user | a1 | b1 | =b1 | c1 | =c1 =a1",
            "user a1 b1 =a1 =b1 c1 =c1",
        ),
        (
            "behind the user's text",
            "user | a1 | user:user =a1 user",
            "user a1 =a1 user user",
        ),
        (
            "some elsewhere, some lost",
            "user | a1 b1 | user | =b1",
            "user a1 b1 =a? =b1 interrupted user",
        ),
        // Results that nothing needs.
        ("no call", "user | =a1 | text", "user text"),
        (
            "no call, between call and result",
            "user | a1 | =b1 | =a1",
            "user a1 =a1",
        ),
        (
            "no call, in a message with others",
            "user | a1 | =b1 =a1 =c1",
            "user a1 =a1",
        ),
        (
            "no call, from the user",
            "user | user:=a1 user",
            "user user",
        ),
        ("twice", "user | a1 | =a1 | =a2", "user a1 =a1"),
        (
            "twice, later",
            "user | a1 | =a1 | user | =a2",
            "user a1 =a1 user",
        ),
        (
            "before and after its call",
            "user | =a1 | a1 | =a2",
            "user a1 =a2",
        ),
        (
            "no call, before the user",
            "user | a1 | =b1 | user",
            "user a1 =a? interrupted user",
        ),
        ("no id", "user | user:=1 user", "user [tool result] 1 user"),
        // Calls that cannot be sent.
        ("no id", "user | 1 | =1", "user [named by its result] 1"),
        ("no name", "user | !a1 b1 | =a1 | =b1", "user b1 =b1"),
        (
            "no name, after reasoning",
            "user | think !a1 b1 | =b1",
            "user b1 =b1",
        ),
        (
            "no name, after reasoning twice",
            "user | think think !a1 text",
            "user text",
        ),
        (
            "a call after reasoning",
            "user | think a1 think b1 | =a1 | =b1",
            "user think a1 think b1 =a1 =b1",
        ),
        ("twice in a message", "user | a1 a1 | =a1", "user a1 =a1"),
        (
            "twice in a message, both answered",
            "user | a1 a1 | =a1 | =a1",
            "user a1 =a1",
        ),
        // Ids that are used again.
        (
            "in the next turn",
            "user | a1 | =a1 | a2 | =a2",
            "user a1 =a1 a_2:2 =a_2:2",
        ),
        (
            "in one turn",
            "user | a1 a2 | =a1 | =a2",
            "user a1 a_2:2 =a1 =a_2:2",
        ),
        (
            "the new id is taken",
            "user | a1 | =a1 | a2 a_2:3 | =a2 | =a_2:3",
            "user a1 =a1 a_3:2 a_2:3 =a_3:2 =a_2:3",
        ),
        (
            "the first is lost",
            "user | a1 | user | a2 | =a2",
            "user a1 =a? interrupted user a_2:2 =a_2:2",
        ),
        (
            "the last is lost",
            "user | a1 | =a1 | user | a2",
            "user a1 =a1 user a_2:2 =a_2?",
        ),
        (
            "the last is elsewhere",
            "user | a1 | =a1 | a2 | user | =a2",
            "user a1 =a1 a_2:2 =a_2:2 user",
        ),
    ] {
        let messages = history(before);
        let mut repaired = items(&messages);
        let original = repaired.clone();
        let repairs = repair(&mut repaired, &messages);
        assert_eq!(words(&repaired), after, "{name}: {before}");
        assert_eq!(
            repairs.list.is_empty(),
            original == repaired,
            "{name}: {repairs:?}"
        );
    }
}

#[test]
fn each_repair_is_reported_with_the_call_its_tool_and_its_message() {
    let messages = history("user | a1 b1 !c1 | user | =b1 | =d1 | e1 | =e1 | e2 | =e2");
    let repairs = repair(&mut items(&messages), &messages);
    let list: Vec<(&str, &str, Option<&str>, usize)> = repairs
        .list
        .iter()
        .map(|repair| {
            let Repair {
                kind,
                call_id,
                tool_name,
                message,
            } = repair;
            (
                kind.name(),
                call_id.as_str(),
                tool_name.as_deref(),
                *message,
            )
        })
        .collect();
    assert_eq!(
        list,
        [
            ("result_added", "a", Some("tool"), 1),
            ("call_removed", "c", None, 1),
            ("result_moved", "b", Some("named by its result"), 3),
            ("result_removed", "d", Some("named by its result"), 4),
            ("call_renamed", "e", Some("tool"), 7),
        ]
    );
    assert_eq!(repairs.closed_turns, 1);
    assert_eq!(repairs.message_count(messages.len()), messages.len() + 1);
}

#[test]
fn what_is_added_says_what_happened() {
    let messages = history("user | a1 | user");
    let mut repaired = items(&messages);
    repair(&mut repaired, &messages);
    let origins: Vec<usize> = repaired.iter().map(|item| item.origin).collect();
    assert_eq!(origins, [0, 1, 1, 2, 2]);
    let [_, _, result, closing, _] = repaired.as_slice() else {
        panic!("{repaired:?}");
    };
    let (result, closing) = (written(result), written(closing));
    assert_eq!(result["type"], json!("function_call_output"));
    assert_eq!(result["call_id"], json!("a"));
    let output = result["output"].as_str().unwrap();
    assert!(output.starts_with("[SYSTEM ERROR: "), "{output}");
    for part in [
        "\nTool: tool\nCall ID: a\n",
        "was lost",
        "Do not assume",
        "offer to call",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert_eq!(closing["role"], json!("assistant"));
    let text = closing["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("interrupted by a session error"), "{text}");
}

#[test]
fn a_hundred_thousand_messages_with_one_id_take_no_longer_than_others() {
    for before in ["a1 | =a1", "a1 | user", "=a1 | user", "a1 a1 | b1 | =c1"] {
        let messages = history(&vec![before; 50_000].join(" | "));
        let mut repaired = items(&messages);
        let repairs = repair(&mut repaired, &messages);
        assert!(repairs.list.len() >= 49_999);
        assert_eq!(repair(&mut repaired, &messages), Repairs::default());
    }
}

/// The messages of a history in words.
fn history(words: &str) -> Vec<Message> {
    let messages = words.split('|').map(str::trim);
    messages
        .filter(|words| !words.is_empty())
        .map(message)
        .collect()
}

/// One message. It is plain where it can be: text, or a result that names its call.
fn message(words: &str) -> Message {
    let (words, says_who) = match words.strip_prefix("user:") {
        Some(words) => (words, true),
        None => (words, false),
    };
    let role = match words.split(' ').next().unwrap() {
        _ if says_who => Role::User,
        "user" | "reminder" => Role::User,
        "developer" => Role::Developer,
        "system" => Role::System,
        word if word.starts_with('=') => Role::Tool,
        _ => Role::Assistant,
    };
    let blocks: Vec<BlockContent> = words.split(' ').map(block).collect();
    let (content, tool_call_id) = match blocks.as_slice() {
        [BlockContent::Text(text)] => (MessageContent::Text(text.clone()), None),
        [BlockContent::ToolResult(result)]
            if role == Role::Tool && !result.tool_call_id.is_empty() =>
        {
            let output = MessageContent::Text(result.output.clone());
            (output, Some(result.tool_call_id.clone()))
        }
        _ => {
            let blocks = blocks.into_iter().map(|content| ContentBlock {
                content,
                visibility: None,
                extensions: None,
            });
            (MessageContent::Blocks(blocks.collect()), None)
        }
    };
    Message {
        role,
        content,
        name: (role == Role::Tool).then(|| "named by its result".to_owned()),
        tool_call_id,
        metadata: None,
        extensions: None,
    }
}

fn block(word: &str) -> BlockContent {
    match word {
        "user" | "text" | "developer" | "system" => BlockContent::Text(word.to_owned()),
        "reminder" => BlockContent::Text(" <system-reminder>".to_owned()),
        "think" => BlockContent::Thinking(Thinking {
            text: String::new(),
            signature: None,
            content: Some(r#"["state","rs"]"#.to_owned()),
        }),
        word => match word.strip_prefix('=') {
            Some(word) => {
                let (id, output) = id_and_number(word);
                BlockContent::ToolResult(ToolResult {
                    tool_call_id: id.to_owned(),
                    output: output.to_owned(),
                })
            }
            None => {
                let (word, name) = match word.strip_prefix('!') {
                    Some(word) => (word, ""),
                    None => (word, "tool"),
                };
                let (id, number) = id_and_number(word);
                BlockContent::ToolCall(ToolCall {
                    id: id.to_owned(),
                    name: name.to_owned(),
                    arguments: json!({ "number": number }).to_string(),
                    extensions: None,
                })
            }
        },
    }
}

/// `a1`, or `a_2:1` where the id itself ends with a digit.
fn id_and_number(word: &str) -> (&str, &str) {
    let (id, number) = word.split_at(word.len() - 1);
    (id.trim_end_matches(':'), number)
}

/// Items in words.
fn words(items: &[Item]) -> String {
    let words: Vec<String> = items.iter().flat_map(words_of).collect();
    words.join(" ")
}

/// An item as the service gets it.
fn written(item: &Item) -> Value {
    serde_json::to_value(&item.kind).unwrap()
}

fn words_of(item: &Item) -> Vec<String> {
    let item = written(item);
    let id = item["call_id"].as_str().unwrap_or_default();
    let colon = if id.len() > 1 { ":" } else { "" };
    match item["type"].as_str() {
        Some("reasoning") => vec!["think".to_owned()],
        Some("function_call") => {
            let arguments: Value =
                serde_json::from_str(item["arguments"].as_str().unwrap()).unwrap();
            let number = arguments["number"].as_str().unwrap();
            vec![format!("{id}{colon}{number}")]
        }
        Some("function_call_output") => match item["output"].as_str().unwrap() {
            output if output.starts_with("[SYSTEM ERROR") => vec![format!("={id}?")],
            output => vec![format!("={id}{colon}{output}")],
        },
        _ => item["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| match part["text"].as_str().unwrap() {
                text if text.contains("interrupted") => "interrupted".to_owned(),
                text if text.contains("reminder") => "reminder".to_owned(),
                text if text.contains("developer") => "developer".to_owned(),
                text => text.to_owned(),
            })
            .collect(),
    }
}
