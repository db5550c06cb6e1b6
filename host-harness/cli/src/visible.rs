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
        (character.is_control() && !is_layout) || turns(character) || hides(character)
    })
}

/// Text of many lines in the midst of others: the lines after its first are moved to the right, so that none of them looks like
/// one of ours.
pub(super) fn paragraph(text: &str, indent: usize) -> String {
    let line_break = format!("\n{}", " ".repeat(indent));
    lines(text).replace('\n', &line_break)
}

/// A JSON text with the same meaning, in which each such character is an escape of JSON's.
pub(super) fn json(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        // A writer of JSON has escaped those of ASCII that are in a string; the others are the layout.
        let is_escaped = matches!(character, '\u{7f}'..) && character.is_control();
        match is_escaped || turns(character) || hides(character) {
            true => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(visible, "\\u{unit:04x}");
                }
            }
            false => visible.push(character),
        }
    }
    visible
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

/// Whether it can carry text that nobody sees, or look like a blank and be none: tags, selectors of glyphs beyond those that
/// scripts use, fillers, marks of annotations.
fn hides(character: char) -> bool {
    matches!(
        character,
        '\u{034f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{206a}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn is_invisible(character: char) -> bool {
    hides(character)
        || matches!(
            character,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
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

    #[test]
    fn text_that_nobody_sees_is_shown_by_its_codes() {
        for (hidden, shown) in [
            ("a\u{e0041}\u{e007f}", "a\\u{e0041}\\u{e007f}"),
            ("a\u{e0100}", "a\\u{e0100}"),
            ("\u{3164}\u{115f}\u{ffa0}", "\\u{3164}\\u{115f}\\u{ffa0}"),
            ("\u{2800}", "\\u{2800}"),
        ] {
            assert_eq!(
                (lines(hidden), word(hidden)),
                (shown.to_owned(), shown.to_owned())
            );
        }
        // What scripts and emoji need is text of a model's, and not a part of a command.
        for needed in ["❤\u{fe0f}", "👩\u{200d}🔬", "می\u{200c}خواهم"] {
            assert_eq!(lines(needed), needed);
            assert_ne!(word(needed), needed);
        }
    }

    #[test]
    fn a_paragraph_has_no_line_that_looks_like_ours() {
        assert_eq!(
            paragraph("one\nProbe\n\u{1b}", 4),
            "one\n    Probe\n    \\u{1b}"
        );
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({ "a\u{9b}": "\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{e0041}é\n" });
        let text = json(&format!("{value:#}"));
        assert!(!text.contains(|character: char| hides(character) || turns(character)));
        let is_layout = |character: char| matches!(character, '\n');
        assert!(!text.contains(|character: char| character.is_control() && !is_layout(character)));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).ok(),
            Some(value)
        );
    }
}
