//! What the host is doing, in the text format of Prometheus.

use std::fmt::{self, Write};

use provider_host::Statistics;

use super::text::head;

/// Writes what a host says of itself.
pub(crate) fn of_host(statistics: &Statistics) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = metrics(statistics, &mut text);
    text
}

fn metrics(statistics: &Statistics, text: &mut String) -> fmt::Result {
    let build = &statistics.build;
    let info = "host_harness_build_info";
    head(text, info, "gauge", "The build that takes new calls.")?;
    writeln!(
        text,
        "{info}{{provider=\"{}\",version=\"{}\",digest=\"{}\"}} 1",
        escaped(&build.provider),
        escaped(&build.version),
        escaped(&build.digest)
    )?;
    let calls = "host_harness_calls_total";
    let help = "Calls of the provider, those for models and settings included.";
    head(text, calls, "counter", help)?;
    writeln!(text, "{calls} {}", statistics.calls)?;
    for (name, help, value) in [
        (
            "requests_running",
            "Requests that the provider works for.",
            statistics.running,
        ),
        (
            "requests_waiting",
            "Requests that wait for one of these to end.",
            statistics.waiting,
        ),
        (
            "instances",
            "Instances of the component, of every build.",
            statistics.instances,
        ),
        (
            "idle_instances",
            "Instances that work for no call.",
            statistics.idle_instances,
        ),
    ] {
        let name = format!("host_harness_{name}");
        head(text, &name, "gauge", help)?;
        writeln!(text, "{name} {value}")?;
    }
    Ok(())
}

/// The value of a label. What a component says of itself may be any text.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', r"\\");
    value.replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_component_says_of_itself_stays_in_its_label() {
        let mut statistics = Statistics::default();
        statistics.build.provider = "a\"} 2\nb\\".to_owned();
        statistics.build.version = "1".to_owned();
        statistics.build.digest = "3f".to_owned();
        statistics.calls = 7;
        statistics.running = 1;
        statistics.waiting = 2;
        statistics.instances = 3;
        statistics.idle_instances = 4;
        let text = of_host(&statistics);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                r#"host_harness_build_info{provider="a\"} 2\nb\\",version="1",digest="3f"} 1"#,
                "host_harness_calls_total 7",
                "host_harness_requests_running 1",
                "host_harness_requests_waiting 2",
                "host_harness_instances 3",
                "host_harness_idle_instances 4",
            ]
        );
    }
}
