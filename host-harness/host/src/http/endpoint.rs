//! Where the secrets go.

use std::fmt;

use http::Method;
use url::Url;

use super::Origin;

/// A provider's endpoint: its origin, and a path below which its secrets are for, with the methods that its API has. Others may
/// share the origin: a gateway has a path for each team, and one team's key is not for another's.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    origin: Origin,
    /// The segments of the path, as they are written in an address.
    base: Vec<String>,
    methods: Vec<Method>,
}

impl Endpoint {
    /// The endpoint at an address as people write it, whose path leads to the endpoint's by this function. None when it is no
    /// address.
    pub(crate) fn parse(address: &str, base: fn(&str) -> &str, methods: &[Method]) -> Option<Self> {
        let url = Url::parse(address.trim()).ok()?;
        let base = base(url.path().trim_end_matches('/')).trim_matches('/');
        Some(Self {
            origin: Origin::of(&url)?,
            base: match base {
                "" => Vec::new(),
                base => base.split('/').map(str::to_owned).collect(),
            },
            methods: methods.to_vec(),
        })
    }

    /// Its scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its path: empty, or with a slash before each of its segments.
    pub fn path(&self) -> String {
        let segments = self.base.iter();
        segments.map(|segment| format!("/{segment}")).collect()
    }

    /// Whether a request is one that the secrets are for: of a method that the API has, to an address below the endpoint.
    pub fn takes(&self, method: &Method, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| self.has(method, &url))
    }

    /// The same for an address that was read.
    pub(crate) fn has(&self, method: &Method, url: &Url) -> bool {
        self.methods.contains(method)
            && Origin::of(url).as_ref() == Some(&self.origin)
            && self.is_above(url.path())
    }

    /// Whether a path is that of this endpoint, or below it, for whoever reads it. `..` as such is gone from an address that
    /// was read; what is left that some servers take for a separator or a way up is in none of the API's paths.
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

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.origin, self.path())
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_for_what_is_below_the_endpoint_alone() {
        let gateway = "https://gw.example/team-a";
        let service = "https://r.example";
        // endpoint, address of a request → whether secrets go there
        for (endpoint, address, expected) in [
            (gateway, "https://gw.example/team-a/v1/messages", true),
            (
                gateway,
                "https://gw.example/team-a/v1/messages/m_1/cancel?a=/../b",
                true,
            ),
            (gateway, "https://gw.example/team-a/v1/files/a%20b", true),
            (gateway, "https://gw.example/team-b/v1/messages", false),
            (gateway, "https://gw.example/team-ab/v1/messages", false),
            (gateway, "https://gw.example/Team-A/v1/messages", false),
            (gateway, "https://gw.example/team-a", true),
            (gateway, "https://gw.example/team-a/", true),
            (gateway, "https://gw.example/team-a?/v1", true),
            (gateway, "https://gw.example/", false),
            (gateway, "https://gw.example//team-a/v1", false),
            (gateway, "https://gw.example/team-a//v1", false),
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
            (gateway, "https://gw.example/team-a%2fv1/messages", false),
            (gateway, "https://gw.example/team-b/../team-a/v1", true),
            // Another origin.
            (gateway, "http://gw.example/team-a/v1", false),
            (gateway, "https://gw.example:8443/team-a/v1", false),
            (gateway, "https://team-a.example/team-a/v1", false),
            (service, "https://r.example/v1/messages", true),
            (service, "https://r.example/", true),
            (service, "https://r.example//v1", false),
            (
                "https://r.example/v1/?x=y#z",
                "https://r.example/v1/messages",
                true,
            ),
            (
                "https://r.example/v1/",
                "https://r.example/v2/messages",
                false,
            ),
        ] {
            let parsed = Endpoint::parse(endpoint, |path| path, &[Method::POST]).unwrap();
            assert_eq!(
                parsed.takes(&Method::POST, address),
                expected,
                "{endpoint} {address}"
            );
        }
    }

    #[test]
    fn the_path_of_an_endpoint_may_be_a_part_of_what_was_written() {
        let base: fn(&str) -> &str = |path| path.strip_suffix("/messages").unwrap_or(path);
        for (address, path) in [
            ("https://r.example/v1/messages", "/v1"),
            ("https://r.example/v1/messages/", "/v1"),
            ("https://r.example/messages?x", ""),
            ("https://r.example//a/b/", "/a/b"),
        ] {
            let endpoint = Endpoint::parse(address, base, &[]).unwrap();
            assert_eq!(endpoint.path(), path, "{address}");
            assert_eq!(endpoint.to_string(), format!("https://r.example:443{path}"));
        }
    }

    #[test]
    fn secrets_go_with_the_methods_of_the_api_alone() {
        let methods = [Method::DELETE, Method::GET, Method::POST];
        let endpoint = Endpoint::parse("https://r.example", |path| path, &methods).unwrap();
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
            let takes = endpoint.takes(&method, "https://r.example/v1/files");
            assert_eq!(takes, expected, "{method}");
        }
    }
}
