//! What one call has of its own: its id, its subscriber and its limits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_openai_mock::{MockAzure, Step};
use provider_host::{CallError, CallId, CallOptions, Event, EventSubscriber, LimitError, Provider};
use serde_json::json;

use crate::hostile::Hostile;
use crate::support::{Setup, ask, azure, component, config, in_time, read};

#[tokio::test]
async fn the_id_of_a_call_is_known_before_its_first_event() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = azure().load(component()).await.unwrap();
    let provider = host.open(&config(&mock)).await.unwrap();
    let heard = Arc::new(Heard::default());
    for is_streamed in [false, true] {
        let options = CallOptions::new().events(heard.clone());
        let id = options.id();
        if is_streamed {
            let stream = provider.stream_with(&ask("a question"), options).await;
            read(stream.unwrap()).await.response.unwrap();
        } else {
            let response = provider.complete_with(&ask("a question"), options).await;
            response.unwrap();
        }
        let heard = std::mem::take(&mut *heard.0.lock().unwrap());
        assert!(heard.len() > 2, "{heard:?}");
        let of_call = heard.iter().all(|(call, _)| *call == Some(id));
        assert!(of_call, "{id}: {heard:?}");
    }
}

#[tokio::test]
async fn a_call_has_time_of_its_own() {
    let mock = MockAzure::builder().delta_pause(Duration::from_secs(60));
    let setup = Setup::with(mock.start().await.unwrap(), json!({})).await;
    let limit = Duration::from_millis(300);
    let other = setup.provider.stream(&ask("a question")).await.unwrap();
    let request = ask("another");
    let options = CallOptions::new().wall_time(limit);
    let ended = in_time(setup.provider.complete_with(&request, options)).await;
    assert_eq!(limit_of(ended), LimitError::WallTime { limit });
    assert_eq!(setup.provider.statistics().running, 1);
    drop(other);
}

#[tokio::test]
async fn a_call_has_limits_of_its_own_and_the_next_one_the_hosts() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = azure().load(component()).await.unwrap();
    let provider = host.open(&config(&mock)).await.unwrap();
    let request = ask("a question");
    // The instance is the same one each time.
    let small = || CallOptions::new().request_bytes(9);
    let ended = in_time(provider.complete_with(&request, small())).await;
    assert_eq!(limit_of(ended), LimitError::Request { size: 10, limit: 9 });
    assert!(mock.requests().is_empty());
    provider.complete(&request).await.unwrap();

    let small = CallOptions::new().response_bytes(100);
    let error = in_time(provider.complete_with(&request, small)).await;
    let Err(CallError::Provider(error)) = error else {
        panic!("{error:?}");
    };
    assert!(error.message.contains("size exceeds limit"), "{error:?}");
    provider.complete(&request).await.unwrap();

    let heard = Arc::new(Heard::default());
    let small = CallOptions::new().event_bytes(100).events(heard);
    let ended = in_time(provider.complete_with(&request, small)).await;
    assert_eq!(limit_of(ended), LimitError::Events { limit: 100 });
    provider.complete(&request).await.unwrap();
}

#[tokio::test]
async fn a_call_may_compute_as_long_as_it_says_and_no_longer() {
    let hostile = Hostile::open(json!({}), []).await;
    let limit = Duration::from_millis(200);
    let options = CallOptions::new().cpu_time(limit);
    let request = ask(r#"{"do":"take","what":"time"}"#);
    let ended = in_time(hostile.provider.complete_with(&request, options)).await;
    assert_eq!(limit_of(ended), LimitError::CpuTime { limit });
}

#[tokio::test]
async fn a_forwarded_request_has_them_too() {
    let mock = MockAzure::builder().start().await.unwrap();
    let host = azure().load(component()).await.unwrap();
    let provider: Provider = host.open(&config(&mock)).await.unwrap();
    let limit = Duration::from_millis(200);
    mock.push_step(Step {
        delay: Duration::from_secs(60),
        ..Step::default()
    });
    let body = json!({ "model": "gpt-5.1", "input": "a question" }).to_string();
    let request = http::Request::post("/responses").header("content-type", "application/json");
    let request = request.body(bytes::Bytes::from(body)).unwrap();
    let options = CallOptions::new().wall_time(limit);
    let ended = in_time(provider.forward_with(request, options)).await;
    assert_eq!(limit_of(ended), LimitError::WallTime { limit });
}

fn limit_of<T>(ended: Result<T, CallError>) -> LimitError {
    match ended {
        Err(CallError::Limit(limit)) => limit,
        Err(error) => panic!("another error: {error:?}"),
        Ok(_) => panic!("there is a response"),
    }
}

/// The calls and the names of events.
#[derive(Default)]
struct Heard(Mutex<Vec<(Option<CallId>, String)>>);

impl EventSubscriber for Heard {
    fn event(&self, event: &Event<'_>) {
        let heard = (event.call, event.name.to_owned());
        self.0.lock().unwrap().push(heard);
    }
}
