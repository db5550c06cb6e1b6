//! Where the service is.

use std::fmt;

/// The base address of a resource or a gateway, in its normal form: `scheme://authority/path` without a trailing slash.
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
        Ok(Self {
            scheme,
            authority: authority.to_ascii_lowercase(),
            path: without_api_path(path).to_owned(),
        })
    }
}

impl Endpoint {
    /// The scope of tokens for the endpoint's cloud. It is told by the host's name; gateways have names of their own, and
    /// are taken for the public cloud's.
    pub fn token_scope(&self) -> &'static str {
        let host = match self.authority.rsplit_once(':') {
            Some((host, _)) => host,
            None => &self.authority,
        };
        let clouds = [
            (".azure.us", "https://cognitiveservices.azure.us/.default"),
            (".azure.cn", "https://cognitiveservices.azure.cn/.default"),
        ];
        clouds
            .into_iter()
            .find(|(suffix, _)| host.ends_with(suffix))
            .map_or(
                "https://cognitiveservices.azure.com/.default",
                |(_, scope)| scope,
            )
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
}

/// The path without the part that the route adds again.
fn without_api_path(path: &str) -> &str {
    const API_PATHS: [&str; 4] = [
        "/openai/v1/responses",
        "/openai/responses",
        "/openai/v1",
        "/openai",
    ];
    let path = path.trim_end_matches('/');
    API_PATHS
        .iter()
        .find_map(|suffix| path.strip_suffix(suffix))
        .unwrap_or(path)
        .trim_end_matches('/')
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
    fn the_scope_of_tokens_is_that_of_the_cloud() {
        for (endpoint, cloud) in [
            ("https://r.openai.azure.com", "com"),
            ("https://r.cognitiveservices.azure.com", "com"),
            ("https://r.services.ai.azure.com/api/projects/P", "com"),
            ("https://r.openai.azure.us", "us"),
            ("https://r.openai.azure.us:443/", "us"),
            ("https://r.openai.azure.cn", "cn"),
            ("https://gw.azure-api.net/team", "com"),
            ("https://gw.azure-api.us/team", "com"),
            ("https://azure.us.example", "com"),
            ("http://[::1]:8080", "com"),
        ] {
            let scope = Endpoint::parse(endpoint).map(|endpoint| endpoint.token_scope());
            let expected = format!("https://cognitiveservices.azure.{cloud}/.default");
            assert_eq!(scope, Ok(expected.as_str()), "{endpoint}");
        }
    }

    #[test]
    fn what_is_not_an_endpoint_says_what_one_looks_like() {
        use InvalidEndpoint::{Credentials, InTheClear, NotAnAddress};
        for (text, error) in [
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
