//! `cargo xtask`: set-up, build, test and checks of this workspace.
//!
//! One command does everything that it needs: it installs the WebAssembly target if it is missing, builds the component
//! and the host, and goes on from there. What it does it says, one line per step, on standard error.

mod component;
mod conformance;
mod debian;
mod dependencies;
mod error;
mod gateway;
mod installed;
mod package;
mod process;
mod python;
mod target;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::component::{ACME_PROVIDER, HOSTILE_PROVIDER, PROVIDER};
use crate::error::Error;
use crate::process::{Run, say};
use crate::target::Target;
use crate::workspace::{BENCH, HOST, Workspace};

const HELP: &str = "\
Set-up, build, test and checks of the Azure OpenAI provider.

Usage: cargo xtask COMMAND [ARGUMENTS]

  run [ARGUMENTS]     builds everything and runs `host-harness run ARGUMENTS`
  test [ARGUMENTS]    builds everything and runs every test; ARGUMENTS go to `cargo test`
  build               builds the component, the stand-alone gateway and the host; prints their paths and sizes
  setup [TARGET]      installs the standard library of the component's target (or of wasm32-wasip2), if it is missing
  bench [ARGUMENTS]   builds everything and measures it beside a bare HTTP client; `cargo xtask bench --help` says how
  conformance [--if-possible]
                      runs clients that others wrote (the official `openai` packages, Codex …) against the mock, `serve`
                      and the stand-alone gateway, and the provider in hosts that others wrote (Node, Python,
                      wasmtime's own server …); with --if-possible one is left out, and says so, where there is no
                      Python or Node, or no registry
  python [--test] [--figures] [--if-possible]
                      builds the Amplifier module for Python into target/python; with --test runs its tests with
                      Amplifier's kernel, with --figures says what it costs beside `openai` for Python; with
                      --if-possible it is left out, and says so, where there is no Python, or no registry
  package [--source URL] [--test] [--verify] [--if-possible]
                      writes what is handed out into target/package: components, the contract, the program for Linux,
                      wheels, OCI layouts, bills of materials, licences and checksums. --source is where the sources are,
                      for the metadata; with --test other people's tools use the packages; with --verify the component
                      is built again elsewhere and compared; with --if-possible what needs tools that are not to be had
                      is left out, and says so
  dependencies [--if-possible]
                      checks the licences, sources and advisories of dependencies with cargo-deny and cargo-audit; with
                      --if-possible what is not installed, or out of reach, is left out, and says so
  check               what CI checks beside the tests: format, lints for host and component, the build for
                      wasm32-wasip2, what is published, and the documentation

Examples:
  cargo xtask run \"Say hello from the sandbox\"
  cargo xtask run --json --model gpt-5-mini \"Three words for snow\"
  cargo xtask test tool_calls
";

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).map(OsString::into_string);
    let arguments: Result<Vec<String>, OsString> = arguments.collect();
    let done = match arguments.as_deref() {
        Ok([command, rest @ ..]) => dispatch(Some(command), rest),
        Ok([]) => dispatch(None, &[]),
        Err(argument) => Err(Error::Usage(format!(
            "the argument {} is no Unicode text",
            argument.display()
        ))),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Option<&str>, rest: &[String]) -> Result<ExitCode, Error> {
    let workspace = Workspace::locate();
    match command {
        Some("run") => run(&workspace, rest),
        Some("test") => test(&workspace, rest),
        Some("build") => build(&workspace),
        Some("bench") => bench(&workspace, rest),
        Some("setup") => setup(&workspace, rest),
        Some("conformance") => conform(&workspace, rest),
        Some("python") => python(&workspace, rest),
        Some("dependencies") => check_dependencies(&workspace, rest),
        Some("package") => package(&workspace, rest),
        Some("check") => check(&workspace),
        None | Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(Error::Usage(format!(
            "there is no command `{other}`; `cargo xtask help` lists them"
        ))),
    }
}

/// Builds everything and hands over to `host-harness run`, whose exit code becomes ours.
fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    component::build(workspace, PROVIDER)?;
    build_host(workspace)?;
    Run::new(workspace.host_binary())
        .arg("run")
        .args(arguments)
        .exit_code()
}

/// Builds everything and runs every test of the workspace.
///
/// In the release profile, whose builds of the dependencies `run` has made: wasmtime's compiler is some thirty times
/// slower without optimisation.
fn test(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    for package in [PROVIDER, ACME_PROVIDER, HOSTILE_PROVIDER] {
        component::build(workspace, package)?;
    }
    gateway::build(workspace)?;
    gateway::build_around(workspace, HOSTILE_PROVIDER, "hostile-gateway")?;
    build_programs(workspace, &[HOST, BENCH])?;
    say("running the tests");
    workspace
        .cargo()
        .args(["test", "--workspace", "--exclude", python::NATIVE])
        .args(["--release", "--quiet"])
        .args(arguments)
        // Hundreds of compiled components are not for the user's own cache, whose oldest ones they would push out.
        .env("XDG_CACHE_HOME", workspace.target().join("test-cache"))
        .exit_code()
}

fn build(workspace: &Workspace) -> Result<ExitCode, Error> {
    component::build(workspace, PROVIDER)?;
    gateway::build(workspace)?;
    build_host(workspace)?;
    for path in [
        workspace.component(PROVIDER),
        gateway::path(workspace),
        workspace.host_binary(),
    ] {
        let bytes = path
            .metadata()
            .map_err(|source| Error::file("read the size of", &path, source))?
            .len();
        println!("{:>12} bytes  {}", bytes, path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds everything and measures it; the exit code becomes ours.
fn bench(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    component::build(workspace, PROVIDER)?;
    build_programs(workspace, &[BENCH])?;
    Run::new(workspace.program(BENCH))
        .arg("--component")
        .arg(workspace.component(PROVIDER))
        .args(arguments)
        .exit_code()
}

fn setup(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    let target = match arguments {
        [] => Target::Unknown,
        [name] => Target::parse(name)?,
        _ => return Err(Error::Usage("`setup` takes one target at most".into())),
    };
    let library = target::ensure(workspace, target)?;
    println!("{}", library.display());
    Ok(ExitCode::SUCCESS)
}

/// Lets software that we did not write use the mock and the service.
fn conform(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    let if_possible = match arguments {
        [] => false,
        [flag] if flag == "--if-possible" => true,
        _ => {
            return Err(Error::Usage(
                "`conformance` takes no arguments but `--if-possible`".into(),
            ));
        }
    };
    let mut clients = Vec::new();
    for (name, install) in conformance::CLIENTS {
        match install(workspace) {
            Err(Error::Unavailable(why)) if if_possible => {
                say(&format!("LEFT OUT: {name}, because {why}"));
            }
            client => clients.push(client?),
        }
    }
    let gateway = match conformance::Gateway::install(workspace) {
        Err(Error::Unavailable(why)) if if_possible => {
            say(&format!("LEFT OUT: the stand-alone gateway, because {why}"));
            None
        }
        gateway => Some(gateway?),
    };
    if !clients.is_empty() {
        component::build(workspace, PROVIDER)?;
        if gateway.is_some() {
            gateway::build(workspace)?;
        }
        build_host(workspace)?;
    }
    for client in clients {
        client.run(workspace, &workspace.component(PROVIDER), gateway.as_ref())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the Amplifier module, and lets Amplifier's kernel use it.
fn python(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    let known = ["--test", "--figures", "--if-possible"];
    if let Some(unknown) = arguments
        .iter()
        .find(|word| !known.contains(&word.as_str()))
    {
        return Err(Error::Usage(format!(
            "`python` takes no arguments but `--test`, `--figures` and `--if-possible`, and not `{unknown}`"
        )));
    }
    let has = |flag| arguments.iter().any(|word| word == flag);
    let tools = match python::tools(workspace) {
        Err(Error::Unavailable(why)) if has("--if-possible") => {
            say(&format!(
                "LEFT OUT: the Amplifier module for Python, because {why}"
            ));
            return Ok(ExitCode::SUCCESS);
        }
        tools => tools?,
    };
    component::build(workspace, PROVIDER)?;
    let wheel = python::build(workspace, &tools, &workspace.component(PROVIDER))?;
    if has("--test") || has("--figures") {
        build_host(workspace)?;
        python::install(workspace, &tools, &wheel)?;
    }
    if has("--test") {
        python::test(workspace, &tools)?;
    }
    if has("--figures") {
        python::measure(workspace, &tools)?;
    }
    println!("{}", wheel.display());
    Ok(ExitCode::SUCCESS)
}

/// Lets other people's tools judge what we depend on.
fn check_dependencies(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    let if_possible = match arguments {
        [] => false,
        [flag] if flag == "--if-possible" => true,
        _ => {
            return Err(Error::Usage(
                "`dependencies` takes no arguments but `--if-possible`".into(),
            ));
        }
    };
    for check in dependencies::CHECKS {
        match dependencies::check(workspace, check) {
            Err(Error::Unavailable(why)) if if_possible => {
                say(&format!("LEFT OUT: {}, because {why}", check.0));
            }
            checked => checked?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes what is handed out.
fn package(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Error> {
    package::package(workspace, &package::Options::parse(arguments)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The checks of CI that are not tests.
fn check(workspace: &Workspace) -> Result<ExitCode, Error> {
    for target in [Target::Unknown, Target::Wasip2] {
        target::ensure(workspace, target)?;
    }
    let deny_warnings = ["--", "--deny", "warnings"];
    let steps: [(&str, Run); 7] = [
        (
            "checking the format",
            workspace.cargo().args(["fmt", "--all", "--check"]),
        ),
        (
            "checking the lints, host",
            workspace
                .cargo()
                .args(["clippy", "--workspace", "--exclude", python::NATIVE])
                .args(["--all-targets", "--release", "--quiet"])
                .args(deny_warnings),
        ),
        // The tests turn on every feature, and programs none.
        (
            "checking the lints, host without features",
            workspace
                .cargo()
                .args(["clippy", "--workspace", "--exclude", python::NATIVE])
                .args(["--lib", "--bins", "--release", "--quiet"])
                .args(deny_warnings),
        ),
        (
            "checking the lints, components",
            workspace
                .cargo()
                .args(["clippy", "--lib", "--quiet"])
                .args(["--package", PROVIDER])
                .args(["--package", ACME_PROVIDER, "--package", HOSTILE_PROVIDER])
                .args(gateway::PARTS.iter().flat_map(|part| ["--package", part]))
                .args(["--profile", component::PROFILE])
                .args(["--target", Target::Unknown.triple()])
                .args(deny_warnings),
        ),
        (
            "building the component for wasm32-wasip2",
            workspace
                .cargo()
                .args(["build", "--package", PROVIDER, "--lib", "--quiet"])
                .args(["--profile", component::PROFILE])
                .args(["--target", Target::Wasip2.triple()]),
        ),
        // Without a build, which the steps before have done.
        (
            "checking what is published",
            PUBLISHED
                .iter()
                .fold(workspace.cargo().arg("package"), |packaging, package| {
                    packaging.args(["--package", package])
                })
                .args(["--no-verify", "--allow-dirty", "--quiet"]),
        ),
        (
            "checking the documentation",
            workspace
                .cargo()
                .args(["doc", "--workspace", "--exclude", python::NATIVE])
                .args(["--no-deps", "--release", "--quiet"])
                .args(["--document-private-items"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        ),
    ];
    for (what, step) in steps {
        say(what);
        step.run()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The packages that others may use. Each is published with all that it needs.
const PUBLISHED: [&str; 5] = [
    "azure-openai-mock",
    "host-harness",
    "provider-host",
    "provider-host-azure",
    "provider-host-serve",
];

fn build_host(workspace: &Workspace) -> Result<(), Error> {
    build_programs(workspace, &[HOST])
}

fn build_programs(workspace: &Workspace, programs: &[&str]) -> Result<(), Error> {
    say("building the host (minutes the first time, seconds after that)");
    // The whole workspace decides on the features of the dependencies, as it does for the tests: one build serves both.
    let building = workspace
        .cargo()
        .args(["build", "--release", "--quiet"])
        .args(["--workspace", "--exclude", python::NATIVE]);
    programs
        .iter()
        .fold(building, |building, program| {
            building.args(["--bin", program])
        })
        .run()
}
