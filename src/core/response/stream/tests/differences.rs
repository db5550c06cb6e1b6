//! Streams that are not what the service says at their end, or say more than that does.

use super::*;

#[test]
fn what_the_last_event_leaves_out_is_what_was_delivered() {
    let part = |slot, text| delta(slot, text);
    let call = |arguments| json!({ "type": "response.function_call_arguments.delta", "output_index": 1, "delta": arguments });
    let added = json!({
        "type": "response.output_item.added",
        "output_index": 1,
        "item": { "type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "" },
    });
    let hi = ["start 0 text", "0 Hi", "end 0"];
    // events before the last, output of the last → texts, calls
    for (events, output, texts, calls) in [
        (
            vec![part(0, "H"), part(0, "i")],
            json!([]),
            vec!["Hi"],
            vec![],
        ),
        (vec![part(0, "Hi")], Value::Null, vec!["Hi"], vec![]),
        (
            vec![
                part(0, "Hi"),
                json!({ "type": "response.output_text.done", "output_index": 0, "text": "Hi" }),
            ],
            json!([]),
            vec!["Hi"],
            vec![],
        ),
        (
            vec![part(0, "Hi")],
            json!([{ "type": "message", "content": [] }]),
            vec!["Hi"],
            vec![],
        ),
        (
            vec![part(0, "Hi"), done(0, message("Hi")), part(1, "there")],
            json!([message("Hi")]),
            vec!["Hi", "there"],
            vec![],
        ),
        (
            vec![part(0, "Hi"), part(1, "there"), done(1, message("there"))],
            json!([message("there")]),
            vec!["Hi", "there"],
            vec![],
        ),
        (
            vec![part(0, "Hi"), added.clone(), call("{\"a\":"), call("1}")],
            json!([message("Hi")]),
            vec!["Hi"],
            vec!["c f {\"a\":1}"],
        ),
        (
            vec![part(0, "Hi"), added, call("{\"a\":1}")],
            json!([]),
            vec!["Hi"],
            vec!["c f {\"a\":1}"],
        ),
        (
            vec![done(0, message("Hi")), done(0, message("Hi"))],
            json!([]),
            vec!["Hi"],
            vec![],
        ),
    ] {
        let mut events = events;
        events.push(json!({ "type": "response.completed", "response": { "output": output } }));
        let (translator, told) = applied(&events);
        let (told, response) = finished(translator, told);
        let shown = format!("{output} {told:?}");
        assert_eq!(super::texts(&response), texts, "{shown}");
        let found = response
            .tool_calls
            .iter()
            .map(|call| format!("{} {} {}", call.id, call.name, call.arguments));
        assert_eq!(found.collect::<Vec<_>>(), calls, "{shown}");
        assert!(!told.contains(&"restarted".to_owned()), "{shown}");
        if texts == ["Hi"] && calls.is_empty() {
            let told: String = told.concat().replace("0 H0 i", "0 Hi");
            assert_eq!(told, hi.concat(), "{shown}");
        }
    }
}

#[test]
fn a_call_that_is_incomplete_is_an_error_and_no_call() {
    let added = json!({
        "type": "response.output_item.added",
        "output_index": 0,
        "item": { "type": "function_call", "call_id": "c", "name": "f", "arguments": "" },
    });
    let delta = json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{\"a\":" });
    let last = json!({ "type": "response.completed", "response": { "output": [] } });
    let (mut translator, mut told) = applied(&[added, delta, last]);
    let error = translator.finish(&mut told).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidToolCall);
}

#[test]
fn what_is_not_the_answer_is_taken_back_and_the_answer_delivered_anew() {
    let created = json!({ "type": "response.created", "response": {} });
    let text_done =
        json!({ "type": "response.output_text.done", "output_index": 0, "text": "Hello" });
    // what arrives before the last event, in which the text is `Hello`
    for events in [
        // A delta was lost, doubled, swapped with another.
        vec![delta(0, "He"), delta(0, "o")],
        vec![
            delta(0, "He"),
            delta(0, "He"),
            delta(0, "llo"),
            text_done.clone(),
        ],
        vec![
            delta(0, "llo"),
            delta(0, "He"),
            text_done,
            done(0, message("Hello")),
        ],
        // The response began a second time.
        vec![
            created.clone(),
            delta(0, "Hel"),
            created.clone(),
            delta(0, "Hello"),
        ],
        vec![created.clone(), delta(0, "Hello"), created],
        // Other text.
        vec![delta(0, "Hello there"), done(0, message("Hello there"))],
    ] {
        let mut all = events.clone();
        all.push(
            json!({ "type": "response.completed", "response": { "output": [message("Hello")] } }),
        );
        let (translator, told) = applied(&all);
        let (told, response) = finished(translator, told);
        assert_eq!(texts(&response).concat(), texts(&response)[0], "{told:?}");
        let begin = told
            .iter()
            .rposition(|line| line == "restarted")
            .unwrap_or_else(|| panic!("{told:?}"));
        let said: String = told[begin + 1..]
            .iter()
            .filter_map(|line| line.strip_prefix("0 "))
            .collect();
        assert_eq!(said, texts(&response)[0], "{told:?}");
    }
}

#[test]
fn the_end_of_a_text_that_was_lost_is_delivered_and_nothing_taken_back() {
    for (events, expected) in [
        (
            vec![
                delta(0, "He"),
                json!({ "type": "response.output_text.done", "output_index": 0, "text": "Hello" }),
            ],
            ["start 0 text", "0 He", "0 llo", "end 0"],
        ),
        (
            vec![delta(0, "He"), done(0, message("Hello"))],
            ["start 0 text", "0 He", "0 llo", "end 0"],
        ),
    ] {
        let mut events = events;
        events.push(
            json!({ "type": "response.completed", "response": { "output": [message("Hello")] } }),
        );
        let (translator, told) = applied(&events);
        assert_eq!(finished(translator, told).0, expected);
    }
}

#[test]
fn a_delta_before_its_item_is_in_the_items_block() {
    let added = |item: Value| json!({ "type": "response.output_item.added", "output_index": 0, "item": item });
    let part = json!({ "type": "response.content_part.added", "output_index": 0, "part": { "type": "output_text" } });
    let told = told(&[
        delta(0, "He"),
        added(json!({ "type": "message" })),
        part,
        delta(0, "llo"),
        done(0, message("Hello")),
    ]);
    assert_eq!(told, ["start 0 text", "0 He", "0 llo", "end 0"]);
    let arguments = json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{}" });
    let call = json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": "" });
    let told = super::told(&[arguments, added(call.clone()), added(call)]);
    assert_eq!(told, ["start 0 call c f", "0 {}"]);
}

#[test]
fn whatever_the_caller_has_got_counts_also_without_text() {
    let reasoning = json!({ "type": "reasoning", "summary": [] });
    let added =
        json!({ "type": "response.output_item.added", "output_index": 0, "item": reasoning });
    let (translator, told) = applied(&[added, done(0, reasoning)]);
    assert_eq!(lines(told), ["start 0 thinking", "end 0"]);
    assert!(translator.has_emitted());
    let (translator, _) = applied(&[json!({ "type": "response.created", "response": {} })]);
    assert!(!translator.has_emitted());
}

#[test]
fn what_a_stream_says_in_sum_has_a_limit() {
    let mut translator = Translator::default();
    let mut told = Vec::new();
    let megabytes = delta(0, &"x".repeat(8 << 20)).to_string();
    let mut apply = || translator.apply(data(&megabytes), &mut told);
    for _ in 0..4 {
        apply().unwrap();
    }
    let error = apply().unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Stream, false));
    assert!(error.message.contains("longer than"), "{}", error.message);
}

#[test]
fn many_items_take_time_for_each_and_no_more() {
    const ITEMS: u32 = 40_000;
    let begun = std::time::Instant::now();
    let (mut translator, mut told) = (Translator::default(), Vec::new());
    for slot in (0..ITEMS).rev() {
        apply_to(&mut translator, &delta(slot, "x"), &mut told);
        apply_to(&mut translator, &done(slot, message("x")), &mut told);
    }
    let last = json!({ "type": "response.completed", "response": { "output": [] } });
    apply_to(&mut translator, &last, &mut told);
    let (_, response) = finished(translator, told);
    assert_eq!(response.content.len(), ITEMS as usize);
    // A second, where each item was looked for among all of them half a minute.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
