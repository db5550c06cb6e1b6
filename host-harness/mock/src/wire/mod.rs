//! What goes over connections: bodies as they are played, whole or in pieces, and what was received.
//!
//! Nothing here knows what is asked or answered.

pub(crate) mod body;
pub(crate) mod gate;
pub(crate) mod listener;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod reply;
pub(crate) mod socket;
