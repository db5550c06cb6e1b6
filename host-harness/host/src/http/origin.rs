//! Where requests may go.

use std::fmt;

use url::{Host, Url};

/// Scheme, host and port: where requests may go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: String,
    host: Host,
    port: u16,
}

impl Origin {
    /// The origin of an `http` or `https` address; none for anything else.
    pub fn parse(address: &str) -> Option<Self> {
        Self::of(&Url::parse(address.trim()).ok()?)
    }

    /// The origin of an `http` or `https` address; none for anything else.
    pub fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether requests are encrypted.
    pub fn is_secure(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    /// Whether it is this machine, or a service that only this machine can reach, such as a cloud's metadata service.
    pub fn is_local(&self) -> bool {
        let is_link_local = match &self.host {
            Host::Domain(_) => false,
            Host::Ipv4(address) => address.is_link_local(),
            Host::Ipv6(address) => address.is_unicast_link_local(),
        };
        is_link_local || self.is_loopback()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_by_scheme_host_and_port() {
        let origin = |address| Origin::parse(address).unwrap();
        assert_eq!(
            origin("https://R.example"),
            origin("https://r.example:443/v1?x#y")
        );
        assert_ne!(
            origin("https://r.example"),
            origin("https://r.example:8443")
        );
        assert_ne!(origin("https://r.example"), origin("http://r.example:443"));
        assert_ne!(
            origin("https://r.example"),
            origin("https://r.example.evil")
        );
        for address in ["ftp://r.example", "r.example", "", "file:///etc/passwd"] {
            assert_eq!(Origin::parse(address), None, "{address}");
        }
    }

    #[test]
    fn loopback_and_link_local_addresses_are_local() {
        for (address, is_local) in [
            ("http://localhost:40342", true),
            ("http://127.0.0.1:41000", true),
            ("http://[::1]", true),
            ("http://169.254.169.254", true),
            ("http://[fe80::1]", true),
            ("http://10.0.0.1", false),
            ("https://r.example", false),
        ] {
            assert_eq!(
                Origin::parse(address).unwrap().is_local(),
                is_local,
                "{address}"
            );
        }
    }
}
