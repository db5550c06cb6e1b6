//! Files that the command line names.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::failure::Failure;
use crate::limits::MAX_DOCUMENT_BYTES;

/// The most bytes of a request file.
pub(super) const MAX_REQUEST_BYTES: u64 = MAX_DOCUMENT_BYTES as u64;

/// Reads a text file, which may be a whole request; `-` is standard input.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let bytes = match path.as_os_str() == "-" {
        true => read(io::stdin(), path, MAX_REQUEST_BYTES)?,
        false => bytes(path, MAX_REQUEST_BYTES)?,
    };
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Failure::Usage(format!(
            "{}: not UTF-8 text from byte {offset} on; save it as UTF-8",
            path.display()
        ))
    })
}

/// Reads a file of any kind, up to a limit.
pub(super) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(Failure::file("read", path))?;
    read(file, path, limit)
}

fn read(input: impl Read, path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // Not by the length in the metadata: that of a device or a pipe says nothing.
    let read = input.take(limit + 1).read_to_end(&mut bytes);
    let count = read.map_err(Failure::file("read", path))?;
    match count as u64 > limit {
        true => Err(Failure::Usage(format!(
            "{}: larger than {limit} bytes",
            path.display()
        ))),
        false => Ok(bytes),
    }
}
