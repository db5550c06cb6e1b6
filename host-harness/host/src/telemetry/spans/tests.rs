use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracer, SdkTracerProvider, SpanData};
use serde_json::json;

use super::*;

/// Names and payloads, of the calls with these ids.
fn spans_of(has_content: bool, told: &[(u64, &str, Value)]) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let subscriber = OpenTelemetrySubscriber::new(provider.tracer("test")).content(has_content);
    for (call, name, payload) in told {
        let payload = payload.to_string();
        subscriber.event(&Event {
            call: Some(CallId(*call)),
            name,
            payload: &payload,
        });
    }
    // What it still holds ends with it.
    drop(subscriber);
    exporter.get_finished_spans().unwrap_or_default()
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let found = span
        .attributes
        .iter()
        .find(|found| found.key.as_str() == name);
    found.map(|found| found.value.to_string())
}

#[test]
fn a_provider_has_its_id_for_a_name_unless_it_is_given_another() {
    let names = |subscriber: fn(
        OpenTelemetrySubscriber<SdkTracer>,
    ) -> OpenTelemetrySubscriber<SdkTracer>| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let subscriber = subscriber(OpenTelemetrySubscriber::new(provider.tracer("test")));
        for payload in [json!({ "provider": "acme" }), json!({})] {
            subscriber.event(&Event {
                call: Some(CallId::next()),
                name: "llm:request",
                payload: &payload.to_string(),
            });
        }
        drop(subscriber);
        let spans = exporter.get_finished_spans().unwrap_or_default();
        let name = |span: &SpanData| attribute(span, names::PROVIDER);
        let mut names: Vec<_> = spans.iter().map(name).collect();
        names.sort_unstable();
        names
    };
    let (id, given) = (Some("acme".to_owned()), Some("a.name".to_owned()));
    assert_eq!(names(|subscriber| subscriber), [None, id]);
    assert_eq!(
        names(|subscriber| subscriber.provider("a.name")),
        [given.clone(), given]
    );
}

#[test]
fn a_call_that_is_cancelled_ends_with_its_status_as_the_kind_of_error() {
    let spans = spans_of(
        false,
        &[
            (1, "llm:request", json!({ "model": "m" })),
            (1, "llm:response", json!({ "status": "cancelled" })),
        ],
    );
    assert_eq!(
        attribute(&spans[0], "error.type").as_deref(),
        Some("cancelled")
    );
    assert_eq!(spans[0].status, Status::error("cancelled"));
}

#[test]
fn what_is_told_before_the_request_and_during_other_calls_belongs_to_its_own_span() {
    let dropped = |parameter: &str| json!({ "parameter": parameter, "reason": "why" });
    let ok = json!({ "status": "ok" });
    let spans = spans_of(
        false,
        &[
            (1, "provider:parameter_dropped", dropped("stop")),
            (2, "provider:parameter_dropped", dropped("seed")),
            (1, "llm:request", json!({ "model": "one" })),
            (2, "llm:request", json!({ "model": "two" })),
            (2, "llm:response", ok.clone()),
            (1, "llm:response", ok.clone()),
            (1, "llm:response:debug", json!({ "finish_reason": "stop" })),
            (3, "llm:response", ok),
        ],
    );
    let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["chat two", "chat one"]);
    for (span, parameter) in spans.iter().zip(["seed", "stop"]) {
        assert_eq!(span.events.len(), 1);
        let told = &span.events[0].attributes[0];
        assert_eq!(told, &KeyValue::new("amplifier.parameter", parameter));
    }
}

#[test]
fn an_unknown_event_is_told_only_where_content_is() {
    let told = [
        (1, "llm:request", json!({ "model": "m" })),
        (1, "provider:new", json!({ "text": "what somebody wrote" })),
        (1, "llm:response", json!({ "status": "ok" })),
    ];
    assert_eq!(spans_of(false, &told)[0].events.len(), 0);
    assert_eq!(spans_of(true, &told)[0].events.len(), 1);
}

#[test]
fn a_subscriber_that_is_dropped_ends_its_spans() {
    let spans = spans_of(false, &[(1, "llm:request", json!({ "model": "m" }))]);
    assert_eq!(spans.len(), 1);
}
