//! Who may ask.
//!
//! With a key, whoever has it. Without one the service is on loopback only, and whoever is on this machine may ask, but
//! not the pages that its browser shows: those have an `Origin`, or have had the name of their own site resolved to this
//! machine, which then is in `Host`.

use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, StatusCode};
use ring::hmac;

use super::failure::Failure;
use super::route::Route;
use crate::secret::Secret;

/// Lets requests pass, or not.
pub(super) struct Guard {
    key: Option<Key>,
    address: SocketAddr,
}

impl Guard {
    /// The guard of a service at that address.
    pub(super) fn new(key: Option<&Secret>, address: SocketAddr) -> Self {
        Self {
            key: key.map(Key::new),
            address,
        }
    }

    /// Checks the head of a request.
    pub(super) fn check(&self, head: &Parts, route: &Route) -> Result<(), Failure> {
        match &self.key {
            Some(key) if route.is_protected() => key.check(&head.headers)?,
            Some(_) => {}
            None => self.check_browser(head)?,
        }
        match route.takes_json() {
            true => check_content_type(&head.headers),
            false => Ok(()),
        }
    }

    fn check_browser(&self, head: &Parts) -> Result<(), Failure> {
        let host = text(&head.headers, HOST);
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        if !authority.is_some_and(|authority| self.is_ours(authority.host())) {
            return Err(forbidden(
                "the Host header names another machine; without a key this service is for programs on this machine, \
                 which ask for 127.0.0.1 or localhost. Start it with a key to use it by another name",
            ));
        }
        let is_foreign = |origin: &str| origin.strip_prefix("http://") != host;
        let origins = head.headers.get_all(ORIGIN);
        for origin in origins {
            if origin.to_str().map_or(true, is_foreign) {
                return Err(forbidden(
                    "the request comes from a web page of another origin; without a key this service is not for \
                     browsers. Start it with a key, and let the page's own server ask",
                ));
            }
        }
        Ok(())
    }

    /// Whether a host's name is this machine's.
    fn is_ours(&self, host: &str) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        match address.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || address == self.address.ip(),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// The key, in a form that can be compared in constant time: neither how much of another key is right nor how long this
/// one is shows in the time that it takes.
struct Key {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Key {
    fn new(key: &Secret) -> Self {
        // A line's end that came with it from a file is not meant.
        let bytes = key.expose().trim().as_bytes();
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Self {
            tag: hmac::sign(&key, bytes),
            key,
        }
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let Some(header) = text(headers, AUTHORIZATION) else {
            return Err(Failure::unauthorized(
                "this service asks for a key; send it as `Authorization: Bearer KEY`",
            ));
        };
        let given = header.split_once(' ');
        let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let is_right = |(_, given): (&str, &str)| {
            hmac::verify(&self.key, given.trim().as_bytes(), self.tag.as_ref()).is_ok()
        };
        match given.is_some_and(is_right) {
            true => Ok(()),
            false => Err(Failure::unauthorized(
                "the key is wrong; this service has a key of its own, which is not that of the provider behind it",
            )),
        }
    }
}

/// A page can send other types to any service without asking first.
fn check_content_type(headers: &HeaderMap) -> Result<(), Failure> {
    let kind = text(headers, CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match essence.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(Failure::refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("the content type must be application/json, found {essence:?}"),
        )),
    }
}

/// The value of a header that is there once.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => std::str::from_utf8(value.as_bytes()).ok(),
        _ => None,
    }
}

fn forbidden(message: &str) -> Failure {
    Failure::refused(StatusCode::FORBIDDEN, message)
}
