//! What a service gives up on, and what it waits for.

use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::{DeltaGate, Fault, MockAzure};
use provider_host::{Environment, Limits};
use provider_host_serve::{Service, ServiceBuilder};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Coming, begin, get, send};
use super::{Served, hello};
use crate::support::{Events, config, in_time, open};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn a_caller_that_goes_away_ends_its_call_at_once() {
    for (path, body) in [
        ("/v1/stream", hello()),
        ("/v1/responses", json!({ "input": "Hi", "stream": true })),
    ] {
        let gate = DeltaGate::new();
        let served = Served::gated(&gate, Service::builder()).await;
        gate.release(5);
        let mut coming = begin(served.address(), "POST", path, &JSON, &body.to_string()).await;
        coming.until("Hello").await;
        drop(coming);
        at_once(served.mock.wait_for_closed_streams(1)).await;
    }
    for (path, body) in [
        ("/v1/complete", hello()),
        ("/v1/responses", json!({ "input": "Hi" })),
    ] {
        let served = Served::new().await;
        served.mock.push_fault(Fault::NeverAnswer);
        let coming = begin(served.address(), "POST", path, &JSON, &body.to_string()).await;
        in_time(served.mock.wait_for_requests(1)).await;
        drop(coming);
        at_once(served.mock.wait_for_closed_streams(1)).await;
    }
}

#[tokio::test]
async fn each_event_is_sent_at_once_and_silence_is_filled_with_comments() {
    let gate = DeltaGate::new();
    let service = Service::builder().keepalive(Duration::from_millis(20));
    let served = Served::gated(&gate, service).await;
    gate.release(5);
    let body = hello().to_string();
    let mut coming = begin(served.address(), "POST", "/v1/stream", &JSON, &body).await;
    coming.until(r#""text":"Hello""#).await;
    coming.until(": keepalive\n\n").await;
    gate.open();
    let answer = coming.end().await;
    assert_eq!(answer.events().last().unwrap().0, "completed");
}

#[tokio::test]
async fn bodies_and_heads_have_a_limit() {
    let service = Service::builder().max_body_bytes(1000);
    let served = Served::with(
        MockAzure::builder().start().await.unwrap(),
        json!({}),
        service,
    )
    .await;
    let sized = |length: usize| {
        let empty = json!({ "input": "" }).to_string();
        json!({ "input": "x".repeat(length - empty.len()) })
    };
    let answer = served.post("/v1/responses", &sized(1000)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = served.post("/v1/responses", &sized(1001)).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(
        answer.json()["error"]["message"],
        "the body has more than 1000 bytes, which is the most that is taken"
    );
    let long = "x".repeat(40 * 1024);
    let answer = send(served.address(), "GET", "/health", &[("x-long", &long)], "").await;
    assert_eq!(answer.status, 431, "{answer:?}");
}

#[tokio::test]
async fn heads_and_bodies_that_do_not_come_are_not_waited_for() {
    let limit = Duration::from_millis(20);
    // One limit each: a machine that is busy for so long would let the other one pass first.
    let served = serve(Service::builder().header_time(limit)).await;
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nho")
        .await
        .unwrap();
    let mut answer = String::new();
    let read = in_time(stream.read_to_string(&mut answer)).await;
    assert!(read.is_err() || !answer.contains("200 OK"), "{answer}");

    let served = serve(Service::builder().body_time(limit)).await;
    let head = format!(
        "POST /v1/complete HTTP/1.1\r\nhost: {}\r\n",
        served.address()
    );
    let head = head + "content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    in_time(stream.read_exact(&mut start)).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_client_that_stops_reading_holds_nothing_for_ever() {
    let mock = MockAzure::builder().start().await.unwrap();
    let service = Service::builder().send_time(Duration::from_millis(50));
    let served = Served::with(mock, json!({}), service).await;
    // The mock repeats it, and more than the system keeps for a connection is left to write.
    let long = "x".repeat(16 * 1024 * 1024);
    let body = json!({ "messages": [{ "role": "user", "content": long }] }).to_string();
    let unread = begin(served.address(), "POST", "/v1/stream", &JSON, &body).await;
    in_time(served.mock.wait_for_requests(1)).await;
    in_time(async {
        while served.provider.statistics().running > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(unread);
}

#[tokio::test]
async fn a_shutdown_lets_running_answers_come_to_their_end() {
    let gate = DeltaGate::new();
    let served = Served::gated(&gate, Service::builder()).await;
    let address = served.address();
    let coming = running_stream(&served, &gate).await;
    let stopping = tokio::spawn(served.service.shut_down(Duration::from_secs(60)));
    in_time(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gate.open();
    assert_eq!(coming.end().await.events().last().unwrap().0, "completed");
    assert_eq!(in_time(stopping).await.unwrap(), 0);
}

#[tokio::test]
async fn a_shutdown_cuts_off_what_takes_longer_than_its_limit() {
    let gate = DeltaGate::new();
    let served = Served::gated(&gate, Service::builder()).await;
    gate.release(5);
    let body = hello().to_string();
    let mut coming = begin(served.address(), "POST", "/v1/stream", &JSON, &body).await;
    coming.until("Hello").await;
    let cut = in_time(served.service.shut_down(Duration::ZERO)).await;
    assert_eq!(cut, 1);
    at_once(served.mock.wait_for_closed_streams(1)).await;
}

#[tokio::test]
async fn requests_for_which_there_is_no_memory_are_told_to_come_again() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::NeverAnswer);
    // Room for one such body and what is made of it, and not for two.
    let service = Service::builder().max_bytes_in_work(100_000);
    let served = Served::with(mock, json!({}), service).await;
    let body = json!({ "messages": [{ "role": "user", "content": "x".repeat(40_000) }] });
    let running = begin(
        served.address(),
        "POST",
        "/v1/complete",
        &JSON,
        &body.to_string(),
    )
    .await;
    in_time(served.mock.wait_for_requests(1)).await;
    for path in ["/v1/complete", "/v1/stream"] {
        let answer = served.post(path, &body).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("x-should-retry"), None);
    }
    assert_eq!(served.post("/v1/complete", &hello()).await.status, 200);
    // What would never have room is not told to come again.
    let values = "{},".repeat(1_000);
    let many = format!("[{values}0]");
    let answer = send(served.address(), "POST", "/v1/complete", &JSON, &many).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    // Whoever goes makes room.
    drop(running);
    in_time(served.mock.wait_for_closed_streams(1)).await;
    in_time(async { while served.post("/v1/complete", &body).await.status != 200 {} }).await;
}

#[tokio::test]
async fn large_bodies_keep_nobody_else_waiting() {
    let mock = MockAzure::builder().start().await.unwrap();
    let service = Service::builder().max_bytes_in_work(usize::MAX);
    let served = Served::with(mock, json!({}), service).await;
    // Parsing each takes long, and comes to nothing.
    let many = format!("[{}0]", "{},".repeat(1_500_000));
    let mut large = tokio::task::JoinSet::new();
    for _ in 0..4 {
        large.spawn(
            begin(served.address(), "POST", "/v1/complete", &JSON, &many)
                .await
                .end(),
        );
    }
    // On this one thread, which is the service's too: it answers while others parse, or else after it has parsed.
    let mut answered = 0;
    while large.try_join_next().is_none() {
        assert_eq!(get(served.address(), "/health").await.status, 200);
        answered += 1;
    }
    assert!(answered > 8, "{answered}");
    while let Some(answer) = in_time(large.join_next()).await {
        assert_eq!(answer.unwrap().status, 400);
    }
}

#[tokio::test]
async fn one_connection_more_than_there_may_be_waits_for_another_to_end() {
    let served = serve(Service::builder().max_connections(2)).await;
    let idle = [
        TcpStream::connect(served.address()).await.unwrap(),
        TcpStream::connect(served.address()).await.unwrap(),
    ];
    let mut waiting = begin(served.address(), "GET", "/health", &[], "").await;
    let early = tokio::time::timeout(Duration::from_millis(200), waiting.until("HTTP/1.1"));
    assert!(early.await.is_err(), "it is answered");
    drop(idle);
    assert_eq!(waiting.end().await.status, 200);
}

#[tokio::test]
async fn a_flood_of_probes_runs_the_component_once() {
    let served = Served::new().await;
    let before = served.provider.statistics().calls;
    let mut probes = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let address = served.address();
        probes.spawn(async move { get(address, "/ready").await.status });
    }
    while let Some(status) = in_time(probes.join_next()).await {
        assert_eq!(status.unwrap(), 200);
    }
    let calls = served.provider.statistics().calls - before;
    // Once a second, however slow this machine is.
    assert!(calls <= 5, "{calls}");
}

#[tokio::test]
async fn calls_that_are_cut_off_at_the_end_are_reported() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder().gate(gate.clone()).start();
    let mock = mock.await.unwrap();
    let events = Arc::new(Events::default());
    let config = config(&mock);
    let provider = open(&config, Environment::default(), Arc::clone(&events));
    let provider = provider.await.unwrap();
    let service = Service::builder().start(provider).await.unwrap();
    gate.release(5);
    let body = hello().to_string();
    let mut coming = begin(service.address(), "POST", "/v1/stream", &JSON, &body).await;
    coming.until("Hello").await;
    assert_eq!(in_time(service.shut_down(Duration::ZERO)).await, 1);
    let ends = events.of("llm:response");
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0]["status"], "cancelled");
}

#[tokio::test]
async fn probes_and_paths() {
    let served = Served::new().await;
    let address = served.address();
    assert_eq!(
        get(address, "/health").await.json(),
        json!({ "status": "alive" })
    );
    assert_eq!(
        get(address, "/ready").await.json(),
        json!({ "status": "ready" })
    );
    for path in ["/health", "/ready"] {
        let answer = send(address, "HEAD", path, &[], "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
        let answer = send(address, "POST", path, &[], "").await;
        let allowed = answer.header("allow");
        assert_eq!((answer.status, allowed), (405, Some("GET, HEAD")));
    }
    let answer = get(address, "/v1/complete").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    let answer = get(address, "/v2/responses").await;
    assert_eq!(answer.status, 404);
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("nothing is at /v2/responses"), "{message}");
    let ids = [get(address, "/health").await, get(address, "/health").await];
    let [first, second] = ids
        .each_ref()
        .map(|answer| answer.header("x-request-id").unwrap());
    assert_ne!(first, second);
}

#[tokio::test]
async fn what_the_host_turns_away_is_told_what_to_do() {
    let limits = Limits::default().with(|limits| {
        limits.waiting_calls = 0;
        limits.request_bytes = 1_000;
    });
    let served = Served::limited(
        MockAzure::builder().start().await.unwrap(),
        json!({ "max_concurrent_requests": 1 }),
        Service::builder(),
        limits,
    )
    .await;
    let long = "x".repeat(1_001);
    for (path, body) in [
        (
            "/v1/complete",
            json!({ "messages": [{ "role": "user", "content": long }] }),
        ),
        ("/v1/responses", json!({ "input": long })),
    ] {
        let answer = served.post(path, &body).await;
        assert_eq!(answer.status, 413, "{answer:?}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        assert!(answer.body.contains("1000 are the most"), "{answer:?}");
    }

    served.mock.push_fault(Fault::NeverAnswer);
    let body = hello().to_string();
    let running = begin(served.address(), "POST", "/v1/complete", &JSON, &body).await;
    in_time(served.mock.wait_for_requests(1)).await;
    for (path, body) in [
        ("/v1/complete", hello()),
        ("/v1/stream", hello()),
        ("/v1/responses", json!({ "input": "Hi" })),
    ] {
        let answer = served.post(path, &body).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("retry-after-ms"), Some("1000"));
        assert_eq!(answer.header("x-should-retry"), None);
        assert!(answer.body.contains("1 calls run and 0 wait"), "{answer:?}");
    }
    drop(running);
}

#[tokio::test]
async fn a_host_that_is_being_shut_down_is_not_ready() {
    let gate = DeltaGate::new();
    let served = Served::gated(&gate, Service::builder()).await;
    let address = served.address();
    let coming = running_stream(&served, &gate).await;
    let mut shut_down = Box::pin(served.provider.shut_down());
    let begun = tokio::time::timeout(Duration::ZERO, &mut shut_down).await;
    assert!(begun.is_err(), "it waits for the stream");
    for (path, status) in [("/health", 200), ("/ready", 503), ("/v1/models", 503)] {
        assert_eq!(get(address, path).await.status, status, "{path}");
    }
    assert_eq!(served.post("/v1/complete", &hello()).await.status, 503);
    gate.open();
    assert_eq!(coming.end().await.events().last().unwrap().0, "completed");
    in_time(shut_down).await;
}

/// A stream that goes on until the gate is opened.
async fn running_stream(served: &Served, gate: &DeltaGate) -> Coming {
    gate.release(5);
    let body = hello().to_string();
    let mut coming = begin(served.address(), "POST", "/v1/stream", &JSON, &body).await;
    coming.until("Hello").await;
    coming
}

async fn serve(service: ServiceBuilder) -> Served {
    let mock = MockAzure::builder().start().await.unwrap();
    Served::with(mock, json!({}), service).await
}

/// Fails when something takes longer than a person would notice.
async fn at_once(something: impl Future<Output = ()>) {
    let limit = Duration::from_millis(500);
    assert!(
        tokio::time::timeout(limit, something).await.is_ok(),
        "it takes longer than {limit:?}"
    );
}
