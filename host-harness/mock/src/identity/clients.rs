//! Who a client is, and what it proves that by.

use http::request::Parts;

use super::assertion::{self, Assertion};
use super::fields::Fields;
use super::refusal::Refusal;
use super::settings::{Client, Settings};
use super::{MOCK_PUBLIC_CLIENT_ID, MOCK_TENANT_ID};

/// The tenant of that name in an address, for a person: there are names for whichever one the person belongs to.
pub(super) fn tenant_of_user<'a>(settings: &Settings, tenant: &'a str) -> Result<&'a str, Refusal> {
    match is_any_tenant(tenant) {
        true => Ok(MOCK_TENANT_ID),
        false => known_tenant(settings, tenant),
    }
}

/// The tenant of that name in an address, for a client on its own behalf.
pub(super) fn tenant_of_client<'a>(
    settings: &Settings,
    tenant: &'a str,
) -> Result<&'a str, Refusal> {
    match is_any_tenant(tenant) {
        true => Err(Refusal::no_tenant()),
        false => known_tenant(settings, tenant),
    }
}

/// The client that a request names.
pub(super) fn identify<'a>(
    settings: &'a Settings,
    tenant: &str,
    fields: &'a Fields,
) -> Result<KnownClient<'a>, Refusal> {
    let id = fields
        .get("client_id")
        .ok_or_else(|| Refusal::missing("client_id"))?;
    match settings.client(tenant, id) {
        Some(client) => Ok(KnownClient::Confidential(client)),
        None if id.eq_ignore_ascii_case(MOCK_PUBLIC_CLIENT_ID) => Ok(KnownClient::Public { id }),
        None => Err(Refusal::unknown_client(id, tenant)),
    }
}

/// A client of a tenant.
#[derive(Clone, Copy)]
pub(super) enum KnownClient<'a> {
    /// One that can keep a secret, such as a service.
    Confidential(&'a Client),
    /// One that cannot, such as a program on a person's machine.
    Public { id: &'a str },
}

impl<'a> KnownClient<'a> {
    pub(super) fn id(self) -> &'a str {
        match self {
            Self::Confidential(client) => &client.id,
            Self::Public { id } => id,
        }
    }

    /// Checks that the client is who it says. `for_itself` tells a client that acts on its own behalf from one that
    /// acts for a person.
    pub(super) fn authenticate(
        self,
        settings: &Settings,
        head: &Parts,
        form: &Fields,
        for_itself: bool,
    ) -> Result<(), Refusal> {
        let (secret, text) = (form.get("client_secret"), form.get("client_assertion"));
        match (self, secret, text) {
            (Self::Public { .. }, None, None) if !for_itself => Ok(()),
            (_, None, None) => Err(Refusal::no_proof(for_itself)),
            (Self::Public { .. }, _, _) => Err(Refusal::proof_of_public_client()),
            (Self::Confidential(client), Some(secret), _) => match secret == client.secret {
                true => Ok(()),
                false => Err(Refusal::wrong_secret(&client.id)),
            },
            (Self::Confidential(client), None, Some(text)) => {
                if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
                    return Err(Refusal::missing("client_assertion_type"));
                }
                check_assertion(settings, head, client, text)
            }
        }
    }
}

fn check_assertion(
    settings: &Settings,
    head: &Parts,
    client: &Client,
    text: &str,
) -> Result<(), Refusal> {
    if settings.federated_tokens.iter().any(|token| token == text) {
        return Ok(());
    }
    // Clients sign for themselves with certificates; what anyone else has signed is a matter of federation.
    match Assertion::parse(text) {
        Ok(assertion) if assertion.is_of_certificate(&client.id) => {
            let endpoint = assertion::endpoint(head);
            assertion.check(&client.id, &endpoint, &settings.certificates)
        }
        Ok(assertion) => Err(Refusal::unknown_federation(assertion.subject())),
        Err(_) => Err(Refusal::unknown_federation("")),
    }
}

fn known_tenant<'a>(settings: &Settings, tenant: &'a str) -> Result<&'a str, Refusal> {
    match settings.knows_tenant(tenant) {
        true => Ok(tenant),
        false => Err(Refusal::unknown_tenant(tenant)),
    }
}

fn is_any_tenant(tenant: &str) -> bool {
    matches!(tenant, "common" | "organizations")
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
