//! What comes of one call, in order, until Python asks for it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use provider_host::events::Level;
use provider_host::{Event, EventSubscriber};
use tokio::sync::Notify;

use crate::failure::Failure;
use crate::notes::level_name;

/// One thing that comes of a call.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// An event: its name, and the text of a JSON object.
    Event(String, String),
    /// A line for the log: its level, and the line.
    Log(&'static str, String),
    /// The whole response, as JSON text; nothing comes after it.
    Completed(String),
    /// It failed; nothing comes after it.
    Failed(Failure),
    /// It was closed; nothing comes after it.
    Closed,
}

/// The items of one call.
#[derive(Default)]
pub(crate) struct Queue {
    items: Mutex<VecDeque<Item>>,
    /// Somebody may look again.
    changed: Notify,
    /// When Python was woken last.
    woken: Mutex<Option<Instant>>,
}

impl Queue {
    /// The next item, if it is there. The last one is there for ever.
    pub(crate) fn pop(&self) -> Option<Item> {
        let mut items = self.items();
        let is_last = items.len() == 1 && items.front().is_some_and(Item::is_last);
        if is_last {
            return items.front().cloned();
        }
        items.pop_front()
    }

    /// Waits until there is an item. The one who waits is one. In a burst it waits a little for the items that follow: to wake
    /// Python costs more than to read an item.
    pub(crate) async fn has_items(&self) {
        // A permit is kept, so that what is pushed between the look and the wait is not missed.
        while self.items().is_empty() {
            self.changed.notified().await;
        }
        if self.is_burst() {
            tokio::time::sleep(BURST).await;
        }
        *self.woken() = Some(Instant::now());
    }

    /// Whether Python was woken just before, and the last item is not there yet.
    fn is_burst(&self) -> bool {
        let is_soon = self
            .woken()
            .is_some_and(|woken| woken.elapsed() < 2 * BURST);
        is_soon && !self.items().back().is_some_and(Item::is_last)
    }

    /// Adds an item; after the last one there is no other.
    pub(crate) fn push(&self, item: Item) {
        let mut items = self.items();
        if items.back().is_some_and(Item::is_last) {
            return;
        }
        items.push_back(item);
        drop(items);
        self.changed.notify_one();
    }

    fn woken(&self) -> MutexGuard<'_, Option<Instant>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn items(&self) -> MutexGuard<'_, VecDeque<Item>> {
        // What is in the queue is whole after every step.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    fn is_last(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Failed(_) | Self::Closed)
    }
}

impl EventSubscriber for Queue {
    fn event(&self, event: &Event<'_>) {
        self.push(Item::Event(event.name.to_owned(), event.payload.to_owned()));
    }

    fn log(&self, level: Level, message: &str) {
        self.push(Item::Log(level_name(level), message.to_owned()));
    }
}

/// How long an item of a burst waits for others: the shortest that tokio's timer knows, and less than anybody sees.
const BURST: Duration = Duration::from_millis(1);
