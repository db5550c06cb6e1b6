//! Where the service is.

use std::fmt;

/// The base address of a resource, a Foundry project or a gateway, in its normal form: `scheme://authority/path` without a
/// trailing slash.
///
/// `https` only, but for loopback addresses: a key or a token must not cross a network in the clear.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and, if it is not the scheme's own, port.
    pub authority: String,
    /// Empty, or a path that begins with a slash and does not end with one.
    pub path: String,
    /// What is at the path.
    pub kind: EndpointKind,
}

/// What is at the path of an endpoint: where its API begins, and which dialect it speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EndpointKind {
    /// A resource, or a gateway that keeps its paths: the API is below `/openai`.
    Resource,
    /// A Foundry project: the API is below `/openai/v1`, takes no `api-version`, and has an audience of its own.
    Project,
    /// A gateway without `/openai` in its paths: the path itself, which ends with `/v1`, is where the API begins.
    V1,
}

/// The scheme of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scheme {
    /// Without TLS, for loopback.
    Http,
    /// With TLS.
    Https,
}

impl Endpoint {
    /// Reads an address the way people paste it: with blanks around it, a trailing slash, the path of the API, or a
    /// whole request with its query.
    ///
    /// # Errors
    ///
    /// Says what an endpoint looks like when this is none.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let text = text.trim();
        let (scheme, rest) = text
            .split_once("://")
            .ok_or(InvalidEndpoint::NotAnAddress)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(InvalidEndpoint::NotAnAddress),
        };
        let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host_of(authority)?;
        if scheme == Scheme::Http && !is_loopback(&host) {
            return Err(InvalidEndpoint::InTheClear);
        }
        if path.bytes().any(|byte| !(b'!'..=b'~').contains(&byte)) {
            return Err(InvalidEndpoint::NotAnAddress);
        }
        let (path, kind) = api_root(path)?;
        Ok(Self {
            scheme,
            authority: authority.to_ascii_lowercase(),
            path: path.to_owned(),
            kind,
        })
    }

    /// The scope of tokens for the endpoint: that of its cloud, which the host's name tells (gateways have names of their
    /// own, and are taken for the public cloud's), and there that of projects, which accept no other audience.
    pub fn token_scope(&self) -> &'static str {
        let host = match self.authority.rsplit_once(':') {
            Some((host, _)) => host,
            None => &self.authority,
        };
        let is_project = self.kind == EndpointKind::Project;
        match (is_project, host) {
            (true, host) if host.ends_with(".azure.us") => "https://ai.azure.us/.default",
            (true, host) if host.ends_with(".azure.cn") => "https://ai.azure.cn/.default",
            (true, _) => "https://ai.azure.com/.default",
            (false, host) if host.ends_with(".azure.us") => {
                "https://cognitiveservices.azure.us/.default"
            }
            (false, host) if host.ends_with(".azure.cn") => {
                "https://cognitiveservices.azure.cn/.default"
            }
            (false, _) => "https://cognitiveservices.azure.com/.default",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// Why a text is not an endpoint; says what was expected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not an address at all.
    #[error("an address such as https://RESOURCE.openai.azure.com")]
    NotAnAddress,
    /// A user name or a password in the address.
    #[error("an address without user name and password")]
    Credentials,
    /// `http` to another machine.
    #[error(
        "an https:// address (http:// is for loopback only, because it would send the credentials in the clear)"
    )]
    InTheClear,
    /// The path of Foundry projects without the name of one.
    #[error(
        "an address with the project's name at its end: https://RESOURCE.services.ai.azure.com/api/projects/NAME"
    )]
    NoProject,
}

/// The path without the part that the route adds again, and what is there.
fn api_root(path: &str) -> Result<(&str, EndpointKind), InvalidEndpoint> {
    /// What comes before the name of a project. Everything after the name belongs to one of the project's APIs.
    const PROJECTS: &str = "/api/projects";
    const API_PATHS: [&str; 4] = [
        "/openai/v1/responses",
        "/openai/responses",
        "/openai/v1",
        "/openai",
    ];
    let path = path.trim_end_matches('/');
    if path.ends_with(PROJECTS) {
        return Err(InvalidEndpoint::NoProject);
    }
    let projects = [PROJECTS, "/"].concat();
    if let Some(start) = path.find(&projects) {
        let name = start + projects.len();
        let end = path[name..].find('/').map_or(path.len(), |end| name + end);
        return if end > name {
            Ok((&path[..end], EndpointKind::Project))
        } else {
            Err(InvalidEndpoint::NoProject)
        };
    }
    for suffix in API_PATHS {
        if let Some(root) = path.strip_suffix(suffix) {
            return Ok((root.trim_end_matches('/'), EndpointKind::Resource));
        }
    }
    let root = path.strip_suffix("/responses").unwrap_or(path);
    if root.ends_with("/v1") {
        Ok((root, EndpointKind::V1))
    } else {
        Ok((path, EndpointKind::Resource))
    }
}

/// The host of an authority, in lower case and without the brackets of an IPv6 address.
fn host_of(authority: &str) -> Result<String, InvalidEndpoint> {
    if authority.contains('@') {
        return Err(InvalidEndpoint::Credentials);
    }
    let (host, port, is_valid): (_, _, fn(u8) -> bool) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(InvalidEndpoint::NotAnAddress)?;
            (host, port, |byte| byte.is_ascii_hexdigit() || byte == b':')
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (host, port, |byte| {
                byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
            })
        }
    };
    let port_is_valid = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+'),
        None => port.is_empty(),
    };
    match !host.is_empty() && host.bytes().all(is_valid) && port_is_valid {
        true => Ok(host.to_ascii_lowercase()),
        false => Err(InvalidEndpoint::NotAnAddress),
    }
}

fn is_loopback(host: &str) -> bool {
    let is_ipv4_loopback = || {
        let mut parts = host.split('.').map(str::parse::<u8>);
        parts.next() == Some(Ok(127))
            && parts.by_ref().take(3).filter(Result::is_ok).count() == 3
            && parts.next().is_none()
    };
    // RFC 6761, section 6.3: these names are loopback, whatever a name server says.
    host == "localhost" || host.ends_with(".localhost") || host == "::1" || is_ipv4_loopback()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn endpoints_come_in_many_forms_and_one_normal_form() {
        for (text, normal) in [
            ("https://r.openai.azure.com", "https://r.openai.azure.com"),
            (
                "  https://r.openai.azure.com/  ",
                "https://r.openai.azure.com",
            ),
            ("HTTPS://R.OpenAI.azure.com//", "https://r.openai.azure.com"),
            (
                "https://r.openai.azure.com/openai",
                "https://r.openai.azure.com",
            ),
            (
                "https://r.openai.azure.com/openai/",
                "https://r.openai.azure.com",
            ),
            (
                "https://r.openai.azure.com/openai/v1/",
                "https://r.openai.azure.com",
            ),
            (
                "https://r.openai.azure.com/openai/responses?api-version=2025-04-01-preview",
                "https://r.openai.azure.com",
            ),
            (
                "https://r.openai.azure.com/openai/v1/responses",
                "https://r.openai.azure.com",
            ),
            (
                "https://r.cognitiveservices.azure.com",
                "https://r.cognitiveservices.azure.com",
            ),
            (
                "https://r.services.ai.azure.com/api/projects/P/openai/v1",
                "https://r.services.ai.azure.com/api/projects/P",
            ),
            ("https://r.openai.azure.us/#x", "https://r.openai.azure.us"),
            (
                "https://gw.azure-api.net/team/openai",
                "https://gw.azure-api.net/team",
            ),
            (
                "https://gw.azure-api.net/team/myopenai",
                "https://gw.azure-api.net/team/myopenai",
            ),
            (
                "https://gw.example:8443/a/b/",
                "https://gw.example:8443/a/b",
            ),
            (
                "https://gw.example/team/v1/responses?x=1",
                "https://gw.example/team/v1",
            ),
            (
                "https://gw.example/team/v1/openai",
                "https://gw.example/team/v1",
            ),
            (
                "https://gw.example/responses",
                "https://gw.example/responses",
            ),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:1/openai/v1", "http://127.0.0.1:1"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            assert_eq!(
                Endpoint::parse(text).map(|endpoint| endpoint.to_string()),
                Ok(normal.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_foundry_project_is_known_by_its_path_whatever_follows_it() {
        for (host, end) in [
            ("r.services.ai.azure.com", ""),
            ("r.services.ai.azure.com", "/"),
            ("r.services.ai.azure.com", "/openai"),
            ("r.services.ai.azure.com", "/openai/"),
            ("r.services.ai.azure.com", "/openai/v1"),
            ("r.services.ai.azure.com", "/openai/v1/"),
            ("r.services.ai.azure.com", "/openai/v1/responses"),
            (
                "r.services.ai.azure.com",
                "/openai/v1/responses?api-version=preview",
            ),
            (
                "r.services.ai.azure.com",
                "/openai/responses?api-version=2025-11-15-preview",
            ),
            ("r.services.ai.azure.com", "/deployments?api-version=v1"),
            ("r.services.ai.azure.com:443", "//#overview"),
            ("r.services.ai.azure.us", "/openai/v1"),
            ("r.services.ai.azure.cn", "/openai/v1"),
            ("gw.example/team", "/openai/v1"),
        ] {
            let project = format!("https://{host}/api/projects/My-Project");
            let endpoint = Endpoint::parse(&format!("{project}{end}")).unwrap();
            assert_eq!(endpoint.to_string(), project, "{end}");
            assert_eq!(endpoint.kind, EndpointKind::Project, "{project}{end}");
        }
        for (text, kind) in [
            ("https://r.services.ai.azure.com", EndpointKind::Resource),
            (
                "https://r.services.ai.azure.com/openai/v1",
                EndpointKind::Resource,
            ),
            (
                "https://gw.example/myapi/projects-of/x",
                EndpointKind::Resource,
            ),
            ("https://gw.example/v1", EndpointKind::V1),
            ("https://gw.example/myv1", EndpointKind::Resource),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.kind, kind, "{text}");
        }
    }

    #[test]
    fn the_scope_of_tokens_is_that_of_the_cloud_and_of_what_is_there() {
        for (endpoint, audience) in [
            ("https://r.openai.azure.com", "cognitiveservices.azure.com"),
            (
                "https://r.cognitiveservices.azure.com",
                "cognitiveservices.azure.com",
            ),
            (
                "https://r.services.ai.azure.com/openai/v1",
                "cognitiveservices.azure.com",
            ),
            (
                "https://r.services.ai.azure.com/api/projects/P",
                "ai.azure.com",
            ),
            (
                "https://r.services.ai.azure.us/api/projects/P",
                "ai.azure.us",
            ),
            (
                "https://r.services.ai.azure.us:443/api/projects/P",
                "ai.azure.us",
            ),
            (
                "https://r.services.ai.azure.cn/api/projects/P",
                "ai.azure.cn",
            ),
            ("https://gw.example/api/projects/P", "ai.azure.com"),
            ("https://r.openai.azure.us", "cognitiveservices.azure.us"),
            (
                "https://r.openai.azure.us:443/",
                "cognitiveservices.azure.us",
            ),
            ("https://r.openai.azure.cn", "cognitiveservices.azure.cn"),
            (
                "https://gw.azure-api.net/team",
                "cognitiveservices.azure.com",
            ),
            (
                "https://gw.azure-api.us/team",
                "cognitiveservices.azure.com",
            ),
            ("https://azure.us.example", "cognitiveservices.azure.com"),
            ("http://[::1]:8080", "cognitiveservices.azure.com"),
        ] {
            let scope = Endpoint::parse(endpoint).map(|endpoint| endpoint.token_scope());
            let expected = format!("https://{audience}/.default");
            assert_eq!(scope, Ok(expected.as_str()), "{endpoint}");
        }
    }

    #[test]
    fn what_is_not_an_endpoint_says_what_one_looks_like() {
        use InvalidEndpoint::{Credentials, InTheClear, NoProject, NotAnAddress};
        for (text, error) in [
            ("https://r.services.ai.azure.com/api/projects", NoProject),
            ("https://r.services.ai.azure.com/api/projects/", NoProject),
            (
                "https://r.services.ai.azure.com/api/projects//openai/v1",
                NoProject,
            ),
            ("r.openai.azure.com", NotAnAddress),
            ("https://", NotAnAddress),
            ("https:///openai", NotAnAddress),
            ("ftp://r.openai.azure.com", NotAnAddress),
            ("https://r.openai.azure.com:0", NotAnAddress),
            ("https://r.openai.azure.com:+1", NotAnAddress),
            ("https://r.openai.azure.com:70000", NotAnAddress),
            ("https://r.openai.azure.com:", NotAnAddress),
            ("https://r openai.azure.com", NotAnAddress),
            ("https://r.openai.azure.com/a b", NotAnAddress),
            ("https://r.openai.azure.com/ä", NotAnAddress),
            ("https://[::1", NotAnAddress),
            ("https://user:pass@r.openai.azure.com", Credentials),
            ("http://r.openai.azure.com", InTheClear),
            ("http://localhost.example.com", InTheClear),
            ("http://128.0.0.1", InTheClear),
            ("http://127.0.0.1.example.com", InTheClear),
            ("http://127.example.com", InTheClear),
            ("http://127.0.0", InTheClear),
            ("http://[::2]", InTheClear),
        ] {
            assert_eq!(Endpoint::parse(text), Err(error), "{text}");
        }
    }
}
