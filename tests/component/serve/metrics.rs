//! `/metrics`.

use std::collections::BTreeMap;

use azure_openai_mock::{Fault, MockAzure};
use provider_host_serve::Service;
use serde_json::json;

use super::client::get;
use super::{Served, hello};

#[tokio::test]
async fn metrics_count_what_happened_in_the_format_of_prometheus() {
    let served = Served::with(
        MockAzure::builder().start().await.unwrap(),
        json!({ "max_retries": 1, "min_retry_delay": 0.01 }),
        Service::builder(),
    )
    .await;
    served.mock.push_fault(Fault::CloseAfterEvents(6));
    served.post("/v1/stream", &hello()).await;
    served
        .post("/v1/responses", &json!({ "input": "Say hello" }))
        .await;
    served.post("/v1/responses", &json!({})).await;
    let streamed = json!({ "input": "Say hello", "stream": true });
    served.post("/openai/v1/responses", &streamed).await;
    get(served.address(), "/nowhere").await;

    let answer = get(served.address(), "/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let build = served.provider.statistics().build;
    let build = format!(
        r#"build_info{{provider="azure-openai",version="{}",digest="{}"}}"#,
        build.version, build.digest
    );
    let samples = parsed(&answer.body);
    let value = |name: &str| samples.get(name).copied();
    for (name, expected) in [
        (
            r#"http_requests_total{route="/v1/stream",status="200"}"#,
            1.0,
        ),
        (
            r#"http_requests_total{route="/v1/responses",status="200"}"#,
            2.0,
        ),
        (
            r#"http_requests_total{route="/v1/responses",status="400"}"#,
            1.0,
        ),
        (r#"http_requests_total{route="other",status="404"}"#, 1.0),
        (r#"http_requests_in_flight{route="/v1/stream"}"#, 0.0),
        (r#"http_requests_in_flight{route="/metrics"}"#, 1.0),
        (
            r#"http_request_duration_seconds_count{route="/v1/responses"}"#,
            3.0,
        ),
        (
            r#"http_request_duration_seconds_bucket{route="/v1/responses",le="+Inf"}"#,
            3.0,
        ),
        (
            r#"http_time_to_first_byte_seconds_count{route="/v1/responses"}"#,
            3.0,
        ),
        (&build, 1.0),
        ("calls_total", 4.0),
        ("requests_running", 0.0),
        ("requests_waiting", 0.0),
        ("provider_retries_total", 1.0),
        ("provider_stream_aborts_total", 1.0),
    ] {
        assert_eq!(
            value(&format!("host_harness_{name}")),
            Some(expected),
            "{name}\n{}",
            answer.body
        );
    }
    let usage = served
        .post("/v1/responses", &json!({ "input": "Say hello" }))
        .await
        .json()["usage"]
        .clone();
    for direction in ["input", "output"] {
        let name = format!("host_harness_tokens_total{{direction=\"{direction}\"}}");
        let one = usage[format!("{direction}_tokens")].as_f64().unwrap();
        assert_eq!(value(&name), Some(3.0 * one), "{name}");
    }
    assert!(value("host_harness_cost_usd_total") > Some(0.0));
}

/// Reads the text format strictly: each metric has its help and its type before its samples, all of them together; names,
/// labels and values are as they must be; no sample comes twice; histograms add up.
fn parsed(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let mut samples = BTreeMap::new();
    let (mut helped, mut current, mut least) = ("", "", 0.0);
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split_once(' ').unwrap().0;
            assert!(!kinds.contains_key(helped), "{helped} comes twice");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, helped);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            kinds.insert(name, kind);
            current = name;
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{line}"
        );
        let suffix = name
            .strip_prefix(current)
            .unwrap_or_else(|| panic!("{line} after {current}"));
        match kinds[current] {
            "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}"),
            _ => assert_eq!(suffix, "", "{line}"),
        }
        for label in labels
            .strip_suffix('}')
            .unwrap()
            .split(',')
            .filter(|label| !label.is_empty())
        {
            let (key, value) = label.split_once('=').unwrap();
            assert!(key.bytes().all(|byte| byte.is_ascii_lowercase()), "{line}");
            let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            assert!(!value.contains(['"', '\\', '\n']), "{line}");
        }
        if suffix == "_bucket" {
            let is_first = labels.contains("le=\"0.01\"");
            assert!(
                is_first || value >= least,
                "{line} is less than the class before"
            );
            least = value;
        }
        if suffix == "_count" {
            assert_eq!(value, least, "{line} is not that of the last class");
        }
        assert!(
            samples.insert(sample.to_owned(), value).is_none(),
            "{line} comes twice"
        );
    }
    samples
}
