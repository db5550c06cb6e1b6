//! The Instance Metadata Service of virtual machines, scale sets and container instances.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use url::Url;

use super::exchange::{self, Exchange, WAITS};
use crate::credentials::answers::{ServiceError, is_busy};
use crate::credentials::surroundings::{Answer, Surroundings, TransportError};
use crate::credentials::{AccessToken, CredentialError};

/// The Instance Metadata Service, and whether it is there.
#[derive(Default)]
pub(super) struct Imds {
    /// Whether to look for it first.
    is_probed: bool,
    /// Whether it answered.
    is_present: AtomicBool,
}

impl Imds {
    /// It is looked for first, and quickly: most machines have none, and a chain has others to try.
    pub(super) fn probed() -> Self {
        Self {
            is_probed: true,
            ..Self::default()
        }
    }

    /// It is asked at once, however long it takes to answer.
    pub(super) fn assumed() -> Self {
        Self::default()
    }

    /// Gets a token.
    pub(super) async fn token(
        &self,
        surroundings: &Surroundings,
        resource: &str,
        client_id: Option<&str>,
    ) -> Result<AccessToken, CredentialError> {
        let url = token_address(surroundings)?;
        let is_present = || self.is_present.load(Ordering::Relaxed);
        if self.is_probed && !is_present() {
            probe(surroundings, url.clone()).await?;
            self.is_present.store(true, Ordering::Relaxed);
        }
        let url = exchange::address(url, API_VERSION, resource, client_id);
        let mut exchange = exchange(surroundings, url);
        exchange.headers = exchange::metadata();
        let answer = exchange.send(&WAITS).await;
        let answer = answer.map_err(|error| match error {
            TransportError::Connect(_) if !is_present() => absent(&exchange, &error),
            _ => exchange.lost(&error),
        })?;
        self.is_present.store(true, Ordering::Relaxed);
        match answer.status {
            StatusCode::BAD_REQUEST => Err(CredentialError::unavailable(format!(
                "this machine does not have {}: {}; assign it to the machine, or check the client id",
                match client_id {
                    Some(client_id) => format!("the user-assigned identity {client_id:?}"),
                    None => "a system-assigned identity".to_owned(),
                },
                exchange.words(&answer)
            ))),
            _ if is_unreachable(&answer) => Err(unreachable()),
            _ => exchange.token(&answer),
        }
    }
}

/// Where it would be.
pub(super) fn origin(surroundings: &Surroundings) -> Result<String, CredentialError> {
    Ok(format!(
        "the Instance Metadata Service, if there is one at {}: it shows only when it is asked",
        token_address(surroundings)?.origin().ascii_serialization()
    ))
}

/// Finds out whether the service is there. Any answer of it will do; without the header `Metadata` it is an error that
/// comes at once.
///
/// It answers with a JSON object always. On machines outside Azure, filters and sign-in pages answer in its place, and
/// they must not end the chain.
async fn probe(surroundings: &Surroundings, url: Url) -> Result<(), CredentialError> {
    let exchange = exchange(surroundings, url);
    match exchange.send_once(PROBE_TIMEOUT).await {
        Ok(answer) if is_unreachable(&answer) => Err(unreachable()),
        Ok(answer) => match ServiceError::read(&answer.body, &[]) {
            Some(_) => Ok(()),
            None => Err(somebody_else(&exchange, &answer)),
        },
        Err(error) => Err(absent(&exchange, &error)),
    }
}

fn absent(exchange: &Exchange<'_>, error: &TransportError) -> CredentialError {
    CredentialError::unavailable(format!(
        "the Instance Metadata Service is not at {} ({error}): this is no machine of Azure with a managed identity, or \
         a firewall blocks it",
        exchange.url.origin().ascii_serialization()
    ))
}

fn somebody_else(exchange: &Exchange<'_>, answer: &Answer) -> CredentialError {
    CredentialError::unavailable(format!(
        "something else than the Instance Metadata Service answers at {} (status {}, no JSON), such as a filter of this \
         network: this is no machine of Azure with a managed identity",
        exchange.url.origin().ascii_serialization(),
        answer.status.as_u16()
    ))
}

fn exchange(surroundings: &Surroundings, url: Url) -> Exchange<'_> {
    Exchange {
        surroundings,
        service: "the Instance Metadata Service",
        url,
        headers: HeaderMap::new(),
        secrets: Vec::new(),
        may_pass,
    }
}

fn token_address(surroundings: &Surroundings) -> Result<Url, CredentialError> {
    let host = surroundings.variable(HOST).unwrap_or(DEFAULT_HOST);
    let url = Url::parse(host).and_then(|host| host.join("/metadata/identity/oauth2/token"));
    url.map_err(|_| {
        CredentialError::failed(format!(
            "{HOST} is {host:?}, which is no address; set it to one such as {DEFAULT_HOST}, or unset it"
        ))
    })
}

/// Whether the same request may have another answer later. The service is away (404, 410) while it is updated.
fn may_pass(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) || is_busy(status)
}

/// Docker Desktop answers in the place of the service, and says that there is none.
fn is_unreachable(answer: &Answer) -> bool {
    let says_so = || String::from_utf8_lossy(&answer.body).contains("unreachable");
    answer.status == StatusCode::FORBIDDEN && says_so()
}

fn unreachable() -> CredentialError {
    CredentialError::unavailable(
        "the network of this container says that the Instance Metadata Service is unreachable: this is no machine of \
         Azure",
    )
}

const HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
const DEFAULT_HOST: &str = "http://169.254.169.254";
const API_VERSION: &str = "2018-02-01";

/// How long a look for the service may take. It is next to the machine, and every start on a machine without it waits
/// that long.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
