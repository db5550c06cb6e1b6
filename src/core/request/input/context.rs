//! Messages of the developer, which are context and not the words of a person.

use crate::core::item::Part;

/// Puts a line before the first text and one after the last, which mark this as context for the model. What is nothing but text
/// becomes one.
pub(super) fn mark(parts: &mut Vec<Part>) {
    if parts.is_empty() {
        return;
    }
    let mut texts = Vec::new();
    for part in &*parts {
        // A text with a breakpoint of the prompt cache stays apart.
        match part.text() {
            Some(text) if part.cache_breakpoint.is_none() => texts.push(text),
            _ => break,
        }
    }
    if texts.len() == parts.len() {
        *parts = vec![Part::input_text(&texts.join("\n\n"))];
    }
    match parts.iter_mut().find_map(Part::text_mut) {
        Some(first) => first.insert_str(0, "<context_file>\n"),
        None => {
            parts.insert(0, Part::input_text("<context_file>"));
            parts.push(Part::input_text("</context_file>"));
            return;
        }
    }
    if let Some(last) = parts.iter_mut().rev().find_map(Part::text_mut) {
        last.push_str("\n</context_file>");
    }
}
