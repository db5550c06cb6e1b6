//! The server that is measured against: the mock, in a process of its own, so that what it computes is not counted.

use std::io::{self, Write};
use std::process::Stdio;

use azure_openai_mock::MockAzure;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{BenchError, Server};

/// A mock that runs until this is dropped.
pub(super) struct Mock {
    pub(super) server: Server,
    /// Dropping it kills it.
    _process: Child,
}

impl Mock {
    /// Starts this very program as a mock.
    pub(super) async fn start() -> Result<Self, BenchError> {
        let failed = |error: io::Error| BenchError::Mock(error.to_string());
        let program = std::env::current_exe().map_err(failed)?;
        let mut process = Command::new(program)
            .env(IS_MOCK, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let mut lines = String::new();
        if let Some(output) = process.stdout.take() {
            let mut output = BufReader::new(output);
            for _ in 0..2 {
                output.read_line(&mut lines).await.map_err(failed)?;
            }
        }
        match lines.lines().collect::<Vec<_>>()[..] {
            [endpoint, api_key] => Ok(Self {
                server: Server {
                    endpoint: endpoint.to_owned(),
                    api_key: api_key.to_owned(),
                },
                _process: process,
            }),
            // It has said why on standard error.
            _ => Err(failed(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

/// Whether this process is that mock.
pub(super) fn is_this() -> bool {
    std::env::var_os(IS_MOCK).is_some()
}

/// Is the mock: writes its address and its key, a line each, and serves until whoever started it has gone.
pub(super) async fn serve() -> Result<(), BenchError> {
    let mock = MockAzure::builder().start().await;
    let mock = mock.map_err(|error| BenchError::Mock(error.to_string()))?;
    let mut output = io::stdout();
    write!(output, "{}\n{}\n", mock.endpoint(), mock.api_key())?;
    output.flush()?;
    // It sends nothing, and closes its end when it ends, however it does.
    let ending = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    let _ = ending.await;
    Ok(())
}

/// The variable that makes this program the mock.
const IS_MOCK: &str = "PROVIDER_HOST_BENCH_MOCK";
