//! What a chat has used: tokens, money and time, turn by turn.

use std::time::Duration;

use provider_host::contract::types::Usage;
use serde_json::{Value, json};

use super::decimal::Decimal;

/// What one turn has used, or several together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Used {
    input_tokens: u64,
    cached_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    /// The costs that are known.
    cost: Decimal,
    /// How many exchanges with the model there were, and of how many the cost is known.
    exchanges: u64,
    priced: u64,
    /// How long the model was waited for.
    waited: Duration,
}

impl Used {
    /// An exchange begins. Until it is counted it may cost something that nobody tells.
    pub(super) fn begin(&mut self) {
        self.exchanges += 1;
    }

    /// The service refused the exchange that began last, which costs nothing.
    pub(super) fn refused(&mut self) {
        self.exchanges -= 1;
    }

    /// The exchange that began last was answered.
    pub(super) fn answered(&mut self, usage: Option<&Usage>, waited: Duration) {
        self.waited += waited;
        let Some(usage) = usage else {
            return;
        };
        self.input_tokens += usage.input_tokens;
        self.cached_tokens += usage.cache_read_tokens.unwrap_or_default();
        self.output_tokens += usage.output_tokens;
        self.reasoning_tokens += usage.reasoning_tokens.unwrap_or_default();
        let cost = usage.cost_usd.as_deref().and_then(Decimal::parse);
        if let Some(cost) = cost.and_then(|cost| self.cost.plus(cost)) {
            self.cost = cost;
            self.priced += 1;
        }
    }

    fn is_cost_known(&self) -> bool {
        self.priced == self.exchanges
    }

    fn plus(mut self, other: &Self) -> Self {
        let cost = self.cost.plus(other.cost);
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.exchanges += other.exchanges;
        // A sum that cannot be held is not known.
        self.priced += cost.map_or(0, |_| other.priced);
        self.cost = cost.unwrap_or(self.cost);
        self.waited += other.waited;
        self
    }

    fn to_json(&self) -> Value {
        let cost = self.is_cost_known().then(|| self.cost.to_string());
        json!({
            "input_tokens": self.input_tokens,
            "cache_read_tokens": self.cached_tokens,
            "output_tokens": self.output_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "cost_usd": cost,
            "known_cost_usd": self.cost.to_string(),
            "exchanges": self.exchanges,
            "seconds": (self.waited.as_secs_f64() * 1000.0).round() / 1000.0,
        })
    }

    fn to_row(&self, name: String) -> [String; 7] {
        let cost = match (self.is_cost_known(), self.priced) {
            (true, _) => self.cost.to_string(),
            (false, 0) => "unknown".to_owned(),
            (false, _) => format!("at least {}", self.cost),
        };
        [
            name,
            self.input_tokens.to_string(),
            self.cached_tokens.to_string(),
            self.output_tokens.to_string(),
            self.reasoning_tokens.to_string(),
            cost,
            format!("{:.1}", self.waited.as_secs_f64()),
        ]
    }
}

/// What all turns have used, in a table for people.
pub(super) fn to_table(turns: &[Used]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    for (index, turn) in turns.iter().enumerate() {
        rows.push(turn.to_row((index + 1).to_string()));
    }
    rows.push(sum(turns).to_row("all".to_owned()));
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        format!("{}\n", cells.join("  "))
    };
    rows.iter().map(line).collect()
}

/// The same in JSON. `cost_usd` is null where a part of it is not known, and `known_cost_usd` is what is.
pub(super) fn to_json(turns: &[Used]) -> Value {
    let mut totals = sum(turns).to_json();
    totals["turns"] = turns.iter().map(Used::to_json).collect();
    json!({ "totals": totals })
}

fn sum(turns: &[Used]) -> Used {
    turns.iter().fold(Used::default(), Used::plus)
}

const HEADINGS: [&str; 7] = [
    "turn",
    "input tokens",
    "cached",
    "output",
    "reasoning",
    "cost (USD)",
    "seconds",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64, cost: Option<&str>) -> Usage {
        Usage {
            input_tokens: input,
            output_tokens: output,
            total_tokens: input + output,
            reasoning_tokens: Some(4),
            cache_read_tokens: None,
            cache_write_tokens: None,
            cost_usd: cost.map(str::to_owned),
            extensions: None,
        }
    }

    fn turn(exchanges: &[Option<Usage>]) -> Used {
        let mut used = Used::default();
        for usage in exchanges {
            used.begin();
            used.answered(usage.as_ref(), Duration::from_millis(1250));
        }
        used
    }

    #[test]
    fn the_table_has_a_line_for_each_turn_and_their_sum() {
        let turns = [
            turn(&[
                Some(usage(1000, 100, Some("0.0031"))),
                Some(usage(10, 2, Some("0.1"))),
            ]),
            turn(&[Some(usage(5, 1, Some("0.0000001")))]),
        ];
        assert_eq!(
            to_table(&turns),
            "turn  input tokens  cached  output  reasoning  cost (USD)  seconds\n   \
             1          1010       0     102          8      0.1031      2.5\n   \
             2             5       0       1          4   0.0000001      1.2\n \
             all          1015       0     103         12   0.1031001      3.8\n"
        );
        assert_eq!(
            to_json(&turns)["totals"]["turns"][1],
            json!({
                "input_tokens": 5,
                "cache_read_tokens": 0,
                "output_tokens": 1,
                "reasoning_tokens": 4,
                "cost_usd": "0.0000001",
                "known_cost_usd": "0.0000001",
                "exchanges": 1,
                "seconds": 1.25,
            })
        );
        assert_eq!(to_json(&turns)["totals"]["cost_usd"], "0.1031001");
    }

    #[test]
    fn a_cost_that_is_not_known_is_never_taken_for_nothing() {
        let known = || Some(usage(1, 1, Some("0.5")));
        let mut cancelled = turn(&[known()]);
        cancelled.begin();
        let mut refused = turn(&[known()]);
        refused.begin();
        refused.refused();
        for (turns, cost, json) in [
            (vec![turn(&[known()])], "  0.5  ", json!("0.5")),
            (vec![refused], "  0.5  ", json!("0.5")),
            (
                vec![turn(&[Some(usage(1, 1, None))])],
                "  unknown  ",
                Value::Null,
            ),
            (vec![turn(&[None])], "  unknown  ", Value::Null),
            (vec![cancelled], "  at least 0.5  ", Value::Null),
            (
                vec![turn(&[known()]), turn(&[None])],
                "  at least 0.5  ",
                Value::Null,
            ),
        ] {
            let table = to_table(&turns);
            let last = table.lines().last().unwrap_or_default();
            assert!(last.contains(cost), "{table}");
            assert_eq!(to_json(&turns)["totals"]["cost_usd"], json);
        }
    }
}
