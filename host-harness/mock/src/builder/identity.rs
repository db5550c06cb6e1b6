//! How the identity services of a mock are set up.

use std::path::PathBuf;
use std::time::Duration;

use super::MockAzureBuilder;
use crate::identity::Client;
use crate::wire::gate::DeltaGate;

impl MockAzureBuilder {
    /// Adds a client with that secret to a tenant, or replaces the one of that id. The tenant is known from then on.
    #[must_use]
    pub fn client(
        mut self,
        tenant: impl Into<String>,
        id: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        let client = Client {
            tenant: tenant.into(),
            id: id.into(),
            secret: secret.into(),
        };
        let clients = &mut self.identity.clients;
        clients.retain(|known| (&known.tenant, &known.id) != (&client.tenant, &client.id));
        clients.push(client);
        self
    }

    /// Registers a certificate (DER) that clients sign their assertions with. A mock that was given none takes any
    /// signature; otherwise one of these must have made it.
    #[must_use]
    pub fn certificate(mut self, certificate: impl Into<Vec<u8>>) -> Self {
        self.identity.certificates.push(certificate.into().into());
        self
    }

    /// Trusts this token of another issuer, such as Kubernetes, as any client's assertion.
    #[must_use]
    pub fn federated_token(mut self, token: impl Into<String>) -> Self {
        self.identity.federated_tokens.push(token.into());
        self
    }

    /// Adds a user-assigned managed identity. It is known by this id, whether a request calls it a client id, an object
    /// id or a resource id.
    #[must_use]
    pub fn user_assigned_identity(mut self, id: impl Into<String>) -> Self {
        self.identity.user_assigned.push(id.into());
        self
    }

    /// What an App Service's endpoint must be asked with.
    #[must_use]
    pub fn identity_header(mut self, secret: impl Into<String>) -> Self {
        self.identity.identity_header = secret.into();
        self
    }

    /// Where the agent of Azure Arc writes the keys that prove that a client is on its machine. There is no agent
    /// without.
    #[must_use]
    pub fn arc_key_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.identity.arc_key_directory = Some(directory.into());
        self
    }

    /// How long a token is good for. An hour unless set; [`MockAzure::set_token_lifetime`] changes it later.
    ///
    /// [`MockAzure::set_token_lifetime`]: crate::MockAzure::set_token_lifetime
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.identity.token_lifetime = lifetime;
        self
    }

    /// How long an authorization code is good for. Ten minutes unless set.
    #[must_use]
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.identity.code_lifetime = lifetime;
        self
    }

    /// Holds back every answer of a token endpoint, refusals and faults included, until the gate lets it through.
    #[must_use]
    pub fn token_gate(mut self, gate: DeltaGate) -> Self {
        self.identity.token_gate = Some(gate);
        self
    }
}
