//! The provider's events as JSON lines in a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use provider_host::events::{Event, EventSubscriber, Level, NoSubscriber, Subscription};
use serde_json::json;

use super::failure::{Failure, notice};
use super::private_file;

/// Writes each event as it comes, and what a person should know to standard error.
pub(super) struct EventLog {
    file: Option<LogFile>,
    json: bool,
}

struct LogFile {
    path: PathBuf,
    /// The file, until writing to it failed.
    state: Mutex<Result<File, io::Error>>,
}

impl EventLog {
    /// A log in `path`, which is emptied; without one, events are not kept.
    pub(super) fn create(path: Option<&Path>, json: bool) -> Result<Self, Failure> {
        let create = |path: &Path| -> Result<LogFile, Failure> {
            let file = private_file::create(path).map_err(Failure::file("write", path))?;
            Ok(LogFile {
                path: path.to_owned(),
                state: Mutex::new(Ok(file)),
            })
        };
        let file = path.map(create).transpose()?;
        Ok(Self { file, json })
    }

    /// Whether every event was written.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        let Some(LogFile { path, state }) = &self.file else {
            return Ok(());
        };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, Err(io::ErrorKind::BrokenPipe.into())) {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::file("write", path)(error)),
        }
    }
}

impl EventSubscriber for EventLog {
    fn event(&self, event: &Event<'_>) {
        let Event {
            call,
            name,
            payload,
            ..
        } = event;
        if let Some(message) = worth_a_notice(event) {
            notice(self.json, &message);
        }
        let Some(LogFile { state, .. }) = &self.file else {
            return;
        };
        let call = call.map(|call| format!(r#","call":{call}"#));
        let (call, name) = (call.unwrap_or_default(), json!(name));
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(file) = &mut *state
            && let Err(error) = writeln!(file, r#"{{"event":{name}{call},"data":{payload}}}"#)
        {
            *state = Err(error);
        }
    }

    fn subscription(&self) -> Subscription {
        match self.file {
            Some(_) => Subscription::All,
            None => Subscription::of(NOTICES),
        }
    }

    fn log(&self, level: Level, message: &str) {
        match level {
            Level::Warn | Level::Error => {
                notice(self.json, &format!("the provider says: {message}"));
            }
            // For who set `RUST_LOG`.
            Level::Trace | Level::Debug | Level::Info => NoSubscriber.log(level, message),
        }
    }
}

/// The events that a person should know of.
const NOTICES: [&str; 2] = ["provider:config_warning", "provider:retry"];

/// What a person should know while it happens: oddities of the configuration, and why nothing comes for a while.
fn worth_a_notice(event: &Event<'_>) -> Option<String> {
    match event.name {
        "provider:config_warning" => {
            Some(format!("warning: {}", event.data()["message"].as_str()?))
        }
        "provider:retry" => {
            let data = event.data();
            let message = data["error_message"].as_str()?;
            Some(format!(
                "{}; trying again in {:.1} seconds ({} of {})",
                // What the message advises is being done.
                message.strip_suffix("; try again").unwrap_or(message),
                data["delay"].as_f64()?,
                data["attempt"],
                data["max_retries"]
            ))
        }
        _ => None,
    }
}
