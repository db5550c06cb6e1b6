//! The arguments.

use std::path::PathBuf;

use clap::Parser;

/// Measures the component and the host, beside a bare HTTP client.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Examples:
  cargo xtask bench
  cargo xtask bench --svg latency.svg
  cargo xtask bench --quick --json | jq '.rows[] | select(.ok == false)'

Everything is measured against the mock, in a process of its own, and beside a bare HTTP client that sends and reads the
same bytes. A figure that is over its limit is no failure: the machine may be busy."
)]
pub(super) struct Arguments {
    /// The provider component; `cargo xtask bench` names the one that it built.
    #[arg(long, value_name = "FILE")]
    pub(super) component: PathBuf,

    /// Measure less: enough to see that everything works.
    #[arg(long)]
    pub(super) quick: bool,

    /// Write a plot of latency and throughput by the number of requests at once.
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,

    /// Write JSON.
    #[arg(long)]
    pub(super) json: bool,
}
