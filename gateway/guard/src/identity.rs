//! Which identity gets a token, how it is asked for, and what the answer means.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::address::Address;
use crate::contract::credentials::{AccessToken, Credential, CredentialError, CredentialErrorKind};
use crate::variables::Variables;

/// A request for a token.
#[derive(Debug, PartialEq)]
pub struct TokenRequest {
    /// What gives the token, for messages.
    pub service: &'static str,
    /// Where it is.
    pub address: Address,
    /// What goes with it.
    pub headers: Vec<(&'static str, String)>,
    /// A form; none for a `GET`.
    pub form: Option<String>,
    /// What no message may repeat.
    secret: Option<String>,
    /// Whether nothing may be there at all.
    may_be_absent: bool,
}

impl TokenRequest {
    /// The request for a token with this scope, by the first identity that is configured. `read_file` reads the file of a
    /// federated token.
    ///
    /// # Errors
    ///
    /// When an identity is configured half, or wrongly.
    pub fn new(
        credential: &Credential,
        scope: &str,
        variables: &Variables,
        read_file: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<Self, CredentialError> {
        let client_id = match credential {
            Credential::ManagedIdentity(client_id) => client_id.as_deref(),
            Credential::DefaultChain => {
                let application = Application::of(variables, read_file)?;
                if let Some(application) = application {
                    return application.request(scope, variables);
                }
                variables.get(CLIENT_ID)
            }
        };
        managed_identity(client_id, scope, variables)
    }

    /// The token in an answer, or what it means that there is none. `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn token(
        &self,
        status: u16,
        body: &[u8],
        now: u64,
    ) -> Result<AccessToken, CredentialError> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let number = |name: &str| {
            let value = body.get(name)?;
            let text = value.as_str().and_then(|text| text.trim().parse().ok());
            value.as_u64().or(text)
        };
        let token = body["access_token"]
            .as_str()
            .filter(|token| !token.is_empty());
        let service = self.service;
        match token {
            Some(token) if status == 200 => {
                let expires_on = number("expires_on");
                let expires_on = expires_on.or_else(|| now.checked_add(number("expires_in")?));
                Ok(AccessToken {
                    token: token.to_owned(),
                    expires_on: expires_on.unwrap_or(now),
                })
            }
            _ => {
                let words = self.words(&body);
                let kind = match status {
                    429 | 500.. => CredentialErrorKind::Temporary,
                    // The metadata service is away while it is updated.
                    404 | 410 if self.may_be_absent => CredentialErrorKind::Temporary,
                    // The machine has no such identity.
                    400 if self.may_be_absent => CredentialErrorKind::Unavailable,
                    _ => CredentialErrorKind::Failed,
                };
                Err(error(
                    kind,
                    format!("{service} gave no token (status {status}){words}"),
                ))
            }
        }
    }

    /// What it means that there was no answer.
    pub fn lost(&self, why: &str) -> CredentialError {
        let (service, origin) = (self.service, self.address.origin());
        if self.may_be_absent {
            let message = format!(
                "{service} is not at {origin} ({why}): this is no machine of Azure with a managed identity, or the host \
                 does not let the gateway ask it"
            );
            error(CredentialErrorKind::Unavailable, message)
        } else {
            let message = format!("{service} does not answer at {origin}: {why}; try again later");
            error(CredentialErrorKind::Temporary, message)
        }
    }

    /// What an answer says is wrong, on one line.
    fn words(&self, body: &Value) -> String {
        let named = ["error_description", "message", "error"].into_iter();
        let mut texts = named.filter_map(|name| body.get(name)?.as_str());
        let Some(text) = texts.next() else {
            return String::new();
        };
        let line: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(WORDS_CHARS)
            .collect();
        let line = match &self.secret {
            Some(secret) if !secret.is_empty() => line.replace(secret.as_str(), "[REDACTED]"),
            _ => line,
        };
        format!(": {line}")
    }
}

/// An application of Entra ID that proves who it is.
struct Application {
    tenant: String,
    client_id: String,
    proof: Proof,
}

enum Proof {
    Secret(String),
    /// A token of another issuer, such as Kubernetes.
    Federated(String),
}

impl Application {
    /// The one that the environment names, if it names one.
    fn of(
        variables: &Variables,
        read_file: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<Option<Self>, CredentialError> {
        let proof = if let Some(secret) = variables.get(CLIENT_SECRET) {
            Proof::Secret(secret.to_owned())
        } else if let Some(token) = variables.get(FEDERATED_TOKEN) {
            Proof::Federated(token.to_owned())
        } else if let Some(file) = variables.get(FEDERATED_TOKEN_FILE) {
            let failed = |why: &str| {
                failed(format!(
                    "the federated token file {file} {why}; check {FEDERATED_TOKEN_FILE}, and that the host gives the gateway \
                     the folder"
                ))
            };
            let token = read_file(file).map_err(|why| failed(&format!("cannot be read: {why}")))?;
            match token.trim() {
                "" => return Err(failed("is empty")),
                token => Proof::Federated(token.to_owned()),
            }
        } else {
            return Ok(None);
        };
        let required = |name: &str| {
            let value = variables.get(name).map(str::to_owned);
            value.ok_or_else(|| {
                failed(format!(
                    "{name} is not set; an application needs it to get a token"
                ))
            })
        };
        let tenant = required(TENANT_ID)?;
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        // Dots alone would lead to another path.
        if !tenant.chars().all(is_allowed) || tenant.starts_with('.') {
            return Err(failed(format!(
                "{TENANT_ID} is {tenant:?}, which is no tenant; set it to the directory's id or one of its domains"
            )));
        }
        Ok(Some(Self {
            tenant,
            client_id: required(CLIENT_ID)?,
            proof,
        }))
    }

    fn request(self, scope: &str, variables: &Variables) -> Result<TokenRequest, CredentialError> {
        let host = variables.get(AUTHORITY_HOST).unwrap_or(PUBLIC_CLOUD);
        // Both forms are in use.
        let host = match host.contains("://") {
            true => host.to_owned(),
            false => format!("https://{host}"),
        };
        let base =
            Address::parse(&host).filter(|base| base.is_confidential() && !base.path.contains('?'));
        let mut address = base.ok_or_else(|| {
            failed(format!(
                "{AUTHORITY_HOST} is no https address; set it to one such as {PUBLIC_CLOUD}, or unset it"
            ))
        })?;
        address.path = format!(
            "{}/{}/oauth2/v2.0/token",
            address.path.trim_end_matches('/'),
            self.tenant
        );
        let (proof, secret) = match self.proof {
            Proof::Secret(secret) => (format!("&client_secret={}", encode(&secret)), secret),
            Proof::Federated(token) => (
                format!(
                    "&client_assertion_type={}&client_assertion={}",
                    encode(ASSERTION),
                    encode(&token)
                ),
                token,
            ),
        };
        Ok(TokenRequest {
            service: "Microsoft Entra ID",
            address,
            headers: vec![(
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            )],
            form: Some(format!(
                "grant_type=client_credentials&client_id={}&scope={}{proof}",
                encode(&self.client_id),
                encode(scope)
            )),
            secret: Some(secret),
            may_be_absent: false,
        })
    }
}

/// The request of the managed identity: of App Service and what is like it, or of the machine.
fn managed_identity(
    client_id: Option<&str>,
    scope: &str,
    variables: &Variables,
) -> Result<TokenRequest, CredentialError> {
    let resource = scope.strip_suffix("/.default").unwrap_or(scope);
    let client_id = client_id.map(|id| format!("&client_id={}", encode(id)));
    let query = format!(
        "resource={}{}",
        encode(resource),
        client_id.unwrap_or_default()
    );
    let parsed = |name: &str, text: &str| {
        Address::parse(text).ok_or_else(|| {
            failed(format!(
                "{name} is no address; Azure sets it, and nothing else should"
            ))
        })
    };
    if let (Some(endpoint), Some(header)) = (
        variables.get(IDENTITY_ENDPOINT),
        variables.get(IDENTITY_HEADER),
    ) {
        let mut address = parsed(IDENTITY_ENDPOINT, endpoint)?;
        let joint = if address.path.contains('?') { '&' } else { '?' };
        address.path += &format!("{joint}api-version=2019-08-01&{query}");
        return Ok(TokenRequest {
            service: "App Service",
            address,
            headers: vec![("x-identity-header", header.to_owned())],
            form: None,
            secret: Some(header.to_owned()),
            may_be_absent: false,
        });
    }
    let host = variables.get(METADATA_HOST).unwrap_or(METADATA_SERVICE);
    let mut address = parsed(METADATA_HOST, host)?;
    address.path = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&{query}");
    Ok(TokenRequest {
        service: "the Instance Metadata Service",
        address,
        // It shows that no redirect has led here.
        headers: vec![("metadata", "true".to_owned())],
        form: None,
        secret: None,
        may_be_absent: true,
    })
}

fn encode(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

fn failed(message: String) -> CredentialError {
    error(CredentialErrorKind::Failed, message)
}

fn error(kind: CredentialErrorKind, message: String) -> CredentialError {
    CredentialError {
        kind,
        message,
        retry_after_ms: None,
    }
}

const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
const CLIENT_ID: &str = "AZURE_CLIENT_ID";
const CLIENT_SECRET: &str = "AZURE_CLIENT_SECRET";
const FEDERATED_TOKEN: &str = "AZURE_FEDERATED_TOKEN";
const FEDERATED_TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
const METADATA_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
const TENANT_ID: &str = "AZURE_TENANT_ID";

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// The address of the metadata service of virtual machines: the same on each.
const METADATA_SERVICE: &str = "http://169.254.169.254";

/// RFC 7523, section 2.2.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The most characters of what a service says is wrong.
const WORDS_CHARS: usize = 300;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
    const RESOURCE: &str = "https%3A%2F%2Fcognitiveservices%2Eazure%2Ecom";

    fn request(
        credential: &Credential,
        variables: &[(&str, &str)],
    ) -> Result<TokenRequest, CredentialError> {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| (name.to_string(), value.to_string()));
        let variables = Variables::new(variables.collect());
        TokenRequest::new(credential, SCOPE, &variables, |file| match file {
            "/token" => Ok("from-the-file\n".to_owned()),
            "/empty" => Ok(" \n".to_owned()),
            _ => Err("it is not there".to_owned()),
        })
    }

    #[test]
    fn the_first_identity_that_is_configured_is_asked() {
        let application = [
            ("AZURE_TENANT_ID", "contoso.com"),
            ("AZURE_CLIENT_ID", "the client"),
        ];
        let entra = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token";
        let assertion = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient%2Dassertion%2Dtype%3Ajwt%2Dbearer";
        let app_service = [
            ("IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token"),
            ("IDENTITY_HEADER", "the-header"),
        ];
        let metadata = format!(
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource={RESOURCE}"
        );
        let chain = Credential::DefaultChain;
        let machine = Credential::ManagedIdentity(None);
        let named = Credential::ManagedIdentity(Some("an id".to_owned()));
        for (credential, more, address, form) in [
            (
                &chain,
                vec![("AZURE_CLIENT_SECRET", "a&b")],
                entra.to_owned(),
                Some("client_secret=a%26b".to_owned()),
            ),
            (
                &chain,
                vec![("AZURE_FEDERATED_TOKEN_FILE", "/token")],
                entra.to_owned(),
                Some(format!("{assertion}&client_assertion=from%2Dthe%2Dfile")),
            ),
            (
                &chain,
                vec![
                    ("AZURE_FEDERATED_TOKEN", "t"),
                    ("AZURE_FEDERATED_TOKEN_FILE", "/no"),
                ],
                entra.to_owned(),
                Some(format!("{assertion}&client_assertion=t")),
            ),
            (
                &chain,
                vec![
                    ("AZURE_CLIENT_SECRET", "s"),
                    ("AZURE_AUTHORITY_HOST", "login.example/x/"),
                ],
                "https://login.example/x/contoso.com/oauth2/v2.0/token".to_owned(),
                Some("client_secret=s".to_owned()),
            ),
            (
                &chain,
                vec![],
                format!("{metadata}&client_id=the%20client"),
                None,
            ),
            (
                &machine,
                vec![("AZURE_CLIENT_SECRET", "s")],
                metadata.clone(),
                None,
            ),
            (
                &named,
                app_service.to_vec(),
                format!(
                    "http://127.0.0.1:41/msi/token?api-version=2019-08-01&resource={RESOURCE}&client_id=an%20id"
                ),
                None,
            ),
            (
                &machine,
                vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")],
                metadata.replace("169.254.169.254", "127.0.0.1:9"),
                None,
            ),
        ] {
            let request = request(credential, &[application.as_slice(), &more].concat()).unwrap();
            let found = request.address.origin() + &request.address.path;
            assert_eq!(found, address, "{more:?}");
            let expected = form.map(|proof| {
                format!(
                    "grant_type=client_credentials&client_id=the%20client&scope={RESOURCE}%2F%2Edefault&{proof}"
                )
            });
            assert_eq!(request.form, expected, "{more:?}");
        }
    }

    #[test]
    fn what_is_configured_half_is_named() {
        let chain = Credential::DefaultChain;
        for (variables, words) in [
            (
                vec![("AZURE_CLIENT_SECRET", "canary")],
                "AZURE_TENANT_ID is not set",
            ),
            (
                vec![("AZURE_CLIENT_SECRET", "canary"), ("AZURE_TENANT_ID", "t")],
                "AZURE_CLIENT_ID is not set",
            ),
            (
                vec![
                    ("AZURE_CLIENT_SECRET", "canary"),
                    ("AZURE_TENANT_ID", "../x"),
                ],
                "no tenant",
            ),
            (
                vec![("AZURE_FEDERATED_TOKEN_FILE", "/no")],
                "/no cannot be read: it is not there",
            ),
            (vec![("AZURE_FEDERATED_TOKEN_FILE", "/empty")], "is empty"),
            (
                vec![
                    ("AZURE_CLIENT_SECRET", "canary"),
                    ("AZURE_TENANT_ID", "t"),
                    ("AZURE_CLIENT_ID", "c"),
                    ("AZURE_AUTHORITY_HOST", "http://login.example"),
                ],
                "no https address",
            ),
        ] {
            let error = request(&chain, &variables).unwrap_err();
            assert_eq!(error.kind, CredentialErrorKind::Failed);
            assert!(error.message.contains(words), "{error:?}");
            assert!(!error.message.contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn answers_are_tokens_or_say_why_not() {
        let secret = [
            ("AZURE_CLIENT_SECRET", "canary"),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
        ];
        let entra = request(&Credential::DefaultChain, &secret).unwrap();
        let metadata = request(&Credential::ManagedIdentity(None), &[]).unwrap();
        for (body, expires_on) in [
            (r#"{"access_token":"t","expires_on":"2000"}"#, 2000),
            (
                r#"{"access_token":"t","expires_on":2000,"expires_in":"9"}"#,
                2000,
            ),
            (
                r#"{"access_token":"t","expires_on":"a date","expires_in":"60"}"#,
                1060,
            ),
            (r#"{"access_token":"t"}"#, 1000),
        ] {
            let token = entra.token(200, body.as_bytes(), 1000).unwrap();
            assert_eq!(
                (token.token.as_str(), token.expires_on),
                ("t", expires_on),
                "{body}"
            );
        }
        use CredentialErrorKind::{Failed, Temporary, Unavailable};
        for (request, status, body, kind, words) in [
            (
                &entra,
                401,
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: not canary\r\nTrace ID"}"#,
                Failed,
                "Microsoft Entra ID gave no token (status 401): AADSTS7000215: not [REDACTED]",
            ),
            (
                &entra,
                503,
                "",
                Temporary,
                "Microsoft Entra ID gave no token (status 503)",
            ),
            (
                &entra,
                404,
                "{}",
                Failed,
                "Microsoft Entra ID gave no token (status 404)",
            ),
            (
                &entra,
                200,
                "<html>",
                Failed,
                "Microsoft Entra ID gave no token (status 200)",
            ),
            (
                &metadata,
                400,
                r#"{"error":"invalid_request"}"#,
                Unavailable,
                "the Instance Metadata Service gave no token (status 400): invalid_request",
            ),
            (
                &metadata,
                410,
                "",
                Temporary,
                "the Instance Metadata Service gave no token (status 410)",
            ),
        ] {
            let error = request.token(status, body.as_bytes(), 1000).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, words));
        }
        assert_eq!(entra.lost("x").kind, Temporary);
        assert_eq!(metadata.lost("x").kind, Unavailable);
    }
}
