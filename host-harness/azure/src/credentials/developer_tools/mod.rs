//! Programs that people log in with, and that then have tokens for the programs of these people.

mod azure_cli;
mod azure_developer_cli;
mod azure_powershell;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub(super) use self::azure_cli::AzureCliCredential;
pub(super) use self::azure_developer_cli::AzureDeveloperCliCredential;
pub(super) use self::azure_powershell::AzurePowerShellCredential;
use super::answers::error_line;
use super::surroundings::{ProcessError, Processes};
use super::{AccessToken, CredentialError};
use provider_host::secret::Secret;

/// Such a program, in the words that tell a person what to do with it.
struct DeveloperTool {
    /// How people call it, such as `the Azure CLI`.
    name: &'static str,
    /// The name of its file, such as `az`.
    program: &'static str,
    /// How it comes onto the machine.
    install: &'static str,
    /// The command that logs a person in.
    log_in: &'static str,
    /// The command that mends a login that is refused a token, with `SCOPE` for what the token is for.
    log_in_again: &'static str,
    /// What its errors hold when nobody is logged in, unless they have a code of Microsoft Entra ID.
    not_logged_in: &'static [&'static str],
    /// The text in what it writes to standard error.
    plain: fn(&str) -> String,
}

impl DeveloperTool {
    /// Runs it, and returns what it writes to standard output when all is well.
    async fn run(
        &self,
        processes: &Processes,
        file: Option<PathBuf>,
        arguments: &[&str],
        scope: &str,
    ) -> Result<String, CredentialError> {
        let file = file.ok_or_else(|| self.not_installed())?;
        let ended = processes.run(&file, arguments).await;
        let ended = ended.map_err(|error| self.not_run(&error))?;
        match ended.status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
            Some(CANNOT_BE_RUN) => Err(self.cannot_be_run()),
            _ => {
                let stderr = String::from_utf8_lossy(&ended.stderr);
                Err(self.refused(&(self.plain)(&stderr), scope))
            }
        }
    }

    /// Where a token would come from, with the file of the program, if there is one.
    fn origin(&self, program: Option<PathBuf>) -> Result<String, CredentialError> {
        let program = program.ok_or_else(|| self.not_installed())?;
        Ok(format!(
            "the login of {}, which is at {}; if nobody is logged in, run `{}`",
            self.name,
            program.display(),
            self.log_in
        ))
    }

    /// A token, and when it expires in seconds since 1970.
    fn token(&self, token: &str, expires_on: i64) -> Result<AccessToken, CredentialError> {
        let since_1970 = u64::try_from(expires_on).map(Duration::from_secs);
        let expires_on = since_1970
            .ok()
            .and_then(|duration| SystemTime::UNIX_EPOCH.checked_add(duration));
        match expires_on {
            Some(expires_on) if !token.is_empty() => Ok(AccessToken {
                token: Secret::new(token),
                expires_on,
                refresh_on: None,
            }),
            _ => Err(self.no_token()),
        }
    }

    /// It did not run to its end.
    fn not_run(&self, error: &ProcessError) -> CredentialError {
        let Self {
            name,
            program,
            log_in,
            ..
        } = self;
        match error {
            // The interpreter that its file names.
            ProcessError::Start(error) if error.kind() == io::ErrorKind::NotFound => {
                self.cannot_be_run()
            }
            ProcessError::TimedOut => CredentialError::failed(format!(
                "{name} ({program}) {error}; run `{log_in}` in a terminal to see what it waits for"
            )),
            _ => CredentialError::failed(format!("{name} ({program}) {error}")),
        }
    }

    fn cannot_be_run(&self) -> CredentialError {
        let Self {
            name,
            program,
            install,
            ..
        } = self;
        CredentialError::unavailable(format!(
            "{name} ({program}) is on the PATH and cannot be run; {install}"
        ))
    }

    fn not_installed(&self) -> CredentialError {
        let Self {
            name,
            program,
            install,
            log_in,
            ..
        } = self;
        CredentialError::unavailable(format!(
            "{name} ({program}) is not on the PATH; {install}, then run `{log_in}`"
        ))
    }

    fn nobody_logged_in(&self) -> CredentialError {
        let Self { name, log_in, .. } = self;
        CredentialError::unavailable(format!("nobody is logged in to {name}; run `{log_in}`"))
    }

    fn no_token(&self) -> CredentialError {
        let Self {
            name,
            program,
            install,
            ..
        } = self;
        CredentialError::failed(format!(
            "{name} ({program}) reports success, but what it writes is no token; update it ({install})"
        ))
    }

    /// It ended with an error and these words.
    fn refused(&self, words: &str, scope: &str) -> CredentialError {
        let log_in = self.log_in_again.replace("SCOPE", scope);
        // With a code of Microsoft Entra ID somebody is logged in, and was refused. The advice to log in again comes with
        // many of these errors.
        if !words.contains(REFUSED_BY_ENTRA)
            && self.not_logged_in.iter().any(|sign| words.contains(sign))
        {
            return self.nobody_logged_in();
        }
        let reason = error_line(words, &[]).unwrap_or("it does not say why".to_owned());
        CredentialError::failed(format!(
            "{} got no token: {reason}; if logging in again can help, run `{log_in}`",
            self.name
        ))
    }
}

/// Refuses what no scope has: on Windows these programs are scripts of a shell, and one of them runs a script of ours.
fn check_scope(scope: &str) -> Result<(), CredentialError> {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
    match !scope.is_empty() && scope.chars().all(is_harmless) {
        true => Ok(()),
        false => Err(CredentialError::failed(format!(
            "{scope:?} is not a scope; set token_scope to one like https://cognitiveservices.azure.com/.default"
        ))),
    }
}

/// The exit code of a script that does not find the program that it starts.
const CANNOT_BE_RUN: i32 = 127;

/// How the codes of Microsoft Entra ID's errors begin.
const REFUSED_BY_ENTRA: &str = "AADSTS";

#[cfg(all(test, unix))]
mod tests;
