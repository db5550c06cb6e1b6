//! A client's assertion that it is who it says: a JWT that it has signed with the key of a certificate.
//!
//! The crate `jsonwebtoken` would be the library for it. It is not used: what would be left here is the service's order of
//! checks and its texts, which is most of this; the signature is `webpki`'s, which takes the certificate as it is; and
//! that crate wants a provider of cryptography for the whole process, of which there is none over `ring`, and the one
//! over RustCrypto brings some forty crates.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header;
use http::request::Parts;
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use url::{Position, Url};
use webpki::EndEntityCert;

use super::refusal::Refusal;
use super::tokens::now;

/// A JWT that is not checked yet.
pub(super) struct Assertion<'a> {
    header: Value,
    claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    /// Takes a JWT apart.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let malformed = Refusal::malformed_assertion;
        let (signed, signature) = text
            .rsplit_once('.')
            .ok_or_else(|| malformed("it has no signature"))?;
        let (header, claims) = signed
            .split_once('.')
            .ok_or_else(|| malformed("it has no claims"))?;
        Ok(Self {
            header: object(header).ok_or_else(|| malformed("its header is no JSON object"))?,
            claims: object(claims).ok_or_else(|| malformed("its claims are no JSON object"))?,
            signed,
            signature: URL_SAFE_NO_PAD
                .decode(signature)
                .map_err(|_| malformed("its signature is not base64url"))?,
        })
    }

    /// Whether this client has made it, or whoever made it names a certificate.
    pub(super) fn is_of_certificate(&self, client_id: &str) -> bool {
        let names = |(name, _)| self.header[name].is_string();
        THUMBPRINTS.into_iter().any(names) || self.claims["iss"] == client_id
    }

    /// Who it is about.
    pub(super) fn subject(&self) -> &str {
        self.claims["sub"].as_str().unwrap_or_default()
    }

    /// Checks all of it. `endpoint` is what it must be for; without certificates any signature will do.
    pub(super) fn check(
        &self,
        client_id: &str,
        endpoint: &str,
        certificates: &[CertificateDer<'static>],
    ) -> Result<(), Refusal> {
        if self.header["alg"] != "RS256" {
            return Err(Refusal::malformed_assertion("its 'alg' is not RS256"));
        }
        if self.claims["iss"] != client_id || self.claims["sub"] != client_id {
            return Err(Refusal::assertion_of_another(client_id));
        }
        let audience = self.claims["aud"].as_str().unwrap_or_default();
        if !is_address(audience, endpoint) {
            return Err(Refusal::assertion_for_another(audience));
        }
        self.check_time(now())?;
        self.check_signature(certificates)
    }

    fn check_time(&self, now: u64) -> Result<(), Refusal> {
        let time = |name: &str| self.claims[name].as_u64();
        let Some(end) = time("exp") else {
            return Err(Refusal::malformed_assertion("it has no 'exp'"));
        };
        let Some(start) = time("nbf").or_else(|| time("iat")) else {
            return Err(Refusal::malformed_assertion(
                "it has neither 'nbf' nor 'iat'",
            ));
        };
        let refused = |what| Err(Refusal::assertion_not_now(what));
        match () {
            () if end <= now => refused("its 'exp' is past"),
            () if start > now.saturating_add(CLOCK_SKEW) => refused("its 'nbf' is to come"),
            () if end.saturating_sub(start) > LONGEST => {
                refused("it is good for longer than ten minutes")
            }
            () => Ok(()),
        }
    }

    fn check_signature(&self, certificates: &[CertificateDer<'static>]) -> Result<(), Refusal> {
        let named: Vec<(&str, &Algorithm)> = THUMBPRINTS
            .into_iter()
            .filter_map(|(name, algorithm)| Some((self.header[name].as_str()?, algorithm)))
            .collect();
        if named.is_empty() {
            return Err(Refusal::no_thumbprint());
        }
        if self.signature.is_empty() {
            return Err(Refusal::wrong_signature());
        }
        if certificates.is_empty() {
            return Ok(());
        }
        let is_named = |certificate: &&CertificateDer<'static>| {
            named.iter().all(|(thumbprint, algorithm)| {
                *thumbprint == URL_SAFE_NO_PAD.encode(digest(algorithm, certificate))
            })
        };
        let certificate = certificates
            .iter()
            .find(is_named)
            .ok_or_else(Refusal::unknown_certificate)?;
        let verified = EndEntityCert::try_from(certificate).and_then(|certificate| {
            certificate.verify_signature(
                webpki::ring::RSA_PKCS1_2048_8192_SHA256,
                self.signed.as_bytes(),
                &self.signature,
            )
        });
        verified.map_err(|_| Refusal::wrong_signature())
    }
}

/// The address that a request was sent to, without its scheme: `host:port/path`.
pub(super) fn endpoint(head: &Parts) -> String {
    // HTTP/2 has the host in the address, and HTTP/1.1 in a header.
    let authority = head.uri.authority().map(|authority| authority.as_str());
    let host = || head.headers.get(header::HOST)?.to_str().ok();
    let authority = authority.or_else(host).unwrap_or_default();
    format!("{authority}{}", head.uri.path())
}

/// Whether an address is this one. The scheme does not count: a test may have a proxy that ends TLS.
fn is_address(address: &str, endpoint: &str) -> bool {
    let parsed = Url::parse(address).ok();
    parsed.is_some_and(|url| url[Position::BeforeHost..].eq_ignore_ascii_case(endpoint))
}

fn object(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    value.is_object().then_some(value)
}

/// How the header of a JWT names a certificate.
const THUMBPRINTS: [(&str, &Algorithm); 2] =
    [("x5t", &SHA1_FOR_LEGACY_USE_ONLY), ("x5t#S256", &SHA256)];

/// The longest time, in seconds, that an assertion may be good for.
const LONGEST: u64 = 600;

/// How far ahead, in seconds, a client's clock may be. The service allows for five minutes.
const CLOCK_SKEW: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_an_address_does_not_count() {
        let endpoint = "127.0.0.1:4000/tenant/oauth2/v2.0/token";
        let table = [
            ("http://127.0.0.1:4000/tenant/oauth2/v2.0/token", true),
            ("https://127.0.0.1:4000/tenant/oauth2/v2.0/token", true),
            ("https://127.0.0.1:4001/tenant/oauth2/v2.0/token", false),
            ("https://127.0.0.1:4000/other/oauth2/v2.0/token", false),
            ("https://127.0.0.1:4000/tenant/oauth2/v2.0/token?a=b", false),
            ("127.0.0.1:4000/tenant/oauth2/v2.0/token", false),
            ("", false),
        ];
        for (address, same) in table {
            assert_eq!(is_address(address, endpoint), same, "{address}");
        }
    }
}
