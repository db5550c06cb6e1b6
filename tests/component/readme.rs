//! What the README tells people to do works as it is written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use azure_openai_mock::MockAzure;
use provider_host::Limits;
use provider_host::component::GRANTED_IMPORTS;
use serde_json::json;

use crate::command_line::{execute, file};
use crate::support::component;

#[tokio::test]
async fn a_key_in_the_environment() {
    let mock = mock().await;
    let commands = block("console", "AZURE_OPENAI_API_KEY=");
    let variables = exports(&commands, &mock);
    assert_eq!(variables.len(), 3, "{commands}");
    let answer = run(&variables, &["Say hello from Azure"]).await;
    assert!(answer.contains("(deployment my-deployment)"), "{answer}");
    assert_eq!(mock.requests()[0].headers["api-key"], mock.api_key());
}

#[cfg(unix)]
#[tokio::test]
async fn the_default_credential_with_a_logged_in_cli() {
    let mock = MockAzure::builder()
        .bearer_token("token-of-az")
        .start()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    logged_in_az(folder.path());
    let commands = block("console", "AZURE_USE_DEFAULT_CREDENTIAL=true");
    let mut variables = exports(&commands, &mock);
    assert_eq!(variables.len(), 2, "{commands}");
    variables.extend(only_az(folder.path()));
    let answer = run(&variables, &["Say hello from Azure"]).await;
    assert!(answer.contains("(deployment gpt-5.1)"), "{answer}");
    assert_eq!(
        mock.requests()[0].headers["authorization"],
        "Bearer token-of-az"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_configuration_files_and_their_deployments() {
    let folder = tempfile::tempdir().unwrap();
    logged_in_az(folder.path());
    for (language, model, deployment) in [
        ("toml", "gpt-5.1", "production-gpt5"),
        ("toml", "gpt-5-mini", "fast-mini"),
        ("toml", "claude-opus-4-1", "catch-all"),
        ("yaml", "gpt-5.1", "production-gpt5"),
        ("yaml", "gpt-5-mini", "fast-mini"),
        ("yaml", "my-custom-deploy", "my-custom-deploy"),
    ] {
        let mock = mock().await;
        let text = block(language, "deployment_mapping").replace(ENDPOINT, &mock.endpoint());
        let config = file(&format!(".{language}"), &text);
        let mut variables = only_az(folder.path());
        variables.push(("AZURE_OPENAI_API_KEY".to_owned(), mock.api_key().to_owned()));
        if language == "yaml" {
            // The key in the environment would come first.
            variables.pop();
        }
        let arguments = [
            "--config",
            config.path().to_str().unwrap(),
            "--model",
            model,
            "Say hello",
        ];
        let answer = run(&variables, &arguments).await;
        assert!(
            answer.contains(&format!("(deployment {deployment})")),
            "{language}: {answer}"
        );
    }
}

const ENDPOINT: &str = "https://RESOURCE.openai.azure.com";

async fn mock() -> MockAzure {
    [
        ("production-gpt5", "gpt-5.1"),
        ("fast-mini", "gpt-5-mini"),
        ("catch-all", "gpt-4.1"),
        ("my-custom-deploy", "gpt-4.1"),
        ("my-deployment", "gpt-4.1"),
    ]
    .into_iter()
    .fold(MockAzure::builder(), |mock, (name, model)| {
        mock.deployment(name, model)
    })
    .bearer_token("token-of-az")
    .start()
    .await
    .unwrap()
}

/// The README's block in a language that has these words.
fn block(language: &str, words: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let begin = format!("```{language}\n");
    let blocks = readme.split(&begin).skip(1);
    let mut blocks = blocks.map(|block| block.split("```").next().unwrap());
    let block = blocks.find(|block| block.contains(words));
    block.unwrap().to_owned()
}

/// What the commands export, for a mock.
fn exports(commands: &str, mock: &MockAzure) -> Vec<(String, String)> {
    let exports = commands
        .lines()
        .filter_map(|line| line.strip_prefix("$ export "));
    exports
        .map(|export| {
            let (name, value) = export.split_once('=').unwrap();
            let value = value.split('#').next().unwrap().trim();
            let value = value
                .replace(ENDPOINT, &mock.endpoint())
                .replace('…', mock.api_key());
            (name.to_owned(), value)
        })
        .collect()
}

/// The variables of a machine on which only `az` is there to get tokens from.
pub(crate) fn only_az(folder: &Path) -> Vec<(String, String)> {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    [
        ("PATH", folder.to_str().unwrap()),
        // Nobody listens there.
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"),
    ]
    .map(own)
    .to_vec()
}

/// Puts an `az` into a folder that prints what the real one prints.
#[cfg(unix)]
pub(crate) fn logged_in_az(folder: &Path) {
    let token = json!({
        "accessToken": "token-of-az",
        "expiresOn": "2099-01-01 00:00:00.000000",
        "expires_on": 4_070_908_800_u64,
        "subscription": "00000000-0000-0000-0000-000000000000",
        "tenant": "11111111-1111-1111-1111-111111111111",
        "tokenType": "Bearer",
    });
    let script = format!("#!/bin/sh\necho '{token}'\n");
    let source = folder.join("az.source");
    fs::write(&source, script).unwrap();
    // By another process: a file that this one has had open for writing cannot always be executed right after.
    let installed = std::process::Command::new("install")
        .args(["-m", "755"])
        .args([&source, &folder.join("az")])
        .status()
        .unwrap();
    assert!(installed.success());
}

async fn run(variables: &[(String, String)], arguments: &[&str]) -> String {
    let component = component();
    let arguments = [
        &["run", "--component", component.to_str().unwrap()],
        arguments,
    ]
    .concat();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let finished = execute(&variables, &arguments, "").await;
    assert_eq!(finished.code, 0, "{finished:?}");
    finished.stdout
}

#[test]
fn the_page_on_errors_has_every_kind_of_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = fs::read_to_string(root.join("wit/types.wit")).unwrap();
    let (_, kinds) = contract.split_once("enum error-kind {").unwrap();
    let (kinds, _) = kinds.split_once('}').unwrap();
    let kinds: Vec<&str> = kinds
        .lines()
        .map(|line| line.trim().trim_start_matches('%').trim_end_matches(','))
        .filter(|line| !line.is_empty() && !line.starts_with("///"))
        .collect();
    let page = fs::read_to_string(root.join("docs/errors.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(rows, kinds);
}

#[test]
fn the_page_on_hosts_has_every_limit_with_its_default_and_every_import() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/host.md");
    let page = fs::read_to_string(page).unwrap();
    // As `Debug` shows them, so that a new limit is not forgotten.
    let defaults = format!("{:#?}", Limits::default());
    let fields = defaults.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("    ")?.split_once(": ")?;
        Some((name.to_owned(), value.trim_end_matches(',').to_owned()))
    });
    let shown = |(name, value): (String, String)| {
        let shown = match value.parse::<usize>() {
            Ok(bytes) if name.ends_with("_bytes") => format!("{} MiB", bytes / 1024 / 1024),
            Ok(count) => count.to_string(),
            // A duration, of whole seconds.
            Err(_) => format!("{} s", value.trim_end_matches(".0s").trim_end_matches('s')),
        };
        (name, shown)
    };
    let limits: Vec<(String, String)> = fields.map(shown).collect();
    assert!(limits.len() > 10, "{defaults}");
    let (_, table) = page.split_once("| field of `Limits` |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows: Vec<(String, String)> = table
        .lines()
        .skip(2)
        .map(|row| {
            let mut cells = row.split('|').skip(1).map(str::trim);
            let name = cells.next().unwrap().trim_matches('`');
            (name.to_owned(), cells.next().unwrap().to_owned())
        })
        .collect();
    assert_eq!(rows, limits);

    let (_, table) = page.split_once("| import |").unwrap();
    let rows = table.lines().skip(2).map_while(|row| row.split('|').nth(1));
    let imports: BTreeSet<&str> = rows
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(imports, BTreeSet::from(GRANTED_IMPORTS));
}

#[test]
fn the_page_on_hosts_has_all_that_a_policy_grants() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/host.md")).unwrap();
    let (_, table) = page.split_once("| method of `Policy` |").unwrap();
    let rows = table.lines().skip(2).map_while(|row| row.split('`').nth(1));
    let policy = fs::read_to_string(root.join("host-harness/host/src/policy.rs")).unwrap();
    let (_, policy) = policy.split_once("impl Policy {").unwrap();
    let methods = policy.split("    pub fn ").skip(1).filter(|method| {
        let (head, _) = method.split_once('{').unwrap();
        head.contains("mut self")
    });
    let names = methods.map(|method| method.split(['(', '<']).next().unwrap());
    assert_eq!(rows.collect::<Vec<_>>(), names.collect::<Vec<_>>());
}

#[test]
fn the_links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in [
        "README.md",
        "docs/amplifier.md",
        "docs/configuration.md",
        "docs/authentication.md",
        "docs/command-line.md",
        "docs/deploy.md",
        "docs/errors.md",
        "docs/events.md",
        "docs/failover.md",
        "docs/gateway.md",
        "docs/host.md",
        "docs/mock.md",
        "docs/models.md",
        "docs/serve.md",
    ] {
        let path = root.join(page);
        let text = fs::read_to_string(&path).unwrap();
        let links = text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.starts_with("http")) {
            let file = link.split('#').next().unwrap();
            assert!(path.parent().unwrap().join(file).exists(), "{page}: {link}");
        }
    }
}
