//! Addresses of HTTP.

use std::net::Ipv4Addr;

/// An address of HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// Whether it is one of https.
    pub is_https: bool,
    /// Host and port, in lower case.
    pub authority: String,
    /// Path and query, with a slash at its beginning.
    pub path: String,
}

impl Address {
    /// Reads an address; none when it is none, or has a user name in it.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if authority.is_empty() || !authority.bytes().all(is_plain) {
            return None;
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Some(Self {
            is_https,
            authority: authority.to_ascii_lowercase(),
            path: format!("{slash}{path}"),
        })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// Whether a request with this scheme and authority goes there.
    pub fn is_origin(&self, is_https: bool, authority: &str) -> bool {
        self.is_https == is_https && self.authority.eq_ignore_ascii_case(authority)
    }

    /// Whether nobody on the way reads what is sent there.
    pub fn is_confidential(&self) -> bool {
        self.is_https || self.is_loopback()
    }

    fn is_loopback(&self) -> bool {
        let host = match self.authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => self.authority.split(':').next(),
        };
        let host = host.unwrap_or_default();
        let is_ipv4 = || {
            host.parse()
                .is_ok_and(|address: Ipv4Addr| address.is_loopback())
        };
        // RFC 6761, section 6.3: these names are loopback, whatever a name server says.
        host == "::1" || host == "localhost" || host.ends_with(".localhost") || is_ipv4()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_an_origin_and_a_path() {
        for (text, origin, path, is_confidential) in [
            ("https://R.example", "https://r.example", "/", true),
            (
                "HTTPS://r.example:8443/a/b?c=d#e",
                "https://r.example:8443",
                "/a/b?c=d",
                true,
            ),
            ("http://127.8.0.1?x", "http://127.8.0.1", "/?x", true),
            ("http://[::1]:80/x", "http://[::1]:80", "/x", true),
            ("http://a.localhost", "http://a.localhost", "/", true),
            (
                "http://169.254.169.254/x",
                "http://169.254.169.254",
                "/x",
                false,
            ),
            (
                "http://127.0.0.1.example",
                "http://127.0.0.1.example",
                "/",
                false,
            ),
        ] {
            let address = Address::parse(text);
            let found = address.as_ref().map(|address| {
                (
                    address.origin(),
                    address.path.as_str(),
                    address.is_confidential(),
                )
            });
            assert_eq!(
                found,
                Some((origin.to_owned(), path, is_confidential)),
                "{text}"
            );
        }
        for text in [
            "",
            "r.example",
            "https://",
            "ftp://r.example",
            "https://a@b",
            "https://a b",
            "https:///x",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let address = Address {
            is_https: true,
            authority: "r.example".to_owned(),
            path: "/".to_owned(),
        };
        assert!(address.is_origin(true, "R.Example"));
        for (is_https, authority) in [
            (false, "r.example"),
            (true, "r.example:8443"),
            (true, "r.example.evil.example"),
            (true, "x@r.example"),
            (true, ""),
        ] {
            assert!(
                !address.is_origin(is_https, authority),
                "{is_https} {authority}"
            );
        }
    }
}
