//! How requests say who sends them.

use super::endpoint::Endpoint;
use super::resolver::Resolver;
use super::settings;
use crate::contract::credentials::Credential;
use crate::core::secret::Secret;

/// How requests say who sends them. One way, never two: the service refuses requests with both a key and a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Authentication {
    /// The resource's key.
    ApiKey(Secret),
    /// A token from the configuration.
    Token(Secret),
    /// A token that the host gets, and renews.
    Fetched(TokenSource),
}

/// Where tokens come from, and what they are for.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSource {
    /// With which of the host's credentials.
    pub credential: Credential,
    /// For what.
    pub scope: String,
}

impl Authentication {
    /// The first way that is configured: key, token, managed identity, default chain.
    pub(super) fn take(
        resolver: &mut Resolver<'_>,
        endpoint: Option<&Endpoint>,
        warnings: &mut Vec<String>,
    ) -> Option<Self> {
        let api_key = resolver.take(&settings::API_KEY);
        let token = resolver.take(&settings::AZURE_AD_TOKEN);
        let use_managed_identity = resolver.take(&settings::USE_MANAGED_IDENTITY);
        let client_id = resolver.take(&settings::MANAGED_IDENTITY_CLIENT_ID);
        let use_default_credential = resolver.take(&settings::USE_DEFAULT_CREDENTIAL);
        let scope = resolver.take(&settings::TOKEN_SCOPE);
        // After all of them are taken, so that one that is wrong does not hide another.
        let use_managed_identity = use_managed_identity?;
        let use_default_credential = use_default_credential?;

        let ways = [
            (
                resolver.is_set(&settings::API_KEY.row),
                &settings::API_KEY.row,
            ),
            (
                resolver.is_set(&settings::AZURE_AD_TOKEN.row),
                &settings::AZURE_AD_TOKEN.row,
            ),
            (use_managed_identity, &settings::USE_MANAGED_IDENTITY.row),
            (
                use_default_credential,
                &settings::USE_DEFAULT_CREDENTIAL.row,
            ),
        ];
        let mut ways = ways
            .into_iter()
            .filter_map(|(is_set, row)| is_set.then_some(row));
        let Some(first) = ways.next() else {
            let problem = match resolver.prefix.trim_end_matches('.') {
                "" => NONE.to_owned(),
                table => format!(
                    "`{table}` has no way to authenticate: set `api_key`, `azure_ad_token`, `use_managed_identity` or \
                     `use_default_credential` in it; what is set for other endpoints is not for this one"
                ),
            };
            resolver.problems.push(problem);
            return None;
        };
        for other in ways {
            warnings.push(format!(
                "{} has no effect, because {} comes first",
                resolver.place(other),
                resolver.place(first)
            ));
        }
        let is_managed_identity = first.key == settings::USE_MANAGED_IDENTITY.row.key;
        if client_id.is_some() && !is_managed_identity {
            warnings.push(format!(
                "{} has no effect without `use_managed_identity`; credentials of the default chain take AZURE_CLIENT_ID",
                resolver.place(&settings::MANAGED_IDENTITY_CLIENT_ID.row),
            ));
        }

        if first.key == settings::API_KEY.row.key {
            return api_key.map(Self::ApiKey);
        }
        if first.key == settings::AZURE_AD_TOKEN.row.key {
            return token.map(Self::Token);
        }
        let credential = match is_managed_identity {
            true => Credential::ManagedIdentity(client_id),
            false => Credential::DefaultChain,
        };
        Some(Self::Fetched(TokenSource {
            credential,
            scope: scope.or_else(|| endpoint.map(|endpoint| endpoint.token_scope().to_owned()))?,
        }))
    }

    /// The setting that chose this way.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => settings::API_KEY.row.key,
            Self::Token(_) => settings::AZURE_AD_TOKEN.row.key,
            Self::Fetched(TokenSource { credential, .. }) => match credential {
                Credential::ManagedIdentity(_) => settings::USE_MANAGED_IDENTITY.row.key,
                Credential::DefaultChain => settings::USE_DEFAULT_CREDENTIAL.row.key,
            },
        }
    }
}

const NONE: &str = "no way to authenticate is configured: set `api_key` (AZURE_OPENAI_API_KEY), `azure_ad_token` \
    (AZURE_OPENAI_AD_TOKEN), `use_managed_identity` (AZURE_USE_MANAGED_IDENTITY=true), or `use_default_credential` \
    (AZURE_USE_DEFAULT_CREDENTIAL=true), which takes what `az login` left";
