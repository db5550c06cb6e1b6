//! The machine's identity, from servers that speak as Azure's do.

#![allow(clippy::unwrap_used, reason = "tests")]

mod app_service;
mod azure_arc;
mod imds;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::credentials::CredentialErrorKind::{self, Failed, Temporary, Unavailable};
use crate::credentials::answers::is_busy;
use crate::credentials::testing::{self, Reply, Server};

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

fn token() -> Value {
    json!({
        "access_token": "t",
        "expires_in": "3600",
        "expires_on": "4102444800",
        "resource": "https://cognitiveservices.azure.com",
        "token_type": "Bearer",
    })
}

fn asked<const N: usize>(
    variables: [(&str, &str); N],
    client_id: Option<&str>,
) -> ManagedIdentityCredential {
    let surroundings = Arc::new(testing::surroundings(variables));
    ManagedIdentityCredential::new(surroundings, client_id.map(str::to_owned))
}

fn in_chain<const N: usize>(variables: [(&str, &str); N]) -> ManagedIdentityCredential {
    ManagedIdentityCredential::in_chain(Arc::new(testing::surroundings(variables)))
}

async fn error(credential: &ManagedIdentityCredential) -> (CredentialErrorKind, String) {
    let error = credential.get_token(SCOPE).await.unwrap_err();
    (error.kind, error.message)
}

#[tokio::test]
async fn tries_end_with_the_waits() {
    let server = Server::start([Reply::text(500, "{}")]).await;
    let surroundings = testing::surroundings([("", "")]);
    let exchange = exchange::Exchange {
        surroundings: &surroundings,
        service: "a service",
        url: server.address.parse().unwrap(),
        headers: http::HeaderMap::new(),
        secrets: Vec::new(),
        may_pass: is_busy,
    };
    let answer = exchange.send(&[Duration::from_millis(1); 3]).await.unwrap();
    assert_eq!((answer.status.as_u16(), server.seen().len()), (500, 4));
    let total: Duration = exchange::WAITS.iter().sum();
    assert!(total < Duration::from_secs(15), "{total:?}");
}

#[tokio::test]
async fn services_are_told_apart_by_the_environment() {
    const ENDPOINT: (&str, &str) = ("IDENTITY_ENDPOINT", "http://127.0.0.1:1");
    const HEADER: (&str, &str) = ("IDENTITY_HEADER", "h");
    const THUMBPRINT: (&str, &str) = ("IDENTITY_SERVER_THUMBPRINT", "t");
    const ARC: (&str, &str) = ("IMDS_ENDPOINT", "http://127.0.0.1:1");
    const OLD: (&str, &str) = ("MSI_ENDPOINT", "http://127.0.0.1:1");
    const SECRET: (&str, &str) = ("MSI_SECRET", "s");
    const NONE: (&str, &str) = ("", "");
    for (variables, expected) in [
        ([ENDPOINT, HEADER, THUMBPRINT], "Service Fabric"),
        ([ENDPOINT, HEADER, OLD], "App Service"),
        ([ENDPOINT, ARC, NONE], "Arc"),
        ([OLD, SECRET, NONE], "Azure Machine Learning"),
        ([OLD, NONE, NONE], "Cloud Shell"),
        ([ENDPOINT, NONE, NONE], "IMDS"),
        ([("IDENTITY_ENDPOINT", " "), HEADER, NONE], "IMDS"),
    ] {
        let credential = asked(variables, None);
        let found = match credential.source().await {
            Source::AppService => "App Service",
            Source::Arc => "Arc",
            Source::Imds => "IMDS",
            Source::Unsupported(name) => {
                let (kind, message) = error(&credential).await;
                assert_eq!(kind, Unavailable);
                assert!(message.contains("are not supported"), "{message}");
                name
            }
        };
        assert_eq!(found, expected, "{variables:?}");
    }
}
