//! What a chat has used.

use azure_openai_mock::MockAzure;
use serde_json::Value;

use super::{chat, tool, tools};
use crate::command_line::variables;

/// Dollars for a token of gpt-5.1, in units of 10⁻⁹: input and output.
const PRICES: (u64, u64) = (1_250, 10_000);

#[tokio::test]
async fn totals_are_the_sums_of_what_the_responses_say_and_the_cost_is_exact() {
    let mock = MockAzure::builder().start().await.unwrap();
    let tools = tools(&[tool("weather", &["cat"]), tool("clock", &["cat"])]);
    let output = chat(
        &variables(&mock),
        &[
            "--json",
            "--tools",
            tools.path().to_str().unwrap(),
            "--yes",
            "--reasoning-effort",
            "low",
        ],
        &["Use the tool weather and the tool clock in Bern", "Hello"],
    )
    .await;
    let usages: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["usage"].take())
        .collect();
    let totals: Value = serde_json::from_str(output.stderr.lines().last().unwrap()).unwrap();
    let totals = &totals["totals"];
    assert_eq!(usages.len(), 3, "{output:?}");
    for (used, usages) in [
        (totals, &usages[..]),
        (&totals["turns"][0], &usages[..2]),
        (&totals["turns"][1], &usages[2..]),
    ] {
        let sum = |key: &str| -> u64 {
            let counts = usages.iter().filter_map(|usage| usage[key].as_u64());
            counts.sum()
        };
        for key in ["input_tokens", "output_tokens", "reasoning_tokens"] {
            assert!(sum(key) > 0, "{usages:?}");
            assert_eq!(used[key], sum(key), "{key}");
        }
        let (input, output) = PRICES;
        let cost = sum("input_tokens") * input + sum("output_tokens") * output;
        assert_eq!(billionths(&used["cost_usd"]), cost);
        assert_eq!(used["exchanges"], usages.len());
        assert!(used["seconds"].as_f64().unwrap() > 0.0);
    }
}

#[tokio::test]
async fn the_table_is_the_last_that_a_person_sees() {
    let mock = MockAzure::builder().start().await.unwrap();
    let output = chat(&variables(&mock), &[], &["Hello", "Hello again"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    let rows: Vec<Vec<&str>> = output
        .stderr
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0].join(" "),
        "turn input tokens cached output reasoning cost (USD) seconds"
    );
    let names: Vec<&str> = rows[1..].iter().map(|row| row[0]).collect();
    assert_eq!(names, ["1", "2", "all"]);
    // One word in, and the mock's words out.
    assert_eq!(rows[1][1..6], ["1", "0", "12", "0", "0.00012125"]);

    // A model without a price: a cost that is not known is not 0.
    let mock = MockAzure::builder()
        .deployment("mine", "mine")
        .start()
        .await
        .unwrap();
    let output = chat(&variables(&mock), &["--model", "mine"], &["Hello"]).await;
    let last = output.stderr.lines().last().unwrap();
    assert!(last.contains("  unknown  "), "{output:?}");
}

#[tokio::test]
async fn without_a_turn_there_is_nothing_to_count() {
    let mock = MockAzure::builder().start().await.unwrap();
    let output = chat(&variables(&mock), &[], &["/exit"]).await;
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
}

/// A decimal number of dollars, in units of 10⁻⁹.
fn billionths(cost: &Value) -> u64 {
    let (whole, fraction) = cost.as_str().unwrap().split_once('.').unwrap();
    format!("{whole}{fraction:0<9}").parse().unwrap()
}
