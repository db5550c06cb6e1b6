//! The configuration document before a setting is taken out of it: what stands elsewhere, or in another form, is brought to
//! where settings are looked for.

use serde_json::{Map, Value};

use super::resolver::is_empty;
use super::settings::{self, DEPLOYMENT_MAPPING, WITHOUT_EFFECT};

/// A document whose settings are where they are looked for.
pub(super) struct Document {
    /// The settings.
    pub(super) settings: Map<String, Value>,
    /// What was out of place, a sentence each.
    pub(super) warnings: Vec<String>,
    /// The keys that are known and have no effect, in a sentence.
    pub(super) note: Option<String>,
}

impl Document {
    /// Reads a JSON object; an empty text is an empty one.
    ///
    /// # Errors
    ///
    /// Why it is none, without a word of it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut document = Self {
            settings: parse(text)?,
            warnings: Vec::new(),
            note: None,
        };
        tidy_mapping(&mut document.settings, "", &mut document.warnings);
        document.split_reasoning();
        document.note = without_effect(&document.settings);
        Ok(document)
    }

    /// `reasoning` may be an object with the effort and the summary, as in requests.
    fn split_reasoning(&mut self) {
        let Some(Value::Object(_)) = self.settings.get(REASONING) else {
            return;
        };
        let Some(Value::Object(reasoning)) = self.settings.remove(REASONING) else {
            return;
        };
        for (name, value) in reasoning {
            let key = format!("{REASONING}_{name}");
            match name.as_str() {
                "effort" | "summary" if !self.settings.contains_key(&key) => {
                    self.settings.insert(key, value);
                }
                "effort" | "summary" => self.warnings.push(format!(
                    "`{REASONING}.{name}` has no effect beside `{key}`, which means the same"
                )),
                _ => self.warnings.push(format!(
                    "unknown setting `{REASONING}.{name}`; it has no effect"
                )),
            }
        }
    }
}

/// Takes blanks off the names of models, and settings out of the table of models. What it says of keys has the prefix before
/// them.
///
/// Settings get there by TOML's rule that everything after a table's header is in that table. A model with the name of
/// a setting cannot be mapped, therefore.
pub(super) fn tidy_mapping(
    settings: &mut Map<String, Value>,
    prefix: &str,
    warnings: &mut Vec<String>,
) {
    let key = DEPLOYMENT_MAPPING.row.key;
    let Some(Value::Object(mapping)) = settings.get_mut(key) else {
        return;
    };
    let mut models = Map::new();
    let mut misplaced = Map::new();
    let mut padded = Vec::new();
    for (name, value) in std::mem::take(mapping) {
        let trimmed = name.trim();
        if settings::is_known(trimmed) {
            misplaced.insert(trimmed.to_owned(), value);
        } else if trimmed.len() == name.len() {
            models.insert(name, value);
        } else {
            padded.push((trimmed.to_owned(), value));
        }
    }
    for (name, value) in padded {
        warnings.push(match models.contains_key(&name) {
            true => format!(
                "`{prefix}{key}` has the model `{name}` twice, once with blanks around it; that one has no effect"
            ),
            false => format!(
                "`{prefix}{key}` has the model `{name}` with blanks around it; it is used without them"
            ),
        });
        models.entry(name).or_insert(value);
    }
    *mapping = models;
    take_over(misplaced, settings, prefix, warnings);
}

/// Takes settings that stood in the table of models for what they are.
fn take_over(
    misplaced: Map<String, Value>,
    settings: &mut Map<String, Value>,
    prefix: &str,
    warnings: &mut Vec<String>,
) {
    if misplaced.is_empty() {
        return;
    }
    let mapping = format!("`{prefix}{}`", DEPLOYMENT_MAPPING.row.key);
    let names: Vec<String> = misplaced.keys().map(|name| format!("`{name}`")).collect();
    warnings.push(format!(
        "{mapping} contains settings: {}. TOML puts everything after a table's header into that table. They are used as \
         settings; move them above the header of {mapping}",
        names.join(", ")
    ));
    for (name, value) in misplaced {
        match settings.get(&name) {
            Some(present) if !is_empty(present) => warnings.push(format!(
                "`{name}` in {mapping} has no effect, because it is set outside of it too"
            )),
            _ => drop(settings.insert(name, value)),
        }
    }
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    // Some editors begin a file with a mark that JSON does not have.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(text.as_bytes()) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("the configuration is not a JSON object".to_owned()),
        // Position only: the text around it may hold a key.
        Err(error) => Err(format!(
            "the configuration is not JSON (line {}, column {})",
            error.line(),
            error.column()
        )),
    }
}

fn without_effect(settings: &Map<String, Value>) -> Option<String> {
    let keys = settings
        .keys()
        .filter(|key| WITHOUT_EFFECT.contains(&key.as_str()));
    let names: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "known keys of the configuration that have no effect here: {}",
            names.join(", ")
        )
    })
}

const REASONING: &str = "reasoning";
