//! The arguments of `serve`.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use provider_host::secret::Secret;

use super::ProviderArguments;

#[derive(Args)]
#[command(after_help = "\
Examples:
  host-harness serve
  OPENAI_BASE_URL=http://127.0.0.1:8090/v1 OPENAI_API_KEY=any python agent.py
  HOST_HARNESS_KEY=$(openssl rand -hex 32) host-harness serve --listen 0.0.0.0:8090 --config provider.toml
  curl --no-buffer http://127.0.0.1:8090/v1/stream -H 'content-type: application/json' \\
    -d '{\"messages\": [{\"role\": \"user\", \"content\": \"Say hello\"}]}'

POST /v1/responses and GET /v1/models are for SDKs of OpenAI; POST /v1/complete and /v1/stream take chat requests in the
kernel's JSON form; GET /health, /ready and /metrics are for whoever runs it. The key goes after `Authorization: Bearer`.
Ctrl-C or SIGTERM lets running answers come to their end, for half a minute at most; a second one does not.

Without an endpoint (AZURE_OPENAI_ENDPOINT, or azure_endpoint in the file) the embedded mock answers.")]
pub(crate) struct ServeArguments {
    /// Where to listen; a port of the system's choice when it is 0.
    #[arg(long, value_name = "IP:PORT", default_value_t = ADDRESS)]
    pub(crate) listen: SocketAddr,

    /// The key that clients must send. Others on this machine can read the command line: the variable HOST_HARNESS_KEY is
    /// better. Needed unless it listens on loopback.
    #[arg(long, value_name = "KEY", value_parser = secret)]
    pub(crate) key: Option<Secret>,

    /// Write the address as a line of JSON; errors and notices as JSON to standard error.
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the provider's events to a file, a JSON line each.
    #[arg(long, value_name = "FILE")]
    pub(crate) event_log: Option<PathBuf>,

    /// Let each new build of the component answer as soon as its file is there.
    #[arg(long)]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) provider: ProviderArguments,
}

impl fmt::Debug for ServeArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeArguments")
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// The variable with the key, which a command line would show to everyone on the machine.
pub(crate) const KEY_VARIABLE: &str = "HOST_HARNESS_KEY";

/// A port that the services on a developer's machine seldom have.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);
