//! A provider's events as spans of OpenTelemetry and as lines of `tracing`.

use std::io;
use std::sync::{Arc, Mutex};

use azure_openai_mock::{Fault, MockAzure};
use http::StatusCode;
use opentelemetry::trace::{SpanId, SpanKind, Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use provider_host::telemetry::{OpenTelemetrySubscriber, TracingSubscriber};
use provider_host::{EventSubscriber, Provider};
use serde_json::{Map, Value, json};
use tracing::Level;

use crate::command_line::run;
use crate::support::{Events, ask, azure, component, config, provider_error};

#[tokio::test]
async fn a_call_is_a_span_with_its_model_tokens_cost_retries_and_aborted_streams() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(busy());
    mock.push_fault(Fault::CloseAfterEvents(7));
    let exporter = InMemorySpanExporter::default();
    let events = Arc::new(Events::default());
    let subscriber = tracer(&exporter)
        .server("127.0.0.1", 8080)
        .around(events.clone());
    let provider = open(&mock, settings(), Arc::new(subscriber)).await;
    provider.complete(&ask("a question")).await.unwrap();

    let spans = exporter.get_finished_spans().unwrap();
    let [span] = spans.as_slice() else {
        panic!("one call, and {} spans", spans.len());
    };
    assert_eq!(span.name, "chat gpt-5.1");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.parent_span_id, SpanId::INVALID);
    assert!(span.start_time < span.end_time);

    let usage = &events.of("llm:response")[0]["usage"];
    for (name, expected) in [
        ("amplifier.cost_usd", usage["cost_usd"].clone()),
        ("amplifier.retries", json!(2)),
        ("error.type", Value::Null),
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.output.messages", Value::Null),
        ("gen_ai.provider.name", json!("azure.ai.openai")),
        ("gen_ai.request.model", json!("gpt-5.1")),
        ("gen_ai.request.stream", json!(true)),
        ("gen_ai.response.finish_reasons", json!(r#"["stop"]"#)),
        ("gen_ai.response.model", json!("gpt-5.1-2025-11-13")),
        ("gen_ai.usage.input_tokens", usage["input_tokens"].clone()),
        ("gen_ai.usage.output_tokens", usage["output_tokens"].clone()),
        ("server.address", json!("127.0.0.1")),
        ("server.port", json!(8080)),
    ] {
        assert_eq!(attribute(span, name), expected, "{name}");
    }
    let id = attribute(span, "gen_ai.response.id");
    assert!(id.as_str().unwrap().starts_with("resp_"), "{id}");
    let first_chunk = attribute(span, "gen_ai.response.time_to_first_chunk");
    assert!(first_chunk.as_f64().unwrap() > 0.0, "{first_chunk}");

    let told: Vec<&str> = span.events.iter().map(|event| &*event.name).collect();
    let expected = [
        "provider:concurrency",
        "provider:deployment_resolved",
        "provider:retry",
        "llm:stream_aborted",
        "provider:retry",
    ];
    assert_eq!(told, expected);
    // What was wrapped hears all of it.
    assert_eq!(events.of("provider:retry").len(), 2);
}

#[tokio::test]
async fn a_call_that_fails_is_a_span_with_its_error() {
    let mock = MockAzure::builder().start().await.unwrap();
    mock.push_fault(Fault::CloseAfterEvents(7));
    let error = json!({ "error": { "code": "invalid_value", "message": "No such thing." } });
    mock.push_fault(Fault::json(StatusCode::BAD_REQUEST, &error));
    let exporter = InMemorySpanExporter::default();
    let provider = open(&mock, json!({}), Arc::new(tracer(&exporter))).await;
    for _ in 0..2 {
        let error = provider_error(provider.complete(&ask("a question")).await);
        let spans = exporter.get_finished_spans().unwrap();
        let span = spans.last().unwrap();
        assert_eq!(span.status, Status::error(error.message));
    }
    let spans = exporter.get_finished_spans().unwrap();
    let kinds: Vec<Value> = spans
        .iter()
        .map(|span| attribute(span, "error.type"))
        .collect();
    assert_eq!(kinds, ["StreamError", "InvalidRequestError"]);
}

#[tokio::test]
async fn spans_have_what_was_written_only_when_it_is_asked_for() {
    for is_asked_for in [false, true] {
        let mock = MockAzure::builder().start().await.unwrap();
        let exporter = InMemorySpanExporter::default();
        let subscriber = tracer(&exporter).content(is_asked_for);
        let provider = open(&mock, settings(), Arc::new(subscriber)).await;
        provider.complete(&ask("a question")).await.unwrap();
        let spans = format!("{:?}", exporter.get_finished_spans().unwrap());
        for words in ["a question", "Hello from the mock"] {
            assert_eq!(spans.contains(words), is_asked_for, "{words} in {spans}");
        }
        if is_asked_for {
            let span = &exporter.get_finished_spans().unwrap()[0];
            let messages = attribute(span, "gen_ai.output.messages");
            let messages: Value = serde_json::from_str(messages.as_str().unwrap()).unwrap();
            assert_eq!(messages[0]["role"], "assistant");
            assert_eq!(messages[0]["parts"][0]["type"], "text");
            assert_eq!(messages[0]["finish_reason"], "stop");
        }
    }
}

#[tokio::test]
async fn calls_are_lines_of_tracing_with_warnings_for_retries_and_what_was_written_only_when_it_is_asked_for()
 {
    for is_asked_for in [false, true] {
        let mock = MockAzure::builder().start().await.unwrap();
        mock.push_fault(busy());
        mock.push_fault(Fault::CloseAfterEvents(7));
        let subscriber = TracingSubscriber::new().content(is_asked_for);
        let provider = open(&mock, settings(), Arc::new(subscriber)).await;

        let lines = Lines::default();
        let writer = lines.clone();
        let dispatch = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(dispatch);
        provider.complete(&ask("a question")).await.unwrap();
        drop(guard);

        let lines = lines.of_providers();
        let of = |message: &str| -> Vec<&Map<String, Value>> {
            let of_message = lines.iter().filter(|line| line["message"] == message);
            of_message.filter_map(Value::as_object).collect()
        };
        let response = of("llm:response")[0];
        assert_eq!(response["level"], "INFO");
        assert_eq!(response["status"], "ok");
        assert_eq!(response["retries"], 2);
        for field in ["call", "input_tokens", "output_tokens", "duration_ms"] {
            assert!(response[field].is_u64(), "{field} of {response:?}");
        }
        let retries = of("provider:retry");
        let kinds: Vec<&Value> = retries.iter().map(|line| &line["error_type"]).collect();
        assert_eq!(kinds, ["RateLimitError", "StreamError"]);
        assert!(retries.iter().all(|line| line["level"] == "WARN"));
        assert_eq!(of("llm:stream_aborted")[0]["level"], "WARN");
        assert_eq!(of("llm:request")[0]["level"], "DEBUG");
        assert!(!of("llm:stream_block_delta").is_empty());
        let all = format!("{lines:?}");
        for words in ["a question", "Hello"] {
            assert_eq!(all.contains(words), is_asked_for, "{words} in {all}");
        }
    }
}

#[tokio::test]
async fn the_command_line_shows_calls_where_its_log_is_asked_for_and_no_styles_in_a_pipe() {
    let asked_for = [("RUST_LOG", "warn,provider=info")];
    for (variables, is_shown) in [(&[][..], false), (&asked_for[..], true)] {
        let output = run(variables, &["Say hello"]).await;
        assert_eq!(output.code, 0, "{output:?}");
        let shown = output.stderr.contains("llm:response");
        assert_eq!(shown, is_shown, "{}", output.stderr);
        let screen = output.stdout + &output.stderr;
        assert!(!screen.contains('\u{1b}'), "{screen:?}");
    }
}

fn settings() -> Value {
    json!({
        "debug": true,
        "raw_debug": true,
        "max_retries": 2,
        "min_retry_delay": 0.01,
        "retry_jitter": false,
    })
}

fn busy() -> Fault {
    let error = json!({ "error": { "code": "429", "message": "Too many requests." } });
    Fault::json(StatusCode::TOO_MANY_REQUESTS, &error).header("retry-after-ms", "20")
}

async fn open(mock: &MockAzure, settings: Value, events: Arc<dyn EventSubscriber>) -> Provider {
    let mut config = config(mock);
    config.extend(settings.as_object().unwrap().clone());
    let host = azure().events(events).load(&component()).await.unwrap();
    host.open(&config).await.unwrap()
}

fn tracer(
    exporter: &InMemorySpanExporter,
) -> OpenTelemetrySubscriber<opentelemetry_sdk::trace::SdkTracer> {
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    OpenTelemetrySubscriber::new(provider.tracer("test"))
        .provider(provider_host_azure::policy::TELEMETRY_NAME)
}

/// An attribute as JSON: lists as text, and null for what is not there.
fn attribute(span: &SpanData, name: &str) -> Value {
    let found = span
        .attributes
        .iter()
        .find(|found| found.key.as_str() == name);
    match found.map(|found| &found.value) {
        Some(opentelemetry::Value::Bool(value)) => json!(value),
        Some(opentelemetry::Value::I64(value)) => json!(value),
        Some(opentelemetry::Value::F64(value)) => json!(value),
        Some(value) => json!(value.to_string()),
        None => Value::Null,
    }
}

/// What was written to a log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn of_providers(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line["target"] == "provider")
            .collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
