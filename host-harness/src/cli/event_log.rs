//! The provider's events as JSON lines in a file.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::failure::Failure;
use crate::events::{EventSubscriber, Level};

/// Writes each event as it comes, and the provider's log to standard error.
pub(super) struct EventLog {
    file: Option<Mutex<File>>,
}

impl EventLog {
    /// A log in `path`, which is emptied; without one, events are not kept.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let file = path
            .map(|path| File::create(path).map_err(Failure::file("write", path)))
            .transpose()?
            .map(Mutex::new);
        Ok(Self { file })
    }
}

impl EventSubscriber for EventLog {
    fn event(&self, name: &str, data: &Value) {
        if name == "provider:config_warning"
            && let Some(message) = data.get("message").and_then(Value::as_str)
        {
            eprintln!("host-harness: warning: {message}");
        }
        let Some(file) = &self.file else { return };
        let name = json!(name);
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, r#"{{"event":{name},"data":{data}}}"#) {
            tracing::warn!("an event was not written: {error}");
        }
    }

    fn log(&self, level: Level, message: &str) {
        if matches!(level, Level::Warn | Level::Error) {
            eprintln!("host-harness: the provider says: {message}");
        }
    }
}
