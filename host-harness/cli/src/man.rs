//! `host-harness man`.

use clap::CommandFactory;

use super::args::{Arguments, ManArguments};
use super::failure::Failure;

/// Writes a manual page for each of our commands.
pub(super) fn man(arguments: &ManArguments) -> Result<(), Failure> {
    let folder = &arguments.folder;
    clap_mangen::generate_to(Arguments::command(), folder)
        .map_err(|error| Failure::Usage(format!("cannot write to {}: {error}", folder.display())))
}
