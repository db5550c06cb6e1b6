//! The command line of the host: `host-harness --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    host_harness::cli::main()
}
