//! Who may ask.
//!
//! With a key, whoever has it. Without one the service is on loopback only, and whoever is on this machine may ask, but
//! not the pages that its browser shows: those have an `Origin`, or have had the name of their own site resolved to this
//! machine, which then is in `Host`.

use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use provider_host::secret::Secret;
use ring::hmac;

use super::exchange::API_KEY;
use super::failure::Failure;

/// Who may ask for something, and with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Access {
    /// Anybody: probes have no key, and what they learn is a word.
    Free,
    /// Whoever has the key.
    Key,
    /// The same, with a body in JSON.
    KeyAndJson,
    /// The same, with a body in a type that the API of OpenAI has.
    KeyAndApi,
}

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
    pub(super) fn check(
        &self,
        method: &Method,
        headers: &HeaderMap,
        access: Access,
    ) -> Result<(), Failure> {
        match &self.key {
            Some(key) if access != Access::Free => key.check(headers)?,
            Some(_) => {}
            None => self.check_browser(headers)?,
        }
        // With a key it is no matter who sent it: a page has no key.
        let is_open = self.key.is_none();
        match access {
            // With another method there is nothing here, whatever the type.
            Access::KeyAndJson if method == Method::POST => check_content_type(headers, &JSON),
            Access::KeyAndApi if is_open && headers.contains_key(CONTENT_TYPE) => {
                check_content_type(headers, &JSON_OR_FORM)
            }
            _ => Ok(()),
        }
    }

    fn check_browser(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let host = text(headers, HOST);
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        if !authority.is_some_and(|authority| self.is_ours(authority.host())) {
            return Err(forbidden(
                "the Host header names another machine; without a key this service is for programs on this machine, \
                 which ask for 127.0.0.1 or localhost. Start it with a key to use it by another name",
            ));
        }
        let is_foreign = |origin: &str| origin.strip_prefix("http://") != host;
        let origins = headers.get_all(ORIGIN);
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
        let header = text(headers, AUTHORIZATION);
        let given = match (header, text(headers, API_KEY)) {
            (None, None) => {
                return Err(Failure::unauthorized(
                    "this service asks for a key; send it as `Authorization: Bearer KEY`, or as `api-key: KEY`",
                ));
            }
            (None, key) => key,
            (Some(header), _) => header
                .split_once(' ')
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, given)| given),
        };
        let is_right = |given: &str| {
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

/// A page can send other types to any service without asking first; a form too, but then it says where it comes from.
fn check_content_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Failure> {
    let kind = text(headers, CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match types.iter().any(|kind| essence.eq_ignore_ascii_case(kind)) {
        true => Ok(()),
        false => Err(Failure::refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "the content type must be {}, found {essence:?}",
                types.join(" or ")
            ),
        )),
    }
}

/// What the kernel's form is in.
const JSON: [&str; 1] = ["application/json"];

/// What the API of OpenAI is in.
const JSON_OR_FORM: [&str; 2] = ["application/json", "multipart/form-data"];

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
