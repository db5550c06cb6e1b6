//! The prices that are known without a configuration.

use super::{Amount, Price};

/// The price of a model by its exact name.
pub(super) fn built_in(model: &str) -> Option<Price> {
    let (_, [input, output, cached_input, cache_write]) =
        PRICES.iter().find(|(name, _)| *name == model)?;
    let own = |thousandths: u32| (thousandths > 0).then_some(Amount::thousandths(thousandths));
    Some(Price {
        input: Amount::thousandths(*input),
        output: Amount::thousandths(*output),
        cached_input: own(*cached_input),
        cache_write: own(*cache_write),
    })
}

/// Microsoft's list prices of Global Standard deployments, as of May 2026 (of GPT-5.6: July 2026), without what is added
/// or taken off for long inputs, batches, other service tiers and data zones.
///
/// In thousandths of a dollar for a million tokens: input, output, cached input and what is written to the cache; 0 where
/// there is no price of its own. Variants of a model have other prices, so that only whole names count.
pub(super) const PRICES: &[(&str, [u32; 4])] = &[
    ("gpt-5.6-sol", [5_000, 30_000, 500, 6_250]),
    ("gpt-5.6-terra", [2_500, 15_000, 250, 3_125]),
    ("gpt-5.6-luna", [1_000, 6_000, 100, 1_250]),
    ("gpt-5.5", [5_000, 30_000, 500, 0]),
    ("gpt-5.5-pro", [30_000, 180_000, 0, 0]),
    ("gpt-5.4", [2_500, 15_000, 250, 0]),
    ("gpt-5.4-mini", [750, 4_500, 75, 0]),
    ("gpt-5.4-pro", [30_000, 180_000, 0, 0]),
    ("gpt-5.3-codex", [1_750, 14_000, 175, 0]),
    ("gpt-5.2", [1_750, 14_000, 175, 0]),
    ("gpt-5.2-codex", [1_750, 14_000, 175, 0]),
    ("gpt-5.1", [1_250, 10_000, 125, 0]),
    ("gpt-5.1-codex", [1_250, 10_000, 125, 0]),
    ("gpt-5.1-codex-max", [1_250, 10_000, 125, 0]),
    ("gpt-5.1-codex-mini", [250, 2_000, 25, 0]),
    ("gpt-5", [1_250, 10_000, 125, 0]),
    ("gpt-5-codex", [1_250, 10_000, 125, 0]),
    ("gpt-5-mini", [250, 2_000, 25, 0]),
    ("gpt-5-nano", [50, 400, 5, 0]),
    ("gpt-5-pro", [15_000, 120_000, 0, 0]),
    ("gpt-4.1", [2_000, 8_000, 500, 0]),
    ("gpt-4.1-mini", [400, 1_600, 100, 0]),
    ("gpt-4.1-nano", [100, 400, 25, 0]),
    ("gpt-4o", [2_500, 10_000, 1_250, 0]),
    // The first version was twice as dear as those after it.
    ("gpt-4o-2024-05-13", [5_000, 15_000, 0, 0]),
    ("gpt-4o-mini", [150, 600, 75, 0]),
    ("o4-mini", [1_100, 4_400, 275, 0]),
    ("o3", [2_000, 8_000, 500, 0]),
    ("o3-mini", [1_100, 4_400, 550, 0]),
    ("o3-pro", [20_000, 80_000, 0, 0]),
    ("o1", [15_000, 60_000, 7_500, 0]),
    ("codex-mini", [1_500, 6_000, 375, 0]),
];
