//! Why a configuration file could not be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a configuration file could not be used.
///
/// Each message begins with the file's path. None shows a setting's value, since it may be a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFileError {
    /// The file's extension does not say which format it is.
    #[error("{}: a configuration file's name ends in .toml, .yaml, .yml or .json", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },

    /// The file could not be read.
    #[error("{}: cannot read the file: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The file is too large for a configuration.
    #[error("{}: the file has more than {limit} bytes; is it a configuration file?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that a file may have.
        limit: usize,
    },

    /// The file is not text.
    #[error("{}: the file is not UTF-8 text from byte {offset} on; save it as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first byte that is not text, counted from 0.
        offset: usize,
    },

    /// The file does not follow the rules of its format.
    #[error("{}: {reason}", Located(path, *position))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where in the file, if that is known.
        position: Option<Position>,
        /// What is wrong there.
        reason: String,
    },

    /// The file is valid, but does not have the shape of a configuration.
    #[error("{}: {problem}; expected {expected}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is missing or different.
        problem: String,
        /// The right shape, in the words of the same format.
        expected: &'static str,
    },

    /// No provider in the file is ours.
    #[error("{}: {}", path.display(), NoProvider(others))]
    NoProvider {
        /// The file.
        path: PathBuf,
        /// The modules that it names instead.
        others: Vec<String>,
    },

    /// Several providers in the file are ours, and nothing says which one is meant.
    #[error(
        "{}: {} providers are Azure OpenAI's: {}; choose one by its `id`, with `--provider ID` on the command line",
        path.display(), candidates.len(), candidates.join(", ")
    )]
    SeveralProviders {
        /// The file.
        path: PathBuf,
        /// Their ids in quotes, or where they are if they have none.
        candidates: Vec<String>,
    },

    /// None of the providers that are ours has the id that was asked for.
    #[error("{}: no provider of Azure OpenAI has the id {id:?}; there is {}", path.display(), candidates.join(", "))]
    UnknownId {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
        /// The ids that there are, in quotes, or where providers without one are.
        candidates: Vec<String>,
    },

    /// Some values cannot be used.
    #[error("{}: {}", path.display(), Problems(problems))]
    Values {
        /// The file.
        path: PathBuf,
        /// All of them, in the order of their keys.
        problems: Vec<Problem>,
    },
}

/// A position in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u64,
    /// The column in characters, counted from 1.
    pub column: u64,
}

/// A value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {kind}")]
pub struct Problem {
    /// Where it is, such as `providers[0].config.api_key`.
    pub key: String,
    /// Why it cannot be used.
    pub kind: ProblemKind,
}

/// Why a value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A variable has no value and no default.
    #[error(
        "the environment variable {variable} is not set; set it, or give a default as in ${{{variable}:-default}}"
    )]
    UnsetVariable {
        /// The variable's name.
        variable: String,
    },

    /// `${` without `}`.
    #[error("`${{` without a closing `}}`; write `$${{` if it is part of the value")]
    UnclosedReference,

    /// What is between the braces is not a variable's name. It is not shown: it may be a part of a password.
    #[error(
        "what is between `${{` and `}}` is neither NAME nor NAME:-default; write `$${{` if it is part of the value"
    )]
    InvalidReference,

    /// A default with a reference in it.
    #[error("the default of {variable} holds another `${{`; a default is plain text")]
    NestedReference {
        /// The variable's name.
        variable: String,
    },

    /// The variables make the configuration larger than a file may be.
    #[error("with the values of its variables the configuration has more than {limit} bytes")]
    TooLong {
        /// The most bytes that the values may have.
        limit: usize,
    },

    /// A number that would not keep its digits, or that JSON does not have.
    #[error("this number cannot be kept exactly; put it in quotes if it is a text")]
    InexactNumber,
}

/// A path and a position in the form that terminals and editors make a link of.
struct Located<'a>(&'a Path, Option<Position>);

impl fmt::Display for Located<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.display())?;
        match self.1 {
            Some(Position { line, column }) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

struct NoProvider<'a>(&'a [String]);

impl fmt::Display for NoProvider<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NEEDED: &str = "one with the module `provider-azure-openai` is needed";
        match self.0 {
            [] => write!(f, "`providers` is an empty list; {NEEDED}"),
            [other] => write!(f, "the only provider is {other:?}; {NEEDED}"),
            others => write!(f, "the providers are {}; {NEEDED}", quoted(others)),
        }
    }
}

fn quoted(names: &[String]) -> String {
    // Debug form: a control character must not reach the terminal.
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    names.join(", ")
}

/// One problem on the same line, several on lines of their own.
struct Problems<'a>(&'a [Problem]);

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [problem] => write!(f, "{problem}"),
            problems => {
                write!(f, "{} values cannot be used:", problems.len())?;
                problems
                    .iter()
                    .try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}
