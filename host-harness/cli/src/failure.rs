//! How a command fails, and how it says so.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use azure_openai_mock::{MockError, ScriptError};
use provider_host::contract::types::ErrorKind;
use provider_host::kernel_json::{self, JsonError};
use provider_host::{CallError, LoadError};
use provider_host_azure::config_file::ConfigFileError;
use provider_host_serve::ServiceError;
use serde_json::{Value, json};

use super::tools_file::ToolsFileError;
use super::{terminal, visible};

/// Says something on standard error that is no failure: a line of text, or of JSON where errors are JSON.
pub(super) fn notice(json: bool, message: &str) {
    match json {
        true => terminal::tell(&visible::json(&json!({ "notice": message }).to_string())),
        false => terminal::tell(&format!("host-harness: {}", visible::lines(message))),
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Call(#[from] CallError),

    #[error(transparent)]
    ConfigFile(#[from] ConfigFileError),

    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },

    #[error("{0}{advice}", advice = load_advice(.0))]
    Load(#[from] LoadError),

    #[error("the mock of Azure OpenAI did not start: {0}")]
    Mock(#[from] MockError),

    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),

    #[error("{}: {source}", .path.display())]
    Request { path: PathBuf, source: JsonError },

    #[error("the component's response cannot be written: {0}")]
    Response(#[from] JsonError),

    #[error(transparent)]
    Script(#[from] ScriptError),

    #[error(transparent)]
    Service(#[from] ServiceError),

    #[error(transparent)]
    ToolsFile(#[from] ToolsFileError),

    #[error("cannot listen for the signals that end a program: {0}")]
    Signals(io::Error),

    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// For `map_err` on file operations.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Says on standard error what is wrong, and returns the exit code.
    pub(super) fn report(self, json: bool) -> ExitCode {
        if self.is_closed_pipe() {
            // The reader may have what it wanted, as in `host-harness run … | head -1`, or have lost it.
            return CLOSED_PIPE.into();
        }
        match json {
            true => terminal::tell(&visible::json(&self.to_json().to_string())),
            // A service may have written a part of it.
            false => terminal::tell(&format!(
                "host-harness: {}",
                visible::lines(&self.to_string())
            )),
        }
        self.exit_code()
    }

    /// Whether nothing can be shown any more.
    pub(super) fn is_of_output(&self) -> bool {
        matches!(self, Self::Output(_))
    }

    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Call(CallError::Provider(error)) if error.kind == ErrorKind::Configuration => {
                2.into()
            }
            Self::Call(_) | Self::Output(_) | Self::Response(_) | Self::Signals(_) => 1.into(),
            Self::ConfigFile(_)
            | Self::File { .. }
            | Self::Load(_)
            | Self::Mock(_)
            | Self::Request { .. }
            | Self::Script(_)
            | Self::Service(_)
            | Self::ToolsFile(_)
            | Self::Usage(_) => 2.into(),
        }
    }

    /// The provider's error in the kernel's form, or one of ours in the same form.
    fn to_json(&self) -> Value {
        let kind = match self {
            Self::Call(error) => {
                let error = error.to_provider_error();
                if let Ok(json) = kernel_json::provider_error::to_value(&error) {
                    return json;
                }
                kernel_json::provider_error::kind_name(error.kind)
            }
            Self::Output(_) | Self::Response(_) | Self::Signals(_) => "other",
            Self::Request { .. } => "invalid_request",
            _ => "configuration",
        };
        json!({
            "kind": kind,
            "message": self.to_string(),
            "provider": "azure-openai",
            "retryable": false,
        })
    }
}

/// The exit code when nobody reads standard output any more: what shells say of a program that ended for this, by SIGPIPE.
const CLOSED_PIPE: u8 = 128 + 13;

/// What someone at a command line can do about it.
fn load_advice(error: &LoadError) -> &'static str {
    match error {
        LoadError::Read { .. } => {
            "; `cargo xtask build` builds it, `--component FILE` names another"
        }
        _ => "",
    }
}
