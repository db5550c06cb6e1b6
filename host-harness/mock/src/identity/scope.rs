//! What a token is asked for.

use super::refusal::Refusal;
use crate::service::auth::AUDIENCES;

/// The scopes of a request by a person.
pub(super) struct UserScope {
    /// What the token is for.
    pub(super) resource: String,
    /// Whether a refresh token is wanted.
    pub(super) is_offline: bool,
}

/// The resource of a request by a client on its own behalf. It takes what has been granted, and cannot choose.
pub(super) fn of_client(scope: &str, tenant: &str) -> Result<String, Refusal> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        return Err(Refusal::not_default_scope(scope));
    };
    known(resource, tenant)
}

/// The scopes of a request by a person: of one resource, besides those about the person.
pub(super) fn of_user(scope: &str, tenant: &str) -> Result<UserScope, Refusal> {
    let mut resources: Vec<&str> = scope
        .split_whitespace()
        .filter(|name| !ABOUT_THE_PERSON.contains(name))
        .map(|name| {
            name.rsplit_once('/')
                .map_or(GRAPH, |(resource, _)| resource)
        })
        .collect();
    resources.dedup();
    let resource = match resources.as_slice() {
        [] => GRAPH,
        [resource] => resource,
        _ => return Err(Refusal::several_resources(scope)),
    };
    Ok(UserScope {
        resource: known(resource, tenant)?,
        is_offline: scope
            .split_whitespace()
            .any(|name| name == "offline_access"),
    })
}

/// A resource as it was named, if there is such a one.
pub(super) fn known(resource: &str, tenant: &str) -> Result<String, Refusal> {
    match is_known(resource) {
        true => Ok(resource.to_owned()),
        false => Err(Refusal::unknown_resource(resource, tenant)),
    }
}

/// Whether the tenant has a resource of that name. A slash at its end makes no difference.
pub(super) fn is_known(resource: &str) -> bool {
    let resource = resource.trim_end_matches('/');
    AUDIENCES.contains(&resource) || OTHER_RESOURCES.contains(&resource)
}

/// Some resources that tenants have, besides those that the mock accepts tokens for.
const OTHER_RESOURCES: [&str; 3] = [
    GRAPH,
    "https://management.azure.com",
    "https://vault.azure.net",
];

/// What a scope without a resource belongs to.
const GRAPH: &str = "https://graph.microsoft.com";

/// Scopes that are of no resource.
const ABOUT_THE_PERSON: [&str; 4] = ["email", "offline_access", "openid", "profile"];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_person_asks_for_one_resource() {
        let table = [
            (
                "https://ai.azure.com/.default",
                Ok(("https://ai.azure.com", false)),
            ),
            (
                "openid https://ai.azure.com/a https://ai.azure.com/b offline_access",
                Ok(("https://ai.azure.com", true)),
            ),
            (
                "https://management.azure.com//.default",
                Ok(("https://management.azure.com/", false)),
            ),
            ("openid profile", Ok((GRAPH, false))),
            ("User.Read", Ok((GRAPH, false))),
            (
                "https://ai.azure.com/.default https://vault.azure.net/.default",
                Err(28000),
            ),
            ("https://nowhere.example/.default", Err(500011)),
        ];
        for (scope, expected) in table {
            let read = of_user(scope, "tenant");
            let read = read.map(|read| (read.resource, read.is_offline));
            let read = read.map_err(|refusal| refusal.code);
            let expected = expected.map(|(resource, offline)| (resource.to_owned(), offline));
            assert_eq!(read, expected, "{scope}");
        }
    }

    #[test]
    fn a_client_asks_for_all_that_it_has() {
        let table = [
            ("https://ai.azure.com/.default", None),
            ("https://cognitiveservices.azure.com//.default", None),
            ("https://ai.azure.com", Some(1002012)),
            ("https://ai.azure.com/user_impersonation", Some(1002012)),
            ("https://nowhere.example/.default", Some(500011)),
        ];
        for (scope, code) in table {
            let refused = of_client(scope, "tenant").err().map(|refusal| refusal.code);
            assert_eq!(refused, code, "{scope}");
        }
    }
}
