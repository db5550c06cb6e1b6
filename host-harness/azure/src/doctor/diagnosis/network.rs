//! There is no connection, or not to the service.

use provider_host::contract::types::ProviderError;

use super::{Diagnosis, Found};

/// There is no working connection.
pub(super) fn network(error: &ProviderError, found: &Found<'_>) -> Diagnosis {
    let host = found.host;
    match (error.code.as_deref(), found.proxy) {
        (Some(DENIED), _) => Diagnosis::new(
            format!("this host does not let the provider reach {host}"),
            ["add it to the host's allow-list".to_owned()],
        ),
        (Some("TlsCertificateError"), _) => Diagnosis::new(
            format!("the certificate of {host} is not trusted (TLS)"),
            [
                "a proxy that inspects traffic has a certificate of its own: add its root to the system's trust store"
                    .to_owned(),
                "check that the name in `azure_endpoint` is the one in the certificate, and this machine's clock"
                    .to_owned(),
            ],
        ),
        (Some("TlsProtocolError" | "TlsAlertReceived"), proxy) => Diagnosis::new(
            format!("{host} does not speak TLS the way it should"),
            ["check the port in `azure_endpoint`, and whether something in between answers".to_owned()]
                .into_iter()
                .chain(proxy.map(|proxy| check_proxy(proxy, host))),
        ),
        (code, Some(proxy)) => through_proxy(code, proxy, host),
        (code, None) => direct(code, host),
    }
}

/// The proxy wants to know who asks.
pub(super) fn proxy_login(found: &Found<'_>) -> Diagnosis {
    let proxy = match found.proxy {
        Some(proxy) => format!("the proxy {proxy}"),
        None => "a proxy on the way".to_owned(),
    };
    Diagnosis::new(
        format!(
            "{proxy} wants a user name and a password, or does not take those that it gets (407)"
        ),
        [LOG_IN_TO_PROXY.to_owned()],
    )
}

/// The deployment takes too long.
pub(super) fn timeout(found: &Found<'_>) -> Diagnosis {
    Diagnosis::new(
        format!("{} took too long to answer", found.host),
        [
            "try again: a deployment may be busy".to_owned(),
            "check the proxy and the firewall, which may swallow requests".to_owned(),
        ],
    )
}

/// Somebody says that the service is elsewhere.
pub(super) fn redirect(found: &Found<'_>) -> Diagnosis {
    Diagnosis::new(
        format!(
            "{} answers with a redirect, which is never followed",
            found.route
        ),
        ["put the final address into `azure_endpoint`".to_owned()],
    )
}

/// With a proxy, its name is the one that is looked up, and it is the one that is connected to.
fn through_proxy(code: Option<&str>, proxy: &str, host: &str) -> Diagnosis {
    let problem = match code {
        Some("DnsError" | "DnsTimeout") => {
            format!("the name of the proxy {proxy} is not known (DNS)")
        }
        Some("ConnectionRefused") => format!("nothing listens at the proxy {proxy}"),
        Some("ConnectionTimeout") => format!("the proxy {proxy} does not answer a connection"),
        Some("DestinationUnavailable") => {
            format!("the proxy {proxy} gives no connection to {host}")
        }
        _ => format!("there is no working connection to {host} through the proxy {proxy}"),
    };
    Diagnosis::new(
        problem,
        [
            check_proxy(proxy, host),
            LOG_IN_TO_PROXY.to_owned(),
            CHECK_ADDRESS.to_owned(),
        ],
    )
}

fn direct(code: Option<&str>, host: &str) -> Diagnosis {
    if let Some("DnsError" | "DnsTimeout") = code {
        return Diagnosis::new(
            format!("the name {host} is not known (DNS)"),
            [
                "check the resource's name in `azure_endpoint`".to_owned(),
                "a resource with a private endpoint is known only inside its virtual network: connect to that, and \
                 check its private DNS zone"
                    .to_owned(),
            ],
        );
    }
    Diagnosis::new(
        match code {
            Some("ConnectionRefused") => format!("nothing listens at {host}"),
            Some("ConnectionTimeout") => format!("{host} does not answer a connection"),
            _ => format!("there is no working connection to {host}"),
        },
        [
            CHECK_ADDRESS.to_owned(),
            "check the firewall, and whether this network reaches the Internet only through a proxy (HTTPS_PROXY)"
                .to_owned(),
        ],
    )
}

fn check_proxy(proxy: &str, host: &str) -> String {
    format!("check that the proxy {proxy} is up and lets {host} through (or set NO_PROXY)")
}

/// The code of a request that the host does not let out.
pub(super) const DENIED: &str = "HttpRequestDenied";

const CHECK_ADDRESS: &str = "check the address and the port in `azure_endpoint`";
const LOG_IN_TO_PROXY: &str = "if the proxy wants a login (407), put it into its address: \
     HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT";
