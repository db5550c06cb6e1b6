//! Tools files: the tools that the model may call, and the commands behind them.
//!
//! A file is TOML, YAML or JSON, and has a list `tools`. Each tool is in the kernel's form, and may have a command:
//!
//! ```toml
//! [[tools]]
//! name = "weather"
//! description = "The weather in a city."
//! command = ["./weather.sh", "--metric"]
//! timeout = 10
//! parameters = { type = "object", properties = { city = { type = "string" } }, required = ["city"] }
//!
//! [[tools]]
//! type = "web_search"
//! ```
//!
//! `command` is a program and its arguments; no shell is involved. It gets the arguments of the call as JSON on standard
//! input. Tools with a `type` other than `function` are run by the service, and sent as they are.

mod command;
mod output;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use provider_host::contract::types::ToolSpec;
use provider_host::kernel_json::{JsonError, chat_request};
use provider_host_azure::config_file::{self, ConfigFileError};
use serde_json::{Map, Value, json};

pub(super) use self::command::ToolCommand;
use super::args::RequestArguments;

/// The tools of a file, or none.
#[derive(Debug, Default)]
pub(super) struct Tools {
    specs: Vec<ToolSpec>,
    commands: BTreeMap<String, ToolCommand>,
}

impl Tools {
    /// The tools of the file that the arguments name.
    pub(super) fn of(arguments: &RequestArguments) -> Result<Self, ToolsFileError> {
        match &arguments.tools {
            Some(path) => Self::read(path),
            None => Ok(Self::default()),
        }
    }

    /// What the model is told.
    pub(super) fn specs(&self) -> &[ToolSpec] {
        &self.specs
    }

    /// The command behind a tool.
    pub(super) fn command(&self, name: &str) -> Option<&ToolCommand> {
        self.commands.get(name)
    }

    fn read(path: &Path) -> Result<Self, ToolsFileError> {
        let document = config_file::read_document(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        parse(document, folder).map_err(|problem| ToolsFileError::Tool {
            path: path.to_owned(),
            problem,
        })
    }
}

/// Why a tools file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ToolsFileError {
    #[error(transparent)]
    File(#[from] ConfigFileError),

    #[error("{}: {problem}", .path.display())]
    Tool { path: PathBuf, problem: Problem },
}

/// What is wrong in a tools file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(
        "there is no list `tools`; a tools file has one, and in it a table with `name`, `description`, `parameters` and \
         `command` for each tool"
    )]
    NoTools,

    #[error(
        "tools[{0}].command: expected a list of a program and its arguments, such as [\"./weather.sh\", \"--metric\"]"
    )]
    Command(usize),

    #[error("tools[{0}].timeout: expected a number of seconds above 0")]
    Timeout(usize),

    #[error(
        "tools[{index}]: a second tool has the name {name:?}; the model could not tell them apart"
    )]
    Twice { index: usize, name: String },

    #[error(transparent)]
    Tool(#[from] JsonError),
}

fn parse(document: Value, folder: &Path) -> Result<Tools, Problem> {
    let mut list = match document {
        Value::Object(mut document) => match document.remove("tools") {
            Some(Value::Array(list)) => list,
            _ => return Err(Problem::NoTools),
        },
        Value::Array(list) => list,
        _ => return Err(Problem::NoTools),
    };
    let mut runs = Vec::new();
    for (index, tool) in list.iter_mut().enumerate() {
        runs.push(match tool {
            Value::Object(tool) if !is_hosted(tool) => command(tool, index, folder)?,
            _ => None,
        });
    }
    // The kernel's own reader, so that what a tool is is said in one place.
    let request = json!({ "messages": [], "tools": list });
    let specs = chat_request::from_value(request)?.tools;
    let mut commands = BTreeMap::new();
    let mut names = Vec::new();
    for (index, (spec, run)) in specs.iter().zip(runs).enumerate() {
        let ToolSpec::Function(function) = spec else {
            continue;
        };
        let name = &function.name;
        if names.contains(&name) {
            let name = name.clone();
            return Err(Problem::Twice { index, name });
        }
        names.push(name);
        if let Some(command) = run {
            commands.insert(name.clone(), command);
        }
    }
    Ok(Tools { specs, commands })
}

fn is_hosted(tool: &Map<String, Value>) -> bool {
    let kind = tool.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind != "function")
}

/// Takes out of a tool what is not the model's business.
fn command(
    tool: &mut Map<String, Value>,
    index: usize,
    folder: &Path,
) -> Result<Option<ToolCommand>, Problem> {
    let timeout = match tool.remove("timeout") {
        None | Some(Value::Null) => DEFAULT_TIMEOUT,
        Some(seconds) => seconds
            .as_f64()
            .filter(|seconds| *seconds > 0.0)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or(Problem::Timeout(index))?,
    };
    let words = match tool.remove("command") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(words)) => words,
        Some(_) => return Err(Problem::Command(index)),
    };
    let words: Option<Vec<String>> = words
        .into_iter()
        .map(|word| match word {
            Value::String(word) => Some(word),
            _ => None,
        })
        .collect();
    let mut words = words.unwrap_or_default().into_iter();
    match words.next().filter(|program| !program.is_empty()) {
        Some(program) => Ok(Some(ToolCommand {
            program: located(&program, folder),
            arguments: words.collect(),
            timeout,
        })),
        None => Err(Problem::Command(index)),
    }
}

/// Where a program is: a bare name is for the system to find, a path is seen from the file that has it.
fn located(program: &str, folder: &Path) -> PathBuf {
    match Path::new(program).components().count() {
        0 | 1 if !program.starts_with('.') => program.into(),
        // A path without a folder would be looked for in `PATH`.
        _ if folder == Path::new("") => Path::new(".").join(program),
        _ => folder.join(program),
    }
}

/// A search or a build takes seconds, and a person waits for the answer: what takes longer says so in the file.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
