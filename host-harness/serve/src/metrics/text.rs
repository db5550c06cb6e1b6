//! The text format of Prometheus, version 0.0.4. Labels of what the service counts are names of ours, with nothing in them to
//! escape.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::Counts;
use super::histogram::Histogram;

/// What the format is called in a header.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes all metrics.
pub(super) fn write(counts: &Counts) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = metrics(counts, &mut text);
    text
}

fn metrics(counts: &Counts, text: &mut String) -> fmt::Result {
    let requests = "host_harness_http_requests_total";
    head(
        text,
        requests,
        "counter",
        "Requests that were answered, or whose caller went away (status \"none\").",
    )?;
    for ((route, status), count) in &counts.requests {
        let status = status.map_or("none".to_owned(), |status| status.to_string());
        writeln!(
            text,
            "{requests}{{route=\"{route}\",status=\"{status}\"}} {count}"
        )?;
    }

    let in_flight = "host_harness_http_requests_in_flight";
    head(
        text,
        in_flight,
        "gauge",
        "Requests whose answer is not at its end.",
    )?;
    for (route, count) in &counts.in_flight {
        writeln!(text, "{in_flight}{{route=\"{route}\"}} {count}")?;
    }

    histograms(
        text,
        "host_harness_http_time_to_first_byte_seconds",
        "Time from a request's head to the beginning of its answer.",
        &counts.beginnings,
    )?;
    histograms(
        text,
        "host_harness_http_request_duration_seconds",
        "Time from a request's head to the end of its answer.",
        &counts.durations,
    )?;

    let tokens = "host_harness_tokens_total";
    head(
        text,
        tokens,
        "counter",
        "Tokens that went to models and came from them.",
    )?;
    writeln!(
        text,
        "{tokens}{{direction=\"input\"}} {}",
        counts.input_tokens
    )?;
    writeln!(
        text,
        "{tokens}{{direction=\"output\"}} {}",
        counts.output_tokens
    )?;

    let cost = "host_harness_cost_usd_total";
    let help = "What the tokens cost in US dollars, where their price is known.";
    head(text, cost, "counter", help)?;
    writeln!(text, "{cost} {}", counts.cost)?;

    let retries = "host_harness_provider_retries_total";
    head(
        text,
        retries,
        "counter",
        "Attempts of the provider after one that failed.",
    )?;
    writeln!(text, "{retries} {}", counts.retries)?;

    let failovers = "host_harness_provider_failovers_total";
    head(
        text,
        failovers,
        "counter",
        "Requests for which the provider asked another deployment.",
    )?;
    for (reason, count) in &counts.failovers {
        writeln!(text, "{failovers}{{reason=\"{reason}\"}} {count}")?;
    }

    let aborts = "host_harness_provider_stream_aborts_total";
    head(
        text,
        aborts,
        "counter",
        "Streams that broke off after something of them was delivered.",
    )?;
    writeln!(text, "{aborts} {}", counts.stream_aborts)
}

fn histograms(
    text: &mut String,
    name: &str,
    help: &str,
    histograms: &BTreeMap<&'static str, Histogram>,
) -> fmt::Result {
    head(text, name, "histogram", help)?;
    for (route, histogram) in histograms {
        for (bound, count) in histogram.cumulated() {
            writeln!(
                text,
                "{name}_bucket{{route=\"{route}\",le=\"{bound}\"}} {count}"
            )?;
        }
        let sum = histogram.sum().as_secs_f64();
        writeln!(text, "{name}_sum{{route=\"{route}\"}} {sum}")?;
        writeln!(
            text,
            "{name}_count{{route=\"{route}\"}} {}",
            histogram.count()
        )?;
    }
    Ok(())
}

/// What comes before the samples of a metric.
pub(super) fn head(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}
