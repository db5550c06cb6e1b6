//! The arguments of `bench`.

use std::path::PathBuf;

use clap::Args;

use super::ComponentArgument;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness bench
  host-harness bench --svg latency.svg
  host-harness bench --quick --json | jq '.rows[] | select(.ok == false)'

Everything is measured against the mock, in a process of its own, and beside a bare HTTP client that sends and reads the
same bytes. A figure that is over its limit is no failure: the machine may be busy.")]
pub(in crate::cli) struct BenchArguments {
    /// Measure less: enough to see that everything works.
    #[arg(long)]
    pub(in crate::cli) quick: bool,

    /// Write a plot of latency and throughput by the number of requests at once.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) svg: Option<PathBuf>,

    /// Write JSON.
    #[arg(long)]
    pub(in crate::cli) json: bool,

    #[command(flatten)]
    pub(in crate::cli) component: ComponentArgument,
}
