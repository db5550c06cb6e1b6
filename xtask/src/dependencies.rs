//! What the dependencies are allowed to be: `cargo deny` and `cargo audit`, where they are installed.

use std::process::{Command, Stdio};

use crate::error::Error;
use crate::process::say;
use crate::workspace::Workspace;

/// A check of the dependencies: what it says, the tool, its arguments.
type Check = (&'static str, &'static str, &'static [&'static str]);

/// The checks. The first one needs no network; the others fetch the database of advisories.
pub(crate) const CHECKS: [Check; 3] = [
    (
        "the licences, sources and bans of dependencies",
        "deny",
        &["--offline", "check", "licenses", "sources", "bans"],
    ),
    (
        "the advisories about dependencies, by cargo deny",
        "deny",
        &["check", "advisories"],
    ),
    (
        "the advisories about dependencies, by cargo audit",
        "audit",
        &[],
    ),
];

/// What the tools say when the database is out of reach, and not when they have found something in it.
const OUT_OF_REACH: [&str; 5] = [
    "couldn't fetch advisory database",
    "error sending request",
    "failed to fetch advisory database",
    "failed to prepare fetch",
    "An IO error occurred when talking to the server",
];

/// Runs one of them.
///
/// # Errors
///
/// [`Error::Unavailable`] when the tool is not installed, or the database of advisories is out of reach.
pub(crate) fn check(workspace: &Workspace, (what, tool, arguments): Check) -> Result<(), Error> {
    if !is_installed(tool) {
        return Err(Error::Unavailable(format!(
            "cargo-{tool} is not installed: `cargo install --locked cargo-{tool}`"
        )));
    }
    say(&format!("checking {what}"));
    let checked = workspace.cargo().arg(tool).args(arguments).output();
    checked.map(drop).map_err(|error| match error {
        Error::Failed { output, .. } if is_out_of_reach(&output) => {
            Error::Unavailable("the database of advisories is out of reach".into())
        }
        error => error,
    })
}

fn is_installed(tool: &str) -> bool {
    let asked = Command::new(format!("cargo-{tool}"))
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

fn is_out_of_reach(output: &str) -> bool {
    OUT_OF_REACH.iter().any(|words| output.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vulnerability_is_never_taken_for_a_missing_network() {
        for (output, expected) in [
            (
                "error: couldn't fetch advisory database: git operation failed",
                true,
            ),
            (
                "error[vulnerability]: remote code execution in `server`",
                false,
            ),
            (
                "Crate: h2\nVulnerability! error: 1 vulnerability found!",
                false,
            ),
        ] {
            assert_eq!(is_out_of_reach(output), expected, "{output}");
        }
    }
}
