//! Responses that go on in others.

use super::*;

#[test]
fn a_cut_response_goes_on_in_its_block_and_is_one_response() {
    let cut = [
        delta(0, "one t"),
        done(0, message("one t")),
        incomplete("one t"),
    ];
    let (mut translator, mut events) = applied(&cut);
    assert_eq!(
        serde_json::to_value(translator.continuation().unwrap()).unwrap(),
        json!([{ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "one t" }] }])
    );
    translator.go_on(&mut events);
    let reasoning = json!({ "type": "reasoning", "encrypted_content": "e", "summary": [] });
    let output = json!([reasoning, message("wo, done")]);
    for event in [
        json!({ "type": "response.output_item.added", "output_index": 0, "item": reasoning }),
        done(0, reasoning),
        delta(1, "wo, done"),
        json!({ "type": "response.completed", "response": { "status": "completed", "output": output } }),
    ] {
        apply_to(&mut translator, &event, &mut events);
    }
    assert_eq!(translator.continuation(), None);
    let (told, response) = finished(translator, events);
    // One block with both halves of the word, in which the reasoning between them is another.
    assert_eq!(
        told,
        [
            "start 0 text",
            "0 one t",
            "start 1 thinking",
            "end 1",
            "0 wo, done",
            "end 0"
        ]
    );
    assert_eq!(response.finish_reason, FinishReason::Stop);
    // Reasoning comes before what it led to.
    assert!(matches!(
        response.content[0].content,
        BlockContent::Thinking(_)
    ));
    assert_eq!(texts(&response), ["one two, done"]);
}

#[test]
fn the_parts_of_a_response_that_goes_on_are_blocks_of_their_own() {
    // The text that was cut off came whole, without an event that began it.
    let (mut translator, mut events) = applied(&[done(0, message("one t")), incomplete("one t")]);
    translator.go_on(&mut events);
    let part = json!({ "type": "response.content_part.added", "output_index": 0, "part": { "type": "output_text" } });
    let last = json!({ "type": "response.completed", "response": { "output": [] } });
    for event in [part.clone(), delta(0, "wo"), part, delta(0, "three"), last] {
        apply_to(&mut translator, &event, &mut events);
    }
    let (told, response) = finished(translator, events);
    assert_eq!(texts(&response), ["one two", "three"]);
    assert_eq!(
        told,
        [
            "start 0 text",
            "0 one t",
            "0 wo",
            "end 0",
            "start 1 text",
            "1 three",
            "end 1"
        ]
    );
}

#[test]
fn a_response_that_comes_to_nothing_new_does_not_go_on_again() {
    let (mut translator, mut events) = applied(&[delta(0, "Hi"), incomplete("Hi")]);
    assert!(translator.continuation().is_some());
    translator.go_on(&mut events);
    let nothing = json!({
        "status": "incomplete",
        "incomplete_details": { "reason": "max_output_tokens" },
        "output": [],
    });
    translator
        .apply_whole(response(nothing), &mut events)
        .unwrap();
    assert_eq!(translator.continuation(), None);
    let (told, response) = finished(translator, events);
    assert_eq!(told, ["start 0 text", "0 Hi", "end 0"]);
    assert_eq!(texts(&response), ["Hi"]);
    assert_eq!(response.finish_reason, FinishReason::Length);
}

#[test]
fn a_response_that_breaks_off_before_it_says_anything_leaves_the_one_before_it() {
    let (mut translator, mut events) = applied(&[delta(0, "Hi"), incomplete("Hi")]);
    assert!(!translator.go_back(), "there is none before it");
    translator.go_on(&mut events);
    let failed = json!({ "status": "failed", "error": { "code": "server_error" }, "output": [] });
    assert!(
        translator
            .apply_whole(response(failed), &mut events)
            .is_err()
    );
    assert!(translator.go_back());
    let (told, response) = finished(translator, events);
    assert_eq!(told, ["start 0 text", "0 Hi", "end 0"]);
    assert_eq!(texts(&response), ["Hi"]);

    let (mut translator, mut events) = applied(&[delta(0, "Hi"), incomplete("Hi")]);
    translator.go_on(&mut events);
    apply_to(&mut translator, &delta(0, " there"), &mut events);
    assert!(!translator.go_back(), "the caller has seen more");
}

fn response(object: Value) -> Response {
    serde_json::from_value(object).unwrap()
}
