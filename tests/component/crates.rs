//! What the crates of the host depend on: one way, and on nothing that their users have no use for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// The crates in `host-harness/`: folder, package, the crates of this workspace that it may use.
const CRATES: [(&str, &str, &[&str]); 6] = [
    ("host", "provider-host", &[]),
    ("azure", "provider-host-azure", &["provider-host"]),
    ("mock", "azure-openai-mock", &[]),
    ("serve", "provider-host-serve", &["provider-host"]),
    (
        "cli",
        "host-harness",
        &[
            "azure-openai-mock",
            "provider-host",
            "provider-host-azure",
            "provider-host-serve",
        ],
    ),
    (
        "bench",
        "provider-host-bench",
        &["azure-openai-mock", "provider-host", "provider-host-azure"],
    ),
];

#[test]
fn the_crates_of_the_host_depend_on_each_other_one_way() {
    let ours: BTreeSet<&str> = CRATES.iter().map(|(_, package, _)| *package).collect();
    for (folder, package, allowed) in CRATES {
        let manifest = manifest(folder);
        assert_eq!(manifest["package"]["name"].as_str(), Some(package));
        let used: BTreeSet<String> = dependencies(&manifest)
            .into_iter()
            .filter(|name| ours.contains(name.as_str()))
            .collect();
        let allowed: BTreeSet<String> = allowed.iter().map(ToString::to_string).collect();
        assert_eq!(used, allowed, "{package}");
    }
}

#[test]
fn an_embedder_compiles_no_command_line_no_configuration_file_and_no_mock() {
    let host = everything_behind("provider-host", &ANY_SYSTEM);
    assert!(has(&host, "wasmtime"), "{host:?}");
    for unwanted in [
        "azure-openai-mock",
        "clap",
        "oauth2",
        "provider-host-azure",
        "rustyline",
        "serde-saphyr",
        "toml",
        "tracing-subscriber",
    ] {
        assert!(!has(&host, unwanted), "{unwanted}");
    }
    let compiled = everything_behind("provider-host", &[]).len();
    assert!(compiled <= 210, "{compiled} crates");
    let azure = everything_behind("provider-host-azure", &ANY_SYSTEM);
    for unwanted in [
        "azure-openai-mock",
        "clap",
        "rustyline",
        "tracing-subscriber",
    ] {
        assert!(!has(&azure, unwanted), "{unwanted}");
    }
}

#[test]
fn the_mock_needs_no_wasmtime() {
    let mock = everything_behind("azure-openai-mock", &ANY_SYSTEM);
    assert!(has(&mock, "hyper"), "{mock:?}");
    let unwanted: Vec<&String> = mock
        .iter()
        .filter(|name| name.starts_with("wasmtime") || name.starts_with("cranelift"))
        .collect();
    assert_eq!(unwanted, Vec::<&String>::new());
}

#[test]
fn what_is_published_has_the_contract_its_pages_and_its_readme_within() {
    let everywhere = ["Cargo.toml", "LICENSE", "README.md"];
    for (package, files) in [
        (
            "provider-host",
            vec!["docs/events.md", "wit/types.wit", "wit/world.wit"],
        ),
        ("provider-host-azure", vec!["docs/host.md"]),
        ("azure-openai-mock", vec!["docs/mock.md"]),
        ("provider-host-serve", vec![]),
        ("host-harness", vec!["src/main.rs"]),
    ] {
        let listing = Command::new(env!("CARGO"))
            .args(["package", "--list", "--allow-dirty", "--package", package])
            .current_dir(root())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&listing.stderr);
        assert!(listing.status.success(), "{package}: {errors}");
        let listing = String::from_utf8(listing.stdout).unwrap();
        // Windows has its own separators.
        let listing = listing.replace('\\', "/");
        let listed: BTreeSet<&str> = listing.lines().collect();
        for file in files.into_iter().chain(everywhere) {
            assert!(listed.contains(file), "{package}: {file}");
        }
    }
}

/// The layers of the mock, each above those before it. What joins them is above all.
const LAYERS: [&str; 4] = ["wire", "script", "service", "identity"];

#[test]
fn the_layers_of_the_mock_know_only_what_is_below_them() {
    let source = root().join("host-harness/mock/src");
    let above_all = [
        "builder",
        "environment",
        "identity_control",
        "mock",
        "server",
        "MockAzure",
    ];
    for (index, layer) in LAYERS.iter().enumerate() {
        let above = LAYERS[index + 1..].iter().chain(&above_all);
        let above: Vec<String> = above.map(|name| format!("crate::{name}")).collect();
        for (path, text) in sources(&source.join(layer)) {
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let found = above.iter().find(|name| line.contains(name.as_str()));
                assert_eq!(found, None, "{}: {line}", path.display());
            }
        }
    }
}

/// The files with code in a folder and those below it.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The packages behind one, itself included, on this system or on any.
fn everything_behind(package: &str, systems: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--prefix", "none", "--package", package])
        .args(["--edges", "normal,build"])
        .args(systems)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{package}: {errors}");
    let tree = String::from_utf8(tree.stdout).unwrap();
    let lines = tree.lines().filter(|line| !line.is_empty());
    // Name and version, without what stands behind them.
    lines
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect()
}

/// Whether a package of this name is among these.
fn has(packages: &BTreeSet<String>, name: &str) -> bool {
    let name = format!("{name} ");
    packages.iter().any(|package| package.starts_with(&name))
}

/// For [`everything_behind`].
const ANY_SYSTEM: [&str; 2] = ["--target", "all"];

/// What a package needs to be built, on any system.
fn dependencies(manifest: &Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables = targets.into_iter().flat_map(Table::values);
    let tables = tables.filter_map(Value::as_table).chain([manifest]);
    tables
        .filter_map(|table| table.get("dependencies")?.as_table())
        .flat_map(|dependencies| dependencies.keys().cloned())
        .collect()
}

fn manifest(folder: &str) -> Table {
    let path = root().join("host-harness").join(folder).join("Cargo.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
