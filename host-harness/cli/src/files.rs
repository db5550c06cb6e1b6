//! Files that the command line names.

use std::io;
use std::path::Path;

use provider_host::{MAX_DOCUMENT_BYTES, named_file};

use super::failure::Failure;

/// The most bytes of a request file.
pub(super) const MAX_REQUEST_BYTES: u64 = MAX_DOCUMENT_BYTES as u64;

/// Reads a text file, which may be a whole request; `-` is standard input.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let bytes = match path.as_os_str() == "-" {
        true => named_file::read_from(io::stdin(), MAX_DOCUMENT_BYTES),
        false => named_file::read(path, MAX_DOCUMENT_BYTES),
    };
    let text = String::from_utf8(bytes.map_err(unreadable(path))?).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Failure::Usage(format!(
            "{}: not UTF-8 text from byte {offset} on; save it as UTF-8",
            path.display()
        ))
    })?;
    // Some editors begin UTF-8 with it, and it is no part of the text.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

/// Reads a file of any kind, up to a limit.
pub(super) fn bytes(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    named_file::read(path, limit).map_err(unreadable(path))
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    Failure::file("read", path)
}
