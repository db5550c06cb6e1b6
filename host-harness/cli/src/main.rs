//! The command line of the host: `host-harness --help`.
//!
//! Answers go to standard output, everything else to standard error. Exit codes: 0; 1 when the provider or the service
//! fails; 2 when the command line, a file or the configuration is wrong.

mod answer;
mod args;
mod attachments;
mod chat;
mod completions;
mod doctor;
mod event_log;
mod failure;
mod files;
mod inspect;
mod man;
mod mock;
mod models;
mod private_file;
mod request;
mod run;
mod serve;
mod setup;
mod terminal;
mod tools_file;
mod visible;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use provider_host::Environment;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use self::args::{Arguments, Command};
use self::failure::Failure;
use self::terminal::Terminal;

/// Runs the command that the process's arguments name.
fn main() -> ExitCode {
    let Arguments { command } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error)
            if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") =>
        {
            return Failure::Usage(error.to_string()).report(true);
        }
        // Help and version, or what is wrong with the arguments, in clap's words and with its colours.
        Err(error) => error.exit(),
    };
    log_to_standard_error(command.json());
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::tell(&format!("host-harness: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let json = command.json();
    let result: Result<ExitCode, Failure> = runtime.block_on(async {
        match command {
            Command::Chat(arguments) => return chat::chat(arguments).await,
            Command::Completions(arguments) => completions::completions(&arguments),
            Command::Doctor(arguments) => return doctor::doctor(arguments).await,
            Command::Inspect(arguments) => inspect::inspect(&arguments),
            Command::Man(arguments) => man::man(&arguments),
            Command::Mock(arguments) => mock::mock(arguments).await,
            Command::Models(arguments) => models::models(arguments).await,
            Command::Run(arguments) => run::run(arguments).await,
            Command::Serve(arguments) => serve::serve(arguments).await,
        }?;
        Ok(ExitCode::SUCCESS)
    });
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(json),
    }
}

/// Shows what the host itself has to say: warnings and errors, or what `RUST_LOG` asks for (`debug`, or
/// `warn,provider=trace`, for example).
fn log_to_standard_error(json: bool) {
    let asked_for: Option<Targets> = std::env::var("RUST_LOG")
        .ok()
        .and_then(|targets| targets.parse().ok());
    let targets = asked_for.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let terminal = Terminal::of(&Environment::of_process());
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        // It would say on standard error, and panic there, that standard error cannot be written to.
        .log_internal_errors(false)
        .with_ansi(terminal.styles_notices)
        .with_max_level(LevelFilter::TRACE)
        .without_time();
    match json {
        true => log.json().finish().with(targets).init(),
        false => log.finish().with(targets).init(),
    }
}
