//! The machine's managed identity.
//!
//! Nothing of it is OAuth. `azure_identity` has one, and it is not used here: it reads the process's environment instead
//! of one that it is given, does not know Azure Arc, cannot be told where the metadata service is, does not find out
//! quickly that there is none, and retries for more than a minute.

mod app_service;
mod azure_arc;
mod exchange;
mod imds;

use std::sync::Arc;

use async_trait::async_trait;

pub(super) use self::azure_arc::ArcPaths;
use self::imds::Imds;
use super::entra::CLIENT_ID;
use super::surroundings::Surroundings;
use super::{AccessToken, Credential, CredentialError};

/// The managed identity of whatever machine this is.
pub(super) struct ManagedIdentityCredential {
    surroundings: Arc<Surroundings>,
    /// The user-assigned identity, or else the system-assigned one.
    client_id: Option<String>,
    imds: Imds,
}

/// A place where managed identities come from.
enum Source {
    AppService,
    Arc,
    Imds,
    Unsupported(&'static str),
}

impl ManagedIdentityCredential {
    /// One that was asked for: that the machine has an identity is taken for granted.
    pub(super) fn new(surroundings: Arc<Surroundings>, client_id: Option<String>) -> Self {
        Self {
            surroundings,
            client_id,
            imds: Imds::assumed(),
        }
    }

    /// One among others, which finds out first whether there is a metadata service. `AZURE_CLIENT_ID` chooses the
    /// identity.
    pub(super) fn in_chain(surroundings: Arc<Surroundings>) -> Self {
        Self {
            imds: Imds::probed(),
            ..Self::named(surroundings)
        }
    }

    /// The only one of a chain.
    pub(super) fn named(surroundings: Arc<Surroundings>) -> Self {
        let client_id = surroundings.variable(CLIENT_ID).map(str::to_owned);
        Self::new(surroundings, client_id)
    }

    /// Where identities come from here: services announce themselves in the environment.
    async fn source(&self) -> Source {
        let is_set = |name| self.surroundings.variable(name).is_some();
        match (
            is_set("IDENTITY_ENDPOINT"),
            is_set("IDENTITY_HEADER"),
            is_set("IDENTITY_SERVER_THUMBPRINT"),
        ) {
            (true, true, true) => return Source::Unsupported("Service Fabric"),
            (true, true, false) => return Source::AppService,
            _ if azure_arc::is_present(&self.surroundings).await => return Source::Arc,
            _ => {}
        }
        match (is_set("MSI_ENDPOINT"), is_set("MSI_SECRET")) {
            (true, true) => Source::Unsupported("Azure Machine Learning"),
            (true, false) => Source::Unsupported("Cloud Shell"),
            (false, _) => Source::Imds,
        }
    }
}

#[async_trait]
impl Credential for ManagedIdentityCredential {
    fn name(&self) -> &'static str {
        "ManagedIdentityCredential"
    }

    async fn get_token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        // The metadata services want the resource that a scope is about.
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let client_id = self.client_id.as_deref();
        match self.source().await {
            Source::AppService => app_service::token(&self.surroundings, resource, client_id).await,
            Source::Arc => azure_arc::token(&self.surroundings, resource, client_id).await,
            Source::Imds => {
                let imds = &self.imds;
                imds.token(&self.surroundings, resource, client_id).await
            }
            Source::Unsupported(service) => Err(unsupported(service)),
        }
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        let service = match self.source().await {
            Source::AppService => {
                "App Service, which IDENTITY_ENDPOINT and IDENTITY_HEADER announce"
            }
            Source::Arc => "Azure Arc's agent",
            Source::Imds => return imds::origin(&self.surroundings),
            Source::Unsupported(service) => return Err(unsupported(service)),
        };
        Ok(service.to_owned())
    }
}

fn unsupported(service: &str) -> CredentialError {
    CredentialError::unavailable(format!(
        "this is {service}, whose managed identities are not supported; use another credential here, such as a client \
         secret"
    ))
}

#[cfg(test)]
mod tests;
