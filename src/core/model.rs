//! What a model can do, by its logical name.

/// What a model can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capabilities {
    /// A family knows the name. What is said of others is a guess, and a cautious one.
    pub is_known: bool,
    /// It thinks before it answers, and takes `reasoning` instead of `temperature` and `top_p`.
    pub reasoning: bool,
    /// It reasons without being asked, and says what it thought when asked for a summary alone. The first models that
    /// reason do so always; from GPT-5.1 on the effort is `none` unless another is asked for, but for the Codex models. `o1`
    /// and `o3-mini` reason always and have no summaries.
    pub summarizes_unasked: bool,
    /// It takes images.
    pub vision: bool,
    /// Tokens that input and output may have together.
    pub context_window: u64,
    /// Tokens that the output may have.
    pub max_output_tokens: u64,
}

/// The capabilities of a model, dated and suffixed names (`gpt-5.1-2025-11-13`, `gpt-5.1-codex`) included.
///
/// A name that no family knows gets the most cautious capabilities: a deployment's own name says nothing.
pub fn capabilities(model: &str) -> Capabilities {
    const UNKNOWN: Capabilities = Capabilities {
        is_known: false,
        reasoning: false,
        summarizes_unasked: false,
        vision: false,
        context_window: 128_000,
        max_output_tokens: 16_384,
    };
    for (prefix, capabilities) in FAMILIES {
        if is_of_family(model, prefix) {
            // Of a minor version without a row of its own it is not known what it does unasked.
            let is_minor_version = model.as_bytes().get(prefix.len()) == Some(&b'.');
            return Capabilities {
                summarizes_unasked: capabilities.summarizes_unasked && !is_minor_version,
                ..*capabilities
            };
        }
    }
    UNKNOWN
}

/// A model's name without the date of its version: `gpt-5.1` for `gpt-5.1-2025-11-13`. None when it has no date.
pub fn without_date(model: &str) -> Option<&str> {
    const PATTERN: &str = "-0000-00-00";
    let (name, date) = model.split_at_checked(model.len().checked_sub(PATTERN.len())?)?;
    let is_like = |(found, pattern): (u8, u8)| match pattern {
        b'0' => found.is_ascii_digit(),
        _ => found == pattern,
    };
    date.bytes()
        .zip(PATTERN.bytes())
        .all(is_like)
        .then_some(name)
}

/// Whether a name is the family's prefix, or goes on after it with a separator: `gpt-5` covers `gpt-5-mini` and
/// `gpt-5.1`, but `gpt-5.1` does not cover `gpt-5.10`.
fn is_of_family(model: &str, prefix: &str) -> bool {
    match model.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with(['-', '.']),
        None => false,
    }
}

/// Families by prefix, the first match counts. Windows, limits and whether a model takes images are those of the page
/// on the models that Azure sells in Microsoft's documentation, as of September 2026. All of them stream, call tools and
/// write JSON.
const FAMILIES: &[(&str, Capabilities)] = &[
    ("gpt-6", reasoning(1_050_000, 128_000)),
    // The chat variants of the GPT-5 generation have smaller windows. The first does not reason, the others do not take
    // images.
    ("gpt-5-chat", plain(128_000, 16_384)),
    ("gpt-5.1-chat", text_only(reasoning(128_000, 16_384))),
    ("gpt-5.2-chat", text_only(reasoning(128_000, 16_384))),
    ("gpt-5.3-chat", text_only(reasoning(128_000, 16_384))),
    ("gpt-5.1-codex", unasked(reasoning(400_000, 128_000))),
    ("gpt-5.2-codex", unasked(reasoning(400_000, 128_000))),
    ("gpt-5.3-codex", unasked(reasoning(400_000, 128_000))),
    ("gpt-5.4-mini", reasoning(400_000, 128_000)),
    ("gpt-5.4-nano", reasoning(400_000, 128_000)),
    ("gpt-5.4", reasoning(1_050_000, 128_000)),
    // As the Python provider has it. The page says 1,050,000, and that a request gets about 922,000 of these.
    ("gpt-5.5", reasoning(1_000_000, 128_000)),
    ("gpt-5.6", reasoning(1_050_000, 128_000)),
    ("gpt-5", unasked(reasoning(400_000, 128_000))),
    ("o1-mini", text_only(reasoning(128_000, 65_536))),
    ("o1-preview", text_only(reasoning(128_000, 32_768))),
    ("o1", reasoning(200_000, 100_000)),
    ("o3-mini", text_only(reasoning(200_000, 100_000))),
    (
        "o3-deep-research",
        unasked(text_only(reasoning(200_000, 100_000))),
    ),
    ("o3", unasked(reasoning(200_000, 100_000))),
    ("o4-mini", unasked(reasoning(200_000, 100_000))),
    ("codex-mini", unasked(reasoning(200_000, 100_000))),
    ("gpt-4.1", plain(1_047_576, 32_768)),
    ("gpt-4o-2024-05-13", plain(128_000, 4_096)),
    ("gpt-4o", plain(128_000, 16_384)),
    ("computer-use-preview", plain(8_192, 1_024)),
];

const fn reasoning(context_window: u64, max_output_tokens: u64) -> Capabilities {
    Capabilities {
        is_known: true,
        reasoning: true,
        summarizes_unasked: false,
        vision: true,
        context_window,
        max_output_tokens,
    }
}

const fn unasked(capabilities: Capabilities) -> Capabilities {
    Capabilities {
        summarizes_unasked: true,
        ..capabilities
    }
}

const fn plain(context_window: u64, max_output_tokens: u64) -> Capabilities {
    Capabilities {
        reasoning: false,
        ..reasoning(context_window, max_output_tokens)
    }
}

const fn text_only(capabilities: Capabilities) -> Capabilities {
    Capabilities {
        vision: false,
        ..capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_whole_parts_of_the_name() {
        for (model, reasons) in [
            ("gpt-5", true),
            ("gpt-5-mini", true),
            ("gpt-5.1", true),
            ("gpt-5.1-2025-11-13", true),
            ("gpt-5.10", true),
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
    fn each_family_has_its_windows_and_senses() {
        // model → context window, most output, reasons, takes images
        for (model, context_window, max_output_tokens, reasoning, vision) in [
            ("gpt-6-sol", 1_050_000, 128_000, true, true),
            ("gpt-6.1-sol-2026-09-29", 1_050_000, 128_000, true, true),
            ("gpt-5.6-terra", 1_050_000, 128_000, true, true),
            ("gpt-5.5", 1_000_000, 128_000, true, true),
            ("gpt-5.5-pro", 1_000_000, 128_000, true, true),
            ("gpt-5.4", 1_050_000, 128_000, true, true),
            ("gpt-5.4-2026-03-05", 1_050_000, 128_000, true, true),
            ("gpt-5.4-pro", 1_050_000, 128_000, true, true),
            ("gpt-5.4-mini-2026-03-17", 400_000, 128_000, true, true),
            ("gpt-5.4-nano", 400_000, 128_000, true, true),
            ("gpt-5.3-codex", 400_000, 128_000, true, true),
            ("gpt-5.3-chat", 128_000, 16_384, true, false),
            ("gpt-5.2", 400_000, 128_000, true, true),
            ("gpt-5.1-codex-mini", 400_000, 128_000, true, true),
            ("gpt-5.1-chat", 128_000, 16_384, true, false),
            ("gpt-5-mini", 400_000, 128_000, true, true),
            ("gpt-5-chat", 128_000, 16_384, false, true),
            ("o1", 200_000, 100_000, true, true),
            ("o1-preview", 128_000, 32_768, true, false),
            ("o3-pro", 200_000, 100_000, true, true),
            ("o3-mini", 200_000, 100_000, true, false),
            ("o3-deep-research", 200_000, 100_000, true, false),
            ("o4-mini", 200_000, 100_000, true, true),
            ("codex-mini", 200_000, 100_000, true, true),
            ("gpt-4.1-nano", 1_047_576, 32_768, false, true),
            ("gpt-4o-2024-05-13", 128_000, 4_096, false, true),
            ("gpt-4o-2024-11-20", 128_000, 16_384, false, true),
            ("computer-use-preview", 8_192, 1_024, false, true),
        ] {
            let expected = Capabilities {
                is_known: true,
                reasoning,
                summarizes_unasked: capabilities(model).summarizes_unasked,
                vision,
                context_window,
                max_output_tokens,
            };
            assert_eq!(capabilities(model), expected, "{model}");
        }
    }

    #[test]
    fn some_models_reason_without_being_asked() {
        for (model, expected) in [
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
            ("gpt-5.1", false),
            ("gpt-5.1-2025-11-13", false),
            ("gpt-5.1-chat", false),
            ("gpt-5.2", false),
            ("gpt-5.6-terra", false),
            ("gpt-5.10", false),
            ("gpt-6-sol", false),
            ("gpt-5-chat", false),
            ("o1", false),
            ("o3-mini", false),
            ("gpt-4.1", false),
            ("production", false),
        ] {
            assert_eq!(capabilities(model).summarizes_unasked, expected, "{model}");
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
        }
    }

    #[test]
    fn a_date_is_told_from_what_only_looks_like_one() {
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
}
