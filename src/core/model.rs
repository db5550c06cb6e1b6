//! What a model can do, by its logical name.

/// What a model can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capabilities {
    /// A family knows the name. What is said of others is a guess, and a cautious one.
    pub is_known: bool,
    /// It thinks before it answers, and takes `reasoning` instead of `temperature` and `top_p`.
    pub reasoning: bool,
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
        context_window: 128_000,
        max_output_tokens: 16_384,
    };
    FAMILIES
        .iter()
        .find(|(prefix, _)| is_of_family(model, prefix))
        .map_or(UNKNOWN, |(_, capabilities)| *capabilities)
}

/// Whether a name is the family's prefix, or goes on after it with a separator: `gpt-5` covers `gpt-5-mini` and
/// `gpt-5.1`, but `gpt-5.1` does not cover `gpt-5.10`.
fn is_of_family(model: &str, prefix: &str) -> bool {
    match model.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with(['-', '.']),
        None => false,
    }
}

/// Families by prefix, the first match counts. Windows and limits are those of the models' pages in Microsoft's
/// documentation of the models sold by Azure.
const FAMILIES: &[(&str, Capabilities)] = &[
    // The chat variants of the GPT-5 generation do not reason and have smaller windows.
    ("gpt-5-chat", plain(128_000, 16_384)),
    ("gpt-5.1-chat", reasoning(128_000, 16_384)),
    ("gpt-5.2-chat", reasoning(128_000, 16_384)),
    ("gpt-5.4", reasoning(1_050_000, 128_000)),
    ("gpt-5.5", reasoning(1_000_000, 128_000)),
    ("gpt-5", reasoning(400_000, 128_000)),
    ("o1", reasoning(200_000, 100_000)),
    ("o3", reasoning(200_000, 100_000)),
    ("o4-mini", reasoning(200_000, 100_000)),
    ("gpt-4.1", plain(1_047_576, 32_768)),
    ("gpt-4o", plain(128_000, 16_384)),
];

const fn reasoning(context_window: u64, max_output_tokens: u64) -> Capabilities {
    Capabilities {
        is_known: true,
        reasoning: true,
        context_window,
        max_output_tokens,
    }
}

const fn plain(context_window: u64, max_output_tokens: u64) -> Capabilities {
    Capabilities {
        reasoning: false,
        ..reasoning(context_window, max_output_tokens)
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
        assert_eq!(capabilities("gpt-5.4-mini").context_window, 1_050_000);
        assert_eq!(capabilities("gpt-5.40").context_window, 400_000);
    }
}
