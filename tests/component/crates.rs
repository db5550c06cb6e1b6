//! What the crates of the host depend on: one way, and on nothing that their users have no use for.

use std::collections::{BTreeMap, BTreeSet};
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
    let host = everything_behind("provider-host");
    assert!(host.contains("wasmtime"), "{host:?}");
    for unwanted in [
        "azure-openai-mock",
        "azure_core",
        "azure_identity",
        "clap",
        "rustyline",
        "serde-saphyr",
        "toml",
        "tracing-subscriber",
    ] {
        assert!(!host.contains(unwanted), "{unwanted}");
    }
    let azure = everything_behind("provider-host-azure");
    for unwanted in [
        "azure-openai-mock",
        "clap",
        "rustyline",
        "tracing-subscriber",
    ] {
        assert!(!azure.contains(unwanted), "{unwanted}");
    }
}

#[test]
fn the_mock_needs_no_wasmtime() {
    let mock = everything_behind("azure-openai-mock");
    assert!(mock.contains("hyper"), "{mock:?}");
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
        (
            "provider-host-azure",
            vec!["docs/host.md", "examples/embed.rs"],
        ),
        ("azure-openai-mock", vec!["docs/mock.md"]),
        ("provider-host-serve", vec![]),
        ("host-harness", vec!["src/main.rs"]),
    ] {
        let listing = Command::new(env!("CARGO"))
            .args([
                "package",
                "--list",
                "--offline",
                "--allow-dirty",
                "--package",
                package,
            ])
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

/// The packages behind one, itself included: what the lock file says, so with what its tests need and on every system.
fn everything_behind(package: &str) -> BTreeSet<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let packages: BTreeMap<&str, Vec<&str>> = packages
        .iter()
        .map(|package| {
            let needs = package.get("dependencies").and_then(Value::as_array);
            let needs = needs.into_iter().flatten().filter_map(Value::as_str);
            // `name`, or `name version` where there are several: then all of them are taken for one.
            let names = needs.filter_map(|need| need.split(' ').next());
            (package["name"].as_str().unwrap(), names.collect::<Vec<_>>())
        })
        .fold(BTreeMap::new(), |mut packages, (name, needs)| {
            packages.entry(name).or_insert_with(Vec::new).extend(needs);
            packages
        });
    let mut found = BTreeSet::new();
    let mut open = vec![package];
    while let Some(package) = open.pop() {
        if found.insert(package.to_owned()) {
            open.extend(&packages[package]);
        }
    }
    found
}

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
