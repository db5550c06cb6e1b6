//! The bodies of requests: how many bytes they may take together, and who parses them.
//!
//! A body counts from its first byte until what was made of it is gone: while it comes, while it is parsed, and while its call
//! waits for others and runs. Without that, a thousand calls that wait could hold a thousand images.

use std::ops::Deref;
use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::failure::Failure;

/// Takes in bodies, as long as there is room.
pub(super) struct Intake {
    room: Arc<Semaphore>,
    /// How much room there is when nothing is taken in.
    budget: usize,
    max_body_bytes: usize,
}

/// A body that was read.
pub(super) struct RequestBody {
    bytes: Bytes,
    room: Room,
}

/// What was made of a body. Its room is free again when this is dropped.
pub(super) struct Parsed<T> {
    value: T,
    _room: Room,
}

/// A part of the budget.
pub(super) struct Room {
    permit: OwnedSemaphorePermit,
    budget: usize,
}

impl Intake {
    /// Room for so many bytes, and the most that one body may have.
    pub(super) fn new(budget: usize, max_body_bytes: usize) -> Self {
        let budget = budget.min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(budget)),
            budget,
            max_body_bytes,
        }
    }

    /// Reads a body. One that is refused is read to its end all the same: a client hears no answer while it is still sending.
    pub(super) async fn read(&self, mut body: Body) -> Result<RequestBody, Failure> {
        // Of what is announced nothing is in memory yet; it is counted as it comes.
        let announced = body.size_hint().exact();
        let announced = announced.and_then(|length| usize::try_from(length).ok());
        let capacity = announced.filter(|length| *length <= self.max_body_bytes);
        let mut bytes = BytesMut::with_capacity(capacity.unwrap_or_default());
        let mut taken = self.room(0);
        let mut length = 0_usize;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let message = format!("the body cannot be read: {error}");
                Failure::refused(StatusCode::BAD_REQUEST, message)
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            length = length.saturating_add(data.len());
            if length > self.max_body_bytes {
                taken = Err(self.too_long());
            }
            if let Ok(room) = &mut taken {
                match room.grow(data.len()) {
                    Ok(()) => bytes.extend_from_slice(&data),
                    Err(failure) => taken = Err(failure),
                }
            }
            if taken.is_err() {
                bytes = BytesMut::new();
            }
        }
        Ok(RequestBody {
            bytes: bytes.freeze(),
            room: taken?,
        })
    }

    fn room(&self, bytes: u32) -> Result<Room, Failure> {
        let permit = Arc::clone(&self.room).try_acquire_many_owned(bytes);
        Ok(Room {
            permit: permit.map_err(|_| Failure::no_room())?,
            budget: self.budget,
        })
    }

    fn too_long(&self) -> Failure {
        let limit = self.max_body_bytes;
        Failure::refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has more than {limit} bytes, which is the most that is taken"),
        )
    }
}

impl RequestBody {
    /// The bytes as they are, and their part of the budget, which is free again when that is dropped.
    pub(super) fn into_bytes(self) -> (Bytes, Room) {
        (self.bytes, self.room)
    }

    /// Parses it: a large one on a thread of its own, since the others carry everybody's streams.
    pub(super) async fn parse<T: Send + 'static>(
        self,
        parse: impl FnOnce(&[u8]) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Parsed<T>, Failure> {
        if self.bytes.len() < LARGE_BYTES {
            return self.parse_now(parse);
        }
        match tokio::task::spawn_blocking(|| self.parse_now(parse)).await {
            Ok(parsed) => parsed,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Failure::no_room()),
            },
        }
    }

    fn parse_now<T>(
        self,
        parse: impl FnOnce(&[u8]) -> Result<T, Failure>,
    ) -> Result<Parsed<T>, Failure> {
        let Self { bytes, mut room } = self;
        let cost = parsed_bytes(&bytes);
        if bytes.len().saturating_add(cost) > room.budget {
            return Err(Failure::refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body has more JSON values than this service has memory for",
            ));
        }
        room.grow(cost)?;
        let value = parse(&bytes)?;
        let length = bytes.len();
        drop(bytes);
        room.shrink(length);
        Ok(Parsed { value, _room: room })
    }
}

impl Room {
    fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        let semaphore = Arc::clone(self.permit.semaphore());
        let count = u32::try_from(bytes).map_err(|_| Failure::no_room())?;
        let more = semaphore.try_acquire_many_owned(count);
        self.permit.merge(more.map_err(|_| Failure::no_room())?);
        Ok(())
    }

    fn shrink(&mut self, bytes: usize) {
        drop(self.permit.split(bytes));
    }
}

impl Deref for RequestBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T> Deref for Parsed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// How many bytes the values of a JSON text take in memory at most, about: its strings, and each value beside them. A text of
/// small objects, `[{"a":0},{"a":0},…]`, takes eighty times its own length.
fn parsed_bytes(json: &[u8]) -> usize {
    let (mut objects, mut others) = (0_usize, 0_usize);
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in json {
        match (is_string, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => is_string = !is_string,
            (false, b'{') => objects += 1,
            (false, b'[' | b',') => others += 1,
            _ => {}
        }
    }
    json.len() + objects * OBJECT_BYTES + others * VALUE_BYTES
}

/// What a value takes in a list: 32 bytes, and as much again while the list grows.
const VALUE_BYTES: usize = 64;

/// What an object takes with its first fields: a node of a tree, which has places for eleven fields of 56 bytes.
const OBJECT_BYTES: usize = 640;

/// Parsing so much takes a tenth of a millisecond, which nobody's stream notices.
const LARGE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_strings_is_no_value() {
        for (json, objects, others) in [
            (r"", 0, 0),
            (r"[{},{}]", 2, 2),
            (r#"{"a":[1,2],"b":{}}"#, 2, 3),
            (r#""{{[[,,""#, 0, 0),
            (r#"["\"{,","\\",{}]"#, 1, 3),
            // Not closed: an error later on, and no more than its length.
            (r#"["{{{"#, 0, 1),
        ] {
            let expected = json.len() + objects * OBJECT_BYTES + others * VALUE_BYTES;
            assert_eq!(parsed_bytes(json.as_bytes()), expected, "{json}");
        }
    }
}
