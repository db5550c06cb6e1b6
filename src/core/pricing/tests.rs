#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

#[test]
fn costs_are_exact() {
    // model, input, cached, output → the exact amount, and how it is written
    for (model, input, cached, output, exact, written) in [
        ("gpt-5.4", 1000, 400, 100, "0.0031", "0.0031"),
        ("gpt-5.4", 1_000_000, 0, 1_000_000, "17.50", "17.5"),
        ("gpt-5.4", 1, 0, 0, "0.0000025", "0.0000025"),
        ("gpt-5.4", 1, 1, 0, "2.5E-7", "0.00000025"),
        ("gpt-5.4", 0, 0, 0, "0.00", "0"),
        ("gpt-5.4", 5, 9, 0, "0.00000225", "0.00000225"),
        ("gpt-5.5", 1_000_000, 0, 1_000_000, "35.00", "35"),
        ("gpt-5.5", 1_000_000, 1_000_000, 0, "0.50", "0.5"),
        ("gpt-5-nano", 1, 1, 0, "5e-9", "0.000000005"),
        // Nothing is off for cached tokens, which is why they cost as much as others.
        ("gpt-5.4-pro", 100, 40, 0, "0.003", "0.003"),
        ("o4-mini", 4_000, 1_000, 10, "0.003619", "0.003619"),
    ] {
        let cost = cost(model, &usage(input, Some(cached), output)).unwrap();
        assert_eq!(cost, written, "{model} {input} {cached} {output}");
        assert_eq!(Amount::parse(&cost), Amount::parse(exact), "{model}");
        if cached == 0 {
            let cost = self::cost(model, &usage(input, None, output)).unwrap();
            assert_eq!(cost, written, "without a count of cached tokens");
        }
    }
}

#[test]
fn tokens_that_are_written_to_the_cache_have_their_price_where_there_is_one() {
    // 400 · 5 + 500 · 0.5 + 100 · 6.25 + 10 · 30 for sol; 500 · 2.5 + 500 · 0.25 + 10 · 15 for 5.4, in millionths.
    for (model, expected) in [("gpt-5.6-sol", "0.003175"), ("gpt-5.4", "0.001525")] {
        let usage = Usage {
            cache_write_tokens: Some(100),
            ..usage(1000, Some(500), 10)
        };
        assert_eq!(cost(model, &usage).unwrap(), expected, "{model}");
    }
}

#[test]
fn no_count_of_tokens_is_too_much() {
    let most = u64::MAX;
    // 18446744073709551615 · (30 + 180) / 10^6
    assert_eq!(
        cost("gpt-5.5-pro", &usage(most, None, most)).unwrap(),
        "3873816255479005.83915"
    );
    let dearest = Amount::parse("999999.999999999").unwrap();
    let pricing = Pricing::PerToken(vec![(
        "m".to_owned(),
        Price {
            input: dearest,
            output: dearest,
            cached_input: Some(dearest),
            cache_write: Some(dearest),
        },
    )]);
    let usage = Usage {
        cache_write_tokens: Some(most),
        ..usage(most, Some(most), most)
    };
    // Read, written and out: 3 · 18446744073709551615 · 999999.999999999 / 10^6
    assert_eq!(
        pricing.cost(None, "m", &usage).unwrap(),
        "55340232221128599504.767778871345155"
    );
}

#[test]
fn the_answering_model_comes_before_the_logical_one_and_whole_names_before_dates() {
    let configured = [
        ("gpt-5.1", "100"),
        ("gpt-5.4-2026-03-05", "200"),
        ("team", "300"),
    ];
    let pricing = Pricing::PerToken(
        configured
            .map(|(model, input)| (model.to_owned(), price(input)))
            .to_vec(),
    );
    // The input's price in millionths for one token says which price was taken.
    for (answered, logical_model, expected) in [
        (Some("gpt-5.4"), "gpt-5.5", Some("2.5")),
        (Some("gpt-5.5-2026-04-24"), "gpt-5.4", Some("5")),
        (Some("gpt-5.4-2026-03-05"), "x", Some("200")),
        (Some("gpt-5.4-2026-03-06"), "x", Some("2.5")),
        (Some("gpt-5.1-2025-11-13"), "x", Some("100")),
        (Some("gpt-4o-2024-05-13"), "x", Some("5")),
        (Some("gpt-4o-2024-11-20"), "x", Some("2.5")),
        (Some("prod"), "gpt-5.4", Some("2.5")),
        (Some("prod"), "gpt-5.4-2026-03-05", Some("200")),
        (None, "gpt-5.5-2026-04-24", Some("5")),
        (None, "team", Some("300")),
        (Some("gpt-4.1"), "team", Some("2")),
        // What only looks like a date, or like the model.
        (Some("gpt-5.4-2026-03"), "x", None),
        (Some("gpt-5.4-2026-03-05-preview"), "x", None),
        (Some("gpt-5.4-20260-3-05"), "x", None),
        (Some("gpt-5.4-nova"), "x", None),
        (Some("GPT-5.4"), "x", None),
        (Some("-2026-03-05"), "", None),
        (Some("é2026-03-05"), "x", None),
        (None, "prod", None),
    ] {
        let cost = pricing.cost(answered, logical_model, &usage(1_000_000, None, 0));
        assert_eq!(cost.as_deref(), expected, "{answered:?} {logical_model}");
    }
}

#[test]
fn provisioned_throughput_has_neither_cost_nor_price() {
    let pricing = Pricing::Provisioned;
    let usage = usage(1, None, 1);
    assert_eq!(pricing.cost(Some("gpt-5.4"), "gpt-5.4", &usage), None);
    assert_eq!(pricing.price("gpt-5.4"), None);
}

#[test]
fn amounts_are_read_exactly_or_not_at_all() {
    for (text, cost_of_a_million) in [
        ("0", "0"),
        ("0.0", "0"),
        ("0e99", "0"),
        ("1.25", "1.25"),
        ("10", "10"),
        ("10.0", "10"),
        ("1e-1", "0.1"),
        ("1E-1", "0.1"),
        ("25e+1", "250"),
        ("2.5e0", "2.5"),
        ("0.125", "0.125"),
        ("1e-9", "0.000000001"),
        ("0.0000000010", "0.000000001"),
        ("1000e-12", "0.000000001"),
        ("0.000001e6", "1"),
        ("999999.999999999", "999999.999999999"),
    ] {
        let amount = Amount::parse(text).unwrap_or_else(|| panic!("{text} is an amount"));
        let zero = (0, Amount::default());
        let total = amount::total([(1_000_000, amount), zero, zero, zero]);
        assert_eq!(total, cost_of_a_million, "{text}");
        let number: f64 = text.parse().unwrap();
        assert_eq!(amount.dollars(), number, "{text}");
    }
    for text in [
        "",
        " 1",
        "-1",
        "-0",
        "+1",
        ".5",
        "1.",
        "1.2.3",
        "1,5",
        "$1",
        "0x10",
        "١",
        "NaN",
        "inf",
        "e1",
        "1e",
        "1e1.5",
        "1.e1",
        "1e1e1",
        "1e99999999999",
        "1e2147483647",
        "1e-2147483648",
        "1e-10",
        "0.0000000001",
        "1.0000000001",
        "1000000",
        "1e6",
        "99999999999999999999999",
    ] {
        assert_eq!(Amount::parse(text), None, "{text}");
    }
}

#[test]
fn models_are_listed_with_the_nearest_floating_point_numbers() {
    let pricing = Pricing::PerToken(Vec::new());
    let listed = |model: &str| types::Pricing::from(pricing.price(model).unwrap());
    assert_eq!(
        listed("gpt-5.6-terra"),
        types::Pricing {
            input_per_million: 2.5,
            output_per_million: 15.0,
            cache_read_per_million: Some(0.25),
            cache_write_per_million: Some(3.125),
            currency: "USD".to_owned(),
        }
    );
    let o4_mini = listed("o4-mini-2025-04-16");
    assert_eq!(o4_mini.input_per_million, 1.1);
    assert_eq!(o4_mini.cache_read_per_million, Some(0.275));
    assert_eq!(o4_mini.cache_write_per_million, None);
    assert_eq!(listed("gpt-5-pro").cache_read_per_million, None);
}

#[test]
fn no_model_is_free_and_none_has_two_prices() {
    for (index, (name, [input, output, cached_input, cache_write])) in
        table::PRICES.iter().enumerate()
    {
        assert!(*input > 0 && output > input, "{name}");
        assert!(cached_input < input, "{name}");
        assert!(*cache_write == 0 || cache_write > input, "{name}");
        let others = &table::PRICES[..index];
        assert!(others.iter().all(|(other, _)| other != name), "{name}");
        assert!(model::capabilities(name).is_known, "{name}");
    }
}

fn cost(model: &str, usage: &Usage) -> Option<String> {
    Pricing::PerToken(Vec::new()).cost(None, model, usage)
}

fn price(input: &str) -> Price {
    Price {
        input: Amount::parse(input).unwrap(),
        output: Amount::default(),
        cached_input: None,
        cache_write: None,
    }
}

fn usage(input_tokens: u64, cache_read_tokens: Option<u64>, output_tokens: u64) -> Usage {
    Usage {
        input_tokens,
        output_tokens,
        total_tokens: input_tokens.saturating_add(output_tokens),
        reasoning_tokens: None,
        cache_read_tokens,
        cache_write_tokens: None,
        cost_usd: None,
        extensions: None,
    }
}
