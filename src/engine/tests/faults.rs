//! What goes wrong on the way, where it makes a difference how.

use super::*;
use crate::contract::types::BlockContent;
use crate::core::headers::Headers;

#[test]
fn what_began_without_a_word_is_taken_back_too() {
    let added = |item: &Value| json!({ "type": "response.output_item.added", "output_index": 0, "item": item });
    let done = |item: &Value| json!({ "type": "response.output_item.done", "output_index": 0, "item": item });
    let reasoning = json!({ "type": "reasoning", "summary": [] });
    let call = json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" });
    let error = json!({ "type": "error", "error": { "code": "no_capacity", "message": "m" } });
    // what arrived before → how it is told
    for (events, begin) in [
        (
            vec![added(&reasoning), done(&reasoning)],
            "start 0, end 0, restarted",
        ),
        (
            vec![added(&reasoning), error.clone()],
            "start 0, end 0, restarted",
        ),
        (vec![added(&call)], "start 0, end 0, restarted"),
        (
            vec![added(&call), done(&call), error.clone()],
            "start 0, delta {}, end 0, restarted",
        ),
        (vec![error], ""),
    ] {
        let edge = FakeEdge::default();
        stream(&edge, "text/event-stream", &events);
        whole(&edge, "Hi", None);
        let told = told(&edge, |_| {}).unwrap();
        let expected = format!("{begin}, start 0, delta Hi, end 0, Hi");
        assert_eq!(told.join(", "), expected.trim_start_matches(", "));
    }
}

#[test]
fn a_continuation_that_broke_off_unseen_goes_on_in_the_block_of_the_text() {
    let part = |kind: &str| json!({ "type": format!("response.content_part.{kind}"), "output_index": 0, "part": { "type": "output_text", "text": "" } });
    let edge = FakeEdge::default();
    whole(&edge, "one t", Some("max_output_tokens"));
    stream(&edge, "text/event-stream", &[part("added"), part("done")]);
    whole(&edge, "wo", None);
    let told = told(&edge, |_| {}).unwrap();
    assert_eq!(
        told,
        ["start 0", "delta one t", "delta wo", "end 0", "one two"]
    );
}

#[test]
fn a_second_response_in_a_continuation_takes_back_all_and_delivers_it_again() {
    let created = json!({ "type": "response.created" });
    let edge = FakeEdge::default();
    whole(&edge, "one t", Some("max_output_tokens"));
    stream(
        &edge,
        "text/event-stream",
        &[
            created.clone(),
            delta("w"),
            created,
            delta("wo"),
            completed("wo"),
        ],
    );
    let told = told(&edge, |_| {}).unwrap();
    let again = ["start 0", "delta one t", "delta wo", "end 0", "one two"];
    assert_eq!(told[..3], ["start 0", "delta one t", "delta w"]);
    assert_eq!(told[3..5], ["end 0", "restarted"]);
    assert_eq!(told[5..], again);
    assert_eq!(
        edge.0.sent_bodies.borrow().len(),
        2,
        "nothing is paid twice"
    );
}

#[test]
fn an_answer_that_differs_from_what_was_delivered_is_not_asked_for_again() {
    let edge = FakeEdge::default();
    stream(
        &edge,
        "text/event-stream",
        &[delta("Hel"), delta("o"), completed("Hello")],
    );
    let told = told(&edge, |_| {}).unwrap();
    let expected = [
        "start 0",
        "delta Hel",
        "delta o",
        "end 0",
        "restarted",
        "start 0",
        "delta Hello",
        "end 0",
        "Hello",
    ];
    assert_eq!(told, expected);
    assert_eq!(edge.0.sent_bodies.borrow().len(), 1);
    let events = edge.0.events.borrow();
    let ids: Vec<&Value> = events
        .iter()
        .filter(|(name, _)| name == "llm:stream_block_start")
        .map(|(_, payload)| &payload["request_id"])
        .collect();
    // It is one call, however often the text comes.
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn what_can_be_read_of_an_errors_body_counts() {
    let long = "x".repeat(300 * 1024);
    let quota = r#"{"error":{"code":"insufficient_quota","message":"You exce"#;
    let filter = format!(r#"{{"error":{{"code":"content_filter","message":"{long}"}}}}"#);
    let slow = r#"{"error":{"code":"429","message":"m"#;
    // body and what follows it → kind, seconds that it took
    for (status, body, rest, kind, seconds) in [
        (429, quota, None, ErrorKind::QuotaExceeded, 0),
        (429, quota, Some(60), ErrorKind::QuotaExceeded, 5),
        (400, filter.as_str(), None, ErrorKind::ContentFilter, 0),
        (429, slow, Some(700), ErrorKind::RateLimit, 5),
        (429, "", Some(700), ErrorKind::RateLimit, 5),
    ] {
        let edge = FakeEdge::default();
        edge.answer(status, "application/json");
        for piece in body.as_bytes().chunks(100_000) {
            edge.chunk(Duration::ZERO, std::str::from_utf8(piece).unwrap());
        }
        if let Some(seconds) = rest {
            edge.chunk(Duration::from_secs(seconds), "}}");
        }
        let error = told(&edge, |config| config["max_retries"] = json!(0)).unwrap_err();
        assert_eq!(
            (error.kind, error.status),
            (kind, Some(status)),
            "{}",
            error.message
        );
        assert_eq!(edge.elapsed(), Duration::from_secs(seconds));
    }
}

#[test]
fn an_error_whose_body_stalls_is_tried_again_when_it_asks_for_it() {
    let edge = FakeEdge::default();
    edge.push(Ok((
        429,
        Headers::new(vec![("retry-after".into(), "2".into())]),
    )));
    edge.chunk(Duration::from_secs(900), "{}");
    whole(&edge, "Hi", None);
    told(&edge, |_| {}).unwrap();
    assert_eq!(edge.elapsed(), Duration::from_secs(5 + 2));
}

#[test]
fn a_date_is_waited_for_without_the_services_clock() {
    let edge = FakeEdge::default();
    let date = "Sun, 06 Nov 1994 08:49:48 GMT";
    edge.push(Ok((
        429,
        Headers::new(vec![("retry-after".into(), date.into())]),
    )));
    whole(&edge, "Hi", None);
    told(&edge, |_| {}).unwrap();
    assert_eq!(edge.elapsed(), Duration::from_secs(11));
}

#[test]
fn a_stream_that_does_not_say_what_it_is_is_one() {
    let events = [delta("Hi"), completed("Hi")];
    for content_type in [
        "",
        "application/octet-stream",
        "text/plain; charset=utf-8",
        "text/event-stream",
    ] {
        let edge = FakeEdge::default();
        stream(&edge, content_type, &events);
        let told = told(&edge, |_| {}).unwrap();
        assert_eq!(
            told,
            ["start 0", "delta Hi", "end 0", "Hi"],
            "{content_type}"
        );
    }
    for begin in ["\u{feff}", "\n\n", ": a comment\n\n"] {
        let edge = FakeEdge::default();
        edge.answer(200, "");
        edge.chunk(Duration::ZERO, begin);
        let events: Vec<String> = events
            .iter()
            .map(|event| format!("data: {event}\n\n"))
            .collect();
        edge.chunk(Duration::ZERO, &events.concat());
        assert_eq!(
            told(&edge, |_| {}).unwrap().last().unwrap(),
            "Hi",
            "{begin:?}"
        );
    }
    // A document without a word is one, and so is a page.
    let edge = FakeEdge::default();
    edge.answer(200, "");
    let response = completed("Hi")["response"].to_string();
    for piece in ["  ", &response[..5], &response[5..]] {
        edge.chunk(Duration::ZERO, piece);
    }
    assert_eq!(told(&edge, |_| {}).unwrap().last().unwrap(), "Hi");
    for (body, words) in [
        ("<html>Sign in</html>", "not a web page"),
        ("\u{1f}", "ended before the response was complete"),
        ("", "no JSON"),
    ] {
        let edge = FakeEdge::default();
        edge.answer(200, "");
        edge.chunk(Duration::ZERO, body);
        let error = told(&edge, |config| config["max_retries"] = json!(0)).unwrap_err();
        assert!(error.message.contains(words), "{body}: {}", error.message);
    }
}

#[test]
fn a_compressed_answer_is_final_and_says_how_it_is_compressed() {
    let edge = FakeEdge::default();
    let headers = [
        ("content-type", "text/event-stream"),
        ("content-encoding", "gzip"),
    ];
    let headers = headers.map(|(name, value)| (name.into(), value.into()));
    edge.push(Ok((200, Headers::new(headers.into()))));
    let error = told(&edge, |_| {}).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Stream, false));
    assert!(
        error.message.contains("compressed (`gzip`)"),
        "{}",
        error.message
    );
    let sent = edge.0.sent_headers.borrow();
    assert_eq!(sent.len(), 1, "it would be compressed again");
    let asked = ("accept-encoding".to_owned(), "identity".to_owned());
    assert!(sent[0].contains(&asked), "{sent:?}");
}

#[test]
fn what_is_there_is_not_late_however_long_the_reader_takes() {
    let edge = FakeEdge::default();
    edge.answer(200, "text/event-stream");
    for event in [delta("H"), delta("i"), completed("Hi")] {
        // In two pieces, the first of which ends in an event.
        let text = format!("data: {event}\n\n");
        let (first, second) = text.split_at(20);
        edge.chunk(Duration::ZERO, first);
        edge.chunk(Duration::ZERO, second);
    }
    edge.0.is_always_ready.set(true);
    let engine = Engine::open(edge.clone(), CONFIG).unwrap();
    let mut stream = engine
        .complete_streaming(&request(vec![user("Hi")]))
        .unwrap();
    let mut count = 0;
    loop {
        let events = stream.next_events().unwrap().len();
        if events == 0 {
            break;
        }
        // Far longer than the attempt may take.
        edge.0.now.set(edge.elapsed() + Duration::from_secs(1000));
        count += events;
    }
    assert_eq!(count, 5);
    assert_eq!(edge.0.sent_bodies.borrow().len(), 1);
}

#[test]
fn an_answer_that_takes_too_long_to_begin_is_late() {
    let edge = FakeEdge::default();
    edge.0.answers_after.set(Duration::from_secs(601));
    whole(&edge, "Hi", None);
    let error = told(&edge, |config| config["max_retries"] = json!(0)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(edge.elapsed(), Duration::from_secs(600));
}

/// What a caller sees of a stream.
fn told(edge: &FakeEdge, change: impl Fn(&mut Value)) -> Result<Vec<String>, ProviderError> {
    let mut config = json!({
        "azure_endpoint": "https://r.openai.azure.com", "api_key": "key", "retry_jitter": false, "min_retry_delay": 0,
    });
    change(&mut config);
    let engine = Engine::open(edge.clone(), &config.to_string()).unwrap();
    let mut stream = engine.complete_streaming(&request(vec![user("Hi")]))?;
    let mut told = Vec::new();
    loop {
        let events = stream.next_events()?;
        if events.is_empty() {
            return Ok(told);
        }
        told.extend(events.iter().map(line));
    }
}

fn line(event: &StreamEvent) -> String {
    match event {
        StreamEvent::BlockStart(start) => format!("start {}", start.index),
        StreamEvent::BlockDelta(delta) => format!("delta {}", delta.text),
        StreamEvent::BlockEnd(index) => format!("end {index}"),
        StreamEvent::Restarted(_) => "restarted".to_owned(),
        StreamEvent::Completed(response) => {
            let texts = response.content.iter().map(|block| match &block.content {
                BlockContent::Text(text) => text.as_str(),
                other => panic!("text, found {other:?}"),
            });
            texts.collect()
        }
    }
}

fn stream(edge: &FakeEdge, content_type: &str, events: &[Value]) {
    edge.answer(200, content_type);
    for event in events {
        edge.chunk(Duration::ZERO, &format!("data: {event}\n\n"));
    }
}

fn whole(edge: &FakeEdge, text: &str, incomplete: Option<&str>) {
    let mut response = completed(text)["response"].take();
    if let Some(reason) = incomplete {
        response["status"] = json!("incomplete");
        response["incomplete_details"] = json!({ "reason": reason });
    }
    edge.answer(200, "application/json");
    edge.chunk(Duration::ZERO, &response.to_string());
}

fn delta(text: &str) -> Value {
    json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text })
}

fn completed(text: &str) -> Value {
    let output =
        json!([{ "type": "message", "content": [{ "type": "output_text", "text": text }] }]);
    json!({ "type": "response.completed", "response": { "status": "completed", "output": output } })
}
