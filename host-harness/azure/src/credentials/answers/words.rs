//! What other programs and services say, made fit for an error message.

use provider_host::secret::Secret;

/// Their error in one line, without colours, prefixes, the trace ids that only support needs, these secrets, and whatever
/// may be a token. None if they say nothing.
pub(in crate::credentials) fn error_line(text: &str, secrets: &[Secret]) -> Option<String> {
    let text = without(secrets, without_colours(text));
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let first = (lines.iter().position(|line| line.starts_with(ERROR)))
        .or_else(|| lines.iter().position(|line| !line.starts_with(WARNING)))?;
    let mut words = lines[first].trim_start_matches(ERROR).trim().to_owned();
    // A heading says nothing without what stands below it.
    for line in &lines[first + 1..] {
        if !words.is_empty() && !words.ends_with(':') {
            break;
        }
        words = format!("{words} {line}").trim().to_owned();
    }
    let words = words.split(TRACE_ID).next().unwrap_or_default();
    // More words follow in the message.
    match words.trim_end_matches(|c: char| ".:".contains(c) || c.is_whitespace()) {
        "" => None,
        words => Some(shortened(&without_tokens(words))),
    }
}

/// Some services echo what they were sent.
fn without(secrets: &[Secret], text: String) -> String {
    let secrets = secrets.iter().map(Secret::expose);
    let secrets = secrets.filter(|secret| !secret.is_empty());
    secrets.fold(text, |text, secret| text.replace(secret, Secret::REDACTED))
}

/// Without the sequences that colour a terminal, and without any other control character but line ends.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.next_if_eq(&'[').is_some() => {
                // Parameters, then one character that ends the sequence.
                for character in characters.by_ref() {
                    if matches!(character, '@'..='~') {
                        break;
                    }
                }
            }
            '\n' => plain.push('\n'),
            '\t' => plain.push(' '),
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

fn without_tokens(line: &str) -> String {
    let is_part = |character: char| character.is_alphanumeric() || "-_.=".contains(character);
    line.split_inclusive(|character| !is_part(character))
        .map(|piece| {
            let word = piece.trim_end_matches(|character| !is_part(character));
            match word.len() > MAX_WORD_BYTES {
                true => format!("{}{}", Secret::REDACTED, &piece[word.len()..]),
                false => piece.to_owned(),
            }
        })
        .collect()
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// How the line begins that matters, in the output of the Azure CLI and the Azure Developer CLI.
const ERROR: &str = "ERROR:";

/// How lines begin that may stand before it.
const WARNING: &str = "WARNING:";

/// What Microsoft Entra ID puts behind the sentences that are for people.
const TRACE_ID: &str = " Trace ID:";

/// The longest word that is shown. The longest names and ids in such messages have about 50 bytes; a token has more than
/// a thousand.
const MAX_WORD_BYTES: usize = 64;

/// The most characters that are shown: the errors of Microsoft Entra ID say what they have to say within this, and then
/// come trace ids.
const MAX_CHARACTERS: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_with_the_error_is_shown() {
        let table = [
            ("", None),
            ("\n \n", None),
            ("ERROR:\n", None),
            ("access_denied: ", Some("access_denied")),
            (
                "ERROR: Please run 'az login' to setup account.\n",
                Some("Please run 'az login' to setup account"),
            ),
            (
                "WARNING: old version\nERROR: no\nrun it again\n",
                Some("no"),
            ),
            (
                "WARNING: old version\nsomething else\n",
                Some("something else"),
            ),
            ("\u{1b}[31mERROR: red\u{1b}[0m\u{7}\r\n", Some("red")),
            (
                "ERROR: fetching token:\n(invalid_grant) AADSTS1: no\nmore",
                Some("fetching token: (invalid_grant) AADSTS1: no"),
            ),
            ("\nERROR:\n\nbelow\n", Some("below")),
            ("AADSTS1: no. Trace ID: 1 Time: 2", Some("AADSTS1: no")),
            (". Trace ID: 1", None),
            ("\u{1b}[", None),
        ];
        for (text, line) in table {
            assert_eq!(error_line(text, &[]).as_deref(), line, "{text:?}");
        }
    }

    #[test]
    fn what_may_be_a_token_is_not_shown() {
        let token = format!("eyJ{}.{}", "a".repeat(40), "b".repeat(40));
        let text = format!("ERROR: cannot parse '{token}' of 04b07795-8ddb-461a-bbee-02f9e1bf7b46");
        assert_eq!(
            error_line(&text, &[]).as_deref(),
            Some("cannot parse '[REDACTED]' of 04b07795-8ddb-461a-bbee-02f9e1bf7b46")
        );
    }

    #[test]
    fn a_secret_is_found_between_colours_too() {
        let secrets = [Secret::new(""), Secret::new("canary")];
        let line = error_line("no can\u{1b}[0mary", &secrets);
        assert_eq!(line.as_deref(), Some("no [REDACTED]"));
    }

    #[test]
    fn long_errors_are_cut_at_a_character() {
        let line = error_line(&"é ".repeat(1000), &[]);
        let length = line.map(|line| line.chars().count());
        assert_eq!(length, Some(MAX_CHARACTERS + 1));
    }
}
