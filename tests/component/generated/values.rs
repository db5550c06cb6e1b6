//! JSON values of any kind.

use serde_json::{Map, Value, json};

use super::generator::Generator;

/// Any value, not too deep.
pub(super) fn any(generator: &mut Generator, depth: usize) -> Value {
    match generator.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(generator.once_in(2)),
        2 => generator.pick(&[
            json!(0),
            json!(-1),
            json!(1.5),
            json!(u64::MAX),
            json!(1e300),
        ]),
        3 | 4 => json!(generator.word()),
        5 => (0..generator.below(3))
            .map(|_| any(generator, depth - 1))
            .collect(),
        _ => Value::Object(object(generator, depth - 1)),
    }
}

/// Any object, not too deep.
pub(super) fn object(generator: &mut Generator, depth: usize) -> Map<String, Value> {
    (0..generator.below(3))
        .map(|_| (generator.pick(NAMES).to_owned(), any(generator, depth)))
        .collect()
}

/// Puts members that nobody knows into a value, at any depth.
pub(super) fn add_unknown(value: &mut Value, generator: &mut Generator) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                add_unknown(element, generator);
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                add_unknown(member, generator);
            }
            if generator.once_in(2) {
                let name = format!("unknown_{}", generator.below(3));
                members.insert(name, any(generator, 2));
            }
        }
        _ => {}
    }
}

/// Names that mean something in one place or the other.
const NAMES: &[&str] = &[
    "content", "delta", "error", "id", "name", "new", "role", "status", "text", "type",
];
