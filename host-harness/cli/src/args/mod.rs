//! The arguments.

mod chat;
mod request;
mod serve;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(super) use self::chat::ChatArguments;
pub(super) use self::request::RequestArguments;
pub(super) use self::serve::{KEY_VARIABLE, ServeArguments};

/// Runs Amplifier provider components: sandboxed, with what they need and nothing else.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Examples:
  host-harness run \"Say hello from the sandbox\"
  host-harness chat --tools tools.toml
  host-harness doctor --config provider.toml
  host-harness help run

Exit codes: 0; 1 when the provider or the service fails; 2 when the command line, a file or the configuration is wrong."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Talks with the model, which may use tools of yours.
    Chat(ChatArguments),
    /// Writes a script by which a shell completes these commands.
    Completions(CompletionsArguments),
    /// Says what is wrong with a configuration, and how to mend it.
    Doctor(DoctorArguments),
    /// Shows a component's imports, exports, size and contract version.
    Inspect(InspectArguments),
    /// Runs the mock of Azure OpenAI alone, until Ctrl-C.
    Mock(MockArguments),
    /// Lists the models that can be asked for, and their deployments.
    Models(ModelsArguments),
    /// Asks the model, and streams its answer.
    Run(RunArguments),
    /// Offers the provider to other programs over HTTP, to SDKs of OpenAI too.
    Serve(ServeArguments),
}

impl Command {
    /// Whether errors are written as JSON too.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Chat(arguments) => arguments.json,
            Self::Completions(_) => false,
            Self::Doctor(arguments) => arguments.json,
            Self::Inspect(arguments) => arguments.json,
            Self::Mock(arguments) => arguments.json,
            Self::Models(arguments) => arguments.json,
            Self::Run(arguments) => arguments.json,
            Self::Serve(arguments) => arguments.json,
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness run \"Say hello from the sandbox\"
  host-harness run --config provider.toml --model gpt-5-mini \"Three words for snow\"
  host-harness run --request request.json --json --event-log events.jsonl
  git diff | host-harness run --system \"Review this change\"
  host-harness run --image chart.png --schema table.json \"Read the numbers off this chart\"
  host-harness run --file contract.pdf --reasoning-effort high \"What does it oblige us to?\"

Without an endpoint (AZURE_OPENAI_ENDPOINT, or azure_endpoint in the file) the embedded mock answers.")]
pub(super) struct RunArguments {
    /// What to ask; read from standard input when it is missing and no --request is given.
    pub(super) prompt: Option<String>,

    /// A whole chat request in the kernel's JSON form; `-` reads it from standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub(super) request: Option<PathBuf>,

    /// Write the chat response as JSON, in the kernel's form, and nothing else; errors as JSON to standard error.
    #[arg(long)]
    pub(super) json: bool,

    /// Ask the service for one whole answer instead of a stream.
    #[arg(long)]
    pub(super) no_stream: bool,

    /// Write the provider's events to a file, a JSON line each.
    #[arg(long, value_name = "FILE")]
    pub(super) event_log: Option<PathBuf>,

    #[command(flatten)]
    pub(super) parts: RequestArguments,

    #[command(flatten)]
    pub(super) provider: ProviderArguments,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness doctor
  host-harness doctor --config provider.toml --model gpt-5-mini
  host-harness doctor --offline --json

It asks the credentials for a token and the deployment for a few words. Exit codes: 0 when all is well, 1 when no credential
gives a token or the deployment does not answer, 2 when the configuration is wrong.")]
pub(super) struct DoctorArguments {
    /// The model whose deployment is asked; the default model when it is missing.
    #[arg(long)]
    pub(super) model: Option<String>,

    /// Send nothing: neither requests for tokens nor one to the deployment.
    #[arg(long)]
    pub(super) offline: bool,

    /// Write JSON.
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) provider: ProviderArguments,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness models
  host-harness models --config provider.toml --json

Nothing is asked: models are what the configuration makes of them.")]
pub(super) struct ModelsArguments {
    /// Write JSON.
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) provider: ProviderArguments,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness inspect
  host-harness inspect --component provider.wasm --json")]
pub(super) struct InspectArguments {
    /// Write JSON.
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) component: ComponentArgument,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness mock --port 8080 --deployment production-gpt5=gpt-5.1
  host-harness mock --script rate-limit.toml --json
  AZURE_OPENAI_ENDPOINT=http://127.0.0.1:8080 AZURE_OPENAI_API_KEY=mock-key host-harness run \"Say hello\"")]
pub(super) struct MockArguments {
    /// The port on loopback; one of the system's choice when it is 0.
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,

    /// The key that clients must send.
    #[arg(long, value_name = "KEY", default_value = azure_openai_mock::MOCK_API_KEY)]
    pub(super) api_key: String,

    /// A deployment beside the usual ones, and the model behind it.
    #[arg(long, value_name = "NAME[=MODEL]")]
    pub(super) deployment: Vec<String>,

    /// Milliseconds between the pieces of a streamed answer.
    #[arg(long, value_name = "MS", default_value_t = 15)]
    pub(super) pause: u64,

    /// What happens to requests, step by step, in a TOML file; with it, a line per request tells which step it gets.
    #[arg(long, value_name = "FILE")]
    pub(super) script: Option<PathBuf>,

    /// Write the endpoint and the key as JSON, and a script's steps as lines of JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl MockArguments {
    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness completions bash > ~/.local/share/bash-completion/completions/host-harness
  host-harness completions zsh > \"${fpath[1]}/_host-harness\"
  host-harness completions fish > ~/.config/fish/completions/host-harness.fish
  host-harness completions powershell >> $PROFILE")]
pub(super) struct CompletionsArguments {
    /// The shell.
    pub(super) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "The provider")]
pub(super) struct ProviderArguments {
    /// The provider's settings: a TOML or YAML file; ${VAR} in it is expanded.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Which provider of the file, by its `id`, `instance_id` or `name`, where several are Azure OpenAI's.
    #[arg(long = "provider", value_name = "ID", requires = "config")]
    pub(super) instance: Option<String>,

    /// Let the provider see keys and tokens, instead of placeholders for them.
    #[arg(long)]
    pub(super) no_sealed_secrets: bool,

    #[command(flatten)]
    pub(super) component: ComponentArgument,
}

#[derive(Args, Debug)]
pub(super) struct ComponentArgument {
    /// The provider component; the one that was built with this program when it is missing.
    #[arg(long = "component", value_name = "FILE")]
    path: Option<PathBuf>,
}

impl ComponentArgument {
    /// The component's file: the argument, or where `cargo xtask build` and a release put it, seen from this program.
    pub(super) fn path(&self) -> PathBuf {
        const FILE: &str = "azure_openai_provider.wasm";
        if let Some(path) = &self.path {
            return path.clone();
        }
        let program = std::env::current_exe().unwrap_or_default();
        let folder = program.parent().map(PathBuf::from).unwrap_or_default();
        let beside = folder.join(FILE);
        match beside.exists() {
            true => beside,
            false => folder.join("../component").join(FILE),
        }
    }
}
