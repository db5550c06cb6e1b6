//! Packages for Node, from the registry that npm is configured for.

use std::fs;
use std::path::Path;

use super::{Case, Client, Subject};
use crate::error::Error;
use crate::installed;
use crate::process::Run;
use crate::workspace::Workspace;

/// The official package.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Node of a version that the packages run on, no npm, or no registry.
pub(super) fn openai(workspace: &Workspace) -> Result<Client, Error> {
    install(
        workspace,
        "openai-node",
        &["openai@6.30.1"],
        &[Case {
            what: "the official openai package for Node against `serve`",
            file: "tests/conformance/serve_sdk.mjs",
            subject: Subject::Serve,
        }],
    )
}

/// The AI SDK: the last line of versions that runs on Node 20.
///
/// # Errors
///
/// As for [`openai`].
pub(super) fn ai_sdk(workspace: &Workspace) -> Result<Client, Error> {
    install(
        workspace,
        "ai-sdk",
        &[
            "ai@6.0.326",
            "@ai-sdk/openai@3.0.141",
            "@ai-sdk/azure@3.0.128",
            "zod@4.6.7",
        ],
        &[Case {
            what: "the AI SDK against `serve`",
            file: "tests/conformance/ai_sdk.mjs",
            subject: Subject::Serve,
        }],
    )
}

/// The Codex CLI, a program of some hundred megabytes.
///
/// # Errors
///
/// As for [`openai`].
pub(super) fn codex(workspace: &Workspace) -> Result<Client, Error> {
    install(
        workspace,
        "codex",
        &["@openai/codex@0.171.0"],
        &[Case {
            what: "the Codex CLI against `serve`",
            file: "tests/conformance/codex.mjs",
            subject: Subject::Serve,
        }],
    )
}

/// Installs packages of exact versions, if they are not there yet: another version may read the same answer in another way.
pub(super) fn install(
    workspace: &Workspace,
    name: &str,
    packages: &[&str],
    cases: &'static [Case],
) -> Result<Client, Error> {
    check_version()?;
    let first = packages.first().copied().unwrap_or_default();
    let version = first.rsplit('@').next().unwrap_or_default();
    let folder = workspace
        .target()
        .join("conformance")
        .join(format!("{name}-{version}"));
    let what = format!("{} for Node", packages.join(", "));
    let holds = packages.join(" ");
    installed::prepare(&folder, &what, &holds, |folder| {
        install_into(folder, packages)
    })?;
    Ok(Client {
        // A module is looked for beside the program that imports it, which is elsewhere: the program is told where.
        run: Box::new(move || Run::new(NODE).env("NODE_PACKAGES", &folder)),
        cases,
    })
}

fn check_version() -> Result<(), Error> {
    let unavailable = |why: String| Error::Unavailable(why);
    let version = Run::new(NODE)
        .arg("--version")
        .output()
        .map_err(|error| unavailable(format!("there is no Node here: {error}")))?;
    let version = version.trim();
    let major = version.trim_start_matches('v').split('.').next();
    match major.and_then(|major| major.parse::<u32>().ok()) {
        Some(major) if major >= LEAST_VERSION => Ok(()),
        _ => Err(unavailable(format!(
            "Node {LEAST_VERSION} or later is needed, and this is {version}"
        ))),
    }
}

/// Without a lock file: it would name a registry, and the versions are exact.
fn install_into(folder: &Path, packages: &[&str]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::file("create", folder, source))?;
    Run::new(NPM)
        .args([
            "install",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--no-save",
        ])
        .args(["--ignore-scripts", "--silent", "--prefix"])
        .arg(folder)
        .args(packages)
        .output()
        .map(drop)
}

/// The oldest that the packages run on.
const LEAST_VERSION: u32 = 20;

/// The program, as it is called everywhere.
const NODE: &str = "node";

/// What installs packages. Windows looks for `.exe` alone, which it is not there.
const NPM: &str = match cfg!(windows) {
    true => "npm.cmd",
    false => "npm",
};
