//! Latency and throughput by the number of requests at once, as an SVG image.
//!
//! By hand and not by `plotters`, whose images have one set of colours, fixed when they are drawn: these follow the reader's light or
//! dark ground, and have the name of each line at its end instead of in a box.

use std::fmt::Write as _;

use super::load::{Figures, Level};

/// Two panels beside each other.
pub(super) fn svg(levels: &[Level]) -> String {
    let latency = Panel {
        title: "Latency of a streamed answer, ms",
        left: 60.0,
        lines: vec![
            line(levels, "p50", "ours", "none", |level| level.provider.p50_ms),
            line(levels, "p95", "ours", "6 4", |level| level.provider.p95_ms),
            line(levels, "p99", "ours", "2 3", |level| level.provider.p99_ms),
            line(levels, "bare p50", "bare", "none", |level| {
                level.bare.p50_ms
            }),
        ],
    };
    let throughput = |figures: Figures| figures.requests_per_second;
    let rates = Panel {
        title: "Answers per second",
        left: 60.0 + PANEL_WIDTH + GAP,
        lines: vec![
            line(levels, "provider", "ours", "none", |level| {
                throughput(level.provider)
            }),
            line(levels, "bare", "bare", "none", |level| {
                throughput(level.bare)
            }),
        ],
    };
    let width = 60.0 + 2.0 * PANEL_WIDTH + GAP + RIGHT;
    let height = TOP + PANEL_HEIGHT + 50.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"Latency and throughput by requests at once\">\n<style>{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    for panel in [latency, rates] {
        panel.draw(levels, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

struct Panel {
    title: &'static str,
    left: f64,
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    class: &'static str,
    /// As in `stroke-dasharray`.
    dashes: &'static str,
    values: Vec<f64>,
}

fn line(
    levels: &[Level],
    name: &'static str,
    class: &'static str,
    dashes: &'static str,
    value: impl Fn(&Level) -> f64,
) -> Line {
    Line {
        name,
        class,
        dashes,
        values: levels.iter().map(value).collect(),
    }
}

impl Panel {
    fn draw(&self, levels: &[Level], svg: &mut String) {
        let most = self.lines.iter().flat_map(|line| &line.values);
        let most = round_up(most.copied().fold(0.0, f64::max));
        let (left, right, bottom) = (self.left, self.left + PANEL_WIDTH, TOP + PANEL_HEIGHT);
        let x = |index: usize| {
            let steps = levels.len().saturating_sub(1).max(1) as f64;
            left + PANEL_WIDTH * index as f64 / steps
        };
        let y = |value: f64| bottom - PANEL_HEIGHT * value / most;

        text(svg, "title", left, TOP - 20.0, self.title);
        for quarter in 0..=4_u8 {
            let value = most * f64::from(quarter) / 4.0;
            let height = y(value);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{left:.1} {height:.1}H{right:.1}\"/>"
            );
            text(svg, "scale left", left - 6.0, height + 4.0, &number(value));
        }
        for (index, level) in levels.iter().enumerate() {
            let name = level.concurrency.to_string();
            text(svg, "scale middle", x(index), bottom + 18.0, &name);
        }
        let middle = left + PANEL_WIDTH / 2.0;
        text(
            svg,
            "scale middle",
            middle,
            bottom + 38.0,
            "requests at once",
        );

        for line in &self.lines {
            let points: Vec<String> = line
                .values
                .iter()
                .enumerate()
                .map(|(index, value)| format!("{:.1},{:.1}", x(index), y(*value)))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline class=\"{}\" stroke-dasharray=\"{}\" points=\"{}\"/>",
                line.class,
                line.dashes,
                points.join(" ")
            );
        }
        for (line, height) in self.lines.iter().zip(self.label_heights(y)) {
            let class = format!("label {}-text", line.class);
            text(svg, &class, right + 8.0, height + 4.0, line.name);
        }
    }

    /// Where the lines' names go: at their ends, and not over each other.
    fn label_heights(&self, y: impl Fn(f64) -> f64) -> Vec<f64> {
        let ends = self.lines.iter().map(|line| line.values.last().copied());
        let wanted: Vec<f64> = ends.map(|end| y(end.unwrap_or_default())).collect();
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        // From below, since curves that end at the bottom have no room there.
        order.sort_by(|a, b| wanted[*b].total_cmp(&wanted[*a]));
        let mut heights = wanted.clone();
        let mut above = f64::INFINITY;
        for index in order {
            heights[index] = wanted[index].min(above);
            above = heights[index] - LINE_HEIGHT;
        }
        heights
    }
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, words: &str) {
    // Our own words and numbers: nothing in them has to be escaped.
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>"
    );
}

/// The next of 1, 2, 4 and 8 times a power of ten, which quarters well.
fn round_up(value: f64) -> f64 {
    let mut scale = 10_f64.powf(value.max(0.001).log10().floor());
    for _ in 0..2 {
        for factor in [1.0, 2.0, 4.0, 8.0] {
            if factor * scale >= value {
                return factor * scale;
            }
        }
        scale *= 10.0;
    }
    value
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Of the lines' part of a panel: two panels fit beside each other on a page.
const PANEL_WIDTH: f64 = 320.0;

/// The same, from top to bottom.
const PANEL_HEIGHT: f64 = 220.0;

/// Between the panels: the first one's labels, and the second one's scale.
const GAP: f64 = 150.0;

/// For the second panel's labels.
const RIGHT: f64 = 80.0;

/// For the titles.
const TOP: f64 = 50.0;

/// From one label to the next: a little more than their letters have.
const LINE_HEIGHT: f64 = 16.0;

/// Colours that can be told apart by people who see fewer of them, on a light and on a dark ground.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.scale{fill:#59636e;font-size:12px}\
.left{text-anchor:end}.middle{text-anchor:middle}.ground{fill:#ffffff}.grid{stroke:#d1d9e0;fill:none}\
polyline{fill:none;stroke-width:2}.ours{stroke:#0969da}.bare{stroke:#bc4c00}.ours-text{fill:#0969da}.bare-text{fill:#bc4c00}\
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.scale{fill:#9198a1}.ground{fill:#0d1117}.grid{stroke:#3d444d}\
.ours{stroke:#4493f8}.bare{stroke:#f0883e}.ours-text{fill:#4493f8}.bare-text{fill:#f0883e}}";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_numbers_that_quarter_well() {
        for (value, expected) in [
            (0.3, 0.4),
            (1.0, 1.0),
            (4.1, 8.0),
            (81.0, 100.0),
            (950.0, 1000.0),
        ] {
            let difference = round_up(value) - expected;
            assert!(difference.abs() < 1e-9, "{value}: {}", round_up(value));
        }
    }

    #[test]
    fn a_plot_has_a_line_for_each_figure_and_no_label_over_another() {
        let figures = |p50_ms| Figures {
            p50_ms,
            p95_ms: p50_ms + 0.1,
            p99_ms: p50_ms + 0.2,
            requests_per_second: 100.0,
        };
        let levels = [1, 4, 16].map(|concurrency| Level {
            concurrency,
            provider: figures(2.0),
            bare: figures(1.9),
        });
        let svg = svg(&levels);
        assert_eq!(svg.matches("<polyline").count(), 6);
        assert_eq!(unclosed(&svg), Vec::<&str>::new());
        for words in ["p50", "p95", "p99", "bare", ">16<", "prefers-color-scheme"] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        let labels = svg.lines().filter(|line| line.contains("\"label"));
        let mut places: Vec<&str> = labels.filter_map(|line| line.split("x=").nth(1)).collect();
        places.sort_unstable();
        let count = places.len();
        places.dedup_by_key(|place| place.split('>').next());
        assert_eq!((count, places.len()), (6, 6));
    }
    /// The elements that have no end, of a document without comments and without `>` in a value.
    fn unclosed(svg: &str) -> Vec<&str> {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, rest) = tag.split_once('>').unwrap();
            assert!(!rest.contains(['>', '&']), "{rest}");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.split_whitespace().next().unwrap();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if tag.ends_with('/') => {}
                None => open.push(name),
            }
        }
        open
    }
}
