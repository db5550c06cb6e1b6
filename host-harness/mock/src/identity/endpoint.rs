//! The addresses of the identity services.

/// What an address of the identity services is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    /// A person signs in there.
    Authorize {
        /// To this tenant.
        tenant: &'a str,
    },
    /// A program gets tokens there.
    Token(TokenEndpoint<'a>),
}

/// Where a program gets tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenEndpoint<'a> {
    /// The endpoint in an App Service, a Function or a Container App.
    AppService,
    /// The agent of Azure Arc.
    Arc,
    /// A tenant of Microsoft Entra.
    Entra {
        /// Its id or its domain.
        tenant: &'a str,
    },
    /// The instance metadata service of a virtual machine (IMDS).
    VirtualMachine,
}

impl<'a> Endpoint<'a> {
    /// What a path leads to, if it is one of the identity services'.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        match path {
            APP_SERVICE_PATH => return Some(Self::Token(TokenEndpoint::AppService)),
            ARC_PATH => return Some(Self::Token(TokenEndpoint::Arc)),
            IMDS_PATH => return Some(Self::Token(TokenEndpoint::VirtualMachine)),
            _ => {}
        }
        let (tenant, rest) = path.strip_prefix('/')?.split_once('/')?;
        match rest {
            "oauth2/v2.0/authorize" => Some(Self::Authorize { tenant }),
            "oauth2/v2.0/token" => Some(Self::Token(TokenEndpoint::Entra { tenant })),
            _ => None,
        }
    }
}

pub(crate) const APP_SERVICE_PATH: &str = "/msi/token";
pub(crate) const ARC_PATH: &str = "/arc/metadata/identity/oauth2/token";
pub(super) const IMDS_PATH: &str = "/metadata/identity/oauth2/token";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_endpoints() {
        let token = |endpoint| Some(Endpoint::Token(endpoint));
        let table = [
            ("/msi/token", token(TokenEndpoint::AppService)),
            (
                "/arc/metadata/identity/oauth2/token",
                token(TokenEndpoint::Arc),
            ),
            (
                "/metadata/identity/oauth2/token",
                token(TokenEndpoint::VirtualMachine),
            ),
            (
                "/contoso/oauth2/v2.0/token",
                token(TokenEndpoint::Entra { tenant: "contoso" }),
            ),
            (
                "/contoso/oauth2/v2.0/authorize",
                Some(Endpoint::Authorize { tenant: "contoso" }),
            ),
            ("/oauth2/v2.0/token", None),
            ("/a/b/oauth2/v2.0/token", None),
            ("/contoso/oauth2/token", None),
            ("/openai/v1/responses", None),
            ("/", None),
        ];
        for (path, endpoint) in table {
            assert_eq!(Endpoint::of(path), endpoint, "{path}");
        }
    }
}
