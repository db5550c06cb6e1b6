//! Measures a provider and its host beside a bare HTTP client, in one run and on the same server, so that the differences
//! hold on a noisy machine: `cargo xtask bench`.

mod args;
mod component;
mod exchanges;
mod load;
mod mock;
mod numbers;
mod plot;
mod report;
mod subject;

use std::fs;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use provider_host::{CallError, LoadError};

use self::args::Arguments;
use self::mock::Mock;
use self::report::Report;
use self::subject::Subject;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    // The bare client wants to have it, though it talks to this machine in the clear. It fails if there is one already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let finished = runtime.block_on(async {
        if mock::is_this() {
            mock::serve().await
        } else {
            bench(Arguments::parse()).await
        }
    });
    match finished {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{NAME}: {message}");
    ExitCode::FAILURE
}

/// Measures, and writes what came of it.
async fn bench(arguments: Arguments) -> Result<(), BenchError> {
    let effort = match arguments.quick {
        true => Effort::quick(),
        false => Effort::full(),
    };
    // Kept until all is measured: dropping it ends the mock.
    let mock = Mock::start().await?;
    let (path, server) = (arguments.component, mock.server.clone());
    let is_told = !arguments.json;
    let tell = move |what: &str| {
        if is_told {
            eprintln!("{NAME}: measuring {what}");
        }
    };
    // As a task, like the work of a service: the thread that waits here would have to be woken for each event of a stream,
    // which costs more than what is measured.
    let running = tokio::spawn(async move { run(&path, &server, &effort, tell).await });
    let report = match running.await {
        Ok(report) => report?,
        Err(panic) => resume_unwind(panic.into_panic()),
    };
    if let Some(path) = &arguments.svg {
        fs::write(path, report.to_svg()).map_err(BenchError::file("write", path))?;
    }
    let text = match arguments.json {
        true => format!("{}\n", report.to_json()),
        false => report.to_table(),
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// A server to measure against: a mock, in a process of its own, so that what it computes is not counted.
#[derive(Clone, Debug)]
struct Server {
    /// Its address.
    endpoint: String,
    /// Its key.
    api_key: String,
}

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Effort {
    /// How often something short is measured.
    short: usize,
    /// How often something longer is measured.
    long: usize,
    /// How many words streams have.
    words: usize,
    /// How many messages the shorter history has; the longer one has ten times as many.
    messages: usize,
    /// How many streams run at once for the row on concurrency.
    streams: usize,
    /// How many instances are kept idle for the row on their memory.
    instances: usize,
    /// How many requests run at once for the plot, one number after the other.
    levels: Vec<usize>,
    /// How many requests there are for each of them.
    requests: usize,
}

impl Effort {
    /// Enough for figures that can be compared: some twenty seconds.
    fn full() -> Self {
        Self {
            short: 400,
            long: 60,
            words: 500,
            messages: 100,
            streams: 1_000,
            instances: 32,
            levels: vec![1, 4, 16, 64, 256],
            requests: 1_000,
        }
    }

    /// Enough to see that everything can be measured: some seconds.
    fn quick() -> Self {
        Self {
            short: 40,
            long: 10,
            words: 500,
            messages: 40,
            streams: 100,
            instances: 8,
            levels: vec![1, 4, 16],
            requests: 64,
        }
    }
}

/// Measures everything, and tells what comes next.
///
/// # Errors
///
/// When the component cannot be loaded, or an exchange with the server fails.
async fn run(
    path: &Path,
    server: &Server,
    effort: &Effort,
    mut tell: impl FnMut(&str),
) -> Result<Report, BenchError> {
    tell("the component");
    let mut rows = component::rows(path, effort).await?;
    let subject = Subject::new(path, server).await?;
    tell("memory");
    rows.push(component::memory(&subject, effort).await?);
    tell("one exchange");
    rows.push(exchanges::overhead(&subject, effort).await?);
    tell("a long stream");
    rows.push(exchanges::stream(&subject, effort).await?);
    tell("a long history");
    rows.push(exchanges::history(&subject, effort).await?);
    tell("many streams");
    rows.extend(load::streams(&subject, effort).await?);
    let mut levels = Vec::new();
    for concurrency in &effort.levels {
        tell(&format!("{concurrency} at once"));
        levels.push(load::level(&subject, *concurrency, effort.requests).await?);
    }
    Ok(Report { rows, levels })
}

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    /// The component does not run here.
    #[error(transparent)]
    Load(#[from] LoadError),

    /// The provider failed.
    #[error("an exchange failed while it was measured: {0}")]
    Call(#[from] CallError),

    /// The bare client failed.
    #[error("the bare client failed while it was measured: {0}")]
    Bare(String),

    /// The mock did not start.
    #[error("the mock did not start: {0}")]
    Mock(String),

    /// A file cannot be used.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was to be done with it.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// Nobody reads what was measured.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl BenchError {
    /// For `map_err` on file operations.
    fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// What this program calls itself.
const NAME: &str = "bench";
