//! Who may ask.
//!
//! With a key, whoever has it. Without one, whoever asks for this machine by a name of its own, and no page that its browser
//! shows: those have an `Origin`, or have had the name of their own site resolved to this machine, which then is the host that
//! they ask for. That keeps pages out and nobody else: who can reach the gateway and writes the headers may ask.

use std::hint::black_box;
use std::net::IpAddr;

use crate::failure::Failure;
use crate::headers::Headers;
use crate::route::Route;

/// Checks a request that is for a route. `host` is the host that it asks for; `key` the gateway's key, if it has one.
///
/// # Errors
///
/// What the client gets instead of an answer.
pub fn check(
    key: Option<&str>,
    host: Option<&str>,
    headers: &Headers,
    route: &Route,
) -> Result<(), Failure> {
    if !route.is_protected() {
        return Ok(());
    }
    match key {
        Some(key) => check_key(key, headers)?,
        None => check_browser(host, headers)?,
    }
    match route {
        Route::Complete | Route::Stream => check_content_type(headers, &JSON),
        // With a key it is no matter who sent it: a page has no key.
        Route::Forward(_) if key.is_none() && headers.contains("content-type") => {
            check_content_type(headers, &JSON_OR_FORM)
        }
        _ => Ok(()),
    }
}

fn check_key(key: &str, headers: &Headers) -> Result<(), Failure> {
    let given = match (headers.text("authorization"), headers.text("api-key")) {
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
    if given.is_some_and(|given| are_equal(given.trim().as_bytes(), key.trim().as_bytes())) {
        Ok(())
    } else {
        Err(Failure::unauthorized(
            "the key is wrong; this service has a key of its own, which is not that of the provider behind it",
        ))
    }
}

/// Whether a key is the right one. The time that this takes depends on the length of what is given, and on nothing of the key.
fn are_equal(given: &[u8], key: &[u8]) -> bool {
    let mut differences = u8::from(given.len() != key.len());
    for (index, byte) in given.iter().enumerate() {
        let expected = key
            .get(index % key.len().max(1))
            .copied()
            .unwrap_or_default();
        differences |= black_box(byte ^ expected);
    }
    black_box(differences) == 0
}

fn check_browser(host: Option<&str>, headers: &Headers) -> Result<(), Failure> {
    if !host.is_some_and(is_this_machine) {
        return Err(Failure::refused(
            403,
            "the Host header names another machine; without a key this service is for programs on this machine, which ask \
             for 127.0.0.1 or localhost. Set GATEWAY_KEY to use it by another name",
        ));
    }
    let is_foreign = |origin: &[u8]| {
        let origin = std::str::from_utf8(origin).unwrap_or_default();
        origin.strip_prefix("http://") != host
    };
    if headers.all("origin").any(is_foreign) {
        return Err(Failure::refused(
            403,
            "the request comes from a web page of another origin; without a key this service is not for browsers. Set \
             GATEWAY_KEY, and let the page's own server ask",
        ));
    }
    Ok(())
}

/// Whether an authority is one that leads to the machine itself, whatever a name server says.
fn is_this_machine(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// A page can send other types to any service without asking first; a form too, but then it says where it comes from.
fn check_content_type(headers: &Headers, types: &[&str]) -> Result<(), Failure> {
    let kind = headers.text("content-type").unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if types.iter().any(|kind| essence.eq_ignore_ascii_case(kind)) {
        Ok(())
    } else {
        let types = types.join(" or ");
        let message = format!("the content type must be {types}, found {essence:?}");
        Err(Failure::refused(415, message))
    }
}

/// What the kernel's form is in.
const JSON: [&str; 1] = ["application/json"];

/// What the API of OpenAI is in.
const JSON_OR_FORM: [&str; 2] = ["application/json", "multipart/form-data"];

#[cfg(test)]
mod tests {
    use super::*;

    fn status(key: Option<&str>, host: &str, headers: &[(&str, &str)]) -> u16 {
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let headers = Headers::new(headers.collect());
        let route = Route::Forward("responses".to_owned());
        match check(key, Some(host), &headers, &route) {
            Ok(()) => 200,
            Err(failure) => failure.status,
        }
    }

    #[test]
    fn with_a_key_whoever_has_it_may_ask() {
        for (header, value, expected) in [
            ("authorization", "Bearer the-key", 200),
            ("Authorization", "bearer  the-key ", 200),
            ("api-key", "the-key", 200),
            ("authorization", "Basic the-key", 401),
            ("authorization", "the-key", 401),
            ("authorization", "Bearer the-ke", 401),
            ("authorization", "Bearer the-keythe-key", 401),
            ("authorization", "Bearer ", 401),
            ("api-key", "", 401),
            ("x-key", "the-key", 401),
        ] {
            let headers = [(header, value), ("origin", "https://page.example")];
            let found = status(Some("the-key\n"), "gateway.example", &headers);
            assert_eq!(found, expected, "{header}: {value}");
        }
    }

    #[test]
    fn without_a_key_the_machine_itself_may_ask_and_no_page() {
        for (host, headers, expected) in [
            ("127.0.0.1:8090", vec![], 200),
            (
                "localhost",
                vec![("content-type", "application/json; charset=utf-8")],
                200,
            ),
            (
                "[::1]:80",
                vec![("content-type", "multipart/form-data; boundary=x")],
                200,
            ),
            (
                "127.0.0.1:8090",
                vec![("origin", "http://127.0.0.1:8090")],
                200,
            ),
            (
                "127.0.0.1:8090",
                vec![("origin", "https://page.example")],
                403,
            ),
            ("127.0.0.1:8090", vec![("origin", "null")], 403),
            ("gateway.example", vec![], 403),
            ("localhost.example", vec![], 403),
            ("10.0.0.1:8090", vec![], 403),
            ("localhost", vec![("content-type", "text/plain")], 415),
        ] {
            assert_eq!(status(None, host, &headers), expected, "{host} {headers:?}");
        }
        let none = Headers::default();
        assert!(check(None, None, &none, &Route::Models).is_err());
        for key in [None, Some("k")] {
            assert!(check(key, Some("10.0.0.1"), &none, &Route::Health).is_ok());
        }
    }
}
