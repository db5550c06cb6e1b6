//! What was measured, as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::load::{Figures, Level};
use super::numbers::Samples;
use super::plot;

/// Everything that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The figures that have a limit.
    pub(crate) rows: Vec<Row>,
    /// Latency and throughput by the number of requests at once.
    pub(crate) levels: Vec<Level>,
}

/// One figure, and what it may be at most.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its name for programs.
    pub(crate) key: &'static str,
    /// What it is.
    pub(crate) what: String,
    /// Its unit; empty for a number.
    pub(crate) unit: &'static str,
    /// What it may be at most.
    pub(crate) limit: f64,
    /// The figure; none where it cannot be measured.
    pub(crate) value: Option<f64>,
    /// Where the middle half of the samples lies.
    pub(crate) spread: Option<(f64, f64)>,
    /// What else is known.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// The rows as a table, the levels as another.
    pub(crate) fn to_table(&self) -> String {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max();
        let width = width.unwrap_or_default();
        let mut table = format!(
            "{:width$}  {:>12}  {:>10}  {:>6}\n",
            "", "figure", "at most", "ratio"
        );
        for row in &self.rows {
            let _ = writeln!(table, "{}", row.to_line(width));
            for note in row.spread_note().iter().chain(&row.notes) {
                let _ = writeln!(table, "  {note}");
            }
        }
        table.push_str(
            "\nat once      p50 ms      p95 ms      p99 ms    requests/s   (the bare client's behind each)\n",
        );
        for level in &self.levels {
            let Level {
                concurrency,
                provider,
                bare,
            } = level;
            let _ = writeln!(
                table,
                "{concurrency:>7} {:>11} {:>11} {:>11} {:>13}",
                pair(provider.p50_ms, bare.p50_ms, 1),
                pair(provider.p95_ms, bare.p95_ms, 1),
                pair(provider.p99_ms, bare.p99_ms, 1),
                pair(provider.requests_per_second, bare.requests_per_second, 0),
            );
        }
        table
    }

    /// The same as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::to_json).collect();
        let levels: Vec<Value> = self
            .levels
            .iter()
            .map(|level| {
                json!({
                    "concurrency": level.concurrency,
                    "provider": figures(level.provider),
                    "bare": figures(level.bare),
                })
            })
            .collect();
        json!({ "rows": rows, "levels": levels })
    }

    /// The levels as a plot, readable on a light and on a dark ground.
    pub(crate) fn to_svg(&self) -> String {
        plot::svg(&self.levels)
    }
}

impl Row {
    pub(super) fn new(
        key: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        limit: f64,
    ) -> Self {
        Self {
            key,
            what: what.into(),
            unit,
            limit,
            value: None,
            spread: None,
            notes: Vec::new(),
        }
    }

    pub(super) fn value(mut self, value: f64) -> Self {
        self.value = Some(value);
        self
    }

    pub(super) fn spread(mut self, spread: (f64, f64)) -> Self {
        self.spread = Some(spread);
        self
    }

    /// The median and the spread of samples.
    pub(super) fn samples(self, samples: &Samples) -> Self {
        self.value(samples.median()).spread(samples.spread())
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Whether the figure is within its limit; none where it is not known.
    pub(crate) fn is_within(&self) -> Option<bool> {
        Some(self.value? <= self.limit)
    }

    /// The figure in parts of its limit; none where there is no such thing.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.value
            .filter(|_| self.limit > 0.0)
            .map(|value| value / self.limit)
    }

    fn to_line(&self, width: usize) -> String {
        let figure = self.value.map(|value| self.with_unit(value));
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}"));
        let verdict = match self.is_within() {
            Some(true) => "ok",
            Some(false) => "over",
            None => "not measured",
        };
        format!(
            "{:width$}  {:>12}  {:>10}  {:>6}  {verdict}",
            self.what,
            figure.unwrap_or_default(),
            self.with_unit(self.limit),
            ratio.unwrap_or_default(),
        )
    }

    fn spread_note(&self) -> Option<String> {
        let (low, high) = self.spread?;
        Some(format!(
            "half of the samples: {} to {}",
            self.with_unit(low),
            self.with_unit(high)
        ))
    }

    fn with_unit(&self, value: f64) -> String {
        format!("{} {}", short(value), self.unit).trim().to_owned()
    }

    fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "what": self.what,
            "unit": self.unit,
            "value": self.value,
            "spread": self.spread.map(|(low, high)| [low, high]),
            "limit": self.limit,
            "ratio": self.ratio(),
            "ok": self.is_within(),
            "notes": self.notes,
        })
    }
}

fn figures(figures: Figures) -> Value {
    json!({
        "p50_ms": figures.p50_ms,
        "p95_ms": figures.p95_ms,
        "p99_ms": figures.p99_ms,
        "requests_per_second": figures.requests_per_second,
    })
}

fn pair(ours: f64, theirs: f64, decimals: usize) -> String {
    format!("{ours:.decimals$} {theirs:.decimals$}")
}

/// As many decimals as say something.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        small if small < 10.0 => 2,
        large if large < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_it_is_within_its_limit_and_by_how_much() {
        let row = |value: Option<f64>| {
            let row = Row::new("k", "what", "µs", 60.0);
            match value {
                Some(value) => row.value(value),
                None => row,
            }
        };
        for (value, expected) in [
            (Some(45.0), "what         45 µs       60 µs    0.75  ok"),
            (Some(90.25), "what       90.2 µs       60 µs    1.50  over"),
            (None, "what                     60 µs          not measured"),
        ] {
            assert_eq!(row(value).to_line(4), expected);
        }
        let none_may = Row::new("k", "what", "", 0.0).value(1.0);
        assert_eq!(
            (none_may.ratio(), none_may.is_within()),
            (None, Some(false))
        );
    }
    #[test]
    fn the_table_has_each_figure_beside_its_limit_and_the_bare_client_behind_ours() {
        let figures = |p50_ms| Figures {
            p50_ms,
            p95_ms: 2.0,
            p99_ms: 3.0,
            requests_per_second: 100.0,
        };
        let report = Report {
            rows: vec![
                Row::new("a", "a start", "µs", 60.0)
                    .value(30.0)
                    .note("as measured"),
                Row::new("b", "a memory", "MiB", 2.0),
            ],
            levels: vec![Level {
                concurrency: 16,
                provider: figures(1.5),
                bare: figures(1.0),
            }],
        };
        let table = report.to_table();
        let words: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        let has = |line: &[&str]| words.iter().any(|words| words.starts_with(line));
        for line in [
            &["figure", "at", "most", "ratio"][..],
            &["a", "start", "30", "µs", "60", "µs"],
            &["as", "measured"],
            &["a", "memory"],
            &["at", "once", "p50", "ms"],
            &["16", "1.5"],
        ] {
            assert!(has(line), "{line:?} in\n{table}");
        }
    }
}
