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
//! Every shape that the module's documentation and Amplifier have is known:
//!
//! | shape | |
//! |---|---|
//! | `[[providers]]`, in YAML a list `providers` | each with `module`, `name` or both, and `config` |
//! | `[providers.config]` or `[provider.config]` alone | the settings of the one provider, which needs no name |
//! | a list `providers` below `config` | Amplifier's `settings.yaml` |
//!
//! [`load`] finds the one provider whose module ends with `azure-openai`, or whose `name` does if it has no module, and
//! returns its `config`, empty if it has none. Several of these are told apart by their `id`, `instance_id` or `name`. Other
//! providers, other keys beside `config` and other parts of the file are not looked at. What the settings mean is the
//! component's business.
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
//! underscores. A key that occurs twice in a table is an error, unless TOML gives it the same value both times: then it is a
//! warning. A tag in YAML is an error. A number that a 64-bit computer would round is an error that asks for quotes: it is
//! most likely a key or an id. A byte order mark before the text is skipped.
//!
//! # Secrets
//!
//! A file may hold secrets, and so may variables. No error shows a value of `config`, be it from the file or from a
//! variable, or a line of the file; errors say where to look.

mod duplicates;
mod error;
mod expand;
mod providers;
mod syntax;

use std::io;
use std::path::Path;

use serde_json::{Map, Value};

pub use error::{ConfigFileError, Position, Problem, ProblemKind};
use providers::{Found, NotFound};
use syntax::{Format, Parsed};

/// What a configuration file says.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub struct ConfigFile {
    /// The settings of the provider, with the values of variables in them.
    pub settings: Map<String, Value>,
    /// What is wrong with the file and does no harm, a sentence each, which begins with the file's path.
    pub warnings: Vec<String>,
}

use provider_host::named_file;

/// Reads the settings of the Azure OpenAI provider from a configuration file.
///
/// `id` chooses among several of them, by `id`, `instance_id` or `name`. `environment` gives the value of a variable:
/// `|name| std::env::var(name).ok()` in a program, a map in a test.
///
/// # Errors
///
/// The file cannot be read, is not of a known format, does not name exactly one Azure OpenAI provider, or has values
/// that cannot be used. Errors about values are reported together.
pub fn load(
    path: &Path,
    id: Option<&str>,
    environment: &impl Fn(&str) -> Option<String>,
) -> Result<ConfigFile, ConfigFileError> {
    let (parsed, format) = document(path)?;
    let Found { place, mut config } =
        providers::find(parsed.document, id).map_err(|error| not_found(error, id, format, path))?;
    let problems = expand::expand(&mut config, &place, environment);
    if !problems.is_empty() {
        return Err(ConfigFileError::Values {
            path: path.to_owned(),
            problems,
        });
    }
    let warnings = parsed.warnings.into_iter();
    Ok(ConfigFile {
        settings: config,
        warnings: warnings
            .map(|warning| warning.at(path).to_string())
            .collect(),
    })
}

/// Reads a file of one of the formats, whatever is in it. Nothing is expanded, and nothing is twice in a table.
///
/// # Errors
///
/// When the file cannot be read, or a key is twice in a table.
pub fn read_document(path: &Path) -> Result<Value, ConfigFileError> {
    let (parsed, _) = document(path)?;
    match parsed.warnings.into_iter().next() {
        Some(warning) => Err(warning.at(path)),
        None => Ok(parsed.document),
    }
}

fn document(path: &Path) -> Result<(Parsed, Format), ConfigFileError> {
    let format = Format::of(path)?;
    let text = read(path)?;
    // Some editors begin a file with it.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let parsed = syntax::parse(text, format).map_err(|error| error.at(path))?;
    Ok((parsed, format))
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

fn not_found(error: NotFound, id: Option<&str>, format: Format, path: &Path) -> ConfigFileError {
    let path = path.to_owned();
    match error {
        NotFound::Shape(problem) => ConfigFileError::Shape {
            path,
            problem,
            expected: format.shape(),
        },
        NotFound::None(others) => ConfigFileError::NoProvider { path, others },
        NotFound::Several(candidates) => ConfigFileError::SeveralProviders { path, candidates },
        NotFound::Id(candidates) => ConfigFileError::UnknownId {
            path,
            id: id.unwrap_or_default().to_owned(),
            candidates,
        },
    }
}

/// What some editors begin a file with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file for a hundred deployments has 20 KB. This leaves room for extra request parameters, and stops a mistaken path
/// (a log, a device) before it fills the memory.
const MAX_FILE_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
