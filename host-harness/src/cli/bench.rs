//! `host-harness bench`.

use std::fs;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::args::BenchArguments;
use super::failure::{Failure, notice};
use crate::bench::{self, Effort, Server};

/// Measures the component and this host beside a bare client.
pub(super) async fn bench(arguments: BenchArguments) -> Result<(), Failure> {
    let path = arguments.component.path();
    let effort = match arguments.quick {
        true => Effort::quick(),
        false => Effort::full(),
    };
    // Kept until all is measured: dropping it ends the mock.
    let (server, _process) = mock().await?;
    let is_told = !arguments.json;
    let tell = move |what: &str| {
        if is_told {
            notice(false, &format!("measuring {what}"));
        }
    };
    // As a task, like the work of a service: the thread that waits here would have to be woken for each event of a stream,
    // which costs more than what is measured.
    let running = tokio::spawn(async move { bench::run(&path, &server, &effort, tell).await });
    let report = match running.await {
        Ok(report) => report?,
        Err(panic) => resume_unwind(panic.into_panic()),
    };
    if let Some(path) = &arguments.svg {
        fs::write(path, report.to_svg()).map_err(Failure::file("write", path))?;
    }
    let text = match arguments.json {
        true => format!("{}\n", report.to_json()),
        false => report.to_table(),
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// A mock in a process of its own: this very program.
async fn mock() -> Result<(Server, Child), Failure> {
    let program =
        std::env::current_exe().map_err(Failure::file("find", "this program".as_ref()))?;
    let failed = |source| Failure::file("run", &program)(source);
    let mut process = Command::new(&program)
        .args(["mock", "--json", "--pause", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut line = String::new();
    if let Some(output) = process.stdout.take() {
        BufReader::new(output)
            .read_line(&mut line)
            .await
            .map_err(failed)?;
    }
    let told: Value = serde_json::from_str(&line).unwrap_or_default();
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    match (text("endpoint"), text("api_key")) {
        (Some(endpoint), Some(api_key)) => Ok((Server { endpoint, api_key }, process)),
        // It has said why on standard error.
        _ => Err(failed(io::ErrorKind::UnexpectedEof.into())),
    }
}
