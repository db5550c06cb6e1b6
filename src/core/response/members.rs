//! The members of an event, read in one pass and without a tree.
//!
//! By hand and not by `derive`: a derived reader says what it found instead of what it expected, floating point numbers
//! included, and the formatting of those alone is 20 KB of the component. As everywhere in the core, a member that is not
//! of the expected type is absent.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Response;
use super::event::Meaning;

/// The members of the events that are known. One type for all of them keeps the component small.
#[derive(Default)]
pub(super) struct Members<'a> {
    pub(super) kind: Kind,
    pub(super) output_index: Option<u32>,
    pub(super) item_id: Option<Cow<'a, str>>,
    pub(super) delta: Option<Cow<'a, str>>,
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) refusal: Option<Cow<'a, str>>,
    pub(super) arguments: Option<Cow<'a, str>>,
    pub(super) item: Value,
    pub(super) part: Value,
    pub(super) response: Response,
    pub(super) error: Value,
}

/// What the type of an event says.
#[derive(Clone, Copy, Default)]
pub(super) enum Kind {
    /// It has none.
    #[default]
    Absent,
    /// Nothing to a caller.
    Irrelevant,
    /// This.
    Relevant(Meaning),
}

impl<'a> Members<'a> {
    /// Reads all members, but none that come after the type of an event that says nothing here: it may have a whole
    /// response, or anything else.
    pub(super) fn read(data: &'a [u8]) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(data);
        let members = deserializer.deserialize_any(Lenient(Self::default()))?;
        deserializer.end()?;
        Ok(members)
    }
}

/// A value that is no object, as far as events have such.
pub(super) enum Scalar<'a> {
    Index(u32),
    Null,
    Other,
    Text(Cow<'a, str>),
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient(Self::Other))
    }
}

/// What becomes of a value, whatever it is.
pub(super) trait Reader<'de>: Sized {
    /// The value is no object.
    fn scalar(self, value: Scalar<'de>) -> Self;

    /// The value is an object.
    fn object(&mut self) {}

    /// This is one of the object's members.
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

impl<'de> Reader<'de> for Members<'de> {
    fn scalar(self, _: Scalar<'de>) -> Self {
        self
    }

    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        enum Place<'m, 'de> {
            Index(&'m mut Option<u32>),
            Text(&'m mut Option<Cow<'de, str>>),
            Tree(&'m mut Value),
            Response(&'m mut Response),
        }
        let place = match key {
            "type" => {
                if let Scalar::Text(kind) = map.next_value()? {
                    self.kind = Meaning::of(&kind).map_or(Kind::Irrelevant, Kind::Relevant);
                }
                return Ok(());
            }
            _ if matches!(self.kind, Kind::Irrelevant) => {
                return map.next_value::<IgnoredAny>().map(drop);
            }
            "arguments" => Place::Text(&mut self.arguments),
            "delta" => Place::Text(&mut self.delta),
            "error" => Place::Tree(&mut self.error),
            "item" => Place::Tree(&mut self.item),
            "item_id" => Place::Text(&mut self.item_id),
            "output_index" => Place::Index(&mut self.output_index),
            "part" => Place::Tree(&mut self.part),
            "refusal" => Place::Text(&mut self.refusal),
            // At the beginning it repeats the request, and has nothing else.
            "response" if !matches!(self.kind, Kind::Relevant(Meaning::Created)) => {
                Place::Response(&mut self.response)
            }
            "text" => Place::Text(&mut self.text),
            _ => return map.next_value::<IgnoredAny>().map(drop),
        };
        match place {
            Place::Tree(place) => *place = map.next_value()?,
            Place::Response(place) => *place = map.next_value()?,
            Place::Index(place) => {
                *place = match map.next_value()? {
                    Scalar::Index(index) => Some(index),
                    // Some gateways write numbers as text.
                    Scalar::Text(text) => text.parse().ok(),
                    Scalar::Null | Scalar::Other => None,
                }
            }
            Place::Text(place) => {
                if let Scalar::Text(text) = map.next_value()? {
                    *place = Some(text);
                }
            }
        }
        Ok(())
    }
}

impl<'de> Reader<'de> for Scalar<'de> {
    fn scalar(self, value: Scalar<'de>) -> Self {
        value
    }

    fn member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }
}

/// Takes every kind of value: serde's own answer to one that is not expected is what costs the bytes.
pub(super) struct Lenient<R>(pub(super) R);

impl<'de, R: Reader<'de>> Visitor<'de> for Lenient<R> {
    type Value = R;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<R, E> {
        Ok(self.0.scalar(Scalar::Other))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<R, E> {
        Ok(self.0.scalar(Scalar::Other))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<R, E> {
        let index = u32::try_from(number).map_or(Scalar::Other, Scalar::Index);
        Ok(self.0.scalar(index))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<R, E> {
        Ok(self.0.scalar(Scalar::Other))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<R, E> {
        Ok(self.0.scalar(Scalar::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<R, E> {
        Ok(self.0.scalar(Scalar::Text(Cow::Borrowed(text))))
    }

    fn visit_unit<E: Error>(self) -> Result<R, E> {
        Ok(self.0.scalar(Scalar::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<R, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.0.scalar(Scalar::Other))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<R, A::Error> {
        self.0.object();
        while let Some(key) = map.next_key::<Scalar<'de>>()? {
            match key {
                Scalar::Text(key) => self.0.member(&key, &mut map)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(self.0)
    }
}
