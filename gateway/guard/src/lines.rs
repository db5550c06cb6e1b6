//! Lines on standard error, each a JSON object.

use serde_json::{Value, json};
use wasi::cli::stderr;

/// An event of the provider; its payload is JSON already.
pub(crate) fn event(name: &str, payload: &str) {
    write(&format!(
        "{{\"event\":{},\"data\":{payload}}}\n",
        Value::from(name)
    ));
}

/// A line of the log.
pub(crate) fn log(level: &str, message: &str) {
    write(&format!(
        "{}\n",
        json!({ "level": level, "message": message })
    ));
}

/// If nobody takes it, nothing else depends on it.
fn write(line: &str) {
    let sink = stderr::get_stderr();
    for piece in line.as_bytes().chunks(WRITE_BYTES) {
        let _ = sink.blocking_write_and_flush(piece);
    }
}

/// The most that one blocking write takes.
const WRITE_BYTES: usize = 4096;
