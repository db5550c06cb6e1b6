//! Certificate files, good and bad, and what is signed with them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::*;
use crate::credentials::entra::EnvironmentCredential;
use crate::credentials::testing::{self, Reply, epoch};
use crate::credentials::{Credential, CredentialErrorKind};

/// An authority's certificate, a client's certificate, and the client's key in PKCS#8.
const PEM: &str = include_str!("test.pem");

/// The sections of the file, each with its lines.
fn sections() -> [String; 3] {
    let parts = PEM.split("-----BEGIN ").skip(1);
    let sections: Vec<String> = parts.map(|part| format!("-----BEGIN {part}")).collect();
    sections.try_into().unwrap()
}

/// The same key in PKCS#1, which PKCS#8 wraps.
fn pkcs1() -> String {
    let [_, _, key] = sections();
    let (_, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(key.as_bytes()).unwrap();
    let encoded = STANDARD.encode(&der[PKCS8_PREFIX..]);
    format!("-----BEGIN RSA PRIVATE KEY-----\n{encoded}\n-----END RSA PRIVATE KEY-----\n")
}

/// The bytes of PKCS#8 before an RSA key of 2048 bits.
const PKCS8_PREFIX: usize = 26;

fn assertion(certificate: &ClientCertificate, sends_chain: bool) -> String {
    let endpoint = Url::parse("https://a.example/t/oauth2/v2.0/token").unwrap();
    let assertion = certificate.assertion("client", &endpoint, epoch(), sends_chain);
    assertion.unwrap().expose().to_owned()
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn an_assertion_is_signed_by_the_certificate_that_its_header_names() {
    let [authority, own, key] = sections();
    for content in [
        PEM.to_owned(),
        format!("{key}{own}{authority}"),
        format!("{own}{}", pkcs1()),
        PEM.replace('\n', "\r\n"),
    ] {
        let certificate = ClientCertificate::parse(content.as_bytes()).unwrap();
        let assertion = assertion(&certificate, false);
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let public = certificate.key.public_key().as_ref().to_vec();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(signed.as_bytes(), &signature)
            .unwrap();

        let (header, claims) = signed.split_once('.').unwrap();
        let header = decoded(header);
        assert_eq!(header["alg"], "RS256");
        assert_eq!(header["x5t#S256"], THUMBPRINT);
        assert_eq!(header["x5t"], LEGACY_THUMBPRINT);
        assert_eq!(header["x5c"], Value::Null);
        let claims = decoded(claims);
        assert_eq!(claims["aud"], "https://a.example/t/oauth2/v2.0/token");
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&json!("client"), &json!("client"))
        );
        let [issued, ends] = ["nbf", "exp"].map(|name| claims[name].as_u64().unwrap());
        assert_eq!((issued, ends - issued), (1_700_000_000, 600));
    }
}

#[test]
fn no_two_assertions_are_the_same() {
    let certificate = ClientCertificate::parse(PEM.as_bytes()).unwrap();
    assert_ne!(
        assertion(&certificate, false),
        assertion(&certificate, false)
    );
}

#[test]
fn the_chain_is_sent_on_request_beginning_with_the_certificate_itself() {
    let certificate = ClientCertificate::parse(PEM.as_bytes()).unwrap();
    let assertion = assertion(&certificate, true);
    let chain = decoded(assertion.split('.').next().unwrap())["x5c"].clone();
    let [authority, own, _] = sections().map(|section| {
        let lines: Vec<&str> = section
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        lines.concat()
    });
    assert_eq!(chain, json!([own, authority]));
}

#[test]
fn an_assertion_is_not_shown() {
    let certificate = ClientCertificate::parse(PEM.as_bytes()).unwrap();
    let endpoint = Url::parse("https://a.example").unwrap();
    let assertion = certificate.assertion("c", &endpoint, epoch(), false);
    assert_eq!(format!("{:?}", assertion.unwrap()), "[REDACTED]");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_says_why_and_what_to_do() {
    let [authority, own, key] = sections();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.pem");
    let encrypted = key.replace(" PRIVATE", " ENCRYPTED PRIVATE");
    let legacy = pkcs1().replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n");
    for (content, words) in [
        (b"\x30\x82\x01\x01".to_vec(), "openssl pkcs12 -in"),
        (Vec::new(), "openssl pkcs12 -in"),
        (format!("{own}{encrypted}").into(), "openssl pkey -in"),
        (format!("{own}{legacy}").into(), "openssl pkey -in"),
        (own.clone().into(), "holds no private key"),
        (key.clone().into(), "holds no certificate"),
        (
            format!("{authority}{key}").into(),
            "not that of a certificate in it",
        ),
        (
            format!("{own}{}", key.replace(" PRIVATE", " EC PRIVATE")).into(),
            "an EC key",
        ),
        (
            format!("{own}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").into(),
            "cannot be used",
        ),
        (key.replace("-----END", "").into(), "no PEM file"),
        (vec![b'a'; MAX_FILE_BYTES + 1], "more than"),
    ] {
        std::fs::write(&path, content).unwrap();
        let Err(error) = ClientCertificate::read(&path).await else {
            panic!("{words}: the file is accepted");
        };
        assert_eq!(error.kind, CredentialErrorKind::Failed);
        assert!(error.message.contains(words), "{words}: {error}");
        assert!(error.message.contains("client.pem"), "{words}: {error}");
        for line in key.lines().filter(|line| !line.starts_with("--")) {
            assert!(
                !error.message.contains(line),
                "a line of the key is shown: {error}"
            );
        }
    }
    let missing = ClientCertificate::read(&folder.path().join("missing")).await;
    let error = missing.err().unwrap();
    assert!(error.message.contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn an_application_gets_a_token_with_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.pem");
    std::fs::write(&path, PEM).unwrap();
    let server = testing::Server::start([Reply::token("t")]).await;
    let surroundings = testing::surroundings([
        ("AZURE_AUTHORITY_HOST", server.address.as_str()),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_CERTIFICATE_PATH", path.to_str().unwrap()),
        ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "True"),
    ]);
    let credential = EnvironmentCredential::new(surroundings.into());
    let token = credential.get_token("scope/.default").await.unwrap();
    assert_eq!(token.token.expose(), "t");
    let [seen] = server.seen().try_into().ok().unwrap();
    let form = seen.form();
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let mut parts = form["client_assertion"].split('.');
    let (header, claims) = (
        decoded(parts.next().unwrap()),
        decoded(parts.next().unwrap()),
    );
    assert_eq!(header["x5c"].as_array().unwrap().len(), 2);
    let endpoint = format!("{}/tenant/oauth2/v2.0/token", server.address);
    assert_eq!(claims["aud"], endpoint.as_str());
}

/// `openssl x509 -outform DER | openssl dgst -sha256 -binary`, in base64 for addresses.
const THUMBPRINT: &str = "IEDVkPCuIEo_oK1afp4-xIKLhjSp1V81H8i5Xmywr4c";

/// The same with SHA-1.
const LEGACY_THUMBPRINT: &str = "ejq8o16MjolaUZoPbR-2L5K3qyQ";
