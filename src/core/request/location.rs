//! Locations of values in a request: what an error, or the event of something that is not sent, calls them.

use super::Dropped;

/// Why a request cannot be sent, with the location in it. It becomes an error of the kind `invalid-request`.
#[derive(Debug)]
pub(super) struct Invalid(pub(super) String);

/// An error that names a location in the request.
pub(super) fn invalid(location: &str, problem: &str) -> Invalid {
    Invalid([location, ": ", problem].concat())
}

/// A location in the conversation. It is put in words only when there is something to report of it.
#[derive(Clone, Copy)]
pub(super) struct Location {
    message: usize,
    /// The list of the message that it is in, and where.
    element: Option<(&'static str, usize)>,
    /// Where it is in the output of a tool result.
    output: Option<usize>,
}

impl Location {
    pub(super) fn message(index: usize) -> Self {
        Self {
            message: index,
            element: None,
            output: None,
        }
    }

    /// An element of a list of the message: `content` or `tool_calls`.
    pub(super) fn element(self, list: &'static str, index: usize) -> Self {
        Self {
            element: Some((list, index)),
            ..self
        }
    }

    /// An element of a tool result's output.
    pub(super) fn output(self, index: usize) -> Self {
        Self {
            output: Some(index),
            ..self
        }
    }

    /// The location in words, such as `messages[3].content[1]`, and a member of what is there, such as `.detail`.
    pub(super) fn name(self, member: &str) -> String {
        let mut name = format!("messages[{}]", self.message);
        if let Some((list, index)) = self.element {
            name += &format!(".{list}[{index}]");
        }
        if let Some(index) = self.output {
            name += &format!(".output[{index}]");
        }
        name + member
    }

    pub(super) fn invalid(self, member: &str, problem: &str) -> Invalid {
        invalid(&self.name(member), problem)
    }
}

/// What is not sent of a conversation. What is not sent for the same reason is reported once: a history has many messages.
#[derive(Default)]
pub(super) struct Drops(Vec<(&'static str, String, usize)>);

impl Drops {
    pub(super) fn add(&mut self, location: Location, member: &str, reason: &'static str) {
        for (known, _, count) in &mut self.0 {
            if *known == reason {
                *count += 1;
                return;
            }
        }
        self.0.push((reason, location.name(member), 1));
    }

    /// Each reason, with its first location and how many there are.
    pub(super) fn report(self, dropped: &mut Vec<Dropped>) {
        for (reason, parameter, count) in self.0 {
            let mut reason = reason.to_owned();
            if count > 1 {
                reason += &format!("; this is the first of {count} such places");
            }
            dropped.push(Dropped::new(&parameter, &reason));
        }
    }
}
