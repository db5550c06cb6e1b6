//! Events that tell the caller nothing, wherever they come.

use super::*;

#[test]
fn events_of_what_the_service_does_by_itself_change_nothing() {
    let completed =
        json!({ "type": "response.completed", "response": { "output": [message("Hello")] } });
    let stream = |between: &[Value]| {
        let mut events = vec![delta(0, "Hel")];
        events.extend_from_slice(between);
        events.extend([delta(0, "lo"), completed.clone()]);
        let (translator, told) = applied(&events);
        finished(translator, told)
    };
    let expected = stream(&[]);
    assert_eq!(expected.0, ["start 0 text", "0 Hel", "0 lo", "end 0"]);
    let mut all = Vec::new();
    for (family, endings) in PASSED_OVER {
        for ending in *endings {
            let event = json!({
                "type": format!("response.{family}{ending}"),
                "sequence_number": 7,
                "item_id": "it_1",
                "output_index": 0,
                "content_index": 0,
                "annotation_index": 0,
                "command_index": 0,
                "partial_image_index": 0,
                "partial_image_b64": "iVBORw0KGgo=",
                "annotation": { "type": "url_citation", "url": "https://a.example" },
                "arguments": "{}",
                "code": "print(1)",
                "command": "ls",
                "delta": "noise",
                "obfuscation": "x",
                "output": [],
                "response": { "status": "in_progress", "output": [] },
            });
            assert_eq!(stream(std::slice::from_ref(&event)), expected, "{event}");
            all.push(event);
        }
    }
    // The output of a shell comes in an object.
    all.push(json!({
        "type": "response.shell_call_output_content.delta",
        "output_index": 0,
        "delta": { "stdout": "noise" },
    }));
    assert_eq!(stream(&all), expected);
}

/// The types of these events, but for `response.` at their beginning.
const PASSED_OVER: &[(&str, &[&str])] = &[
    ("", &["created", "queued", "in_progress"]),
    ("output_text.annotation", &[".added"]),
    (
        "file_search_call",
        &[".in_progress", ".searching", ".completed"],
    ),
    (
        "web_search_call",
        &[".in_progress", ".searching", ".completed"],
    ),
    (
        "code_interpreter_call",
        &[".in_progress", ".interpreting", ".completed"],
    ),
    ("code_interpreter_call_code", &[".delta", ".done"]),
    (
        "image_generation_call",
        &[
            ".in_progress",
            ".generating",
            ".completed",
            ".partial_image",
        ],
    ),
    ("mcp_call", &[".in_progress", ".completed", ".failed"]),
    ("mcp_call_arguments", &[".delta", ".done"]),
    ("mcp_list_tools", &[".in_progress", ".completed", ".failed"]),
    ("shell_call_command", &[".added", ".delta", ".done"]),
    ("shell_call_output_content", &[".delta", ".done"]),
    ("audio", &[".delta", ".done"]),
    ("audio.transcript", &[".delta", ".done"]),
    ("brand_new", &[".delta"]),
];
