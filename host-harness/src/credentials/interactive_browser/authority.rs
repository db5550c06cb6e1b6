//! Where people sign in.

use url::Url;

use crate::credentials::CredentialError;
use crate::environment::Environment;
use crate::http::origin::Origin;

/// A cloud's sign-in service, and the tenant to sign in to.
pub(super) struct Authority {
    base: Url,
    tenant: String,
}

impl Authority {
    /// The authority that the environment names, or the public cloud's, for work and school accounts of any tenant.
    pub(super) fn of(environment: &Environment) -> Result<Self, CredentialError> {
        let variable = |name| environment.get(name).filter(|value| !value.is_empty());
        let host = variable("AZURE_AUTHORITY_HOST").unwrap_or(PUBLIC_CLOUD);
        let tenant = variable("AZURE_TENANT_ID").unwrap_or(ANY_ORGANIZATION);
        let base = Url::parse(host).ok().filter(is_usable).ok_or_else(|| {
            CredentialError::failed(format!(
                "AZURE_AUTHORITY_HOST is not an https address; set it to one like {PUBLIC_CLOUD}"
            ))
        })?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        // Two dots would lead to another path.
        if !tenant.chars().all(is_part) || tenant.contains("..") {
            return Err(CredentialError::failed(format!(
                "AZURE_TENANT_ID is {tenant:?}, which is no tenant; set it to a tenant's id or domain"
            )));
        }
        Ok(Self {
            base,
            tenant: tenant.to_owned(),
        })
    }

    /// The tenant's `authorize` or `token` endpoint.
    pub(super) fn endpoint(&self, name: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend([&*self.tenant, "oauth2", "v2.0", name]);
        }
        url
    }
}

/// Codes and tokens go there: in the clear only within this machine, and never with somebody's password.
fn is_usable(url: &Url) -> bool {
    let is_safe = Origin::of(url).is_some_and(|origin| origin.is_secure() || origin.is_loopback());
    is_safe && url.username().is_empty() && url.password().is_none() && url.query().is_none()
}

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// Instead of a tenant: the one that the account is at home in.
const ANY_ORGANIZATION: &str = "organizations";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn token_endpoint(host: &str, tenant: &str) -> Result<String, CredentialError> {
        let variables = [("AZURE_AUTHORITY_HOST", host), ("AZURE_TENANT_ID", tenant)];
        let environment = variables.into_iter().collect();
        Ok(Authority::of(&environment)?.endpoint("token").into())
    }

    #[test]
    fn the_environment_names_the_cloud_and_the_tenant() {
        let table = [
            (
                "",
                "",
                "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
            ),
            (
                "https://login.microsoftonline.us/",
                "contoso.com",
                "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token",
            ),
            (
                "http://127.0.0.1:8080",
                "t-1",
                "http://127.0.0.1:8080/t-1/oauth2/v2.0/token",
            ),
            (
                "https://gateway.example/entra",
                "t",
                "https://gateway.example/entra/t/oauth2/v2.0/token",
            ),
        ];
        for (host, tenant, endpoint) in table {
            assert_eq!(token_endpoint(host, tenant).unwrap(), endpoint);
        }
    }

    #[test]
    fn what_is_no_authority_is_refused_by_the_variables_name() {
        let table = [
            ("http://login.example", "", "AZURE_AUTHORITY_HOST"),
            ("login.example", "", "AZURE_AUTHORITY_HOST"),
            (
                "https://user:canary@login.example",
                "",
                "AZURE_AUTHORITY_HOST",
            ),
            ("", "a/b", "AZURE_TENANT_ID"),
            ("", "..", "AZURE_TENANT_ID"),
        ];
        for (host, tenant, variable) in table {
            let error = token_endpoint(host, tenant).unwrap_err();
            assert!(error.message.starts_with(variable), "{error}");
            assert!(!error.message.contains("canary"), "{error}");
        }
    }
}
