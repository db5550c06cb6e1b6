//! `host-harness completions`.

use std::io::{self, Write};

use clap::CommandFactory;

use super::args::{Arguments, CompletionsArguments};
use super::failure::Failure;

/// Writes what a shell needs to complete our commands.
pub(super) fn completions(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "host-harness", &mut script);
    Ok(io::stdout().write_all(&script)?)
}
