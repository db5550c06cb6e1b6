//! Every kind of error that the contract has can happen, and is in the documentation.

use std::fs;
use std::path::Path;

use azure_openai_mock::{Fault, MockAzure};
use http::StatusCode;
use provider_host::Environment;
use provider_host::contract::types::{ErrorKind, ProviderError};
use serde_json::{Value, json};

use crate::support::{Setup, ask, config, in_time, open, provider_error};

#[tokio::test]
async fn every_kind_of_error_can_happen() {
    for kind in KINDS {
        let error = match provocation(kind) {
            Provocation::Answer(fault) => failed(fault, json!({})).await,
            Provocation::Silence => failed(Fault::NeverAnswer, json!({ "timeout": 0.3 })).await,
            Provocation::Settings(settings) => {
                let mock = MockAzure::builder().start().await.unwrap();
                let mut config = config(&mock);
                config.extend(settings.as_object().unwrap().clone());
                provider_error(open(&config, Environment::default(), Default::default()).await)
            }
        };
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(!error.message.is_empty(), "{error:?}");
    }
}

#[test]
fn the_contract_the_documentation_and_these_tests_have_the_same_kinds() {
    let here = KINDS.map(name);
    let contract = text("wit/types.wit");
    let (_, contract) = contract.split_once("enum error-kind {").unwrap();
    let (contract, _) = contract.split_once('}').unwrap();
    let contract = contract
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|line| !line.starts_with("///"))
        .map(|case| case.trim_start_matches('%').to_owned());
    assert_eq!(contract.collect::<Vec<_>>(), here);

    let documentation = text("docs/errors.md");
    let documentation = documentation
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(kind, cells)| {
            let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
            let [cause, remedy, is_tried_again, ""] = cells[..] else {
                panic!("{kind}: {cells:?}");
            };
            for cell in [cause, remedy, is_tried_again] {
                assert!(!cell.is_empty(), "{kind} has an empty cell");
            }
            kind.to_owned()
        });
    assert_eq!(documentation.collect::<Vec<_>>(), here);
}

/// What leads to an error.
enum Provocation {
    /// What the service answers.
    Answer(Fault),
    /// The service does not answer in time.
    Silence,
    /// What the provider is configured with.
    Settings(Value),
}

/// What leads to an error of this kind. A new kind needs an arm here and a place in [`KINDS`].
fn provocation(kind: ErrorKind) -> Provocation {
    let code = |status, code: &str| {
        let body = json!({ "error": { "code": code, "message": "no" } });
        Provocation::Answer(Fault::json(status, &body))
    };
    match kind {
        ErrorKind::Authentication => code(StatusCode::UNAUTHORIZED, "401"),
        ErrorKind::AccessDenied => code(StatusCode::FORBIDDEN, "403"),
        ErrorKind::NotFound => code(StatusCode::NOT_FOUND, "DeploymentNotFound"),
        ErrorKind::RateLimit => code(StatusCode::TOO_MANY_REQUESTS, "429"),
        ErrorKind::QuotaExceeded => code(StatusCode::TOO_MANY_REQUESTS, "insufficient_quota"),
        ErrorKind::ContextLength => code(StatusCode::BAD_REQUEST, "context_length_exceeded"),
        ErrorKind::ContentFilter => code(StatusCode::BAD_REQUEST, "content_filter"),
        ErrorKind::InvalidRequest => code(StatusCode::BAD_REQUEST, "invalid_value"),
        ErrorKind::InvalidToolCall => ended(json!({ "status": "completed", "output": [{
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "add",
            "arguments": "[1, 2]",
        }] })),
        ErrorKind::Unavailable => code(StatusCode::SERVICE_UNAVAILABLE, "slow_down"),
        ErrorKind::Timeout => Provocation::Silence,
        ErrorKind::Network => Provocation::Answer(Fault::CloseBeforeHeaders),
        ErrorKind::Stream => Provocation::Answer(Fault::CloseAfterEvents(7)),
        ErrorKind::Configuration => Provocation::Settings(json!({ "timeout": -1 })),
        ErrorKind::Aborted => ended(json!({ "status": "cancelled", "output": [] })),
        ErrorKind::Other => code(StatusCode::TEMPORARY_REDIRECT, "moved"),
    }
}

/// A stream of which the last event has this response.
fn ended(response: Value) -> Provocation {
    let event = json!({ "type": "response.completed", "response": response });
    Provocation::Answer(Fault::RawStream(format!("data: {event}\n\n").into()))
}

/// The error of a request that meets this.
async fn failed(fault: Fault, settings: Value) -> ProviderError {
    let mock = MockAzure::builder().start().await.unwrap();
    let setup = Setup::with(mock, settings).await;
    setup.mock.push_fault(fault);
    provider_error(in_time(setup.provider.complete(&ask("Hi"))).await)
}

/// The contract's name of a kind.
fn name(kind: ErrorKind) -> String {
    let name = format!("{kind:?}");
    let name = name.rsplit("::").next().unwrap_or_default();
    let mut kebab = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Every kind, in the contract's order.
const KINDS: [ErrorKind; 16] = [
    ErrorKind::Authentication,
    ErrorKind::AccessDenied,
    ErrorKind::NotFound,
    ErrorKind::RateLimit,
    ErrorKind::QuotaExceeded,
    ErrorKind::ContextLength,
    ErrorKind::ContentFilter,
    ErrorKind::InvalidRequest,
    ErrorKind::InvalidToolCall,
    ErrorKind::Unavailable,
    ErrorKind::Timeout,
    ErrorKind::Network,
    ErrorKind::Stream,
    ErrorKind::Configuration,
    ErrorKind::Aborted,
    ErrorKind::Other,
];
