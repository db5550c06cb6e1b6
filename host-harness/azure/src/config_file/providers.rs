//! Finding the provider in a file, whichever of the known shapes the file has.

use serde_json::{Map, Value};

/// The settings of a provider, and where they are in their file.
#[derive(Debug)]
pub(super) struct Found {
    /// Such as `providers[0].config`.
    pub(super) place: String,
    /// The settings.
    pub(super) config: Map<String, Value>,
}

/// Why there are no settings.
#[derive(Debug)]
pub(super) enum NotFound {
    /// The document is of another shape.
    Shape(String),
    /// No provider is ours; these are the others' names.
    None(Vec<String>),
    /// Several are ours, and nothing says which one is meant.
    Several(Vec<String>),
    /// None of ours has the id that was given.
    Id(Vec<String>),
}

/// A provider in the file.
struct Entry {
    place: String,
    table: Map<String, Value>,
}

/// Finds the one provider of ours; with an `id`, the one of ours that has it.
pub(super) fn find(document: Value, id: Option<&str>) -> Result<Found, NotFound> {
    let mut ours = Vec::new();
    let mut others = Vec::new();
    for entry in entries(document).map_err(NotFound::Shape)? {
        match entry.module().map_err(NotFound::Shape)? {
            None => ours.push(entry),
            Some(name) if name.ends_with(MODULE) => ours.push(entry),
            Some(name) => others.push(name.to_owned()),
        }
    }
    if ours.is_empty() {
        return Err(NotFound::None(others));
    }
    let descriptions = |entries: &[Entry]| entries.iter().map(Entry::description).collect();
    if let Some(id) = id {
        let all = descriptions(&ours);
        ours.retain(|entry| entry.ids().any(|other| other == id));
        if ours.is_empty() {
            return Err(NotFound::Id(all));
        }
    }
    match ours.pop() {
        Some(entry) if ours.is_empty() => entry.config().map_err(NotFound::Shape),
        last => {
            ours.extend(last);
            Err(NotFound::Several(descriptions(&ours)))
        }
    }
}

/// All providers of a document: below `providers` or `provider`, as lists of them or one alone, at the top or below
/// `config`, as in Amplifier's settings.
fn entries(document: Value) -> Result<Vec<Entry>, String> {
    let mut document = match document {
        Value::Object(document) => document,
        Value::Null => return Err("the file is empty".to_owned()),
        other => return Err(format!("the file holds {}, not a table", kind(&other))),
    };
    let mut sections = sections(&mut document, "");
    if let Some(Value::Object(config)) = document.get_mut("config") {
        sections.extend(self::sections(config, "config."));
    }
    if sections.is_empty() {
        return Err("there is no `providers`".to_owned());
    }
    let mut entries = Vec::new();
    for (place, section) in sections {
        let list = match section {
            Value::Object(table) => {
                entries.push(Entry { place, table });
                continue;
            }
            Value::Array(list) => list,
            other => return Err(format!("`{place}` is {}, not a list", kind(&other))),
        };
        for (index, element) in list.into_iter().enumerate() {
            let place = format!("{place}[{index}]");
            match element {
                Value::Object(table) => entries.push(Entry { place, table }),
                other => return Err(format!("{place} is {}, not a table", kind(&other))),
            }
        }
    }
    Ok(entries)
}

fn sections(table: &mut Map<String, Value>, prefix: &str) -> Vec<(String, Value)> {
    ["providers", "provider"]
        .into_iter()
        .filter_map(|key| Some((format!("{prefix}{key}"), table.remove(key)?)))
        .collect()
}

impl Entry {
    /// The name of its module, by which it is known whose it is. A provider that stands alone needs none.
    fn module(&self) -> Result<Option<&str>, String> {
        for key in ["module", "name"] {
            match self.table.get(key) {
                None => {}
                Some(Value::String(name)) => return Ok(Some(name)),
                Some(other) => {
                    let (place, found) = (&self.place, kind(other));
                    return Err(format!("{place}.{key} is {found}, not a string"));
                }
            }
        }
        match self.place.ends_with(']') {
            true => Err(format!("{} has neither `module` nor `name`", self.place)),
            false => Ok(None),
        }
    }

    /// What tells it from others, the most telling first.
    fn ids(&self) -> impl Iterator<Item = String> {
        let values = ["id", "instance_id", "name"].map(|key| self.table.get(key));
        values
            .into_iter()
            .flatten()
            .filter_map(|value| match value {
                Value::String(id) => Some(id.clone()),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            })
    }

    fn description(&self) -> String {
        match self.ids().next() {
            // Debug form: a control character must not reach the terminal.
            Some(id) => format!("{id:?}"),
            None => format!("{}, which has no `id`", self.place),
        }
    }

    fn config(mut self) -> Result<Found, String> {
        let place = format!("{}.config", self.place);
        match self.table.remove("config") {
            Some(Value::Object(config)) => Ok(Found { place, config }),
            // A YAML key with nothing after it.
            None | Some(Value::Null) => Ok(Found {
                place,
                config: Map::new(),
            }),
            Some(other) => Err(format!("{place} is {}, not a table", kind(&other))),
        }
    }
}

/// What a value is, without saying which one.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// How the module names of this provider end, with whatever prefix a host gives them.
const MODULE: &str = "azure-openai";
