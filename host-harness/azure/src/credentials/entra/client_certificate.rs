//! A client certificate, and the assertions that are signed with its key.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use provider_host::secret::Secret;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use ring::rsa::KeyPair;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde_json::json;
use url::Url;

use crate::credentials::CredentialError;
use crate::credentials::surroundings::read_small_file;

/// A certificate with its private key.
pub(super) struct ClientCertificate {
    key: KeyPair,
    /// The certificate of the key, and then those that vouch for it.
    chain: Vec<Vec<u8>>,
}

impl ClientCertificate {
    /// Reads a PEM file with a certificate and its private key.
    pub(super) async fn read(path: &Path) -> Result<Self, CredentialError> {
        let content = read_small_file(path, MAX_FILE_BYTES).await;
        content
            .map_err(|error| Problem::Unreadable(error.to_string()))
            .and_then(|content| Self::parse(&content))
            .map_err(|problem| problem.at(path))
    }

    fn parse(content: &[u8]) -> Result<Self, Problem> {
        let contains = |mark: &str| {
            content
                .windows(mark.len())
                .any(|part| part == mark.as_bytes())
        };
        if !contains("-----BEGIN ") {
            return Err(Problem::NoPem);
        }
        if contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || contains("Proc-Type: 4,ENCRYPTED") {
            return Err(Problem::EncryptedKey);
        }
        let (mut key, mut certificates) = (None, Vec::new());
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(content) {
            // Without the parser's words: they may hold a line of the key.
            let (kind, der) = section.map_err(|_| Problem::NoPem)?;
            match kind {
                SectionKind::Certificate => certificates.push(der),
                SectionKind::PrivateKey => key = key.or(Some(KeyPair::from_pkcs8(&der))),
                SectionKind::RsaPrivateKey => key = key.or(Some(KeyPair::from_der(&der))),
                SectionKind::EcPrivateKey => return Err(Problem::NotRsa("an EC key".to_owned())),
                _ => {}
            }
        }
        let key = key.ok_or(Problem::NoKey)?;
        let key = key.map_err(|error| Problem::NotRsa(error.to_string()))?;
        if certificates.is_empty() {
            return Err(Problem::NoCertificate);
        }
        // A certificate holds its public key in the same encoding.
        let public = key.public_key().as_ref();
        let holds_key = |der: &Vec<u8>| der.windows(public.len()).any(|part| part == public);
        let own = certificates
            .iter()
            .position(holds_key)
            .ok_or(Problem::OtherKey)?;
        let own = certificates.remove(own);
        certificates.insert(0, own);
        Ok(Self {
            key,
            chain: certificates,
        })
    }

    /// Signs an assertion that this is the client, for this token endpoint.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        endpoint: &Url,
        now: SystemTime,
        sends_chain: bool,
    ) -> Result<Secret, CredentialError> {
        let own = self.chain.first().map(Vec::as_slice).unwrap_or_default();
        let thumbprint =
            |algorithm| URL_SAFE_NO_PAD.encode(digest::digest(algorithm, own).as_ref());
        let mut header = json!({
            "alg": "RS256",
            "typ": "JWT",
            "x5t": thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            "x5t#S256": thumbprint(&digest::SHA256),
        });
        if sends_chain {
            header["x5c"] = self.chain.iter().map(|der| STANDARD.encode(der)).collect();
        }
        let random = SystemRandom::new();
        let cannot_sign = |_| CredentialError::failed("the certificate's key cannot sign");
        let mut id = [0; 16];
        random.fill(&mut id).map_err(cannot_sign)?;
        let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = json!({
            "aud": endpoint.as_str(),
            "iss": client_id,
            "sub": client_id,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": issued.as_secs(),
            "nbf": issued.as_secs(),
            "exp": (issued + LIFETIME).as_secs(),
        });
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; self.key.public().modulus_len()];
        let (padding, message) = (&RSA_PKCS1_SHA256, signed.as_bytes());
        self.key
            .sign(padding, &random, message, &mut signature)
            .map_err(cannot_sign)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(Secret::new(format!("{signed}.{signature}")))
    }
}

/// What is wrong with a file.
#[derive(Debug)]
enum Problem {
    Unreadable(String),
    NoPem,
    EncryptedKey,
    NoKey,
    NotRsa(String),
    NoCertificate,
    OtherKey,
}

impl Problem {
    fn at(self, path: &Path) -> CredentialError {
        let file = path.display();
        let words = match self {
            Self::Unreadable(why) => {
                format!("it cannot be read: {why}; check AZURE_CLIENT_CERTIFICATE_PATH")
            }
            Self::NoPem => format!(
                "it is no PEM file with a certificate and its private key; convert a PKCS#12 file (.pfx, .p12), with \
                 or without a password, with `openssl pkcs12 -in {file} -nodes -out {file}.pem`"
            ),
            Self::EncryptedKey => format!(
                "its private key is encrypted, which is not supported; decrypt it with \
                 `openssl pkey -in {file} -out {file}.key` and join it with the certificate: \
                 `openssl x509 -in {file} >> {file}.key`"
            ),
            Self::NoKey => {
                "it holds no private key; append the key to the certificate's PEM file".to_owned()
            }
            Self::NotRsa(why) => format!(
                "its private key cannot be used ({why}); Entra ID takes RSA keys of 2048 bits or more"
            ),
            Self::NoCertificate => {
                "it holds no certificate; put the certificate into the same PEM file".to_owned()
            }
            Self::OtherKey => {
                "its private key is not that of a certificate in it; put the two that belong together into it"
                    .to_owned()
            }
        };
        CredentialError::failed(format!("the certificate file {file}: {words}"))
    }
}

/// How long an assertion is good: the most that Entra takes, for machines whose clocks differ from its own.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The most bytes of a file. A chain of four certificates and a key have ten thousand.
const MAX_FILE_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests;
