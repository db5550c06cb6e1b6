//! The authority: where Entra ID gives out tokens.

use url::Url;

use super::CredentialError;
use super::surroundings::Surroundings;
use crate::http::origin::Origin;

/// An authority, such as `https://login.microsoftonline.com`.
#[derive(Clone, Debug)]
pub(super) struct Authority(Url);

impl Authority {
    /// The one that `AZURE_AUTHORITY_HOST` names, or the public cloud's.
    pub(super) fn of(surroundings: &Surroundings) -> Result<Self, CredentialError> {
        let Some(host) = surroundings.variable(VARIABLE) else {
            return Self::parse(PUBLIC_CLOUD);
        };
        // Both forms are in use.
        match host.contains("://") {
            true => Self::parse(host),
            false => Self::parse(&format!("https://{host}")),
        }
    }

    fn parse(address: &str) -> Result<Self, CredentialError> {
        let wrong = |why| {
            CredentialError::failed(format!(
                "{VARIABLE} is {address:?}, {why}; set it to an address such as {PUBLIC_CLOUD}, or unset it"
            ))
        };
        let url = Url::parse(address).map_err(|_| wrong("which is no address"))?;
        let origin = Origin::of(&url).ok_or_else(|| wrong("which is no https address"))?;
        if !url.username().is_empty() || url.password().is_some() {
            // Without the address: it holds a password.
            return Err(CredentialError::failed(format!(
                "{VARIABLE} holds a user name or a password; an authority takes none"
            )));
        }
        match origin.is_secure() || origin.is_loopback() {
            true => Ok(Self(url)),
            false => Err(wrong(
                "which would send secrets without encryption: plain http is for loopback addresses only",
            )),
        }
    }

    /// Where a tenant's tokens are.
    pub(super) fn token_endpoint(&self, tenant: &str) -> Result<Url, CredentialError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if !tenant.chars().all(is_allowed) {
            return Err(CredentialError::failed(format!(
                "AZURE_TENANT_ID is {tenant:?}, which is no tenant; set it to the directory's id or one of its domains"
            )));
        }
        let mut url = self.0.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&format!("/{tenant}/oauth2/v2.0/token"));
        Ok(url)
    }

    /// The form that `azure_identity` takes, which refuses plain http even to this machine.
    pub(super) fn secure_form(&self) -> String {
        let address = self.0.as_str();
        match address.strip_prefix("http:") {
            Some(rest) => format!("https:{rest}"),
            None => address.to_owned(),
        }
    }
}

const VARIABLE: &str = "AZURE_AUTHORITY_HOST";

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::testing;
    use super::*;

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
                "http://127.0.0.1:4000/x?y#z",
                "http://127.0.0.1:4000/contoso.com/oauth2/v2.0/token",
            ),
            (
                "http://localhost",
                "http://localhost/contoso.com/oauth2/v2.0/token",
            ),
        ] {
            let authority = Authority::of(&testing::surroundings([(VARIABLE, host)])).unwrap();
            let found = authority.token_endpoint("contoso.com").unwrap();
            assert_eq!(found.as_str(), endpoint, "{host}");
            assert!(authority.secure_form().starts_with("https://"), "{host}");
        }
    }

    #[test]
    fn an_authority_that_would_see_secrets_in_the_clear_is_refused() {
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
        ] {
            let error = Authority::of(&testing::surroundings([(VARIABLE, host)])).unwrap_err();
            assert!(error.message.contains(words), "{host}: {error}");
            assert!(error.message.contains("set it to"), "{host}: {error}");
        }
        let with_password = testing::surroundings([(VARIABLE, "https://me:canary@a.example")]);
        let error = Authority::of(&with_password).unwrap_err();
        assert!(!error.message.contains("canary"), "{error}");
    }

    #[test]
    fn a_tenant_is_no_path() {
        let authority = Authority::parse(PUBLIC_CLOUD).unwrap();
        for tenant in ["a/b", "../x", "a?b", "a b", "ä"] {
            let error = authority.token_endpoint(tenant).unwrap_err();
            assert!(error.message.contains("no tenant"), "{tenant}: {error}");
        }
    }
}
