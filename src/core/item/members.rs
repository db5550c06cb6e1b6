//! Objects whose members are written in the order of their keys: equal conversations are equal bytes, which the service's prompt
//! cache recognises.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::message::Part;
use crate::core::json;

/// The members of an object, each key once.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(&'a str, Member<'a>)>);

/// The value of a member.
pub(super) enum Member<'a> {
    Count(u64),
    Flag(bool),
    Json(&'a Value),
    List(&'a [Value]),
    Object(&'a Map<String, Value>),
    Parts(&'a [Part]),
    Text(Cow<'a, str>),
    /// An object of ours.
    Nested(Members<'a>),
}

impl<'a> Members<'a> {
    /// Begins an object with its `type`.
    pub(super) fn typed(kind: &'a str) -> Self {
        let mut members = Self::default();
        members.text("type", kind);
        members
    }

    /// Sets a member, in place of one with the same key.
    pub(super) fn set(&mut self, key: &'a str, value: Member<'a>) {
        let is_before = |(other, _): &(&str, Member<'a>)| *other < key;
        let index = self.0.partition_point(is_before);
        match self.0.get_mut(index) {
            Some((other, member)) if *other == key => *member = value,
            _ => self.0.insert(index, (key, value)),
        }
    }

    /// Sets a member to a text.
    pub(super) fn text(&mut self, key: &'a str, text: &'a str) {
        self.set(key, Member::Text(Cow::Borrowed(text)));
    }

    /// Sets a member to an object that is written as a text.
    pub(super) fn written(&mut self, key: &'a str, object: &Map<String, Value>) {
        let text = json::written_object(object);
        self.set(key, Member::Text(Cow::Owned(text)));
    }

    /// Sets a member to any value.
    pub(super) fn json(&mut self, key: &'a str, value: &'a Value) {
        self.set(key, Member::Json(value));
    }

    /// Sets all members of an object.
    pub(super) fn all_of(&mut self, object: &'a Map<String, Value>) {
        for (key, value) in object {
            self.json(key, value);
        }
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Json(value) => value.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
            Self::Parts(parts) => parts.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Nested(members) => members.serialize(serializer),
        }
    }
}
