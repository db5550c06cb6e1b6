//! Clients that prove who they are by a certificate or another issuer's token.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use super::client::{SECRET_FIELDS, ask_entra, assert_refused, but, post_with_token};
use crate::{MOCK_CLIENT_ID, MOCK_FEDERATED_TOKEN, MOCK_TENANT_ID, MockAzure, MockError};

/// A certificate that was made for these tests, and its key.
const CERTIFICATE: &[u8] = include_bytes!("certificate.pem");

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE).unwrap()
}

async fn mock_with_certificate() -> MockAzure {
    let builder = MockAzure::builder().certificate(certificate().to_vec());
    builder.start().await.unwrap()
}

/// The header and the claims of an assertion that is accepted.
fn parts(mock: &MockAzure) -> (Value, Value) {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate()));
    let audience = format!("{}/{MOCK_TENANT_ID}/oauth2/v2.0/token", mock.endpoint());
    (
        json!({"alg": "RS256", "typ": "JWT", "x5t#S256": thumbprint}),
        json!({
            "aud": audience,
            "iss": MOCK_CLIENT_ID,
            "sub": MOCK_CLIENT_ID,
            "jti": "1",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
        }),
    )
}

fn signed(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{header}.{claims}");
    let key = PrivatePkcs8KeyDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn ask_with(mock: &MockAzure, assertion: &str) -> (u16, Value) {
    let changes = [
        ("client_secret", ""),
        ("client_assertion", assertion),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
    ];
    ask_entra(mock, &but(&SECRET_FIELDS, &changes)).await
}

#[tokio::test]
async fn a_client_that_signs_with_its_certificate_gets_a_token() {
    let mock = mock_with_certificate().await;
    let (header, claims) = parts(&mock);
    let old = json!({
        "alg": "RS256",
        "x5t": URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate())),
    });
    let mut over_tls = claims.clone();
    let audience = claims["aud"]
        .as_str()
        .unwrap()
        .replacen("http:", "https:", 1);
    over_tls["aud"] = audience.into();
    for (header, claims) in [(&header, &claims), (&old, &claims), (&header, &over_tls)] {
        let (status, answer) = ask_with(&mock, &signed(header, claims)).await;
        assert_eq!(status, 200, "{answer}");
        let (status, _) = post_with_token(&mock, answer["access_token"].as_str().unwrap()).await;
        assert_eq!(status, 200);
    }
}

#[tokio::test]
async fn each_mistake_in_an_assertion_has_its_number() {
    let mock = mock_with_certificate().await;
    let (header, claims) = parts(&mock);
    let now = claims["iat"].as_u64().unwrap();
    let endpoint = claims["aud"].as_str().unwrap();
    let (header_part, claims_part) = (true, false);
    let table = [
        (header_part, json!({"alg": "none"}), 50027),
        (header_part, json!({"x5t#S256": null}), 5002723),
        (header_part, json!({"x5t#S256": "another"}), 700027),
        (header_part, json!({"x5t": "another"}), 700027),
        (claims_part, json!({"iss": "another"}), 700021),
        (claims_part, json!({"sub": "another"}), 700021),
        (claims_part, json!({"aud": null}), 700023),
        (
            claims_part,
            json!({"aud": "https://login.microsoftonline.com/"}),
            700023,
        ),
        (claims_part, json!({"aud": format!("{endpoint}/")}), 700023),
        (claims_part, json!({"exp": null}), 50027),
        (claims_part, json!({"nbf": null, "iat": null}), 50027),
        (
            claims_part,
            json!({"exp": now - 1, "nbf": now - 60}),
            700024,
        ),
        (claims_part, json!({"exp": now + 601}), 700024),
        (
            claims_part,
            json!({"nbf": now + 900, "exp": now + 1000}),
            700024,
        ),
    ];
    for (is_header, changes, code) in table {
        let (mut header, mut claims) = (header.clone(), claims.clone());
        let part = match is_header {
            true => &mut header,
            false => &mut claims,
        };
        let changed = changes.as_object().unwrap().clone();
        part.as_object_mut().unwrap().extend(changed);
        let answer = ask_with(&mock, &signed(&header, &claims)).await;
        assert_refused(&answer, 401, "invalid_client", code);
    }
}

#[tokio::test]
async fn a_signature_must_fit_the_certificate() {
    let mock = mock_with_certificate().await;
    let (header, mut claims) = parts(&mock);
    let assertion = signed(&header, &claims);
    let (_, signature) = assertion.rsplit_once('.').unwrap();
    claims["jti"] = "2".into();
    let other = signed(&header, &claims);
    let (text, _) = other.rsplit_once('.').unwrap();
    for forged in [format!("{text}.{signature}"), format!("{text}.")] {
        let answer = ask_with(&mock, &forged).await;
        assert_refused(&answer, 401, "invalid_client", 700027);
    }

    // Without a certificate to compare with there is only the form to check.
    let mock = MockAzure::builder().start().await.unwrap();
    let (header, claims) = parts(&mock);
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let (status, answer) = ask_with(&mock, &format!("{header}.{claims}.AAAA")).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_federated_token_must_be_one_that_is_trusted() {
    let mock = MockAzure::builder()
        .federated_token("from.another.issuer")
        .start()
        .await
        .unwrap();
    for token in ["from.another.issuer", MOCK_FEDERATED_TOKEN] {
        let (status, answer) = ask_with(&mock, token).await;
        assert_eq!(status, 200, "{answer}");
    }
    let claims = json!({"iss": "https://kubernetes.example", "sub": "system:serviceaccount:a:b"});
    let jwt = signed(&json!({"alg": "RS256", "kid": "1"}), &claims);
    for token in ["no JWT", jwt.as_str()] {
        let answer = ask_with(&mock, token).await;
        assert_refused(&answer, 401, "invalid_client", 700213);
    }
    let (_, body) = ask_with(&mock, &jwt).await;
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.contains("'system:serviceaccount:a:b'"),
        "{description}"
    );
}

#[tokio::test]
async fn assertions_are_not_printed() {
    let mock = MockAzure::builder().start().await.unwrap();
    ask_with(&mock, MOCK_FEDERATED_TOKEN).await;
    let requests = mock.token_requests();
    assert_eq!(requests[0].body["client_assertion"], MOCK_FEDERATED_TOKEN);
    assert!(!format!("{requests:?}").contains(MOCK_FEDERATED_TOKEN));
}

#[tokio::test]
async fn what_is_no_certificate_is_told_at_once() {
    let refused = MockAzure::builder().certificate(*b"no DER").start().await;
    assert!(matches!(refused, Err(MockError::Certificate(_))));
}
