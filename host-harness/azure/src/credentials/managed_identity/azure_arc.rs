//! Machines outside of Azure that Azure Arc manages.
//!
//! Its agent answers a first request with the path of a file that only administrators and members of the group `himds`
//! can read. What is in the file proves to the agent that the second request comes from one of them.

use std::path::{Path, PathBuf};

use http::{HeaderValue, StatusCode, header};
use provider_host::Environment;
use provider_host::secret::Secret;
use url::Url;

use super::exchange::{Exchange, WAITS, address, metadata};
use crate::credentials::answers::is_busy;
use crate::credentials::surroundings::{Answer, Surroundings, read_small_file};
use crate::credentials::{AccessToken, CredentialError};

/// Where the agent and its files are.
#[derive(Clone, Debug)]
pub(in crate::credentials) struct ArcPaths {
    /// The program that is there when the agent is installed.
    pub(in crate::credentials) agent: PathBuf,
    /// The directory of the files that prove who asks.
    pub(in crate::credentials) tokens: PathBuf,
}

impl ArcPaths {
    /// Where they are on this operating system.
    pub(in crate::credentials) fn of(environment: &Environment) -> Self {
        let folder = |variable, default: &str| {
            let root = environment.get(variable).unwrap_or(default);
            Path::new(root).join("AzureConnectedMachineAgent")
        };
        match cfg!(windows) {
            true => Self {
                agent: folder("ProgramFiles", "C:\\Program Files").join("himds.exe"),
                tokens: folder("ProgramData", "C:\\ProgramData").join("Tokens"),
            },
            false => Self {
                agent: "/opt/azcmagent/bin/himds".into(),
                tokens: "/var/opt/azcmagent/tokens".into(),
            },
        }
    }
}

/// Whether this machine has an agent.
pub(super) async fn is_present(surroundings: &Surroundings) -> bool {
    let is_set = |name| surroundings.variable(name).is_some();
    if is_set(ENDPOINT) && is_set("IMDS_ENDPOINT") {
        return true;
    }
    let agent = tokio::fs::metadata(&surroundings.arc_paths.agent).await;
    agent.is_ok_and(|agent| agent.is_file())
}

/// Gets a token from the agent.
pub(super) async fn token(
    surroundings: &Surroundings,
    resource: &str,
    client_id: Option<&str>,
) -> Result<AccessToken, CredentialError> {
    if let Some(client_id) = client_id {
        return Err(CredentialError::failed(format!(
            "Azure Arc has system-assigned identities only, and the user-assigned identity {client_id:?} was asked \
             for; unset managed_identity_client_id or AZURE_CLIENT_ID on this machine"
        )));
    }
    let endpoint = surroundings.variable(ENDPOINT).unwrap_or(DEFAULT_ENDPOINT);
    let url = Url::parse(endpoint).map_err(|_| {
        CredentialError::failed(format!(
            "{ENDPOINT} is no address; Azure Arc's agent sets it, and nothing else should"
        ))
    })?;
    let mut exchange = Exchange {
        surroundings,
        service: "Azure Arc's agent",
        url: address(url, API_VERSION, resource, None),
        headers: metadata(),
        secrets: Vec::new(),
        may_pass: is_busy,
    };
    let challenge = exchange.send(&WAITS).await;
    let challenge = challenge.map_err(|error| exchange.lost(&error))?;
    if challenge.status != StatusCode::UNAUTHORIZED {
        return Err(match challenge.status.is_success() {
            // Whatever gives tokens to everybody is not the agent.
            true => strange_challenge("gave a token without asking for proof"),
            false => exchange.refused(&challenge),
        });
    }
    let key = key(&challenge, &surroundings.arc_paths.tokens).await?;
    let mut proof = HeaderValue::try_from(format!("Basic {}", key.expose()))
        .map_err(|_| strange_challenge("named a file whose content cannot be sent"))?;
    proof.set_sensitive(true);
    exchange.headers.insert(header::AUTHORIZATION, proof);
    exchange.secrets.push(key);
    // Once: the next try needs a new challenge.
    let answer = exchange.send(&[]).await;
    exchange.token(&answer.map_err(|error| exchange.lost(&error))?)
}

/// What is in the file that a challenge names. The path comes from whoever listens on the port, so that it must not
/// lead to anything but the agent's own files.
async fn key(challenge: &Answer, directory: &Path) -> Result<Secret, CredentialError> {
    let header = challenge.headers.get(header::WWW_AUTHENTICATE);
    let path = header
        .and_then(|header| header.to_str().ok())
        .and_then(realm)
        .ok_or_else(|| strange_challenge("asked for proof without naming a file"))?;
    let path = Path::new(path);
    if path.parent() != Some(directory) || path.extension().is_none_or(|end| end != "key") {
        return Err(strange_challenge(&format!(
            "named the file {path:?}, and its files are {}",
            directory.join("*.key").display()
        )));
    }
    let content = read_small_file(path, MAX_KEY_BYTES).await;
    let content = content.map_err(|error| {
        CredentialError::failed(format!(
            "Azure Arc's file {} cannot be read: {error}; add this user to the group `himds` (on Windows: \"Hybrid \
             agent extension applications\"), or run as an administrator",
            path.display()
        ))
    })?;
    let key = String::from_utf8(content)
        .map_err(|_| strange_challenge("named a file that is no text"))?;
    Ok(Secret::new(key.trim()))
}

/// The path in `Basic realm=PATH`.
fn realm(header: &str) -> Option<&str> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let (name, path) = rest.trim().split_once('=')?;
    let is_basic =
        scheme.eq_ignore_ascii_case("basic") && name.trim().eq_ignore_ascii_case("realm");
    is_basic.then(|| path.trim().trim_matches('"'))
}

fn strange_challenge(what: &str) -> CredentialError {
    CredentialError::failed(format!(
        "Azure Arc's agent {what}; check {ENDPOINT}, and that the agent is up to date"
    ))
}

const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const DEFAULT_ENDPOINT: &str = "http://localhost:40342/metadata/identity/oauth2/token";
const API_VERSION: &str = "2020-06-01";

/// The most bytes of a file that proves who asks, as Azure's own libraries have it.
const MAX_KEY_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_realm_of_a_challenge_is_a_path() {
        for (header, expected) in [
            ("Basic realm=/var/a.key", Some("/var/a.key")),
            ("basic Realm = \"C:\\a b.key\"", Some("C:\\a b.key")),
            ("Basic realm=/a=b.key", Some("/a=b.key")),
            ("Bearer realm=/var/a.key", None),
            ("Basic", None),
            ("Basic charset=utf-8", None),
        ] {
            assert_eq!(realm(header), expected, "{header}");
        }
    }
}
