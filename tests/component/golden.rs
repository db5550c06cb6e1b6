//! Golden files: what came out once and was found right. `UPDATE_GOLDEN=1 cargo xtask test` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The golden files in this folder.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/component/golden")
        .join(name)
}

/// Compares text with a golden file, and says how they differ.
pub(crate) fn compare(path: &Path, text: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, text).unwrap();
    }
    let golden = fs::read_to_string(path).unwrap_or_default();
    match golden == text {
        true => Ok(()),
        false => Err(format!(
            "{}:\n{}",
            path.display(),
            difference(&golden, text)
        )),
    }
}

/// JSON that people read: what fits on a line is on one.
pub(crate) fn readable(value: &Value, indentation: usize) -> String {
    let line = on_a_line(value);
    if indentation + line.len() <= MAX_WIDTH {
        return line;
    }
    let inner = indentation + 2;
    let (open, lines, close): (char, Vec<String>, char) = match value {
        Value::Array(elements) => {
            let lines = elements.iter().map(|element| readable(element, inner));
            ('[', lines.collect(), ']')
        }
        Value::Object(members) => {
            let lines = members.iter().map(|(key, value)| {
                format!("{}: {}", Value::from(key.as_str()), readable(value, inner))
            });
            ('{', lines.collect(), '}')
        }
        _ => return line,
    };
    let blanks = " ".repeat(inner);
    let lines = lines.join(&format!(",\n{blanks}"));
    format!(
        "{open}\n{blanks}{lines}\n{}{close}",
        " ".repeat(indentation)
    )
}

fn on_a_line(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(on_a_line).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), on_a_line(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The lines between what both begin with and what both end with.
fn difference(golden: &str, text: &str) -> String {
    let (golden, text): (Vec<&str>, Vec<&str>) = (golden.lines().collect(), text.lines().collect());
    let alike = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let start = golden.iter().zip(&text).take_while(alike).count();
    let (golden, text) = (&golden[start..], &text[start..]);
    let end = golden
        .iter()
        .rev()
        .zip(text.iter().rev())
        .take_while(alike)
        .count();
    let mut difference = format!("  line {}:\n", start + 1);
    for (sign, lines) in [('-', golden), ('+', text)] {
        for line in &lines[..lines.len() - end] {
            let _ = writeln!(difference, "  {sign} {line}");
        }
    }
    difference
}

/// As wide as the code.
const MAX_WIDTH: usize = 100;
