//! Where the secrets go.

use http::Method;
use url::Url;

use super::Origin;

/// A provider's endpoint: its origin, and a path below which its secrets are for. Others may share the origin: a gateway has a
/// path for each team, and one team's key is not for another's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) origin: Origin,
    /// The segments of the path, as they are written in an address.
    base: Vec<String>,
}

impl Endpoint {
    /// The endpoint at an address as people write it: with the path of the API, or without. None when it is no address.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        let url = Url::parse(address.trim()).ok()?;
        let path = url.path().trim_end_matches('/');
        let base = API_PATHS
            .iter()
            .find_map(|api| path.strip_suffix(api))
            .unwrap_or(path);
        let base = project(base).unwrap_or(base).trim_matches('/');
        Some(Self {
            origin: Origin::of(&url)?,
            base: match base {
                "" => Vec::new(),
                base => base.split('/').map(str::to_owned).collect(),
            },
        })
    }

    /// Whether a request is one that the secrets are for: of a method that the API has, to something below the endpoint.
    pub(crate) fn has(&self, method: &Method, url: &Url) -> bool {
        METHODS.contains(method)
            && Origin::of(url).as_ref() == Some(&self.origin)
            && self.is_above(url.path())
    }

    /// Whether a path is that of this endpoint, or below it, for whoever reads it. `..` as such is gone from an address that was read; what is
    /// left that some servers take for a separator or a way up is in none of the API's paths.
    fn is_above(&self, path: &str) -> bool {
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        let is_below = self
            .base
            .iter()
            .all(|segment| segments.next() == Some(segment));
        // A slash at the end is an empty segment.
        let rest = path_without_slash(segments.collect());
        is_below && rest.into_iter().all(is_plain)
    }
}

fn path_without_slash(mut segments: Vec<&str>) -> Vec<&str> {
    segments.pop_if(|last| last.is_empty());
    segments
}

/// Whether a segment of a path is one and the same thing for every server: however often it decodes it, it is a name.
fn is_plain(segment: &str) -> bool {
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(segment).collect();
    let is_odd = |byte: &u8| matches!(byte, b'/' | b'\\' | b'%' | b';') || byte.is_ascii_control();
    !matches!(decoded.as_slice(), b"" | b"." | b"..") && !decoded.iter().any(is_odd)
}

/// The path of the Foundry project in an address, without what people paste behind its name. None when it has none.
fn project(path: &str) -> Option<&str> {
    const PROJECTS: &str = "/api/projects/";
    let name = path.find(PROJECTS)? + PROJECTS.len();
    let length = path[name..].find('/').unwrap_or(path.len() - name);
    (length > 0).then(|| &path[..name + length])
}

/// The ends of addresses that name the API and not the endpoint, the longest first: the provider takes them off too.
const API_PATHS: [&str; 5] = [
    "/openai/v1/responses",
    "/openai/responses",
    "/openai/v1",
    "/openai",
    "/responses",
];

/// What the API is asked with.
const METHODS: [Method; 3] = [Method::DELETE, Method::GET, Method::POST];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_for_what_is_below_the_endpoint_alone() {
        let gateway = "https://gw.example/team-a";
        let resource = "https://r.example";
        // endpoint, address of a request → whether secrets go there
        for (endpoint, address, expected) in [
            (
                "https://f.example/api/projects/p/deployments?api-version=v1",
                "https://f.example/api/projects/p/openai/v1/responses",
                true,
            ),
            (
                "https://f.example/api/projects/p/deployments?api-version=v1",
                "https://f.example/api/projects/q/openai/v1/responses",
                false,
            ),
            (
                gateway,
                "https://gw.example/team-a/openai/v1/responses",
                true,
            ),
            (
                gateway,
                "https://gw.example/team-a/openai/v1/responses/resp_1/cancel?a=/../b",
                true,
            ),
            (
                gateway,
                "https://gw.example/team-a/openai/v1/files/a%20b",
                true,
            ),
            (
                gateway,
                "https://gw.example/team-b/openai/v1/responses",
                false,
            ),
            (
                gateway,
                "https://gw.example/team-ab/openai/v1/responses",
                false,
            ),
            (
                gateway,
                "https://gw.example/Team-A/openai/v1/responses",
                false,
            ),
            (gateway, "https://gw.example/team-a", true),
            (gateway, "https://gw.example/team-a/", true),
            (gateway, "https://gw.example/team-a?/openai", true),
            (gateway, "https://gw.example/", false),
            (gateway, "https://gw.example//team-a/openai", false),
            (gateway, "https://gw.example/team-a//openai", false),
            // Ways up, as they are, by their codes, and as some servers read them.
            (gateway, "https://gw.example/team-a/../team-b/x", false),
            (gateway, "https://gw.example/team-a/%2e%2e/team-b/x", false),
            (gateway, "https://gw.example/team-a/.%2E/team-b/x", false),
            (
                gateway,
                "https://gw.example/team-a/%252e%252e/team-b/x",
                false,
            ),
            (gateway, "https://gw.example/team-a/..%2fteam-b/x", false),
            (gateway, "https://gw.example/team-a/..%5cteam-b/x", false),
            (gateway, "https://gw.example/team-a\\..\\team-b/x", false),
            (gateway, "https://gw.example/team-a/..;/team-b/x", false),
            (gateway, "https://gw.example/team-a/..%00/team-b/x", false),
            (gateway, "https://gw.example/team-a%2fopenai/v1", false),
            (gateway, "https://gw.example/team-b/../team-a/openai", true),
            // Another origin.
            (gateway, "http://gw.example/team-a/openai", false),
            (gateway, "https://gw.example:8443/team-a/openai", false),
            (gateway, "https://team-a.example/team-a/openai", false),
            // The path of the API belongs to the API.
            (
                "https://gw.example/team-a/openai/v1/",
                "https://gw.example/team-a/openai/responses",
                true,
            ),
            (
                "https://gw.example/team-a/openai/v1/responses?x=y",
                "https://gw.example/team-b/openai/responses",
                false,
            ),
            (resource, "https://r.example/openai/v1/responses", true),
            (
                "https://r.example/openai/",
                "https://r.example/openai/responses",
                true,
            ),
            (resource, "https://r.example/", true),
            (resource, "https://r.example//openai", false),
            (
                "https://r.example/api/projects/P/openai/v1",
                "https://r.example/api/projects/P/openai/v1/responses",
                true,
            ),
            (
                "https://r.example/api/projects/P",
                "https://r.example/api/projects/Q/openai/v1/responses",
                false,
            ),
        ] {
            let (parsed, url) = (
                Endpoint::parse(endpoint).unwrap(),
                Url::parse(address).unwrap(),
            );
            assert_eq!(
                parsed.has(&Method::POST, &url),
                expected,
                "{endpoint} {address}"
            );
        }
    }

    #[test]
    fn secrets_go_with_the_methods_of_the_api_alone() {
        let endpoint = Endpoint::parse("https://r.example").unwrap();
        let url = Url::parse("https://r.example/openai/v1/files").unwrap();
        for (method, expected) in [
            ("GET", true),
            ("POST", true),
            ("DELETE", true),
            ("PUT", false),
            ("PATCH", false),
            ("HEAD", false),
            ("OPTIONS", false),
            ("TRACE", false),
            ("CONNECT", false),
            ("get", false),
            ("PURGE", false),
        ] {
            let method = method.parse().unwrap();
            assert_eq!(endpoint.has(&method, &url), expected, "{method}");
        }
    }
}
