//! The agent of Azure Arc, which gives a machine outside of Azure the tokens of its identity. It has a client read a file
//! first, to see that it is on the machine and may read such files.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::answer::Answer;
use super::managed::{
    IMDS_ID_NAMES, SYSTEM_ASSIGNED, bad, metadata_body, metadata_query, resource,
};
use super::tokens::opaque;
use super::{Identity, MOCK_TENANT_ID};

/// Answers with a challenge, or to one that was met.
pub(super) async fn answer(identity: &Identity, head: &Parts) -> Answer {
    let query = match metadata_query(head) {
        Ok(query) => query,
        Err(answer) => return answer,
    };
    let keys = &identity.arc_keys;
    let authorization = head.headers.get(header::AUTHORIZATION);
    let key = authorization.and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let is_known = match key {
        Some(key) => keys.redeem(key).await,
        None => false,
    };
    if !is_known {
        return challenge(keys).await;
    }
    let version = query.get("api-version").unwrap_or_default();
    if !VERSIONS.contains(&version) {
        return bad(
            "invalid_request",
            "The api-version is missing or not supported",
        );
    }
    if IMDS_ID_NAMES.iter().any(|name| query.get(name).is_some()) {
        return bad(
            "invalid_request",
            "The machine has no user-assigned identities",
        );
    }
    match resource(&query) {
        Ok(resource) => {
            let token = identity
                .tokens
                .issue(resource, MOCK_TENANT_ID, SYSTEM_ASSIGNED);
            Answer::ok(metadata_body(&token, resource))
        }
        Err(answer) => answer,
    }
}

async fn challenge(keys: &ArcKeys) -> Answer {
    let failed = |description: String| {
        let body = json!({"error": "server_error", "error_description": description});
        Answer::new(StatusCode::INTERNAL_SERVER_ERROR, body)
    };
    let path = match keys.write().await {
        Ok(path) => path,
        Err(error) => return failed(format!("The mock cannot write a key: {error}")),
    };
    let realm = [b"Basic realm=", path.as_os_str().as_encoded_bytes()].concat();
    match HeaderValue::from_bytes(&realm) {
        Ok(realm) => {
            let body = json!({
                "error": "unauthorized",
                "error_description": "Send the content of the file that WWW-Authenticate names",
            });
            Answer::new(StatusCode::UNAUTHORIZED, body).header(header::WWW_AUTHENTICATE, realm)
        }
        Err(_) => failed("No header can hold the path of the mock's key directory".to_owned()),
    }
}

/// The keys that clients were told to read.
pub(super) struct ArcKeys {
    directory: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The file of each key that was not used.
    files: HashMap<String, PathBuf>,
    count: u64,
}

impl ArcKeys {
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        Self {
            directory,
            state: Mutex::default(),
        }
    }

    /// Writes a new key and returns its file.
    async fn write(&self) -> io::Result<PathBuf> {
        let Some(directory) = &self.directory else {
            return Err(io::Error::other(
                "it was given no directory for keys; MockAzureBuilder::arc_key_directory sets one",
            ));
        };
        let (key, path) = {
            let mut state = self.state();
            state.count += 1;
            let key = opaque("key of the agent", state.count);
            let path = directory.join(format!(
                "{:08x}-0000-4000-8000-000000000005.key",
                state.count
            ));
            state.files.insert(key.clone(), path.clone());
            (key, path)
        };
        tokio::fs::write(&path, key).await?;
        Ok(path)
    }

    /// Whether a client has read a key that was not used yet. Its file is gone then.
    async fn redeem(&self, key: &str) -> bool {
        let Some(path) = self.state().files.remove(key) else {
            return false;
        };
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::debug!(%error, "the mock cannot remove a key that was used");
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The versions of the agent's endpoint that clients use.
const VERSIONS: [&str; 3] = ["2019-11-01", "2020-06-01", "2021-02-01"];
