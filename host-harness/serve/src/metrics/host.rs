//! What the host is doing.

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use provider_host::Statistics;

use super::{PREFIX, text};

/// Writes what a host says of itself.
pub(crate) fn of_host(statistics: &Statistics) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    let build = &statistics.build;
    registry.register(
        "build",
        "The build that takes new calls",
        Info::new([
            ("provider", build.provider.clone()),
            ("version", build.version.clone()),
            ("digest", build.digest.clone()),
        ]),
    );
    registry.register(
        "calls",
        "Calls of the provider, those for models and settings included",
        ConstCounter::new(statistics.calls),
    );
    for (name, help, value) in [
        (
            "requests_running",
            "Requests that the provider works for",
            statistics.running,
        ),
        (
            "requests_waiting",
            "Requests that wait for one of these to end",
            statistics.waiting,
        ),
        (
            "instances",
            "Instances of the component, of every build",
            statistics.instances,
        ),
        (
            "idle_instances",
            "Instances that work for no call",
            statistics.idle_instances,
        ),
    ] {
        registry.register(name, help, ConstGauge::new(value));
    }
    text(&registry)
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
