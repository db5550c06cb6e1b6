//! Whole files, good and bad.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::providers::{self, Found};
use super::syntax::{self, Format};
use super::{ConfigFile, ConfigFileError, expand, load, not_found};

/// The settings in a file of that name and content, which is as it should be, or the error's message without the folder.
fn loaded(name: &str, content: impl AsRef<[u8]>) -> Result<Value, String> {
    let (settings, warnings) = loaded_with(name, content, None)?;
    assert_eq!(warnings, [""; 0]);
    Ok(settings)
}

/// The same with an id, and what the file is warned of.
fn loaded_with(
    name: &str,
    content: impl AsRef<[u8]>,
    id: Option<&str>,
) -> Result<(Value, Vec<String>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let without_folder = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    match with_environment(&path, id) {
        Ok(ConfigFile { settings, warnings }) => {
            let warnings = warnings.into_iter().map(without_folder);
            Ok((Value::Object(settings), warnings.collect()))
        }
        Err(error) => Err(without_folder(error.to_string())),
    }
}

fn with_environment(path: &Path, id: Option<&str>) -> Result<ConfigFile, ConfigFileError> {
    load(path, id, &|name| {
        (name == "KEY").then(|| "s3cret".to_owned())
    })
}

const TOML_SHAPE: &str = "; expected `[[providers]]` with `module = \"provider-azure-openai\"`, and its settings below \
                          `[providers.config]`";

const YAML_SHAPE: &str = "; expected a list `providers` with `module: provider-azure-openai`, and its settings below `config`";

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
            "providers = \"s3cret\"\n",
            format!("c.toml: `providers` is a string, not a list{TOML_SHAPE}"),
        ),
        (
            "c.toml",
            "[provider]\nmodule = \"azure-openai\"\nconfig = [\"s3cret\"]\n",
            format!("c.toml: provider.config is a list, not a table{TOML_SHAPE}"),
        ),
        (
            "c.yaml",
            "config: {providers: [{name: [s3cret]}]}",
            format!("c.yaml: config.providers[0].name is a list, not a string{YAML_SHAPE}"),
        ),
        (
            "c.yaml",
            "config: {api_key: s3cret}",
            format!("c.yaml: there is no `providers`{YAML_SHAPE}"),
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
            format!("c.yaml: providers[1] has neither `module` nor `name`{YAML_SHAPE}"),
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

/// Every shape that the module's documentation and Amplifier have.
#[test]
fn settings_are_found_in_every_shape() {
    let expected = json!({"api_key": "s3cret"});
    for (name, content) in [
        (
            "c.toml",
            "[[providers]]\nname = \"azure-openai\"\n[providers.config]\napi_key = \"${KEY}\"\n",
        ),
        (
            "c.toml",
            "[[providers]]\nname = \"provider-azure-openai\"\nconfig = {api_key = \"${KEY}\"}\n",
        ),
        (
            "c.toml",
            "[[providers]]\nmodule = \"azure-openai\"\n[providers.config]\napi_key = \"${KEY}\"\n",
        ),
        (
            "c.toml",
            "[[providers]]\nname = \"mine\"\nmodule = \"provider-azure-openai\"\nconfig = {api_key = \"${KEY}\"}\n",
        ),
        ("c.toml", "[providers.config]\napi_key = \"${KEY}\"\n"),
        (
            "c.toml",
            "[providers]\nname = \"azure-openai\"\n[providers.config]\napi_key = \"${KEY}\"\n",
        ),
        ("c.toml", "[provider.config]\napi_key = \"${KEY}\"\n"),
        (
            "c.toml",
            "[[provider]]\nname = \"azure-openai\"\n[provider.config]\napi_key = \"${KEY}\"\n",
        ),
        (
            "c.yaml",
            "providers:\n- module: provider-azure-openai\n  config: {api_key: '${KEY}'}\n",
        ),
        (
            "c.yaml",
            "providers:\n- name: azure-openai\n  config: {api_key: '${KEY}'}\n",
        ),
        (
            "settings.yaml",
            "config:\n  providers:\n  - module: provider-azure-openai\n    source: git+https://a.example/x@main\n    \
             id: main\n    instance_id: i\n    priority: 1\n    config: {api_key: '${KEY}'}\nsources: {modules: {}}\n",
        ),
        (
            "c.json",
            r#"{"provider": {"config": {"api_key": "${KEY}"}}}"#,
        ),
        (
            "c.json",
            "\u{feff}{\"providers\": {\"config\": {\"api_key\": \"${KEY}\"}}}",
        ),
        (
            "c.toml",
            "\u{feff}[provider.config]\napi_key = \"${KEY}\"\n",
        ),
        (
            "c.yaml",
            "\u{feff}provider: {config: {api_key: '${KEY}'}}\n",
        ),
        (
            "c.yaml",
            "\u{feff}# a comment\nprovider:\n  config:\n    api_key: ${KEY}\n",
        ),
    ] {
        assert_eq!(loaded(name, content), Ok(expected.clone()), "{content}");
    }
}

#[test]
fn one_provider_of_ours_is_needed() {
    for (content, expected) in [
        (
            "providers: []",
            "c.yaml: `providers` is an empty list; one with the module `provider-azure-openai` is needed",
        ),
        (
            "providers: [{module: provider-openai, name: azure-openai}]",
            "c.yaml: the only provider is \"provider-openai\"; one with the module `provider-azure-openai` is needed",
        ),
        (
            "providers: [{module: a}, {name: azure-openai-v2}]",
            "c.yaml: the providers are \"a\", \"azure-openai-v2\"; one with the module `provider-azure-openai` is \
             needed",
        ),
        (
            "provider: {name: openai, config: {}}",
            "c.yaml: the only provider is \"openai\"; one with the module `provider-azure-openai` is needed",
        ),
    ] {
        assert_eq!(loaded("c.yaml", content), Err(expected.to_owned()));
    }
}

#[test]
fn one_of_several_is_chosen_by_its_id() {
    let file = "providers:\n\
                - {module: azure-openai, id: eu, instance_id: one, config: {a: 1}}\n\
                - {module: provider-openai, id: other}\n\
                - {module: provider-azure-openai, instance_id: two, config: {a: 2}}\n\
                - {name: azure-openai, config: {a: 3}}\n\
                - {module: azure-openai, id: 4, config: {a: 4}}\n";
    for (id, expected) in [
        ("eu", 1),
        ("one", 1),
        ("two", 2),
        ("azure-openai", 3),
        ("4", 4),
    ] {
        let found = loaded_with("c.yaml", file, Some(id)).unwrap();
        assert_eq!(found, (json!({"a": expected}), Vec::new()), "{id}");
    }
    let several = "c.yaml: 4 providers are Azure OpenAI's: \"eu\", \"two\", \"azure-openai\", \"4\"; choose one by \
                   its `id`, with `--provider ID` on the command line";
    assert_eq!(loaded("c.yaml", file), Err(several.to_owned()));
    for id in ["other", "EU", ""] {
        let expected = format!(
            "c.yaml: no provider of Azure OpenAI has the id {id:?}; there is \"eu\", \"two\", \"azure-openai\", \"4\""
        );
        assert_eq!(loaded_with("c.yaml", file, Some(id)), Err(expected));
    }
    for (content, id, expected) in [
        (
            "providers: [{module: azure-openai, id: a}, {module: azure-openai}]",
            None,
            "c.yaml: 2 providers are Azure OpenAI's: \"a\", providers[1], which has no `id`; choose one by its `id`, with \
             `--provider ID` on the command line",
        ),
        (
            "providers: [{module: azure-openai, id: a}, {module: azure-openai, id: a}]",
            Some("a"),
            "c.yaml: 2 providers are Azure OpenAI's: \"a\", \"a\"; choose one by its `id`, with `--provider ID` on the \
             command line",
        ),
        (
            "provider: {config: {}}",
            Some("a"),
            "c.yaml: no provider of Azure OpenAI has the id \"a\"; there is provider, which has no `id`",
        ),
    ] {
        assert_eq!(loaded_with("c.yaml", content, id), Err(expected.to_owned()));
    }
}

#[test]
fn a_key_that_occurs_twice_is_a_warning_when_it_says_the_same_and_an_error_when_not() {
    let file = |second: &str| {
        format!(
            "[[providers]]\n\
             name = \"azure-openai\"\n\
             [providers.config]\n\
             api_key = \"s3cret\"\n\
             [providers.config.deployment_mapping]\n\
             \"gpt-5.1\" = \"my-gpt5\"\n\
             {second}\n\
             \"gpt-5-mini\" = \"my-mini\"\n"
        )
    };
    let expected = json!({
        "api_key": "s3cret",
        "deployment_mapping": {"gpt-5.1": "my-gpt5", "gpt-5-mini": "my-mini"},
    });
    for second in ["\"gpt-5.1\" = \"my-gpt5\"", "'gpt-5.1' = 'my-gpt5' # again"] {
        let warning = "c.toml:7:1: the key providers[0].config.deployment_mapping.\"gpt-5.1\" occurs twice with the same \
                       value, first in line 6; remove one of them";
        assert_eq!(
            loaded_with("c.toml", file(second), None),
            Ok((expected.clone(), vec![warning.to_owned()]))
        );
    }
    for (second, expected) in [
        (
            "\"gpt-5.1\" = \"other\"",
            "c.toml:7:1: the key providers[0].config.deployment_mapping.\"gpt-5.1\" occurs twice with different values, \
             first in line 6; keep one of them",
        ),
        (
            "[providers.config]\ndebug = true",
            "c.toml:7:2: the table providers[0].config begins twice, first in line 3; put all of it below one header",
        ),
        (
            "\"gpt-5.1\" = other",
            "c.toml:7:13: string values must be quoted, expected literal string",
        ),
    ] {
        assert_eq!(
            loaded_with("c.toml", file(second), None),
            Err(expected.to_owned())
        );
    }
}

#[test]
fn syntax_errors_have_their_position() {
    assert_eq!(
        loaded("c.toml", "[[providers]]\nmodule = \"a\"\nmodule = \"b\"\n"),
        Err(
            "c.toml:3:1: the key providers[0].module occurs twice with different values, first in line 2; keep one of \
             them"
                .to_owned()
        )
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
    let missing = with_environment(&folder.path().join("c.toml"), None).unwrap_err();
    assert!(
        matches!(missing, ConfigFileError::Unreadable { .. }),
        "{missing}"
    );
    let directory = folder.path().join("d.toml");
    fs::create_dir(&directory).unwrap();
    let directory = with_environment(&directory, None).unwrap_err();
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
                    Ok(parsed) => match providers::find(parsed.document, None) {
                        Err(error) => not_found(error, None, format, Path::new("f")).to_string(),
                        Ok(Found { place, mut config }) => {
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
