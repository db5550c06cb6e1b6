//! The arguments of `chat`.

use std::path::PathBuf;

use clap::Args;

use super::{ProviderArguments, RequestArguments};

/// How often the model is asked for one message of the person. Most tasks need fewer than ten rounds of tools; what needs
/// more than this goes in circles, and each round costs the whole conversation once more.
const MAX_TURNS: u32 = 25;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  host-harness chat --system \"Answer in one sentence\"
  host-harness chat --tools tools.toml --reasoning-effort low
  printf 'What is the weather in Zurich?\\nAnd tomorrow?\\n' | host-harness chat --tools tools.toml --yes
  host-harness chat --resume conversation.json --json
  host-harness chat --watch     # and `cargo xtask build` meanwhile

Each line is a message. A line that begins with a slash is a command: /help lists them. Ctrl-C during an answer cancels it,
and ends the chat at the prompt. A tool's command runs after you said yes; through a pipe, only with --yes.

Exit codes: 0; 1 when a turn failed and nobody sat at the terminal; 2 when the command line, a file or the configuration is
wrong.")]
pub(crate) struct ChatArguments {
    /// Run the commands of tools without asking.
    #[arg(long)]
    pub(crate) yes: bool,

    /// Go on with a conversation that /save wrote, or with any chat request in the kernel's JSON form.
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,

    /// How often the model may be asked for one message of yours, which is once more than the rounds of tool calls.
    #[arg(long, value_name = "N", default_value_t = MAX_TURNS, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_turns: u32,

    /// Keep nothing of what you type for the arrow keys of later chats. Lines that begin with a space are never kept.
    #[arg(long)]
    pub(crate) no_history: bool,

    /// Write each chat response as a line of JSON, in the kernel's form, and nothing else; everything else as JSON to
    /// standard error, the totals last.
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the provider's events to a file, a JSON line each.
    #[arg(long, value_name = "FILE")]
    pub(crate) event_log: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) parts: RequestArguments,

    /// Let each new build of the component answer as soon as its file is there.
    #[arg(long)]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) provider: ProviderArguments,
}
