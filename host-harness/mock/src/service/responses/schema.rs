//! What the service accepts, as tables, and what it says of anything else.
//!
//! A parameter is named by its path, such as `input[0].content[1].text`.

use serde_json::{Map, Value};

use crate::service::error::ApiError;

/// The accepted forms of a JSON value.
pub(super) enum Shape {
    /// Any value: nobody looks at it, or somebody else does.
    Any,
    /// An array of such values.
    Array(&'static Shape),
    /// A boolean.
    Boolean,
    /// An integer that is not too small.
    Integer { min: i64 },
    /// A number in a range, ends included.
    Number { min: f64, max: f64 },
    /// The name of a tool or a format.
    Name,
    /// An object with these members and no others.
    Object(&'static [Field]),
    /// A string out of a list.
    OneOf(&'static [&'static str]),
    /// An object with any members.
    Open,
    /// An object whose `type` tells which other members it has.
    Tagged(&'static [Variant]),
    /// A string.
    Text,
    /// A string that is not empty, of at most so many characters.
    TextFromOneTo(usize),
    /// A string, or such a value.
    TextOr(&'static Shape),
    /// A string of at most so many characters.
    TextUpTo(usize),
}

/// A member of an object.
pub(super) struct Field {
    name: &'static str,
    is_required: bool,
    shape: Shape,
}

/// A member that must be there.
pub(super) const fn required(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        is_required: true,
        shape,
    }
}

/// A member that may be absent, or null.
pub(super) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        is_required: false,
        shape,
    }
}

/// One kind of a [`Shape::Tagged`] object.
pub(super) struct Variant {
    tag: &'static str,
    fields: Option<&'static [Field]>,
}

impl Variant {
    /// What `type` is for this kind.
    pub(super) fn tag(&self) -> &'static str {
        self.tag
    }
}

/// A kind that has these members besides `type`.
pub(super) const fn variant(tag: &'static str, fields: &'static [Field]) -> Variant {
    Variant {
        tag,
        fields: Some(fields),
    }
}

/// A kind that the mock does not look into.
pub(super) const fn opaque(tag: &'static str) -> Variant {
    Variant { tag, fields: None }
}

impl Shape {
    /// Checks a value that stands at `path`.
    pub(super) fn check(&self, value: &Value, path: &str) -> Result<(), ApiError> {
        let wrong_type = |expected| Err(ApiError::wrong_type(path, expected, value));
        match self {
            Self::Any => Ok(()),
            Self::Array(shape) => match value {
                Value::Array(elements) => {
                    elements
                        .iter()
                        .enumerate()
                        .try_for_each(|(index, element)| {
                            shape.check(element, &format!("{path}[{index}]"))
                        })
                }
                _ => wrong_type("an array"),
            },
            Self::Boolean => match value {
                Value::Bool(_) => Ok(()),
                _ => wrong_type("a boolean"),
            },
            Self::Integer { min } => match value {
                Value::Number(number) if !number.is_f64() => {
                    let too_small = number.as_i64().filter(|number| number < min);
                    too_small.map_or(Ok(()), |number| Err(below("integer", path, min, &number)))
                }
                _ => wrong_type("an integer"),
            },
            Self::Number { min, max } => match value.as_f64() {
                Some(number) if number < *min => Err(below("decimal", path, min, &number)),
                Some(number) if number > *max => Err(above("decimal", path, max, &number)),
                Some(_) => Ok(()),
                None => wrong_type("a decimal"),
            },
            Self::Name => {
                Self::TextUpTo(NAME).check(value, path)?;
                match value.as_str().is_some_and(is_name) {
                    true => Ok(()),
                    false => Err(no_match(path)),
                }
            }
            Self::Object(fields) => match value {
                Value::Object(object) => check_fields(fields, object, path, false),
                _ => wrong_type("an object"),
            },
            Self::OneOf(names) => match value {
                Value::String(name) if names.contains(&name.as_str()) => Ok(()),
                Value::String(name) => Err(ApiError::wrong_value(path, name, names)),
                _ => wrong_type("a string"),
            },
            Self::Open => match value {
                Value::Object(_) => Ok(()),
                _ => wrong_type("an object"),
            },
            Self::Tagged(variants) => match value {
                Value::Object(object) => check_variant(variants, object, path),
                _ => wrong_type("an object"),
            },
            Self::Text => match value {
                Value::String(_) => Ok(()),
                _ => wrong_type("a string"),
            },
            Self::TextFromOneTo(most) => match value {
                Value::String(text) if text.is_empty() => Err(empty(path)),
                _ => Self::TextUpTo(*most).check(value, path),
            },
            Self::TextOr(shape) => match value {
                Value::String(_) => Ok(()),
                Value::Array(_) | Value::Object(_) => shape.check(value, path),
                _ => wrong_type("a string or an array"),
            },
            Self::TextUpTo(most) => match value {
                Value::String(text) => match text.chars().count() {
                    length if length > *most => Err(too_long(path, *most, length)),
                    _ => Ok(()),
                },
                _ => wrong_type("a string"),
            },
        }
    }
}

/// The variant that an object says it is.
fn check_variant(
    variants: &[Variant],
    object: &Map<String, Value>,
    path: &str,
) -> Result<(), ApiError> {
    let tag_path = join(path, "type");
    let tag = match object.get("type") {
        None => return Err(ApiError::missing(&tag_path)),
        Some(Value::String(tag)) => tag,
        Some(other) => return Err(ApiError::wrong_type(&tag_path, "a string", other)),
    };
    let Some(variant) = variants.iter().find(|variant| variant.tag == tag) else {
        let tags: Vec<&str> = variants.iter().map(|variant| variant.tag).collect();
        return Err(ApiError::wrong_value(path, tag, &tags));
    };
    match variant.fields {
        Some(fields) => check_fields(fields, object, path, true),
        None => Ok(()),
    }
}

/// What is missing is told before what is too much: the nested `function` of a Chat Completions tool is answered by
/// the missing `name`.
fn check_fields(
    fields: &[Field],
    object: &Map<String, Value>,
    path: &str,
    is_tagged: bool,
) -> Result<(), ApiError> {
    let missing = |field: &&Field| field.is_required && !object.contains_key(field.name);
    if let Some(field) = fields.iter().find(missing) {
        return Err(ApiError::missing(&join(path, field.name)));
    }
    let is_known =
        |name: &str| (is_tagged && name == "type") || fields.iter().any(|field| field.name == name);
    if let Some(name) = object.keys().find(|name| !is_known(name)) {
        return Err(ApiError::unknown(&join(path, name)));
    }
    for field in fields {
        match object.get(field.name) {
            None => {}
            Some(Value::Null) if !field.is_required => {}
            Some(value) => field.shape.check(value, &join(path, field.name))?,
        }
    }
    Ok(())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn below(
    kind: &str,
    path: &str,
    min: &dyn std::fmt::Display,
    got: &dyn std::fmt::Display,
) -> ApiError {
    ApiError::invalid_request(
        Some(path),
        Some(&format!("{kind}_below_min_value")),
        &format!(
            "Invalid '{path}': {kind} below minimum value. Expected a value >= {min}, but got {got} instead."
        ),
    )
}

fn above(
    kind: &str,
    path: &str,
    max: &dyn std::fmt::Display,
    got: &dyn std::fmt::Display,
) -> ApiError {
    ApiError::invalid_request(
        Some(path),
        Some(&format!("{kind}_above_max_value")),
        &format!(
            "Invalid '{path}': {kind} above maximum value. Expected a value <= {max}, but got {got} instead."
        ),
    )
}

fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !text.is_empty() && text.bytes().all(is_allowed)
}

fn no_match(path: &str) -> ApiError {
    ApiError::invalid(
        path,
        &format!(
            "Invalid '{path}': string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]+$'."
        ),
    )
}

fn empty(path: &str) -> ApiError {
    ApiError::invalid_request(
        Some(path),
        Some("empty_string"),
        &format!(
            "Invalid '{path}': empty string. Expected a string with minimum length 1, but got an empty string instead."
        ),
    )
}

fn too_long(path: &str, most: usize, length: usize) -> ApiError {
    ApiError::invalid_request(
        Some(path),
        Some("string_above_max_length"),
        &format!(
            "Invalid '{path}': string too long. Expected a string with maximum length {most}, but got a string with \
             length {length} instead."
        ),
    )
}

/// The most characters of a name.
const NAME: usize = 64;
