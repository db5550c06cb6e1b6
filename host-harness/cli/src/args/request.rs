//! What a request says beside its prompt: the arguments that `run` and `chat` have in common.

use std::path::PathBuf;

use clap::Args;

/// Each comes before what a file says of the same.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "The request")]
pub(crate) struct RequestArguments {
    /// The model, by its logical name.
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// Instructions to the model.
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,

    /// An image that goes with the prompt: PNG, JPEG, GIF or WebP. As often as there are images.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) image: Vec<String>,

    /// A document that goes with the prompt. As often as there are documents.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) file: Vec<String>,

    /// A JSON Schema that the answer follows, or {"name": …, "schema": …, "strict": …}.
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,

    /// The tools that the model may call: a TOML, YAML or JSON file.
    #[arg(long, value_name = "FILE")]
    pub(crate) tools: Option<PathBuf>,

    /// How much the model reasons: none, minimal, low, medium, high …
    #[arg(long, value_name = "EFFORT")]
    pub(crate) reasoning_effort: Option<String>,

    /// The most tokens that an answer may have, reasoning included.
    #[arg(long, value_name = "N")]
    pub(crate) max_output_tokens: Option<u64>,

    /// The sampling temperature, 0 to 2.
    #[arg(long, value_name = "T")]
    pub(crate) temperature: Option<f64>,
}
