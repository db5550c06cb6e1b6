//! Who is known to the identity services, and what they go by.

use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::wire::gate::DeltaGate;

/// The tenant that every mock has.
pub const MOCK_TENANT_ID: &str = "11111111-2222-4333-8444-555555555555";

/// The client that every mock knows in [`MOCK_TENANT_ID`], with [`MOCK_CLIENT_SECRET`].
pub const MOCK_CLIENT_ID: &str = "22222222-3333-4444-8555-666666666666";

/// The secret of [`MOCK_CLIENT_ID`].
pub const MOCK_CLIENT_SECRET: &str = "mock-client-secret";

/// A federated token that every mock trusts.
pub const MOCK_FEDERATED_TOKEN: &str = "mock-federated-token";

/// A user-assigned managed identity that every mock has.
pub const MOCK_IDENTITY_CLIENT_ID: &str = "33333333-4444-4555-8666-777777777777";

/// What an App Service's endpoint is asked with, unless the mock was given another.
pub const MOCK_IDENTITY_HEADER: &str = "mock-identity-header";

/// A client without a secret, for people who sign in; every tenant knows it. It is the one that Azure's own libraries
/// use unless they are given another.
pub const MOCK_PUBLIC_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// The settings of a mock's identity services.
pub(crate) struct Settings {
    pub(crate) arc_key_directory: Option<PathBuf>,
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) clients: Vec<Client>,
    pub(crate) code_lifetime: Duration,
    pub(crate) federated_tokens: Vec<String>,
    pub(crate) identity_header: String,
    pub(crate) token_gate: Option<DeltaGate>,
    pub(crate) token_lifetime: Duration,
    /// The ids of the user-assigned identities, of whatever kind.
    pub(crate) user_assigned: Vec<String>,
}

/// A client with a secret.
pub(crate) struct Client {
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Settings {
    /// What a mock has that was told nothing.
    pub(crate) fn usual() -> Self {
        Self {
            arc_key_directory: None,
            certificates: Vec::new(),
            clients: vec![Client {
                tenant: MOCK_TENANT_ID.to_owned(),
                id: MOCK_CLIENT_ID.to_owned(),
                secret: MOCK_CLIENT_SECRET.to_owned(),
            }],
            code_lifetime: CODE_LIFETIME,
            federated_tokens: vec![MOCK_FEDERATED_TOKEN.to_owned()],
            identity_header: MOCK_IDENTITY_HEADER.to_owned(),
            token_gate: None,
            token_lifetime: TOKEN_LIFETIME,
            user_assigned: vec![MOCK_IDENTITY_CLIENT_ID.to_owned()],
        }
    }

    /// Refuses a certificate that is none.
    pub(crate) fn check(&self) -> Result<(), webpki::Error> {
        let mut certificates = self.certificates.iter();
        certificates.try_for_each(|certificate| EndEntityCert::try_from(certificate).map(drop))
    }

    /// Whether there is such a tenant.
    pub(crate) fn knows_tenant(&self, tenant: &str) -> bool {
        let mut clients = self.clients.iter();
        clients.any(|client| client.tenant.eq_ignore_ascii_case(tenant))
    }

    /// A tenant's client of that id.
    pub(crate) fn client(&self, tenant: &str, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| {
            client.tenant.eq_ignore_ascii_case(tenant) && client.id.eq_ignore_ascii_case(id)
        })
    }

    /// Whether a user-assigned identity has that id.
    pub(crate) fn has_user_assigned(&self, id: &str) -> bool {
        let mut known = self.user_assigned.iter();
        known.any(|known| known.eq_ignore_ascii_case(id))
    }
}

/// The service's tokens live for an hour or a little longer.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// The service's authorization codes live for ten minutes at most.
const CODE_LIFETIME: Duration = Duration::from_secs(600);
