//! An endpoint, and what belongs to it: who asks it, and which deployments it has.

use serde_json::Value;

use super::api_version::{self, ApiVersion};
use super::authentication::Authentication;
use super::endpoint::{Endpoint, EndpointKind};
use super::resolver::Resolver;
use super::setting::Row;
use super::settings;
use crate::contract::credentials::Credential;
use crate::core::config::TokenSource;
use crate::core::deployment::Mapping;
use crate::core::json::object_of;
use crate::core::secret::Secret;

/// An endpoint, and what belongs to it. None of its secrets is for another endpoint.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Where it is.
    pub endpoint: Endpoint,
    /// The version of its API.
    pub api_version: ApiVersion,
    /// How requests say who sends them.
    pub authentication: Authentication,
    /// `deployment_mapping`: what models are called here. None where there is no such table.
    pub mapping: Option<Mapping>,
    /// The first deployment of each model has provisioned throughput.
    pub is_provisioned: bool,
    /// Headers of every request.
    pub extra_headers: Vec<(String, Secret)>,
}

/// The settings that an entry of `fallbacks` may have.
pub(super) static OF_RESOURCES: [&Row; 11] = [
    &settings::AZURE_ENDPOINT.row,
    &settings::API_KEY.row,
    &settings::AZURE_AD_TOKEN.row,
    &settings::USE_MANAGED_IDENTITY.row,
    &settings::MANAGED_IDENTITY_CLIENT_ID.row,
    &settings::USE_DEFAULT_CREDENTIAL.row,
    &settings::TOKEN_SCOPE.row,
    &settings::API_VERSION.row,
    &settings::DEPLOYMENT_MAPPING.row,
    &settings::DEPLOYMENT_TYPE.row,
    &settings::EXTRA_HEADERS.row,
];

impl Resource {
    /// Takes every setting, also after one that is wrong, so that all problems are found.
    pub(super) fn take(resolver: &mut Resolver<'_>, warnings: &mut Vec<String>) -> Option<Self> {
        let endpoint = resolver.require(&settings::AZURE_ENDPOINT);
        if let Some(endpoint) = &endpoint
            && (endpoint.path.contains("/openai/deployments/")
                || endpoint.path.ends_with("/chat/completions"))
        {
            warnings.push(format!(
                "{} {endpoint} looks like the address of another API; the resource's address alone is what is wanted, and \
                 a deployment's name in `default_deployment`",
                resolver.place(&settings::AZURE_ENDPOINT.row)
            ));
        }
        let authentication = Authentication::take(resolver, endpoint.as_ref(), warnings);
        let api_version = take_api_version(resolver, endpoint.as_ref(), warnings);
        let mapping = resolver.take(&settings::DEPLOYMENT_MAPPING);
        let deployment_type = resolver.take(&settings::DEPLOYMENT_TYPE);
        let extra_headers = resolver.value(&settings::EXTRA_HEADERS);
        Some(Self {
            api_version,
            mapping,
            is_provisioned: deployment_type.is_some_and(|kind| kind.eq_ignore_ascii_case("PTU")),
            extra_headers,
            // Last, so that what is missing here does not hide what is wrong above.
            endpoint: endpoint?,
            authentication: authentication?,
        })
    }

    /// The headers of every request.
    pub fn extra_headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let headers = self.extra_headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.expose().as_bytes()))
    }

    /// The path and query of requests.
    pub fn responses_path(&self) -> String {
        self.api_version.responses_path(&self.endpoint)
    }

    /// Its name in metadata and events: the endpoint without its scheme.
    pub fn name(&self) -> String {
        let Endpoint {
            authority, path, ..
        } = &self.endpoint;
        [authority.as_str(), path].concat()
    }

    /// The members of `describe` that say where requests go, and who sends them.
    pub(super) fn describe(&self) -> Vec<(&'static str, Value)> {
        let mut authentication = vec![("method", self.authentication.name().into())];
        if let Authentication::Fetched(TokenSource { credential, scope }) = &self.authentication {
            authentication.push(("scope", scope.as_str().into()));
            if let Credential::ManagedIdentity(Some(client_id)) = credential {
                authentication.push(("client_id", client_id.as_str().into()));
            }
        }
        let Endpoint {
            scheme, authority, ..
        } = &self.endpoint;
        let route = format!("POST {scheme}://{authority}{}", self.responses_path());
        vec![
            ("endpoint", self.endpoint.to_string().into()),
            ("route", route.into()),
            ("authentication", object_of(authentication)),
        ]
    }
}

fn take_api_version(
    resolver: &mut Resolver<'_>,
    endpoint: Option<&Endpoint>,
    warnings: &mut Vec<String>,
) -> ApiVersion {
    let row = &settings::API_VERSION.row;
    let version = resolver.value(&settings::API_VERSION);
    // The default is such a version too, for the sake of the documentation; nobody needs to hear of that.
    if resolver.is_set(row) && api_version::is_before_responses(&version) {
        warnings.push(format!(
            "`{}{}` {version} is older than the Responses API; requests go to /openai/v1/responses, as with `v1`",
            resolver.prefix, row.key
        ));
    }
    let version = ApiVersion::parse(&version).unwrap_or(ApiVersion::V1);
    let Some(endpoint) = endpoint else {
        return version;
    };
    let taken = version.clone().at(endpoint.kind);
    if taken != version {
        let place = resolver.place(row);
        let has_v1 = match endpoint.kind {
            EndpointKind::Project => {
                "a Foundry project has the v1 API only, and takes no `api-version`"
            }
            _ => "`azure_endpoint` ends with /v1, and is taken as it is",
        };
        warnings.push(format!("{place} has no effect: {has_v1}"));
    }
    taken
}
