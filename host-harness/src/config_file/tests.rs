//! Whole files, good and bad.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::syntax::{self, Format};
use super::{ConfigFileError, expand, find_config, load};

/// The settings in a file of that name and content, or the error's message without the folder.
fn loaded(name: &str, content: impl AsRef<[u8]>) -> Result<Value, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    with_environment(&path).map(Value::Object).map_err(|error| {
        let message = error.to_string();
        message.replace(&format!("{}/", folder.path().display()), "")
    })
}

fn with_environment(path: &Path) -> Result<Map<String, Value>, ConfigFileError> {
    load(path, &|name| (name == "KEY").then(|| "s3cret".to_owned()))
}

const TOML_SHAPE: &str = "; the expected shape is\n\n[[providers]]\nmodule = \"provider-azure-openai\"\n\n\
                          [providers.config]\nazure_endpoint = \"https://NAME.openai.azure.com\"\n";

const YAML_SHAPE: &str = "; the expected shape is\n\nproviders:\n  - module: provider-azure-openai\n    config:\n      \
                          azure_endpoint: https://NAME.openai.azure.com\n";

#[test]
fn settings_are_found_in_every_format() {
    let expected = json!({
        "azure_endpoint": "https://a.example",
        "api_key": "s3cret",
        "max_tokens": 100,
        "deployment_mapping": {"gpt-5.1": "prod"},
    });
    for (name, content) in [
        (
            "c.toml",
            "[[providers]]\n\
             module = \"provider-azure-openai\"\n\
             source = \"git+https://a.example/x\"\n\
             [providers.config]\n\
             azure_endpoint = \"https://a.example\"\n\
             api_key = \"${KEY}\"\n\
             max_tokens = 100\n\
             [providers.config.deployment_mapping]\n\
             \"gpt-5.1\" = \"prod\"\n",
        ),
        (
            "c.yaml",
            "# comment\n\
             session: {orchestrator: loop-basic}\n\
             providers:\n\
             \x20 - module: provider-azure-openai\n\
             \x20   config:\n\
             \x20     azure_endpoint: https://a.example\n\
             \x20     api_key: ${KEY}\n\
             \x20     max_tokens: 100\n\
             \x20     deployment_mapping:\n\
             \x20       gpt-5.1: prod\n",
        ),
        (
            "c.json",
            "{\"providers\": [{\"module\": \"azure-openai\", \"config\": {\n\
             \t\"azure_endpoint\": \"https:\\/\\/a.example\", \"api_key\": \"${KEY}\", \"max_tokens\": 100,\n\
             \t\"deployment_mapping\": {\"gpt-5.1\": \"prod\"}}}]}\n",
        ),
    ] {
        assert_eq!(loaded(name, content), Ok(expected.clone()), "{name}");
    }
}

#[test]
fn a_provider_without_settings_has_none() {
    for (name, content) in [
        (
            "c.toml",
            "[[providers]]\nmodule = \"provider-azure-openai\"\n",
        ),
        (
            "c.toml",
            "providers = [{module = \"provider-azure-openai\", config = {}}]\n",
        ),
        ("c.yml", "providers:\n  - module: provider-azure-openai\n"),
        (
            "c.yml",
            "providers:\n  - module: provider-azure-openai\n    config:\n",
        ),
    ] {
        assert_eq!(loaded(name, content), Ok(json!({})), "{content}");
    }
}

#[test]
fn other_providers_are_not_looked_at() {
    let content = "providers:\n\
                   \x20 - module: provider-anthropic\n\
                   \x20   config: {api_key: '${UNSET}', n: 99999999999999999999}\n\
                   \x20 - module: ${UNSET}\n\
                   \x20 - module: provider-azure-openai\n\
                   \x20   config: {a: '${KEY}'}\n";
    assert_eq!(loaded("c.yaml", content), Ok(json!({"a": "s3cret"})));
}

#[test]
fn values_with_problems_are_named_with_their_keys() {
    let content = "[[providers]]\n\
                   module = \"other\"\n\
                   [[providers]]\n\
                   module = \"provider-azure-openai\"\n\
                   [providers.config]\n\
                   a = \"${KEY}\"\n\
                   api_key = \"${UNSET}\"\n\
                   [providers.config.extra_headers]\n\
                   x = \"hunter${2\"\n";
    assert_eq!(
        loaded("c.toml", content),
        Err(
            "c.toml: 2 values cannot be used:\n  \
             providers[1].config.api_key: the environment variable UNSET is not set; set it, or give a default as in \
             ${UNSET:-default}\n  \
             providers[1].config.extra_headers.x: `${` without a closing `}`; write `$${` if it is part of the value"
                .to_owned()
        )
    );
    assert_eq!(
        loaded(
            "c.json",
            r#"{"providers":[{"module":"azure-openai","config":{"k":"${UNSET}"}}]}"#
        ),
        Err(
            "c.json: providers[0].config.k: the environment variable UNSET is not set; set it, or give a default as \
             in ${UNSET:-default}"
                .to_owned()
        )
    );
}

#[test]
fn files_of_another_shape_are_refused() {
    for (name, content, expected) in [
        (
            "c.toml",
            "",
            format!("c.toml: there is no `providers`{TOML_SHAPE}"),
        ),
        (
            "c.toml",
            "azure_endpoint = \"https://a.example\"\napi_key = \"s3cret\"\n",
            format!("c.toml: there is no `providers`{TOML_SHAPE}"),
        ),
        (
            "c.toml",
            "[providers]\nmodule = \"azure-openai\"\n",
            format!("c.toml: `providers` is a table, not a list{TOML_SHAPE}"),
        ),
        (
            "c.toml",
            "[[providers]]\nmodule = \"azure-openai\"\nconfig = \"s3cret\"\n",
            format!("c.toml: providers[0].config is a string, not a table{TOML_SHAPE}"),
        ),
        (
            "c.yaml",
            "",
            format!("c.yaml: the file is empty{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "# only a comment\n",
            format!("c.yaml: the file is empty{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "api_key s3cret",
            format!("c.yaml: the file holds a string, not a table{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "- module: azure-openai",
            format!("c.yaml: the file holds a list, not a table{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "providers:",
            format!("c.yaml: `providers` is empty, not a list{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "providers: [azure-openai]",
            format!("c.yaml: providers[0] is a string, not a table{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "providers: [{module: azure-openai}, {config: {}}]",
            format!("c.yaml: providers[1] has no `module`{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "providers: [{module: 7}]",
            format!("c.yaml: providers[0].module is a number, not a string{YAML_SHAPE}"),
        ),
    ] {
        assert_eq!(loaded(name, content), Err(expected));
    }
}

#[test]
fn exactly_one_provider_is_needed() {
    for (content, expected) in [
        (
            "providers: []",
            "c.yaml: `providers` is an empty list; one with the module `provider-azure-openai` is needed",
        ),
        (
            "providers: [{module: provider-openai}]",
            "c.yaml: the only provider has the module \"provider-openai\"; one with the module \
             `provider-azure-openai` is needed",
        ),
        (
            "providers: [{module: a}, {module: azure-openai-v2}]",
            "c.yaml: the providers have the modules \"a\", \"azure-openai-v2\"; one with the module \
             `provider-azure-openai` is needed",
        ),
        (
            "providers: [{module: azure-openai}, {module: other}, {module: provider-azure-openai}]",
            "c.yaml: 2 providers have a module that ends with `azure-openai`, and one is needed; move the others to \
             files of their own",
        ),
    ] {
        assert_eq!(loaded("c.yaml", content), Err(expected.to_owned()));
    }
}

#[test]
fn syntax_errors_have_their_position() {
    assert_eq!(
        loaded("c.toml", "[[providers]]\nmodule = \"a\"\nmodule = \"b\"\n"),
        Err("c.toml:3:1: duplicate key".to_owned())
    );
    assert_eq!(
        loaded("c.yaml", "providers:\n  - module: \"azure-openai\n"),
        Err("c.yaml:2:13: unclosed quote".to_owned())
    );
}

#[test]
fn files_that_cannot_be_read_are_errors() {
    assert_eq!(
        loaded("c.ini", ""),
        Err("c.ini: a configuration file's name ends in .toml, .yaml, .yml or .json".to_owned())
    );
    assert_eq!(
        loaded("c.toml", b"a = \"\xff\""),
        Err("c.toml: the file is not UTF-8 text from byte 5 on; save it as UTF-8".to_owned())
    );
    let mut content = "# ".to_owned();
    content += &"x".repeat(1024 * 1024 - 2);
    assert!(
        loaded("c.toml", &content)
            .unwrap_err()
            .contains("there is no `providers`")
    );
    content += "x";
    assert_eq!(
        loaded("c.toml", &content),
        Err("c.toml: the file has more than 1048576 bytes; is it a configuration file?".to_owned())
    );

    let folder = tempfile::tempdir().unwrap();
    let missing = with_environment(&folder.path().join("c.toml")).unwrap_err();
    assert!(
        matches!(missing, ConfigFileError::Unreadable { .. }),
        "{missing}"
    );
    let directory = folder.path().join("d.toml");
    fs::create_dir(&directory).unwrap();
    let directory = with_environment(&directory).unwrap_err();
    assert!(
        matches!(directory, ConfigFileError::Unreadable { .. }),
        "{directory}"
    );
}

/// Every file that is one keystroke away from a good one: no panic, and no error that shows the secret in it.
#[test]
fn slips_of_the_finger_show_no_secret() {
    let toml = "[[providers]]\nmodule = \"azure-openai\"\n[providers.config]\napi_key = \"s3cret${KEY}\"\nn = 12\n";
    let yaml = "providers:\n  - module: azure-openai\n    config:\n      api_key: s3cret\n      k: ['s3cret', 1]\n";
    let json =
        "{\"providers\":[{\"module\":\"azure-openai\",\"config\":{\"api_key\":\"s3cret\"}}]}";
    for (format, good) in [
        (Format::Toml, toml),
        (Format::Yaml, yaml),
        (Format::Yaml, json),
    ] {
        let mut errors = 0;
        for position in 0..good.len() {
            let (before, after) = good.split_at(position);
            let slips = "\0\t\n !\"#$%&'*,-:=?@[\\]`{|}1e.".chars();
            let inserted = slips.map(|slip| format!("{before}{slip}{after}"));
            let others = [before.to_owned(), format!("{before}{}", &after[1..])];
            for text in inserted.chain(others) {
                let message = match syntax::parse(&text, format) {
                    Err(error) => error.at(Path::new("f")).to_string(),
                    Ok(document) => match find_config(document, format, Path::new("f")) {
                        Err(error) => error.to_string(),
                        Ok((place, mut config)) => {
                            let problems = expand::expand(&mut config, &place, &|_| None);
                            problems.iter().map(ToString::to_string).collect()
                        }
                    },
                };
                assert!(!message.contains("s3cret"), "{text}\n{message}");
                errors += usize::from(!message.is_empty());
            }
        }
        assert!(errors > 500, "only {errors} slips were noticed");
    }
}
