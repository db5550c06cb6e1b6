//! Text of a model, a tool or a service, as a terminal may be shown it.
//!
//! A terminal obeys what it is sent: text could move the cursor, hide what follows, such as the question whether a tool may
//! run, or turn it around. Such characters are shown by their codes.

use std::fmt::Write as _;

/// A part of a line: nothing in it ends the line, and all of it can be seen.
pub(super) fn word(text: &str) -> String {
    escaped(text, |character| {
        character.is_control() || turns(character) || is_invisible(character)
    })
}

/// Text of many lines. What joins and separates letters stays: some scripts and emoji need it.
pub(super) fn lines(text: &str) -> String {
    escaped(text, |character| {
        let is_layout = matches!(character, '\n' | '\t');
        (character.is_control() && !is_layout) || turns(character)
    })
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        match is_escaped(character) {
            true => {
                let _ = write!(visible, "{}", character.escape_default());
            }
            false => visible.push(character),
        }
    }
    visible
}

/// Whether it changes the direction of what follows, up to the end of the line.
fn turns(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_writes_cannot_deceive_a_terminal() {
        let text = "rm\u{1b}[2K\r\u{9b}1A\u{202e}txt.é\u{200d}\n\t你好";
        assert_eq!(
            word(text),
            "rm\\u{1b}[2K\\r\\u{9b}1A\\u{202e}txt.é\\u{200d}\\n\\t你好"
        );
        assert_eq!(
            lines(text),
            "rm\\u{1b}[2K\\r\\u{9b}1A\\u{202e}txt.é\u{200d}\n\t你好"
        );
    }
}
