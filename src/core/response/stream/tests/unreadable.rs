//! Events that cannot be read as they are.

use super::*;

#[test]
fn a_delta_that_is_nearly_right_is_delivered() {
    let event = |delta: &str| {
        let text = format!(
            r#"{{"type":"response.output_text.delta","output_index":0,"delta":"{delta}"}}"#
        );
        text.into_bytes()
    };
    let invalid = [&event("x")[..event("x").len() - 3], b"\xff\"}"].concat();
    let unknown = |value: &str| {
        let text = format!(
            r#"{{"type":"response.output_text.delta","output_index":0,"delta":"x","new":{value}}}"#
        );
        text.into_bytes()
    };
    // data of events → what is delivered
    for (events, expected) in [
        (vec![event(r"\ud83e"), event(r"\udd80")], vec!["🦀"]),
        (vec![event(r"a\ud83e"), event(r"\udd80b")], vec!["a", "🦀b"]),
        (vec![event(r"a\ud83e"), event("b")], vec!["a", "\u{fffd}b"]),
        (vec![event("a"), event(r"\udd80b")], vec!["a", "\u{fffd}b"]),
        (vec![event(r"\ud83e\udd80")], vec!["🦀"]),
        (vec![event("a\u{1}b")], vec!["a\u{1}b"]),
        (vec![invalid], vec!["\u{fffd}"]),
        (vec![unknown("1e999")], vec!["x"]),
        (
            vec![unknown(&["[".repeat(500), "]".repeat(500)].concat())],
            vec!["x"],
        ),
    ] {
        let (mut translator, mut told) = (Translator::default(), Vec::new());
        for data in &events {
            let event = sse::Event {
                data,
                is_error: false,
            };
            translator.apply(event, &mut told).unwrap();
        }
        let deltas = told.iter().filter_map(|event| match event {
            StreamEvent::BlockDelta(delta) => Some(delta.text.as_str()),
            _ => None,
        });
        assert_eq!(
            deltas.collect::<Vec<_>>(),
            expected,
            "{}",
            events[0].escape_ascii()
        );
    }
}

#[test]
fn an_index_may_be_text_or_missing() {
    let with = |index: Value, event: Value| {
        let mut event = event;
        event["output_index"] = index;
        event
    };
    let call = json!({ "type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "{}" });
    for index in [
        |slot: u32| json!(slot),
        |slot: u32| json!(slot.to_string()),
        |_| Value::Null,
    ] {
        let told = told(&[
            with(
                index(0),
                json!({ "type": "response.output_item.added", "item": { "type": "message", "id": "msg" } }),
            ),
            with(
                index(0),
                json!({ "type": "response.output_text.delta", "item_id": "msg", "delta": "Hi" }),
            ),
            with(
                index(0),
                json!({ "type": "response.output_item.done", "item": message("Hi") }),
            ),
            with(
                index(1),
                json!({ "type": "response.output_item.added", "item": call }),
            ),
            with(
                index(1),
                json!({ "type": "response.output_item.done", "item": call }),
            ),
        ]);
        assert_eq!(
            told,
            [
                "start 0 text",
                "0 Hi",
                "end 0",
                "start 1 call c f",
                "1 {}",
                "end 1"
            ],
            "{}",
            index(0)
        );
    }
}

#[test]
fn a_response_is_read_whatever_its_members_are_that_are_only_passed_on() {
    let deep = ["[".repeat(500), "]".repeat(500)].concat();
    for member in [
        r#""new":1e400"#,
        r#""new":"\ud83e""#,
        &format!(r#""new":{deep}"#),
        "\"new\":\"\u{1}\"",
    ] {
        let response = format!(
            r#"{{"status":"completed","output":[{}],{member}}}"#,
            message("Hi")
        );
        let event = format!(r#"{{"type":"response.completed","response":{response}}}"#);
        let (mut translator, mut told) = (Translator::default(), Vec::new());
        translator.apply(data(&event), &mut told).unwrap();
        let (_, streamed) = finished(translator, told);
        let whole = Response::parse(response.as_bytes()).unwrap();
        for response in [streamed, crate::core::response::translate(whole).unwrap()] {
            assert_eq!(texts(&response), ["Hi"], "{member}");
            let metadata = response.metadata.unwrap();
            assert!(
                serde_json::from_str::<Value>(&metadata).is_ok(),
                "{metadata}"
            );
        }
    }
    // With a byte order mark.
    let marked = format!("\u{feff}{{\"output\":[{}]}}", message("Hi"));
    assert!(Response::parse(marked.as_bytes()).is_ok());
}

#[test]
fn an_event_that_is_named_error_is_one_whatever_its_data() {
    for (data, kind, code) in [
        (
            r#"{"type":"too_many_requests","code":"429","message":"m"}"#,
            ErrorKind::RateLimit,
            Some("429"),
        ),
        (
            r#"{"type":"too_many_requests","message":"m"}"#,
            ErrorKind::RateLimit,
            None,
        ),
        (
            r#"{"error":{"code":429,"message":"m"}}"#,
            ErrorKind::RateLimit,
            Some("429"),
        ),
        (
            r#"{"type":"error","error":{"code":"content_filter"}}"#,
            ErrorKind::ContentFilter,
            Some("content_filter"),
        ),
        (
            r#"{"type":"error","code":"insufficient_quota","message":"m"}"#,
            ErrorKind::QuotaExceeded,
            Some("insufficient_quota"),
        ),
        ("upstream is gone", ErrorKind::Unavailable, None),
        (
            "{\"code\":\"slow_down\",\"message\":\"\u{1}\"}",
            ErrorKind::Unavailable,
            Some("slow_down"),
        ),
    ] {
        let event = sse::Event {
            data: data.as_bytes(),
            is_error: true,
        };
        let error = Translator::default()
            .apply(event, &mut Vec::new())
            .unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, code), "{data}");
    }
}

#[test]
fn a_response_that_failed_by_content_filters_names_them() {
    let filters = json!([{
        "blocked": true,
        "source_type": "completion",
        "content_filter_results": { "violence": { "filtered": true, "severity": "medium" } },
    }]);
    let response = json!({
        "status": "failed",
        "error": { "code": "content_filter", "message": "m" },
        "content_filters": filters,
    });
    let event = json!({ "type": "response.failed", "response": response });
    let streamed = apply(&event.to_string()).unwrap_err();
    let whole = Response::parse(response.to_string().as_bytes()).unwrap();
    for error in [
        streamed,
        crate::core::response::translate(whole).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::ContentFilter);
        assert!(
            error.message.contains("(violence, severity medium)"),
            "{}",
            error.message
        );
        assert!(error.details.unwrap().contains("violence"));
    }
}
