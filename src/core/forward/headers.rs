//! Which headers pass.

use crate::contract::gateway::HttpHeader;
use crate::core::headers::Headers;

/// The client's headers that are sent to the service.
pub(super) fn outbound(headers: Vec<HttpHeader>) -> Vec<(String, Vec<u8>)> {
    let connection = named_by_connection(
        headers
            .iter()
            .map(|header| (header.name.as_str(), header.value.as_slice())),
    );
    let passes = |name: &str| {
        !is_one_of(name, &HOP_BY_HOP)
            && !is_one_of(name, &OF_THE_CLIENT)
            && !connection
                .iter()
                .any(|named| name.eq_ignore_ascii_case(named))
    };
    headers
        .into_iter()
        .filter(|header| passes(&header.name))
        .map(|header| (header.name, header.value))
        .collect()
}

/// The service's headers that are sent to the client.
pub fn inbound(headers: &Headers) -> Vec<HttpHeader> {
    let connection = named_by_connection(headers.iter());
    headers
        .iter()
        .filter(|(name, _)| {
            !is_one_of(name, &HOP_BY_HOP)
                && !is_one_of(name, &OF_THE_ORIGIN)
                && !connection
                    .iter()
                    .any(|named| name.eq_ignore_ascii_case(named))
        })
        .map(|(name, value)| HttpHeader {
            name: name.to_owned(),
            value: value.to_owned(),
        })
        .collect()
}

/// The headers that `connection` says are of the connection: RFC 9110, section 7.6.1.
fn named_by_connection<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<String> {
    headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
        .filter_map(|(_, value)| std::str::from_utf8(value).ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_owned())
        .collect()
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Headers of a connection: RFC 9110, section 7.6.1, and what older software sends.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What is between the client and us: who it is, whom it asked, and how long its body is. The model's name changes that.
const OF_THE_CLIENT: [&str; 8] = [
    "api-key",
    "authorization",
    "content-length",
    "cookie",
    "expect",
    "host",
    "origin",
    "referer",
];

/// What a service says of its own origin, which the client has not asked.
const OF_THE_ORIGIN: [&str; 3] = ["alt-svc", "set-cookie", "strict-transport-security"];
