//! How text is cut into the tokens of the mock.

/// Words with the white space before them: what one text delta carries, and one token.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut in_word = false;
    for (index, character) in text.char_indices() {
        let is_space = character.is_whitespace();
        if is_space && in_word {
            words.push(&text[start..index]);
            start = index;
        }
        in_word = !is_space;
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

/// Pieces of at most eight bytes: what one delta of arguments carries, and one token.
pub(super) fn fragments(mut text: &str) -> Vec<&str> {
    let mut fragments = Vec::new();
    while !text.is_empty() {
        let (fragment, rest) = text.split_at(text.floor_char_boundary(8));
        fragments.push(fragment);
        text = rest;
    }
    fragments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_every_character() {
        assert_eq!(
            words("Hello from  here.\n"),
            ["Hello", " from", "  here.", "\n"]
        );
        assert_eq!(words("  你好\u{3000}🌍 é"), ["  你好", "\u{3000}🌍", " é"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn fragments_end_between_characters() {
        assert_eq!(fragments("{\"a\":\"🌍🌍\"}"), ["{\"a\":\"", "🌍🌍", "\"}"]);
        assert!(fragments("").is_empty());
    }
}
