//! The table of models. Written from `models.toml` by `UPDATE_GOLDEN=1 cargo xtask test models`: change that file, not
//! this one.

use super::{Capabilities, Effort, Efforts, Model, Retention, Retirement, Sampling};
use crate::core::pricing::{ListPrice, Price};

/// Inputs of more tokens than this cost more, where a model's price says so.
pub const LONG_INPUT_TOKENS: u64 = 272_000;

/// What long inputs cost of the usual, in per cent.
pub(in crate::core) const LONG_INPUT_PERCENT: u16 = 200;

/// What the output for long inputs costs of the usual, in per cent.
pub(in crate::core) const LONG_OUTPUT_PERCENT: u16 = 150;

/// What is written to the cache for 12 hours costs of what is written for 30 minutes, in per cent.
pub(in crate::core) const CACHE_WRITE_12H_PERCENT: u16 = 200;

#[rustfmt::skip]
pub(super) static MODELS: &[Model] = &[
    Model {
        name: "gpt-6.1-sol", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2028-03-11", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([2000, 10000, 100, 2500]), priority: None, flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::Never, retention: Retention::Nothing,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-6.1-terra", aliases: &[], is_router: false,
        retirement: None,
        price: Some(ListPrice { price: Price::thousandths([1000, 5000, 50, 1250]), priority: None, flex: None, has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::AtNone, retention: Retention::Nothing,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-6-astra", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2028-01-11", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([10000, 50000, 1000, 12500]), priority: None, flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::Never, retention: Retention::Nothing,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-6-sol", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2028-03-11", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([2000, 10000, 200, 2500]), priority: Some(200), flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::AtNone, retention: Retention::Nothing,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-6-luna", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2028-03-11", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([100, 500, 10, 125]), priority: None, flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::AtNone, retention: Retention::Nothing,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-6", aliases: &[], is_router: false,
        retirement: None,
        price: None,
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Nothing,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.6-sol", aliases: &["gpt-5.6"], is_router: false,
        retirement: Some(Retirement { date: "2028-01-11", replacement: Some("gpt-6-sol") }),
        price: Some(ListPrice { price: Price::thousandths([4000, 20000, 400, 5000]), priority: Some(200), flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::AtNone, retention: Retention::Day,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.6-terra", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2028-01-11", replacement: Some("gpt-6.1-terra") }),
        price: Some(ListPrice { price: Price::thousandths([2000, 12000, 200, 2500]), priority: Some(200), flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::AtNone, retention: Retention::Day,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.6-luna", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2028-01-11", replacement: Some("gpt-6-luna") }),
        price: Some(ListPrice { price: Price::thousandths([200, 1200, 20, 250]), priority: Some(200), flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max]),
            sampling: Sampling::AtNone, retention: Retention::Day,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.5", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-10-26", replacement: Some("gpt-5.6") }),
        price: Some(ListPrice { price: Price::thousandths([5000, 30000, 500, 0]), priority: Some(250), flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::AtNone, retention: Retention::Day,
            context_window: 922_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.5-pro", aliases: &[], is_router: false,
        retirement: None,
        price: Some(ListPrice { price: Price::thousandths([30000, 180000, 0, 0]), priority: None, flex: None, has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::High), efforts: Efforts::of(&[Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::Never, retention: Retention::Day,
            context_window: 922_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.4", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-09-02", replacement: Some("gpt-5.5") }),
        price: Some(ListPrice { price: Price::thousandths([2500, 15000, 250, 0]), priority: Some(200), flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: true,
            default_effort: Some(Effort::None), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::AtNone, retention: Retention::Any,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.4-pro", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-09-07", replacement: Some("gpt-5.5-pro") }),
        price: Some(ListPrice { price: Price::thousandths([30000, 180000, 3000, 0]), priority: None, flex: Some(50), has_long_inputs: true }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::of(&[Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 1_050_000, max_input_tokens: 922_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.4-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-09-21", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([750, 4500, 75, 0]), priority: Some(200), flex: Some(50), has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: true,
            default_effort: Some(Effort::None), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::AtNone, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.4-nano", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-09-21", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([200, 1250, 20, 0]), priority: None, flex: Some(50), has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: true,
            default_effort: Some(Effort::None), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::AtNone, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.3-codex", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-08-24", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([1750, 14000, 175, 0]), priority: Some(200), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::AtNone, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.3-chat", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-06-29", replacement: Some("gpt-chat-latest") }),
        price: Some(ListPrice { price: Price::thousandths([1750, 14000, 175, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: false,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Medium]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 111_616, max_output_tokens: 16_384,
        },
    },
    Model {
        name: "gpt-5.2", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-06-08", replacement: Some("gpt-5.4") }),
        price: Some(ListPrice { price: Price::thousandths([1750, 14000, 175, 0]), priority: Some(200), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: true,
            default_effort: Some(Effort::None), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::AtNone, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.2-pro", aliases: &[], is_router: false,
        retirement: None,
        price: Some(ListPrice { price: Price::thousandths([21000, 168000, 0, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::of(&[Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.2-codex", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-07-13", replacement: Some("gpt-5.3-codex") }),
        price: Some(ListPrice { price: Price::thousandths([1750, 14000, 175, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::AtNone, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.2-chat", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-06-29", replacement: Some("gpt-chat-latest") }),
        price: Some(ListPrice { price: Price::thousandths([1750, 14000, 175, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: false,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Medium]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 111_616, max_output_tokens: 16_384,
        },
    },
    Model {
        name: "gpt-5.1", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-07-13", replacement: Some("gpt-5.2") }),
        price: Some(ListPrice { price: Price::thousandths([1250, 10000, 125, 0]), priority: Some(200), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: true,
            default_effort: Some(Effort::None), efforts: Efforts::of(&[Effort::None, Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::AtNone, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.1-codex", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-05-15", replacement: Some("gpt-5.2-codex") }),
        price: Some(ListPrice { price: Price::thousandths([1250, 10000, 125, 0]), priority: Some(200), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.1-codex-max", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-05-18", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([1250, 10000, 125, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.1-codex-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-05-15", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([250, 2000, 25, 0]), priority: Some(180), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5.1-chat", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-06-29", replacement: Some("gpt-chat-latest") }),
        price: Some(ListPrice { price: Price::thousandths([1250, 10000, 125, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: false,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Medium]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 111_616, max_output_tokens: 16_384,
        },
    },
    Model {
        name: "gpt-5", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-02-09", replacement: Some("gpt-5.1") }),
        price: Some(ListPrice { price: Price::thousandths([1250, 10000, 125, 0]), priority: Some(200), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5-pro", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-04-07", replacement: Some("gpt-5.2-pro") }),
        price: Some(ListPrice { price: Price::thousandths([15000, 120000, 0, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::High), efforts: Efforts::of(&[Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-07-13", replacement: Some("gpt-5.4-mini") }),
        price: Some(ListPrice { price: Price::thousandths([250, 2000, 25, 0]), priority: Some(180), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5-nano", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-02-09", replacement: Some("gpt-5.4-nano") }),
        price: Some(ListPrice { price: Price::thousandths([50, 400, 5, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5-codex", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-03-17", replacement: Some("gpt-5.1-codex") }),
        price: Some(ListPrice { price: Price::thousandths([1250, 10000, 125, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "gpt-5-chat", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-06-29", replacement: Some("gpt-chat-latest") }),
        price: Some(ListPrice { price: Price::thousandths([1250, 10000, 125, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 111_616, max_output_tokens: 16_384,
        },
    },
    Model {
        name: "gpt-chat-latest", aliases: &["chat-latest"], is_router: false,
        retirement: Some(Retirement { date: "2027-05-18", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([5000, 30000, 500, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Medium]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 400_000, max_input_tokens: 272_000, max_output_tokens: 128_000,
        },
    },
    Model {
        name: "o4-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-11-19", replacement: Some("gpt-5.6-terra") }),
        price: Some(ListPrice { price: Price::thousandths([1100, 4400, 275, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 100_000,
        },
    },
    Model {
        name: "o3", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-11-19", replacement: Some("gpt-5.6-sol") }),
        price: Some(ListPrice { price: Price::thousandths([2000, 8000, 500, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 100_000,
        },
    },
    Model {
        name: "o3-pro", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-11-19", replacement: Some("gpt-5.6-sol") }),
        price: Some(ListPrice { price: Price::thousandths([20000, 80000, 0, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 100_000,
        },
    },
    Model {
        name: "o3-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-11-19", replacement: Some("gpt-5.6-terra") }),
        price: Some(ListPrice { price: Price::thousandths([1100, 4400, 550, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: false,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 100_000,
        },
    },
    Model {
        name: "o3-deep-research", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-11-19", replacement: Some("gpt-5.6-sol") }),
        price: Some(ListPrice { price: Price::thousandths([10000, 40000, 2500, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: false,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 100_000,
        },
    },
    Model {
        name: "o1", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-11-19", replacement: Some("gpt-5.6-sol") }),
        price: Some(ListPrice { price: Price::thousandths([15000, 60000, 7500, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: true,
            default_effort: Some(Effort::Medium), efforts: Efforts::of(&[Effort::Low, Effort::Medium, Effort::High]),
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 100_000,
        },
    },
    Model {
        name: "o1-mini", aliases: &[], is_router: false,
        retirement: None,
        price: Some(ListPrice { price: Price::thousandths([1100, 4400, 550, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: false,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 128_000, max_output_tokens: 65_536,
        },
    },
    Model {
        name: "o1-preview", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2025-07-28", replacement: Some("o1") }),
        price: None,
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: false, vision: false,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 128_000, max_output_tokens: 32_768,
        },
    },
    Model {
        name: "codex-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2026-11-15", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([1500, 6000, 375, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: true, summarizes_unasked: true, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Never, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 100_000,
        },
    },
    Model {
        name: "gpt-4.1", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-04-14", replacement: Some("gpt-5.1") }),
        price: Some(ListPrice { price: Price::thousandths([2000, 8000, 500, 0]), priority: Some(175), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 1_047_576, max_input_tokens: 1_047_576, max_output_tokens: 32_768,
        },
    },
    Model {
        name: "gpt-4.1-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-04-14", replacement: Some("gpt-5.4-mini") }),
        price: Some(ListPrice { price: Price::thousandths([400, 1600, 100, 0]), priority: Some(175), flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 1_047_576, max_input_tokens: 1_047_576, max_output_tokens: 32_768,
        },
    },
    Model {
        name: "gpt-4.1-nano", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-04-14", replacement: Some("gpt-5.4-nano") }),
        price: Some(ListPrice { price: Price::thousandths([100, 400, 25, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 1_047_576, max_input_tokens: 1_047_576, max_output_tokens: 32_768,
        },
    },
    Model {
        name: "gpt-4o", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-04-14", replacement: Some("gpt-5.1") }),
        price: Some(ListPrice { price: Price::thousandths([2500, 10000, 1250, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 128_000, max_output_tokens: 16_384,
        },
    },
    Model {
        name: "gpt-4o-2024-05-13", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-01-14", replacement: Some("gpt-5.1") }),
        price: Some(ListPrice { price: Price::thousandths([5000, 15000, 0, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 128_000, max_output_tokens: 4_096,
        },
    },
    Model {
        name: "gpt-4o-mini", aliases: &[], is_router: false,
        retirement: Some(Retirement { date: "2027-04-14", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([150, 600, 75, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 128_000, max_input_tokens: 128_000, max_output_tokens: 16_384,
        },
    },
    Model {
        name: "computer-use-preview", aliases: &[], is_router: false,
        retirement: None,
        price: Some(ListPrice { price: Price::thousandths([3000, 12000, 0, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: true, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Always, retention: Retention::Any,
            context_window: 8_192, max_input_tokens: 8_192, max_output_tokens: 1_024,
        },
    },
    Model {
        name: "model-router", aliases: &[], is_router: true,
        retirement: Some(Retirement { date: "2027-05-20", replacement: None }),
        price: Some(ListPrice { price: Price::thousandths([140, 0, 0, 0]), priority: None, flex: None, has_long_inputs: false }),
        capabilities: Capabilities {
            is_known: false, reasoning: false, summarizes_unasked: false, vision: true,
            default_effort: None, efforts: Efforts::UNKNOWN,
            sampling: Sampling::Unknown, retention: Retention::Any,
            context_window: 200_000, max_input_tokens: 200_000, max_output_tokens: 32_768,
        },
    },
];
