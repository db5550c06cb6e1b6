//! The command line over the library.
//!
//! Answers go to standard output, everything else to standard error. Exit codes: 0; 1 when the provider or the service
//! fails; 2 when the command line, a file or the configuration is wrong.

mod args;
mod event_log;
mod failure;
mod inspect;
mod mock;
mod run;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Arguments, Command};

/// Runs the command that the process's arguments name.
pub fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("host-harness: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let json = command.json();
    let result = runtime.block_on(async {
        match command {
            Command::Inspect(arguments) => inspect::inspect(&arguments),
            Command::Mock(arguments) => mock::mock(arguments).await,
            Command::Run(arguments) => run::run(arguments).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}
