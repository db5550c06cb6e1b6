//! Boundaries that the compiler does not keep: which modules know JSON, and which know each other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// Words that the code in some folders does not have, and the files that may have them, each with the reason.
struct Boundary {
    about: &'static str,
    /// Folders and files below `src/`.
    below: &'static [&'static str],
    words: &'static [&'static str],
    allowed: &'static [(&'static str, &'static str)],
}

const BOUNDARIES: &[Boundary] = &[
    Boundary {
        about: "a conversation is items, and not JSON that is asked what it is",
        below: &["core/item", "core/request"],
        words: &["serde_json"],
        allowed: &[
            // The items of the wire.
            (
                "core/item/call.rs",
                "arguments and details are JSON, whatever they hold",
            ),
            ("core/item/call_kind.rs", "reads the items of responses"),
            ("core/item/kept.rs", "reads the items of responses"),
            ("core/item/members.rs", "writes items"),
            (
                "core/item/message.rs",
                "reads the items of responses, and writes cache breakpoints as they came",
            ),
            ("core/item/mod.rs", "unknown items go back as they came"),
            ("core/item/output.rs", "reads the items of responses"),
            ("core/item/reasoning.rs", "summaries go back as they came"),
            (
                "core/item/result.rs",
                "what the service has in its own form, such as found tools",
            ),
            // The kernel's JSON, which is text in the contract.
            (
                "core/request/content.rs",
                "reads the kernel's images and blocks that tools return",
            ),
            (
                "core/request/input/assistant.rs",
                "reads the arguments and the extensions of blocks",
            ),
            ("core/request/input/results.rs", "reads what tools return"),
            ("core/request/kept.rs", "reads the metadata of messages"),
            (
                "core/request/options.rs",
                "reads the extensions of requests",
            ),
            (
                "core/request/results.rs",
                "reads what tools return for the service's own tools",
            ),
            (
                "core/request/stored_calls.rs",
                "reads the calls that context stores keep",
            ),
            // Parameters, which are no items.
            (
                "core/request/body.rs",
                "writes the body, and holds the parameters",
            ),
            ("core/request/format.rs", "a JSON Schema"),
            ("core/request/mod.rs", "the parameters"),
            ("core/request/reasoning.rs", "a parameter"),
            ("core/request/remedy.rs", "drops parameters"),
            ("core/request/sampling.rs", "two parameters"),
            (
                "core/request/tools.rs",
                "declared tools, hosted ones as they came",
            ),
        ],
    },
    Boundary {
        about: "JSON knows nothing of what it is used for",
        below: &["core/json.rs", "core/json"],
        words: &["crate::core::", "contract::"],
        allowed: &[],
    },
    Boundary {
        about: "items know neither of the two sides that use them",
        below: &["core/item"],
        words: &["core::request", "core::response", "contract::"],
        allowed: &[],
    },
    Boundary {
        about: "requests do not know responses",
        below: &["core/request"],
        words: &["core::response"],
        allowed: &[],
    },
    Boundary {
        about: "responses do not know requests",
        below: &["core/response"],
        words: &["core::request"],
        allowed: &[],
    },
    Boundary {
        about: "the repair works on items alone, wherever the agent keeps them",
        below: &["core/request/repair"],
        words: &[
            "core::json",
            "request::input",
            "request::content",
            "request::kept",
        ],
        allowed: &[],
    },
];

#[test]
fn modules_know_only_what_they_may() {
    for boundary in BOUNDARIES {
        let mut files = Vec::new();
        for below in boundary.below {
            add_files(&source().join(below), &mut files);
        }
        assert!(!files.is_empty(), "{}: no files", boundary.about);
        let mut crossing = Vec::new();
        for file in &files {
            let code = code(&fs::read_to_string(file).unwrap());
            if boundary.words.iter().any(|word| code.contains(word)) {
                let name = file.strip_prefix(source()).unwrap();
                crossing.push(name.to_string_lossy().replace('\\', "/"));
            }
        }
        let allowed = boundary.allowed.iter().map(|(file, _)| (*file).to_owned());
        let mut allowed: Vec<String> = allowed.collect();
        allowed.sort();
        crossing.sort();
        assert_eq!(
            crossing, allowed,
            "{}: the files with any of {:?}, and those that may have them",
            boundary.about, boundary.words
        );
    }
}

/// A file without its tests.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The files of a folder, or the file itself, without those of tests.
fn add_files(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap_or_default();
        if stem != "tests" {
            add_files(&path, files);
        }
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
