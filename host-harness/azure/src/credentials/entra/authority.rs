//! The authority: where Entra ID gives out the tokens of a tenant.

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AuthType, AuthUrl, Client, ClientId, DeviceAuthorizationUrl, EndpointNotSet, EndpointSet,
    StandardRevocableToken, TokenUrl,
};
use provider_host::Origin;
use provider_host::secret::Secret;
use url::Url;

use super::TENANT_ID;
use crate::credentials::CredentialError;
use crate::credentials::answers::TokenFields;
use crate::credentials::surroundings::Surroundings;

/// An authority, such as `https://login.microsoftonline.com`, and a tenant of it.
#[derive(Clone, Debug)]
pub(in crate::credentials) struct Authority {
    base: Url,
    tenant: String,
}

/// A client of OAuth that knows a tenant's endpoints.
pub(in crate::credentials) type EntraClient = Client<
    BasicErrorResponse,
    TokenFields,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Authority {
    /// This tenant of the authority that `AZURE_AUTHORITY_HOST` names, or else of the public cloud's.
    pub(in crate::credentials) fn of(
        surroundings: &Surroundings,
        tenant: &str,
    ) -> Result<Self, CredentialError> {
        let base = base(surroundings.variable(VARIABLE).unwrap_or(PUBLIC_CLOUD))?;
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        // Dots alone would lead to another path.
        if !tenant.chars().all(is_allowed) || tenant.starts_with('.') {
            return Err(CredentialError::failed(format!(
                "{TENANT_ID} is {tenant:?}, which is no tenant; set it to the directory's id or one of its domains"
            )));
        }
        Ok(Self {
            base,
            tenant: tenant.to_owned(),
        })
    }

    /// The application with this id, as a client of the tenant.
    pub(in crate::credentials) fn client(&self, id: &str) -> EntraClient {
        Client::new(ClientId::new(id.to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::from_url(self.endpoint("authorize")))
            .set_device_authorization_url(DeviceAuthorizationUrl::from_url(
                self.endpoint("devicecode"),
            ))
            .set_token_uri(TokenUrl::from_url(self.endpoint("token")))
    }

    /// Its name in messages.
    pub(super) fn host(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The tenant's endpoint of this name: `authorize`, `devicecode` or `token`.
    pub(in crate::credentials) fn endpoint(&self, name: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend([&*self.tenant, "oauth2", "v2.0", name]);
        }
        url
    }
}

fn base(host: &str) -> Result<Url, CredentialError> {
    // Before an `@` stands a password.
    let shown = match host.contains('@') {
        true => Secret::REDACTED,
        false => host,
    };
    let wrong = |why| {
        CredentialError::failed(format!(
            "{VARIABLE} is {shown:?}, {why}; set it to an address such as {PUBLIC_CLOUD}, or unset it"
        ))
    };
    // Both forms are in use.
    let url = match host.contains("://") {
        true => Url::parse(host),
        false => Url::parse(&format!("https://{host}")),
    };
    let url = url.map_err(|_| wrong("which is no address"))?;
    let origin = Origin::of(&url).ok_or_else(|| wrong("which is no https address"))?;
    let is_bare = url.username().is_empty() && url.password().is_none();
    if !is_bare || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("and an authority is a host and at most a path"));
    }
    match origin.is_secure() || origin.is_loopback() {
        true => Ok(url),
        false => Err(wrong(
            "which would send secrets without encryption: plain http is for loopback addresses only",
        )),
    }
}

const VARIABLE: &str = "AZURE_AUTHORITY_HOST";

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::credentials::testing;

    fn authority(host: &str, tenant: &str) -> Result<Authority, CredentialError> {
        Authority::of(&testing::surroundings([(VARIABLE, host)]), tenant)
    }

    #[test]
    fn tokens_are_at_the_tenant_of_the_authority() {
        for (host, endpoint) in [
            (
                "",
                "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
            ),
            (
                "https://login.microsoftonline.us/",
                "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token",
            ),
            (
                " login.chinacloudapi.cn ",
                "https://login.chinacloudapi.cn/contoso.com/oauth2/v2.0/token",
            ),
            (
                "http://127.0.0.1:4000",
                "http://127.0.0.1:4000/contoso.com/oauth2/v2.0/token",
            ),
            (
                "http://localhost",
                "http://localhost/contoso.com/oauth2/v2.0/token",
            ),
            (
                "https://gateway.example/entra",
                "https://gateway.example/entra/contoso.com/oauth2/v2.0/token",
            ),
        ] {
            let authority = authority(host, "contoso.com").unwrap();
            assert_eq!(authority.endpoint("token").as_str(), endpoint, "{host}");
            let other = endpoint.replace("token", "authorize");
            assert_eq!(authority.endpoint("authorize").as_str(), other, "{host}");
        }
    }

    #[test]
    fn an_authority_that_is_none_or_would_see_secrets_in_the_clear_is_refused() {
        for (host, words) in [
            (
                "http://login.microsoftonline.com",
                "plain http is for loopback addresses only",
            ),
            (
                "http://10.0.0.1",
                "plain http is for loopback addresses only",
            ),
            ("ftp://localhost", "no https address"),
            ("https://", "no address"),
            ("https://a.example/?x", "at most a path"),
            ("https://a.example/#x", "at most a path"),
            ("https://me:canary@a.example", "at most a path"),
            ("https://me:canary@a.example:x", "no address"),
            ("ftp://me:canary@a.example", "no https address"),
        ] {
            let error = authority(host, "t").unwrap_err();
            for words in [VARIABLE, words, "set it to"] {
                assert!(error.message.contains(words), "{host}: {error}");
            }
            assert!(!error.message.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_tenant_is_no_path() {
        for tenant in ["a/b", "../x", "a?b", "a b", "ä", ".", ".."] {
            let error = authority("", tenant).unwrap_err();
            assert!(error.message.starts_with(TENANT_ID), "{tenant}: {error}");
            assert!(error.message.contains("no tenant"), "{tenant}: {error}");
        }
    }
}
