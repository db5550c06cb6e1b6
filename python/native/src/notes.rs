//! What is for the log, and not of one call.

use std::sync::{Mutex, PoisonError};

use provider_host::events::{Level, Subscription};
use provider_host::{Event, EventSubscriber};

/// Keeps what a host says beside its calls, until Python asks.
#[derive(Default)]
pub(crate) struct Notes(Mutex<Vec<Note>>);

/// The level as Python's `logging` calls it, and a sentence.
pub(crate) type Note = (&'static str, String);

impl Notes {
    /// What was noted since the last time.
    pub(crate) fn take(&self) -> Vec<Note> {
        // What is in the list is whole after every step.
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn add(&self, level: &'static str, text: impl Into<String>) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A host whose log nobody reads does not grow.
        if notes.len() < MAX_NOTES {
            notes.push((level, text.into()));
        }
    }
}

impl EventSubscriber for Notes {
    /// Outside calls there are the warnings of a configuration, and nothing else.
    fn event(&self, event: &Event<'_>) {
        if event.call.is_none()
            && let Some(message) = event.data()["message"].as_str()
        {
            self.add("warning", message);
        }
    }

    fn subscription(&self) -> Subscription {
        Subscription::of(["provider:config_warning"])
    }

    fn log(&self, level: Level, message: &str) {
        self.add(level_name(level), message);
    }
}

/// A level as Python's `logging` calls it.
pub(crate) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Trace | Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warning",
        Level::Error => "error",
    }
}

/// More than a configuration has settings that could be odd.
const MAX_NOTES: usize = 200;
