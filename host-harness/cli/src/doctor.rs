//! `host-harness doctor`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use provider_host::NoSubscriber;
use provider_host_azure::doctor::{self, Examination, Verdict};
use serde_json::Value;

use super::args::DoctorArguments;
use super::failure::Failure;
use super::setup::Setup;
use super::visible;

/// Examines a configuration, and says what was found.
pub(super) async fn doctor(arguments: DoctorArguments) -> Result<ExitCode, Failure> {
    let setup = Setup::read(&arguments.provider, arguments.json)?;
    let host = setup.host(Arc::new(NoSubscriber)).await?;
    let report = doctor::examine(&Examination {
        host: &host,
        credentials: &setup.credentials,
        environment: &setup.environment,
        config: &setup.config,
        model: arguments.model.as_deref(),
        is_offline: arguments.offline,
    })
    .await?;
    let json = report.to_json();
    let text = match arguments.json {
        true => format!("{}\n", visible::json(&json.to_string())),
        false => to_text(&shown(json)),
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(match report.verdict() {
        Verdict::Well => ExitCode::SUCCESS,
        Verdict::Failed => 1.into(),
        Verdict::Misconfigured => 2.into(),
    })
}

/// A report whose texts a terminal may be shown. Some are the service's, or of whoever answers in its place.
fn shown(report: Value) -> Value {
    match report {
        Value::String(text) => visible::paragraph(&text, CONTINUATION_INDENT).into(),
        Value::Array(items) => items.into_iter().map(shown).collect(),
        Value::Object(fields) => {
            let shown = |(key, value): (String, Value)| (visible::word(&key), shown(value));
            fields.into_iter().map(shown).collect()
        }
        value => value,
    }
}

/// The report for people: the same as the JSON, so that nothing is in one and not in the other.
fn to_text(report: &Value) -> String {
    let mut text = String::new();
    for section in [
        settings(report),
        list("Problems", &report["problems"]),
        list("Warnings", &report["warnings"]),
        endpoint(report),
        authentication(&report["authentication"]),
        deployments(report),
        list("Retirements", &report["retirements"]),
        probe(&report["probe"]),
    ] {
        text += &section;
    }
    text
}

fn settings(report: &Value) -> String {
    let Some(settings) = report["settings"].as_object() else {
        return String::new();
    };
    let key_width = settings.keys().map(String::len).max().unwrap_or_default();
    let mut text = "Settings\n".to_owned();
    for (key, setting) in settings {
        let source = word(&setting["source"]);
        let value = match &setting["value"] {
            Value::Null => "-".to_owned(),
            Value::String(value) => value.clone(),
            value => value.to_string(),
        };
        let _ = match source {
            "unset" => writeln!(text, "  {key:key_width$}  -"),
            _ => writeln!(text, "  {key:key_width$}  {value}  ({source})"),
        };
    }
    text
}

fn list(title: &str, items: &Value) -> String {
    let items = items
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let lines: String = items.map(|item| format!("  - {item}\n")).collect();
    match lines.is_empty() {
        true => lines,
        false => format!("{title}\n{lines}"),
    }
}

fn endpoint(report: &Value) -> String {
    let Some(route) = report["route"].as_str() else {
        return String::new();
    };
    let proxy = report["proxy"].as_str().unwrap_or("none");
    format!("Endpoint\n  {route}\n  proxy: {proxy}\n")
}

fn authentication(authentication: &Value) -> String {
    let Some(method) = authentication["method"].as_str() else {
        return String::new();
    };
    let mut text = format!("Authentication\n  {method}");
    if let Some(scope) = authentication["scope"].as_str() {
        let _ = write!(text, ", for {scope}");
    }
    text.push('\n');
    if let Some(problem) = authentication["problem"].as_str() {
        let _ = writeln!(text, "  {problem}");
    }
    for credential in authentication["credentials"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let detail = ["message", "expires_on"]
            .iter()
            .find_map(|key| credential[key].as_str());
        let detail = match (word(&credential["outcome"]), detail) {
            ("token", Some(expires_on)) => format!(", valid until {expires_on}"),
            (_, Some(message)) => format!(": {message}"),
            (_, None) => String::new(),
        };
        let _ = writeln!(
            text,
            "  - {}: {}{detail}",
            word(&credential["name"]),
            word(&credential["outcome"]),
        );
    }
    for (key, title) in [
        ("audience", "the token's audience:"),
        ("tenant", "the token's tenant:"),
        ("object_id", "the token's object id:"),
        ("expires_on", "the token is valid until"),
    ] {
        if let Some(value) = authentication["token"][key].as_str() {
            let _ = writeln!(text, "  {title} {value}");
        }
    }
    if authentication["token"]["has_expired"] == true {
        text += "  the token has expired: get a new one\n";
    }
    text
}

fn deployments(report: &Value) -> String {
    let mut text = String::new();
    for row in report["deployments"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "  {} -> {} ({}, as {})",
            word(&row["model"]),
            word(&row["deployment"]),
            word(&row["rule"]),
            word(&row["logical_model"]),
        );
    }
    match text.is_empty() {
        true => text,
        false => format!("Deployments (model -> deployment)\n{text}"),
    }
}

fn probe(probe: &Value) -> String {
    match word(&probe["outcome"]) {
        "answered" => format!(
            "Probe\n  the deployment {} answered as {} in {} ms\n{}",
            word(&probe["deployment"]),
            probe["model"].as_str().unwrap_or("a model without a name"),
            probe["duration_ms"],
            match probe["advice"].as_str() {
                Some(advice) => format!("  {advice}\n"),
                None => String::new(),
            }
        ),
        "failed" => format!(
            "Probe\n  {}\n{}  ({})\n",
            word(&probe["problem"]),
            list("  What to do", &probe["steps"]),
            word(&probe["error"]["message"])
        ),
        _ => format!("Probe\n  not made: {}\n", word(&probe["reason"])),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// More than any line of a report is indented.
const CONTINUATION_INDENT: usize = 6;
