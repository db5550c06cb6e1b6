//! Answers that go wrong.

use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{client, events, json_of, object, post, post_with, stream};
use crate::{Fault, MockAzure};

async fn mock(faults: impl IntoIterator<Item = Fault>) -> MockAzure {
    let mock = MockAzure::builder().start().await.unwrap();
    faults.into_iter().for_each(|fault| mock.push_fault(fault));
    mock
}

fn body(stream: bool) -> Value {
    json!({"model": "gpt-4.1", "input": "hi", "stream": stream})
}

/// The bytes of one answer, up to the end of the connection.
async fn raw(mock: &MockAzure, body: &Value) -> String {
    let body = body.to_string();
    let request = format!(
        "POST /openai/v1/responses HTTP/1.1\r\nhost: mock\r\napi-key: {}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        mock.api_key(),
        body.len()
    );
    let mut connection = TcpStream::connect(mock.address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn each_fault_is_for_one_request() {
    let limit = Fault::json(
        StatusCode::TOO_MANY_REQUESTS,
        &json!({"error": {"code": "429"}}),
    )
    .header("retry-after-ms", "20")
    .header("x-request-id", "given");
    let html = Fault::Status {
        status: StatusCode::BAD_GATEWAY,
        headers: [(http::header::CONTENT_TYPE, "text/html".parse().unwrap())]
            .into_iter()
            .collect(),
        body: "<html>".into(),
    };
    let mock = mock([limit, html]).await;

    let first = post(&mock, &body(false)).await;
    assert_eq!(first.headers()["retry-after-ms"], "20");
    assert_eq!(first.headers()["x-request-id"], "given");
    assert_eq!(first.headers()["x-ms-region"], "Mock");
    assert_eq!(
        json_of(first).await,
        (429, json!({"error": {"code": "429"}}))
    );

    let second = post(&mock, &body(false)).await;
    assert_eq!(
        (second.status(), &second.headers()["content-type"]),
        (StatusCode::BAD_GATEWAY, &"text/html".parse().unwrap())
    );
    assert_eq!(second.text().await.unwrap(), "<html>");

    object(&mock, &body(false)).await;
    let statuses: Vec<u16> = mock
        .requests()
        .iter()
        .map(|request| request.status.unwrap().as_u16())
        .collect();
    assert_eq!(statuses, [429, 502, 200]);
}

#[tokio::test]
async fn a_stream_breaks_off_after_its_events() {
    for count in [0, 1, 5] {
        let mock = mock([Fault::CloseAfterEvents(count)]).await;
        let answer = raw(&mock, &body(true)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(answer.matches("event: ").count(), count, "{answer}");
        assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
        assert_eq!(mock.closed_streams(), 0);
    }
    let mock = mock([Fault::CloseAfterEvents(3)]).await;
    let response = post(&mock, &body(true)).await;
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn a_stream_that_is_shorter_than_its_fault_ends_well() {
    let mock = mock([Fault::CloseAfterEvents(1000)]).await;
    let events = stream(&mock, body(true)).await;
    assert_eq!(events.last().unwrap()["type"], "response.completed");
}

#[tokio::test]
async fn an_object_breaks_off_halfway() {
    let mock = mock([Fault::CloseAfterEvents(0)]).await;
    let response = post(&mock, &body(false)).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn a_connection_ends_before_its_answer() {
    let mock = mock([Fault::CloseBeforeHeaders]).await;
    assert_eq!(raw(&mock, &body(true)).await, "");
    assert_eq!(mock.requests()[0].status, None);
    object(&mock, &body(false)).await;
}

#[tokio::test]
async fn an_answer_never_comes() {
    let mock = mock([Fault::NeverAnswer]).await;
    let (client, body) = (client(), body(false));
    tokio::select! {
        answer = post_with(&client, &mock, &body) => panic!("{answer:?}"),
        () = mock.wait_for_requests(1) => {}
    }
    mock.wait_for_closed_streams(1).await;
    assert_eq!(mock.requests()[0].status, None);
}

#[tokio::test]
async fn raw_bytes_are_sent_as_they_are() {
    let bytes =
        "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0}\n\n";
    let mock = mock([Fault::RawStream(bytes.into())]).await;
    let response = post(&mock, &body(true)).await;
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    assert_eq!(text, bytes);
    assert_eq!(events(&text).len(), 1);
}
