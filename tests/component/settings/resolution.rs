//! Where the value of each setting comes from, and what is said of one that is wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use provider_host::contract::types::{ErrorKind, ProviderError};
use provider_host::{Environment, Host};
use provider_host_azure::policy::policy;
use serde_json::{Map, Value, json};

use super::table::{ROWS, Row, Shows};
use crate::support::{Events, component, provider_error};

#[tokio::test]
async fn this_table_has_every_setting_and_every_variable() {
    let keys: BTreeSet<&str> = ROWS.iter().map(|row| row.key).collect();
    let description = settings(&host([]).await, &ROWS[1].base()).await;
    let described = description.as_object().unwrap().keys();
    assert_eq!(keys, described.map(String::as_str).collect());
    assert_eq!(keys.len(), ROWS.len());

    let variables = ROWS.iter().flat_map(|row| row.variables);
    let variables: Vec<&str> = variables.map(|(name, _)| *name).collect();
    let names: BTreeSet<&str> = variables.iter().copied().collect();
    assert_eq!(names, policy().visible_variables().collect());
    assert_eq!(variables.len(), names.len());
}

#[tokio::test]
async fn what_nothing_sets_has_its_default() {
    let all_empty = all_variables().map(|(name, _)| (name, " \t"));
    for host in [host([]).await, host(all_empty).await] {
        for row in ROWS {
            if row.key == "azure_endpoint" {
                let message = error(&host, &row.base()).await.message;
                assert!(message.contains("`azure_endpoint` is not set"), "{message}");
                continue;
            }
            let settings = settings(&host, &row.base()).await;
            assert_eq!(settings[row.key], row.unset(), "{}", row.key);
        }
    }
}

#[tokio::test]
async fn the_configuration_comes_before_every_variable() {
    for host in [host([]).await, host(all_variables()).await] {
        for row in ROWS {
            let settings = settings(&host, &row.with(row.valid())).await;
            let expected = json!({ "value": row.shown(row.valid()), "source": "config" });
            assert_eq!(settings[row.key], expected, "{}", row.key);
        }
    }
}

#[tokio::test]
async fn what_is_empty_in_the_configuration_is_left_to_the_variables() {
    let host = host(all_variables()).await;
    for row in ROWS {
        let expected = match row.variables {
            [] => row.unset(),
            [(name, text), ..] => json!({ "value": row.shown(json!(text)), "source": name }),
        };
        for empty in [json!(null), json!(""), json!(" \t\n")] {
            // Of limits, null is the one that is none.
            if row.key == "max_tokens" && empty.is_null() {
                continue;
            }
            let settings = settings(&host, &row.with(empty.clone())).await;
            assert_eq!(settings[row.key], expected, "{} {empty}", row.key);
        }
    }
}

#[tokio::test]
async fn each_variable_counts_when_those_before_it_are_empty() {
    for row in ROWS {
        for (index, (name, text)) in row.variables.iter().enumerate() {
            let (before, from_here) = row.variables.split_at(index);
            let empties: &[Option<&str>] = match before {
                [] => &[None],
                _ => &[None, Some(""), Some("  ")],
            };
            for empty in empties {
                let emptied = before
                    .iter()
                    .filter_map(|(name, _)| Some((*name, (*empty)?)));
                let host = host(emptied.chain(from_here.iter().copied())).await;
                let settings = settings(&host, &row.base()).await;
                let expected = json!({ "value": row.shown(json!(text)), "source": name });
                assert_eq!(settings[row.key], expected, "{name} after {empty:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_alias_means_the_same_as_its_key_and_comes_after_it() {
    let host = host(all_variables()).await;
    for row in ROWS {
        let Some(alias) = row.alias else { continue };
        let mut config = row.base();
        config.insert(alias.to_owned(), row.valid());
        let with_alias = settings(&host, &config).await;
        let expected = json!({ "value": row.valid(), "source": "config" });
        assert_eq!(with_alias[row.key], expected, "{alias}");

        config.insert(alias.to_owned(), row.bad());
        let message = error(&host, &config).await.message;
        assert!(
            message.contains(&format!("`{alias}`: expected {}", row.expected)),
            "{message}"
        );

        config.insert(row.key.to_owned(), row.valid());
        let with_both = settings(&host, &config).await;
        assert_eq!(with_both[row.key], expected, "{} and {alias}", row.key);
    }
}

#[tokio::test]
async fn a_bad_value_in_the_configuration_is_named_and_no_variable_stands_in_for_it() {
    let host = host(all_variables()).await;
    for row in ROWS {
        let error = error(&host, &row.with(row.bad())).await;
        check(&error, &problem(row, &format!("`{}`", row.key), &row.bad()));
    }
}

#[tokio::test]
async fn a_bad_value_in_a_variable_is_named_with_the_variable() {
    for row in ROWS {
        // In a variable a value that is no text cannot be.
        let Value::String(bad) = row.bad() else {
            continue;
        };
        for (name, _) in row.variables {
            let host = host([(*name, bad.as_str())]).await;
            let error = error(&host, &row.base()).await;
            let place = format!("`{}` (from {name})", row.key);
            check(&error, &problem(row, &place, &row.bad()));
        }
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_one_error_with_an_entry_for_each() {
    let bad: Map<String, Value> = ROWS
        .iter()
        .map(|row| (row.key.to_owned(), row.bad()))
        .collect();
    let error_of_config = error(&host([]).await, &bad).await;
    let problems = problems(&error_of_config);
    assert_eq!(problems.len(), ROWS.len(), "{problems:#?}");
    for row in ROWS {
        let problem = problem(row, &format!("`{}`", row.key), &row.bad());
        let found = problems.iter().filter(|found| found.starts_with(&problem));
        assert_eq!(found.count(), 1, "{problem}: {problems:#?}");
    }
    assert!(!format!("{error_of_config:?}").contains("canary"));

    let bad_variables: Vec<(&str, String)> = ROWS
        .iter()
        .flat_map(|row| row.variables.iter().map(|(name, _)| (*name, row.bad())))
        .filter_map(|(name, bad)| Some((name, bad.as_str()?.to_owned())))
        .collect();
    let environment = bad_variables
        .iter()
        .map(|(name, bad)| (*name, bad.as_str()));
    let error = error(&host(environment).await, &Map::new()).await;
    let with_bad_variables = ROWS
        .iter()
        .filter(|row| !row.variables.is_empty() && row.bad().is_string());
    assert_eq!(self::problems(&error).len(), with_bad_variables.count());
}

/// How the problem of a setting begins, and all of it but for what a table was refused for.
fn problem(row: &Row, place: &str, bad: &Value) -> String {
    match row.shows {
        Shows::Everything => format!("{place}: expected {}, found {bad}", row.expected),
        Shows::Keys | Shows::Nothing | Shows::Redacted => {
            format!("{place}: expected {}", row.expected)
        }
    }
}

fn check(error: &ProviderError, problem: &str) {
    assert_eq!(error.kind, ErrorKind::Configuration);
    assert!(!error.retryable);
    assert_eq!(problems(error), [problem]);
    assert!(error.message.contains(problem), "{}", error.message);
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

fn problems(error: &ProviderError) -> Vec<String> {
    let details: Value = serde_json::from_str(error.details.as_ref().unwrap()).unwrap();
    serde_json::from_value(details["problems"].clone()).unwrap()
}

fn all_variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.iter().flat_map(|row| row.variables).copied()
}

/// The component with these variables. Opened often: loading it is what takes time.
async fn host<'a>(environment: impl IntoIterator<Item = (&'a str, &'a str)>) -> Host {
    provider_host_azure::host_builder(Environment::from_iter(environment))
        .events(Arc::new(Events::default()))
        .load(&component())
        .await
        .unwrap()
}

async fn settings(host: &Host, config: &Map<String, Value>) -> Value {
    let provider = host.open(config).await.unwrap();
    let description: Value = serde_json::from_str(&provider.describe().await.unwrap()).unwrap();
    description["settings"].clone()
}

async fn error(host: &Host, config: &Map<String, Value>) -> ProviderError {
    provider_error(host.open(config).await)
}
