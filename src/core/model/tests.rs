#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

mod data;

#[test]
fn families_are_known_by_whole_parts_of_the_name() {
    for (model, reasons) in [
        ("gpt-5", true),
        ("gpt-5-mini", true),
        ("gpt-5.1", true),
        ("gpt-5.1-2025-11-13", true),
        ("gpt-5.10", true),
        ("gpt-6.2-astra", true),
        ("gpt-5-chat", false),
        ("gpt-5-chat-latest", false),
        ("o3", true),
        ("o3-mini", true),
        ("o4-mini-2025-04-16", true),
        ("gpt-4.1", false),
        ("gpt-4o-mini", false),
        ("gpt-50", false),
        ("o30", false),
        ("production-gpt5", false),
        ("", false),
    ] {
        assert_eq!(capabilities(model).reasoning, reasons, "{model}");
    }
    assert_eq!(capabilities("gpt-5.40").context_window, 400_000);
}

#[test]
fn each_model_has_its_windows_and_senses() {
    // model → context window, most input, most output, reasons, takes images
    for (model, context_window, max_input_tokens, max_output_tokens, reasoning, vision) in [
        ("gpt-6-sol", 1_050_000, 922_000, 128_000, true, true),
        (
            "gpt-6.1-sol-2026-09-29",
            1_050_000,
            922_000,
            128_000,
            true,
            true,
        ),
        ("gpt-6.2-astra", 1_050_000, 922_000, 128_000, true, true),
        ("gpt-5.6", 1_050_000, 922_000, 128_000, true, true),
        ("gpt-5.6-terra", 1_050_000, 922_000, 128_000, true, true),
        ("gpt-5.5", 922_000, 922_000, 128_000, true, true),
        ("gpt-5.5-pro", 922_000, 922_000, 128_000, true, true),
        ("gpt-5.4", 1_050_000, 922_000, 128_000, true, true),
        (
            "gpt-5.4-2026-03-05",
            1_050_000,
            922_000,
            128_000,
            true,
            true,
        ),
        ("gpt-5.4-pro", 1_050_000, 922_000, 128_000, true, true),
        (
            "gpt-5.4-mini-2026-03-17",
            400_000,
            272_000,
            128_000,
            true,
            true,
        ),
        ("gpt-5.4-nano", 400_000, 272_000, 128_000, true, true),
        ("gpt-5.3-codex", 400_000, 272_000, 128_000, true, true),
        ("gpt-5.3-chat", 128_000, 111_616, 16_384, true, false),
        ("gpt-chat-latest", 400_000, 272_000, 128_000, true, true),
        ("gpt-5.2", 400_000, 272_000, 128_000, true, true),
        ("gpt-5.1-codex-mini", 400_000, 272_000, 128_000, true, true),
        ("gpt-5.1-chat-latest", 128_000, 111_616, 16_384, true, false),
        ("gpt-5-mini", 400_000, 272_000, 128_000, true, true),
        ("gpt-5-chat", 128_000, 111_616, 16_384, false, true),
        ("o1", 200_000, 200_000, 100_000, true, true),
        ("o1-preview", 128_000, 128_000, 32_768, true, false),
        ("o3-pro", 200_000, 200_000, 100_000, true, true),
        ("o3-mini", 200_000, 200_000, 100_000, true, false),
        ("o3-deep-research", 200_000, 200_000, 100_000, true, false),
        ("o4-mini", 200_000, 200_000, 100_000, true, true),
        ("codex-mini", 200_000, 200_000, 100_000, true, true),
        ("gpt-4.1-nano", 1_047_576, 1_047_576, 32_768, false, true),
        ("gpt-4o-2024-05-13", 128_000, 128_000, 4_096, false, true),
        ("gpt-4o-2024-11-20", 128_000, 128_000, 16_384, false, true),
        ("computer-use-preview", 8_192, 8_192, 1_024, false, true),
    ] {
        let found = capabilities(model);
        assert!(found.is_known, "{model}");
        assert_eq!(
            (found.context_window, found.max_input_tokens),
            (context_window, max_input_tokens),
            "{model}"
        );
        assert_eq!(found.max_output_tokens, max_output_tokens, "{model}");
        assert_eq!(
            (found.reasoning, found.vision),
            (reasoning, vision),
            "{model}"
        );
    }
}

#[test]
fn some_models_reason_without_being_asked() {
    for (model, expected) in [
        ("gpt-6-astra", true),
        ("gpt-6-sol", true),
        ("gpt-5.6-terra", true),
        ("gpt-5.5", true),
        ("gpt-5.5-pro", true),
        ("gpt-5.4-pro", true),
        ("gpt-5", true),
        ("gpt-5-2025-08-07", true),
        ("gpt-5-mini", true),
        ("gpt-5-codex", true),
        ("gpt-5.1-codex-max", true),
        ("gpt-5.2-codex", true),
        ("gpt-5.3-codex-2026-02-24", true),
        ("o3", true),
        ("o3-pro", true),
        ("o3-deep-research", true),
        ("o4-mini-2025-04-16", true),
        ("codex-mini", true),
        ("gpt-5.4", false),
        ("gpt-5.1", false),
        ("gpt-5.1-2025-11-13", false),
        ("gpt-5.2", false),
        ("gpt-5.10", false),
        ("gpt-5-chat", false),
        // They reason, and have no summaries.
        ("gpt-5.1-chat", false),
        ("o1", false),
        ("o3-mini", false),
        ("gpt-4.1", false),
        ("production", false),
    ] {
        assert_eq!(capabilities(model).summarizes_unasked, expected, "{model}");
    }
}

#[test]
fn an_effort_that_a_model_refuses_becomes_the_nearest_that_it_takes() {
    // model, wanted → sent, where that is another
    for (model, wanted, expected) in [
        ("gpt-5-pro", "none", Some("high")),
        ("gpt-5-pro", "low", Some("high")),
        ("gpt-5-pro", "max", Some("high")),
        ("gpt-5-pro", "high", None),
        ("gpt-5.5-pro", "none", Some("medium")),
        ("gpt-5.5-pro", "low", Some("medium")),
        ("gpt-5.4-pro-2026-03-05", "max", Some("xhigh")),
        ("gpt-6-astra", "none", Some("low")),
        ("gpt-6-astra", "minimal", Some("low")),
        ("gpt-6-astra", "max", None),
        ("gpt-6-sol", "none", None),
        // It is to reason, if only a little.
        ("gpt-6-sol", "minimal", Some("low")),
        ("gpt-5.4", "minimal", Some("low")),
        ("gpt-5.4", "max", Some("xhigh")),
        ("gpt-5.1", "xhigh", Some("high")),
        ("gpt-5.1", "none", None),
        ("gpt-5", "none", Some("minimal")),
        ("gpt-5", "minimal", None),
        ("gpt-5-mini", "max", Some("high")),
        ("gpt-chat-latest", "none", Some("medium")),
        ("gpt-chat-latest", "max", Some("medium")),
        ("o3", "none", Some("low")),
        ("o3", "xhigh", Some("high")),
        // What nothing is known of is not changed.
        ("o3", "as you like", None),
        ("o3", "", None),
        ("gpt-5.3-codex", "max", None),
        ("gpt-5.10", "max", None),
        ("gpt-6.2-astra", "none", None),
        ("gpt-4.1", "high", None),
        ("production", "max", None),
    ] {
        let found = capabilities(model).other_effort(wanted).map(Effort::name);
        assert_eq!(found, expected, "{model} {wanted}");
    }
}

#[test]
fn of_two_efforts_that_are_equally_near_the_lesser_is_taken() {
    let efforts = Efforts::of(&[Effort::Low, Effort::High]);
    assert_eq!(efforts.nearest(Effort::Medium), Effort::Low);
    let all: Vec<Effort> = Efforts::of(&Effort::ALL).iter().collect();
    assert_eq!(all, Effort::ALL);
    assert_eq!(
        Efforts::of(&[Effort::None]).nearest(Effort::High),
        Effort::None
    );
}

#[test]
fn a_temperature_goes_to_models_that_do_not_reason_now() {
    // model, effort → takes a temperature
    for (model, effort, expected) in [
        ("gpt-4.1", None, true),
        ("gpt-5-chat", None, true),
        ("gpt-5.1", None, true),
        ("gpt-5.1-2025-11-13", Some("none"), true),
        ("gpt-5.1", Some("low"), false),
        ("gpt-5.4-nano", None, true),
        ("gpt-5.5", None, false),
        ("gpt-5.5", Some("none"), true),
        ("gpt-5.6", Some("none"), true),
        ("gpt-6-sol", Some("none"), true),
        ("gpt-6-sol", None, false),
        ("gpt-5.3-codex", None, false),
        ("gpt-5.3-codex", Some("none"), true),
        ("gpt-5", None, false),
        ("gpt-5", Some("none"), false),
        ("gpt-6-astra", Some("none"), false),
        ("gpt-5.4-pro", None, false),
        ("gpt-5.10", Some("none"), false),
        ("o3", None, false),
        ("production", None, true),
        ("model-router", None, true),
    ] {
        assert_eq!(
            capabilities(model).takes_sampling(effort),
            expected,
            "{model} {effort:?}"
        );
    }
}

#[test]
fn the_retention_of_the_cache_goes_to_models_that_have_it() {
    // model → in_memory, 24h
    for (model, in_memory, day) in [
        ("gpt-5.4", true, true),
        ("gpt-4.1", true, true),
        ("gpt-5.5-2026-04-24", false, true),
        ("gpt-5.5-pro", false, true),
        ("gpt-5.6", false, true),
        ("gpt-6-luna", false, false),
        ("gpt-6.2-sol", false, false),
        ("production", true, true),
    ] {
        let found = capabilities(model);
        assert_eq!(found.takes_retention("in_memory"), in_memory, "{model}");
        assert_eq!(found.takes_retention("24h"), day, "{model}");
    }
}

#[test]
fn of_an_unknown_name_the_least_is_said() {
    for model in ["", "production-gpt5", "gpt", "gpt-7", "codex"] {
        let Capabilities {
            is_known,
            reasoning,
            vision,
            ..
        } = capabilities(model);
        assert_eq!(
            (is_known, reasoning, vision),
            (false, false, false),
            "{model}"
        );
        assert!(find(model).is_none(), "{model}");
    }
    assert!(!capabilities("model-router-2025-11-18").is_known);
}

#[test]
fn a_model_is_found_by_its_aliases_dates_and_versions() {
    for (name, expected) in [
        ("gpt-5.6", Some("gpt-5.6-sol")),
        ("gpt-5.6-2026-07-09", Some("gpt-5.6-sol")),
        ("gpt-5.6-sol-2026-07-09", Some("gpt-5.6-sol")),
        ("gpt-5.4-2026-03-05", Some("gpt-5.4")),
        ("gpt-4o-2024-05-13", Some("gpt-4o-2024-05-13")),
        ("gpt-4o-2024-11-20", Some("gpt-4o")),
        ("chat-latest", Some("gpt-chat-latest")),
        ("gpt-5.3-chat-latest", Some("gpt-5.3-chat")),
        ("codex-mini-latest", Some("codex-mini")),
        ("gpt-5.4-nova", None),
        ("gpt-5.4-2026-03-05-preview", None),
        ("GPT-5.4", None),
        ("-latest", None),
        ("", None),
    ] {
        assert_eq!(find(name).map(|row| row.name), expected, "{name}");
    }
}

#[test]
fn a_date_is_not_what_only_looks_like_one() {
    for (model, expected) in [
        ("gpt-5.1-2025-11-13", Some("gpt-5.1")),
        ("o3-2025-04-16", Some("o3")),
        ("gpt-5.1", None),
        ("gpt-5.1-2025-11-13-preview", None),
        ("gpt-5.1-2025-11", None),
        ("gpt-5.1-2025_11_13", None),
        ("gpt-5.12025-11-13", None),
        ("-2025-11-13", Some("")),
        ("2025-11-13", None),
        ("é2025-11-13", None),
        ("", None),
    ] {
        assert_eq!(without_date(model), expected, "{model}");
    }
}
