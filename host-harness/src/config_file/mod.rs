//! Configuration files: the provider's settings, out of a file that may list other modules too.
//!
//! A file is TOML (`.toml`) or YAML (`.yaml`, `.yml`, and `.json`, which is YAML as well), and has the shape of an
//! Amplifier mount plan:
//!
//! ```toml
//! [[providers]]
//! module = "provider-azure-openai"
//!
//! [providers.config]
//! azure_endpoint = "https://NAME.openai.azure.com"
//! api_key = "${AZURE_OPENAI_API_KEY}"
//! ```
//!
//! ```yaml
//! providers:
//!   - module: provider-azure-openai
//!     config:
//!       azure_endpoint: https://NAME.openai.azure.com
//!       api_key: ${AZURE_OPENAI_API_KEY}
//! ```
//!
//! [`load`] finds the one provider whose module name ends with `azure-openai` and returns its `config`, empty if it has
//! none. Other providers and other parts of the file are not looked at. What the settings mean is the component's
//! business.
//!
//! # Variables
//!
//! In the strings of `config`, however deep:
//!
//! | written | becomes |
//! |---|---|
//! | `${NAME}` | the variable's value; an error if it is not set |
//! | `${NAME:-default}` | the variable's value, or `default` if it is not set or empty |
//! | `$${` | `${` |
//!
//! Everything else stands for itself, a lone `$` included. Keys and module names are not expanded. Expansion comes
//! after parsing, so that no value can change the file's structure, and its result is always a string, which the
//! component accepts for numbers and booleans too. Results are not expanded again.
//!
//! # Differences between the formats
//!
//! A value means the same in all of them, as far as they allow: unquoted TOML dates become strings, since that is what
//! an API version is; in YAML `yes`, `no`, `on` and `off` are strings, and so are numbers with leading zeros or
//! underscores. A key that occurs twice in a table is an error, and so is a tag in YAML. A number that a 64-bit
//! computer would round is an error that asks for quotes: it is most likely a key or an id.
//!
//! # Secrets
//!
//! A file may hold secrets, and so may variables. No error shows a value of `config`, be it from the file or from a
//! variable, or a line of the file; errors say where to look.

mod error;
mod expand;
mod syntax;

use std::io;
use std::path::Path;

use serde_json::{Map, Value};

pub use error::{ConfigFileError, Position, Problem, ProblemKind};
use syntax::Format;

use crate::named_file;

/// Reads the settings of the Azure OpenAI provider from a configuration file.
///
/// `environment` gives the value of a variable: `|name| std::env::var(name).ok()` in a program, a map in a test.
///
/// # Errors
///
/// The file cannot be read, is not of a known format, does not name exactly one Azure OpenAI provider, or has values
/// that cannot be used. Errors about values are reported together.
pub fn load(
    path: &Path,
    environment: &impl Fn(&str) -> Option<String>,
) -> Result<Map<String, Value>, ConfigFileError> {
    let (document, format) = document(path)?;
    let (place, mut config) = find_config(document, format, path)?;
    let problems = expand::expand(&mut config, &place, environment);
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigFileError::Values {
            path: path.to_owned(),
            problems,
        })
    }
}

/// Reads a file of one of the formats, whatever is in it. Nothing is expanded.
pub(crate) fn read_document(path: &Path) -> Result<Value, ConfigFileError> {
    document(path).map(|(document, _)| document)
}

fn document(path: &Path) -> Result<(Value, Format), ConfigFileError> {
    let format = Format::of(path)?;
    let text = read(path)?;
    let document = syntax::parse(&text, format).map_err(|error| error.at(path))?;
    Ok((document, format))
}

fn read(path: &Path) -> Result<String, ConfigFileError> {
    let unreadable = |source| ConfigFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let bytes = named_file::read(path, MAX_FILE_BYTES).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => ConfigFileError::TooLarge {
            path: path.to_owned(),
            limit: MAX_FILE_BYTES,
        },
        _ => unreadable(error),
    })?;
    String::from_utf8(bytes).map_err(|error| ConfigFileError::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// The settings of the one matching provider, and their place in the file.
fn find_config(
    document: Value,
    format: Format,
    path: &Path,
) -> Result<(String, Map<String, Value>), ConfigFileError> {
    let shape = |problem: String| ConfigFileError::Shape {
        path: path.to_owned(),
        problem,
        example: format.example(),
    };
    let mut document = match document {
        Value::Object(document) => document,
        Value::Null => return Err(shape("the file is empty".to_owned())),
        other => {
            return Err(shape(format!(
                "the file holds {}, not a table",
                kind(&other)
            )));
        }
    };
    let providers = match document.remove("providers") {
        Some(Value::Array(providers)) => providers,
        Some(other) => {
            return Err(shape(format!(
                "`providers` is {}, not a list",
                kind(&other)
            )));
        }
        None => return Err(shape("there is no `providers`".to_owned())),
    };

    let mut matching = Vec::new();
    let mut others = Vec::new();
    for (index, provider) in providers.into_iter().enumerate() {
        let Value::Object(provider) = provider else {
            let found = kind(&provider);
            return Err(shape(format!("providers[{index}] is {found}, not a table")));
        };
        match provider.get("module") {
            Some(Value::String(module)) if module.ends_with(MODULE) => {
                matching.push((index, provider))
            }
            Some(Value::String(module)) => others.push(module.clone()),
            Some(other) => {
                let found = kind(other);
                return Err(shape(format!(
                    "providers[{index}].module is {found}, not a string"
                )));
            }
            None => return Err(shape(format!("providers[{index}] has no `module`"))),
        }
    }

    match matching.pop() {
        None => Err(ConfigFileError::NoProvider {
            path: path.to_owned(),
            others,
        }),
        Some(_) if !matching.is_empty() => Err(ConfigFileError::SeveralProviders {
            path: path.to_owned(),
            count: matching.len() + 1,
        }),
        Some((index, mut provider)) => {
            let place = format!("providers[{index}].config");
            match provider.remove("config") {
                Some(Value::Object(config)) => Ok((place, config)),
                // A YAML key with nothing after it.
                None | Some(Value::Null) => Ok((place, Map::new())),
                Some(other) => Err(shape(format!("{place} is {}, not a table", kind(&other)))),
            }
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

/// A file for a hundred deployments has 20 KB. This leaves room for extra request parameters, and stops a mistaken path
/// (a log, a device) before it fills the memory.
const MAX_FILE_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
