#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

#[test]
fn costs_are_exact() {
    // model, input, cached, output → the exact amount, and how it is written
    for (model, input, cached, output, exact, written) in [
        ("gpt-5.4", 1000, 400, 100, "0.0031", "0.0031"),
        ("gpt-5.4-mini", 1_000_000, 0, 1_000_000, "5.250", "5.25"),
        ("gpt-5.4", 1, 0, 0, "0.0000025", "0.0000025"),
        ("gpt-5.4", 1, 1, 0, "2.5E-7", "0.00000025"),
        ("gpt-5.4", 0, 0, 0, "0.00", "0"),
        ("gpt-5.4", 5, 9, 0, "0.00000225", "0.00000225"),
        ("gpt-5.1", 1_000_000, 0, 1_000_000, "11.25", "11.25"),
        ("gpt-5.1", 1_000_000, 1_000_000, 0, "0.125", "0.125"),
        ("gpt-5-nano", 1, 1, 0, "5e-9", "0.000000005"),
        // Nothing is off for cached tokens, which is why they cost as much as others.
        ("gpt-5.5-pro", 100, 40, 0, "0.003", "0.003"),
        ("o4-mini", 4_000, 1_000, 10, "0.003619", "0.003619"),
    ] {
        let cost = cost(model, usage(input, cached, output)).unwrap();
        assert_eq!(cost, written, "{model} {input} {cached} {output}");
        assert_eq!(Amount::parse(&cost), Amount::parse(exact), "{model}");
    }
}

#[test]
fn tokens_that_are_written_to_the_cache_have_their_price_where_there_is_one() {
    // model, written, for 12 hours of these → 1,000 in, 500 of them read from the cache, and 10 out, in millionths
    for (model, written, for_12h, expected) in [
        // 400 · 4 + 500 · 0.4 + 100 · 5 + 10 · 20
        ("gpt-5.6-sol", 100, 0, "0.0025"),
        // 400 · 4 + 500 · 0.4 + 60 · 5 + 40 · 10 + 10 · 20
        ("gpt-5.6-sol", 100, 40, "0.0027"),
        // More for 12 hours than there is: 400 · 4 + 500 · 0.4 + 100 · 10 + 10 · 20
        ("gpt-5.6-sol", 100, 900, "0.003"),
        // 400 · 0.1 + 500 · 0.01 + 100 · 0.25 + 10 · 0.5
        ("gpt-6-luna", 100, 100, "0.000075"),
        // No price of its own: 500 · 2.5 + 500 · 0.25 + 10 · 15
        ("gpt-5.4", 100, 0, "0.001525"),
    ] {
        let tokens = Tokens {
            cache_write: written,
            cache_write_12h: for_12h,
            ..usage(1000, 500, 10)
        };
        assert_eq!(
            cost(model, tokens).unwrap(),
            expected,
            "{model} {written} {for_12h}"
        );
    }
}

#[test]
fn long_inputs_and_tiers_have_their_prices() {
    // model, tier, input, read from the cache, written to it, output → dollars, by hand
    for (model, tier, [input, read, written, output], expected) in [
        ("gpt-5.4", None, [272_000, 0, 0, 1_000], Some("0.695")),
        // 272,001 · 5 + 1,000 · 22.5
        ("gpt-5.4", None, [272_001, 0, 0, 1_000], Some("1.382505")),
        // 200,000 · 5 + 100,000 · 0.5 + 1,000 · 22.5
        (
            "gpt-5.4",
            Some("default"),
            [300_000, 100_000, 0, 1_000],
            Some("1.0725"),
        ),
        // 100,000 · 8 + 100,000 · 0.8 + 100,000 · 10 + 1,000 · 30
        (
            "gpt-5.6",
            None,
            [300_000, 100_000, 100_000, 1_000],
            Some("1.91"),
        ),
        // The same at half, and at double.
        (
            "gpt-5.6",
            Some("flex"),
            [300_000, 100_000, 100_000, 1_000],
            Some("0.955"),
        ),
        (
            "gpt-5.6",
            Some("priority"),
            [300_000, 100_000, 100_000, 1_000],
            Some("3.82"),
        ),
        // 1,000 · 12.5 + 100 · 75
        (
            "gpt-5.5",
            Some("priority"),
            [1_000, 0, 0, 100],
            Some("0.02"),
        ),
        // 1,000 · 3.5 + 100 · 14
        (
            "gpt-4.1",
            Some("priority"),
            [1_000, 0, 0, 100],
            Some("0.0049"),
        ),
        // 900 · 0.45 + 100 · 0.045 + 100 · 3.6
        (
            "gpt-5-mini",
            Some("priority"),
            [1_000, 100, 0, 100],
            Some("0.0007695"),
        ),
        // 1,000 · 5 + 100 · 25
        (
            "gpt-6-astra",
            Some("flex"),
            [1_000, 0, 0, 100],
            Some("0.0075"),
        ),
        // 400,000 input is long for none of these.
        ("gpt-4.1", None, [400_000, 0, 0, 0], Some("0.8")),
        ("gpt-5.4-mini", None, [400_000, 0, 0, 0], Some("0.3")),
        ("gpt-6-luna", None, [1_000_000, 0, 0, 0], Some("0.2")),
        ("gpt-5.6", Some("auto"), [1_000, 0, 0, 0], Some("0.004")),
        // Tiers whose price is not known.
        ("gpt-6-astra", Some("priority"), [1_000, 0, 0, 100], None),
        ("gpt-4.1", Some("flex"), [1_000, 0, 0, 100], None),
        ("gpt-5.6", Some("scale"), [1_000, 0, 0, 100], None),
        ("gpt-5.6", Some("ultrafast"), [1_000, 0, 0, 100], None),
        ("gpt-5.6", Some(""), [1_000, 0, 0, 100], None),
    ] {
        let tokens = Tokens {
            cache_write: written,
            ..usage(input, read, output)
        };
        let bill = Bill {
            logical_model: model,
            service_tier: tier,
            tokens,
            ..Bill::default()
        };
        let found = Pricing::default().cost(&bill).map(Cost::written);
        assert_eq!(
            found.as_deref(),
            expected,
            "{model} {tier:?} {input} {read} {written} {output}"
        );
    }
}

#[test]
fn a_configured_price_is_taken_as_it_is() {
    let pricing = Pricing {
        configured: vec![("gpt-5.6".to_owned(), price("1"))],
        is_provisioned: false,
    };
    let bill = Bill {
        answered: Some("gpt-5.6-2026-07-09"),
        service_tier: Some("priority"),
        tokens: Tokens {
            cache_write: 500_000,
            cache_write_12h: 500_000,
            ..usage(1_000_000, 0, 0)
        },
        ..Bill::default()
    };
    assert_eq!(pricing.cost(&bill).map(Cost::written).as_deref(), Some("1"));
    // It is that of this name, and not of the model that it means.
    let other = Bill {
        answered: Some("gpt-5.6-sol"),
        service_tier: None,
        tokens: usage(1_000, 0, 0),
        ..bill
    };
    assert_eq!(
        pricing.cost(&other).map(Cost::written).as_deref(),
        Some("0.004")
    );
}

#[test]
fn a_router_costs_its_own_price_and_that_of_the_model_that_it_chose() {
    // asked for, answered → 1,000 in and 100 out
    for (asked, answered, expected) in [
        // 1,000 · (0.75 + 0.14) + 100 · 4.5
        (
            "model-router",
            Some("gpt-5.4-mini-2026-03-17"),
            Some("0.00134"),
        ),
        (
            "model-router-2025-11-18",
            Some("gpt-5.4-mini"),
            Some("0.00134"),
        ),
        // Which model it chose is not known.
        ("model-router", Some("model-router-2025-11-18"), None),
        ("model-router", Some("grok-4"), None),
        ("model-router", None, None),
        // Without knowing that it was asked, there is nothing to add.
        ("team", Some("gpt-5.4-mini"), Some("0.0012")),
        ("team", Some("model-router"), None),
    ] {
        let bill = Bill {
            answered,
            logical_model: asked,
            tokens: usage(1_000, 0, 100),
            ..Bill::default()
        };
        let found = Pricing::default().cost(&bill).map(Cost::written);
        assert_eq!(found.as_deref(), expected, "{asked} {answered:?}");
    }
    assert_eq!(Pricing::default().price("model-router"), None);
}

#[test]
fn costs_add_up() {
    let cost = |model| {
        let bill = Bill {
            logical_model: model,
            tokens: usage(1, 1, 0),
            ..Bill::default()
        };
        Pricing::default().cost(&bill).unwrap()
    };
    let sum = cost("gpt-5-nano").and(cost("gpt-4o")).and(Cost::default());
    assert_eq!(sum.written(), "0.000001255");
    assert_eq!(Cost::default().written(), "0");
}

#[test]
fn no_count_of_tokens_is_too_much() {
    let most = u64::MAX;
    // 18446744073709551615 · (30 · 2 + 180 · 1.5) / 10^6
    assert_eq!(
        cost("gpt-5.5-pro", usage(most, 0, most)).unwrap(),
        "6087425544324152.03295"
    );
    let dearest = Amount::parse("999999.999999999").unwrap();
    let pricing = Pricing {
        configured: vec![(
            "m".to_owned(),
            Price {
                input: dearest,
                output: dearest,
                cached_input: Some(dearest),
                cache_write: Some(dearest),
            },
        )],
        is_provisioned: false,
    };
    let bill = Bill {
        logical_model: "m",
        tokens: Tokens {
            cache_write: most,
            cache_write_12h: most,
            ..usage(most, most, most)
        },
        ..Bill::default()
    };
    // Read, written and out: 3 · 18446744073709551615 · 999999.999999999 / 10^6
    assert_eq!(
        pricing.cost(&bill).unwrap().written(),
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
    let pricing = Pricing {
        configured: configured
            .map(|(model, input)| (model.to_owned(), price(input)))
            .to_vec(),
        is_provisioned: false,
    };
    // The input's price in hundredths of a dollar for 10,000 tokens says which price was taken.
    for (answered, logical_model, expected) in [
        (Some("gpt-5.4"), "gpt-5.5", Some("0.025")),
        (Some("gpt-5.5-2026-04-24"), "gpt-5.4", Some("0.05")),
        (Some("gpt-5.4-2026-03-05"), "x", Some("2")),
        (Some("gpt-5.4-2026-03-06"), "x", Some("0.025")),
        (Some("gpt-5.1-2025-11-13"), "x", Some("1")),
        (Some("gpt-4o-2024-05-13"), "x", Some("0.05")),
        (Some("gpt-4o-2024-11-20"), "x", Some("0.025")),
        (Some("gpt-5.6-2026-07-09"), "x", Some("0.04")),
        (Some("gpt-5.3-chat-latest"), "x", Some("0.0175")),
        (Some("prod"), "gpt-5.4", Some("0.025")),
        (Some("prod"), "gpt-5.4-2026-03-05", Some("2")),
        (None, "gpt-5.5-2026-04-24", Some("0.05")),
        (None, "team", Some("3")),
        (Some("gpt-4.1"), "team", Some("0.02")),
        // What only looks like a date, or like the model.
        (Some("gpt-5.4-2026-03"), "x", None),
        (Some("gpt-5.4-2026-03-05-preview"), "x", None),
        (Some("gpt-5.4-20260-3-05"), "x", None),
        (Some("gpt-5.4-nova"), "x", None),
        (Some("gpt-6.2-sol"), "x", None),
        (Some("GPT-5.4"), "x", None),
        (Some("-2026-03-05"), "", None),
        (Some("é2026-03-05"), "x", None),
        (None, "prod", None),
    ] {
        let bill = Bill {
            answered,
            logical_model,
            tokens: usage(10_000, 0, 0),
            ..Bill::default()
        };
        let cost = pricing.cost(&bill).map(Cost::written);
        assert_eq!(cost.as_deref(), expected, "{answered:?} {logical_model}");
    }
}

#[test]
fn provisioned_throughput_costs_something_only_where_another_deployment_answered() {
    let pricing = Pricing {
        configured: vec![("team".to_owned(), price("100"))],
        is_provisioned: true,
    };
    let bill = |logical_model, is_spilled_over| Bill {
        logical_model,
        is_spilled_over,
        tokens: usage(1_000, 0, 100),
        ..Bill::default()
    };
    assert_eq!(pricing.cost(&bill("gpt-5.4", false)), None);
    assert_eq!(pricing.price("gpt-5.4"), None);
    for (model, expected) in [("gpt-5.4", "0.004"), ("team", "0.1")] {
        let cost = pricing.cost(&bill(model, true)).map(Cost::written);
        assert_eq!(cost.as_deref(), Some(expected), "{model}");
    }
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
        let cost = Cost::of(&[(1_000_000, amount)]).written();
        assert_eq!(cost, cost_of_a_million, "{text}");
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
    let pricing = Pricing::default();
    let listed = |model: &str| types::Pricing::from(pricing.price(model).unwrap());
    assert_eq!(
        listed("gpt-5.6-luna"),
        types::Pricing {
            input_per_million: 0.2,
            output_per_million: 1.2,
            cache_read_per_million: Some(0.02),
            cache_write_per_million: Some(0.25),
            currency: "USD".to_owned(),
            extensions: None,
        }
    );
    let o4_mini = listed("o4-mini-2025-04-16");
    assert_eq!(o4_mini.input_per_million, 1.1);
    assert_eq!(o4_mini.cache_read_per_million, Some(0.275));
    assert_eq!(o4_mini.cache_write_per_million, None);
    assert_eq!(listed("gpt-5-pro").cache_read_per_million, None);
}

#[test]
fn per_cents_of_an_amount_are_exact() {
    for (amount, percent, expected) in [
        ("0.005", 250, "0.0125"),
        ("0.005", 50, "0.0025"),
        ("0.175", 175, "0.30625"),
        ("180", 150, "270"),
        ("0.000000001", 50, "0"),
    ] {
        let found = Amount::parse(amount).unwrap().percent(percent);
        assert_eq!(Some(found), Amount::parse(expected), "{amount} {percent}");
    }
}

/// What an ordinary response of a model costs.
fn cost(model: &str, tokens: Tokens) -> Option<String> {
    let bill = Bill {
        logical_model: model,
        tokens,
        ..Bill::default()
    };
    Pricing::default().cost(&bill).map(Cost::written)
}

fn price(input: &str) -> Price {
    Price {
        input: Amount::parse(input).unwrap(),
        ..Price::default()
    }
}

fn usage(input: u64, cache_read: u64, output: u64) -> Tokens {
    Tokens {
        input,
        cache_read,
        output,
        ..Tokens::default()
    }
}
