//! `cargo xtask bench` measures everything. What the figures are is a matter of the machine, and of no test.

use std::fs;

use serde_json::Value;
use tokio::process::Command;

use crate::support::{component, in_time, program};

#[tokio::test]
async fn a_quick_run_has_every_row_and_every_level_and_a_plot() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("plot.svg");
    let output = Command::new(program("provider-host-bench"))
        .args(["--quick", "--json", "--component"])
        .arg(component())
        .arg("--svg")
        .arg(&plot)
        .output();
    let output = in_time(output).await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    let rows = report["rows"].as_array().unwrap();
    let limits: Vec<(&str, f64, &str)> = rows
        .iter()
        .map(|row| {
            let word = |key: &str| row[key].as_str().unwrap();
            (word("key"), row["limit"].as_f64().unwrap(), word("unit"))
        })
        .collect();
    let expected = [
        ("component_size", 512.0, "KB"),
        ("cached_load", 2.0, "ms"),
        ("fresh_instance", 60.0, "µs"),
        ("idle_memory", 2.0, "MiB"),
        ("exchange_overhead", 150.0, "µs"),
        ("stream_cpu", 3.0, "µs"),
        ("history", 10.0, "×"),
        ("concurrent_streams", 0.0, ""),
        ("fairness", 1.5, "×"),
    ];
    assert_eq!(limits, expected);
    for row in rows {
        match cfg!(target_os = "linux") {
            true => assert!(row["value"].is_number(), "{row}"),
            // Elsewhere the system does not say how much memory a process has.
            false => assert!(
                row["value"].is_number() || row["key"] == "idle_memory",
                "{row}"
            ),
        }
    }
    let failed = &rows[7];
    assert_eq!(failed["value"], 0.0, "{failed}");

    let levels = report["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 3);
    for level in levels {
        for side in ["provider", "bare"] {
            let rate = level[side]["requests_per_second"].as_f64().unwrap();
            assert!(rate > 0.0, "{level}");
        }
    }
    let plot = fs::read_to_string(plot).unwrap();
    assert!(plot.starts_with("<svg"));
    assert_eq!(plot.matches("<polyline").count(), 6);
}
