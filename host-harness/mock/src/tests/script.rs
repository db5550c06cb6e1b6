//! Scripts: the examples of `docs/mock.md`, all of them, as a client meets them.

use std::path::Path;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::client::{ask, events, json_of, kinds, object, post, post_with, stream};
use crate::tests::client::client;
use crate::{MockAzure, Script};

/// The script that is the example with that number.
fn example(number: usize) -> Script {
    let text = EXAMPLES.split("```toml\n").nth(number + 1).unwrap();
    let text = text.split("```").next().unwrap();
    Script::parse(text, Path::new("example.toml")).unwrap()
}

async fn play(number: usize) -> MockAzure {
    let mock = MockAzure::builder().script(example(number));
    mock.start().await.unwrap()
}

fn body(stream: bool) -> Value {
    ask("Say hello", json!({"stream": stream}))
}

/// The bytes of a body up to its end, and what was wrong with that.
async fn read(mut response: Response) -> (String, Option<String>) {
    let mut bytes = Vec::new();
    loop {
        match timeout(LONG, response.chunk()).await.unwrap() {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            end => {
                let wrong = end.err().map(|error| format!("{error:?}"));
                return (String::from_utf8(bytes).unwrap(), wrong);
            }
        }
    }
}

#[test]
fn every_example_is_tested() {
    let tested = EXAMPLES.matches("```toml\n").count();
    assert_eq!(tested, 5);
    (0..tested).for_each(|number| drop(example(number)));
}

#[tokio::test]
async fn each_request_gets_its_step_and_then_the_rest() {
    let (sender, told) = std::sync::mpsc::channel();
    let mock = MockAzure::builder()
        .script(example(0))
        .on_step(move |played| sender.send(played.clone()).unwrap())
        .start()
        .await
        .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(post(&mock, &body(false)).await.status().as_u16());
    }
    assert_eq!(statuses, [429, 429, 200, 503, 503]);
    let told: Vec<_> = told
        .try_iter()
        .map(|played| (played.request, played.step, played.name.unwrap()))
        .collect();
    let rest = "everything after that";
    let expected = [
        (1, Some(1), "no room"),
        (2, Some(1), "no room"),
        (3, Some(2), "slow"),
        (4, None, rest),
        (5, None, rest),
    ];
    assert_eq!(
        told,
        expected.map(|(request, step, name)| (request, step, name.to_owned()))
    );
}

#[tokio::test]
async fn answers() {
    let mock = play(1).await;
    let flat = json_of(post(&mock, &body(false)).await).await;
    assert_eq!(
        flat,
        (
            401,
            json!({"statusCode": 401, "message": "Unauthorized.", "error": null})
        )
    );
    let table = [
        (
            502,
            "text/html; charset=utf-8",
            "<html><body>Bad gateway</body></html>",
        ),
        (500, "text/plain; charset=utf-8", "upstream connect error"),
        // Without a body, and with the type that the service puts on everything.
        (408, "application/json", ""),
        (
            200,
            "text/event-stream; charset=utf-8",
            "data: {\"type\":\"response.created\"}\n\n",
        ),
    ];
    for (status, content_type, text) in table {
        let response = post(&mock, &body(false)).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["content-type"], content_type);
        if status == 500 {
            assert_eq!(response.headers()["x-request-id"], "given");
        }
        assert_eq!(response.text().await.unwrap(), text);
    }
    assert_eq!(object(&mock, &body(false)).await["id"], "resp_1");
    let text = post(&mock, &body(true)).await.text().await.unwrap();
    assert_eq!(text.matches("event: ").count(), 2);
    assert!(text.contains("\"error\":null"), "{text}");

    for expected in ["IncompleteMessage", "ConnectionReset"] {
        let error = post_with(&client(), &mock, &body(false)).await.unwrap_err();
        assert!(format!("{error:?}").contains(expected), "{error:?}");
    }
    let (client, body) = (client(), body(false));
    tokio::select! {
        answer = post_with(&client, &mock, &body) => panic!("{answer:?}"),
        () = mock.wait_for_requests(10) => {}
    }
    mock.wait_for_closed_streams(1).await;
}

#[tokio::test]
async fn headers_that_ask_to_wait() {
    let mock = play(2).await;
    for (name, value) in [
        ("retry-after", "2"),
        ("retry-after-ms", "1500"),
        ("x-ms-retry-after-ms", "1500"),
    ] {
        let response = post(&mock, &body(false)).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[name], value);
    }
    let response = post(&mock, &body(false)).await;
    let date = response.headers()["retry-after"].to_str().unwrap();
    let date = httpdate::parse_http_date(date).unwrap();
    let wait = date.duration_since(SystemTime::now()).unwrap();
    // Dates have no parts of seconds, and the answer took a moment.
    let range = Duration::from_secs(60)..=Duration::from_secs(90);
    assert!(range.contains(&wait), "{wait:?}");
}

#[tokio::test]
async fn what_clients_pass_over_is_in_its_places() {
    let mock = play(3).await;
    let (text, wrong) = read(post(&mock, &body(true)).await).await;
    assert_eq!(wrong, None);
    let text = text.strip_prefix('\u{feff}').unwrap();
    assert_eq!(
        text.matches('\n').count(),
        text.matches("\r\n").count(),
        "{text}"
    );
    let frames: Vec<&str> = text.split_terminator("\r\n\r\n").collect();
    let first_lines: Vec<&str> = frames
        .iter()
        .map(|frame| frame.split("\r\n").next().unwrap())
        .collect();
    assert_eq!(
        first_lines[..9],
        [
            "event: response.created",
            "event: response.in_progress",
            ": still here",
            "event: response.output_item.added",
            "event: keepalive",
            "event: response.tomorrow",
            "event: response.content_part.added",
            ": still here",
            "event: keepalive",
        ]
    );
    assert_eq!(first_lines.last(), Some(&"data: [DONE]"));
    let data: Vec<Value> = frames
        .iter()
        .filter_map(|frame| frame.split_once("data: ")?.1.parse().ok())
        .collect();
    for (number, event) in data.iter().enumerate() {
        assert_eq!(event["sequence_number"], number, "{event}");
        assert!(event["field_of_tomorrow"].is_object(), "{event}");
    }
    let response = data.last().unwrap()["response"].as_object().unwrap();
    assert!(response.contains_key("field_of_tomorrow"));
}

#[tokio::test]
async fn errors_within_a_stream() {
    let mock = play(3).await;
    post(&mock, &body(true)).await.text().await.unwrap();

    let azure = stream(&mock, body(true)).await;
    assert_eq!(azure.len(), 5);
    let error = &azure[4]["error"];
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!("rate_limit_exceeded"), &json!("No room."))
    );

    let flat = stream(&mock, body(true)).await.pop().unwrap();
    assert_eq!(
        (&flat["type"], &flat["code"]),
        (&json!("error"), &json!("server_error"))
    );

    let failed = stream(&mock, body(true)).await.pop().unwrap();
    assert_eq!(failed["type"], "response.failed");
    assert_eq!(failed["response"]["status"], "failed");
    assert_eq!(failed["response"]["error"]["code"], "server_error");

    let mut both = stream(&mock, body(true)).await;
    let (error, failed) = (both.pop().unwrap(), both.pop().unwrap());
    assert_eq!(failed["response"]["error"], Value::Null);
    assert_eq!(error["error"]["code"], "server_error");

    let text = post(&mock, &body(true)).await.text().await.unwrap();
    let last = text.split_terminator("\n\n").last().unwrap();
    assert!(
        last.starts_with("event: error\ndata: {\"error\":\"The "),
        "{last}"
    );

    let unfinished = stream(&mock, body(true)).await;
    assert_eq!(kinds(&unfinished).last(), Some(&"output_item.done"));
}

#[tokio::test]
async fn bodies_go_in_pieces_and_stop() {
    let mock = play(4).await;
    let usual = MockAzure::builder().start().await.unwrap();
    let (usual, _) = read(post(&usual, &body(true)).await).await;

    // What differs between the two mocks are numbers of the same length.
    for _ in 0..2 {
        let (text, wrong) = read(post(&mock, &body(true)).await).await;
        assert_eq!(wrong, None);
        assert_eq!(kinds(&events(&text)), kinds(&events(&usual)), "{text}");
        assert_eq!(text.len(), usual.len());
    }
    let (text, wrong) = read(post(&mock, &body(true)).await).await;
    assert_eq!(events(&text).len(), 5);
    assert!(!wrong.unwrap().contains("ConnectionReset"));
    let (text, wrong) = read(post(&mock, &body(true)).await).await;
    assert_eq!(text.len(), 100);
    assert!(wrong.unwrap().contains("ConnectionReset"));
    let (text, wrong) = read(post(&mock, &body(true)).await).await;
    assert_eq!((events(&text).len(), wrong), (3, None));

    for comments in [0, 3] {
        let mut response = post(&mock, &body(true)).await;
        let mut text = String::new();
        while text.matches("event: ").count() < 3 || text.matches(": still here").count() < comments
        {
            let chunk = timeout(LONG, response.chunk()).await.unwrap().unwrap();
            text += std::str::from_utf8(&chunk.unwrap()).unwrap();
        }
        assert_eq!(text.matches("event: ").count(), 3);
    }
    mock.wait_for_closed_streams(2).await;
}

#[tokio::test]
async fn a_body_is_cut_nowhere_but_at_its_offsets() {
    // Pieces may be joined on their way, but never be cut anywhere else.
    let script = "[[step]]\nstream = { split_at = [2, 5] }\nraw = \"data: {}\\n\\n\"";
    let script = Script::parse(script, Path::new("s.toml")).unwrap();
    let mock = MockAzure::builder().script(script).start().await.unwrap();
    let mut response = post(&mock, &body(true)).await;
    let mut length = 0;
    while let Some(chunk) = response.chunk().await.unwrap() {
        length += chunk.len();
        assert!([2, 5, 10].contains(&length), "{length}");
    }
    assert_eq!(length, 10);
}

#[test]
fn what_is_wrong_with_a_script_is_told_with_its_place() {
    let table = [
        (
            "[[step]]\nstatus = 429\nstatus = 1",
            "s.toml:3:1: duplicate key",
        ),
        (
            "[[step]]\n\n[[step]]\nstatuz = 429",
            "s.toml:4:1: unknown field `statuz`, expected one of ",
        ),
        (
            "[[step]]\nstatus = 42",
            "s.toml:1:1: status: 42 is no status of an answer; they are 200 to 999",
        ),
        (
            "[[step]]\n[[step]]\nempty = true\ntext = 'x'",
            "s.toml:2:1: connection, empty, events, html, json, raw, response and text exclude each other",
        ),
        (
            "[[step]]\njson = '{'",
            "s.toml:2:8: this text is not JSON: EOF",
        ),
        (
            "[[step]]\nrepeat = 0",
            "s.toml:2:10: invalid value: integer `0`",
        ),
        (
            "[[step]]\nstream = { split_every = 1, split_at = [1] }",
            "s.toml:1:1: split_at and split_every exclude each other",
        ),
        (
            "[[step]]\nstream = { insert = [{ comment = 'x' }] }",
            "s.toml:1:1: insert: one of after and every is missing",
        ),
        (
            "[[step]]\nstream = { stop = { after_bytes = 1, how = 'explode' } }",
            "s.toml:2:44: unknown variant `explode`",
        ),
        (
            "[[step]]\nstream = { stop = { after_bytes = 1, how = 'end', comment_ms = 1 } }",
            "s.toml:1:1: stop: comment_ms goes with how = \"stall\" alone",
        ),
        (
            "[[step]]\nheaders = { 'a b' = 'x' }",
            "s.toml:1:1: headers: \"a b\" = \"x\": this cannot be the name of a header",
        ),
        (
            "[rest]\nheaders = { content-length = '1' }",
            "s.toml:1:1: headers: \"content-length\" is set by the mock; leave it out",
        ),
    ];
    for (text, expected) in table {
        let error = Script::parse(text, Path::new("s.toml")).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(expected), "{error}\n{expected}");
    }
}

const EXAMPLES: &str = include_str!("../../docs/mock.md");

/// Far more than a machine under load needs for what takes milliseconds.
const LONG: Duration = Duration::from_secs(30);
