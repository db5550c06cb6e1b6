//! Settings and files that are wrong, with secrets in them.

use super::{HEADER, KEY, Scenario, TOKEN};

#[tokio::test]
async fn keys_and_headers_that_are_none() {
    let above_below = "canary-above\ncanary-below";
    for (scenario, words) in [
        (
            Scenario::new("key with a line break").variable("AZURE_OPENAI_API_KEY", above_below),
            "`api_key` (from AZURE_OPENAI_API_KEY)",
        ),
        (
            Scenario::new("key with a blank").variable("AZURE_OPENAI_KEY", "canary canary"),
            "`api_key` (from AZURE_OPENAI_KEY)",
        ),
        (
            Scenario::new("token with a line break").variable("AZURE_OPENAI_AD_TOKEN", above_below),
            "`azure_ad_token` (from AZURE_OPENAI_AD_TOKEN)",
        ),
        (
            Scenario::new("list").settings("api_key = ['canary-listed']"),
            "`api_key`: expected",
        ),
        (
            Scenario::new("table").settings("api_key = { x = 'canary' }"),
            "`api_key`: expected",
        ),
        (
            Scenario::new("lines").settings("api_key = \"canary\\ncanary\""),
            "`api_key`: expected",
        ),
        (
            Scenario::new("token and more")
                .settings("azure_ad_token = 'Bearer canary'\ntimeout = 0"),
            "2 problems",
        ),
        (
            of_headers("a text").file(".yaml", yaml("extra_headers: 'x-key: canary'")),
            "`extra_headers`: expected",
        ),
        (
            of_headers("a list").file(".yaml", yaml("extra_headers: [x-key, canary]")),
            "`extra_headers`: expected",
        ),
        (
            of_headers("no text").file(".yaml", yaml("extra_headers: {x-key: [canary]}")),
            "`extra_headers`: expected",
        ),
        (
            of_headers("two lines")
                .file(".yaml", yaml("extra_headers: {x-key: \"canary\\ncanary\"}")),
            "`extra_headers`: expected",
        ),
        (
            of_headers("our own").file(
                ".yaml",
                yaml("extra_headers: {Authorization: Bearer canary}"),
            ),
            "`extra_headers`: expected",
        ),
        (
            of_headers("no name").file(".yaml", yaml("extra_headers: {'x key': canary}")),
            "`extra_headers`: expected",
        ),
    ] {
        scenario.fails(2, words).check().await;
    }
}

#[tokio::test]
async fn settings_that_are_unknown() {
    for (key, value) in [
        ("apikey", "'canary-key'"),
        ("api_keys", "['canary-key']"),
        ("password", "'canary-password'"),
        ("azure_ad_tokn", "{ value = 'canary-token' }"),
        ("extra_header", "{ x-gateway-key = 'canary-header' }"),
    ] {
        let scenario = Scenario::with_key(key);
        let scenario = scenario.settings(&format!("{key} = {value}"));
        scenario.fails(0, "unknown setting").check().await;
    }
}

#[tokio::test]
async fn addresses_with_secrets_in_them() {
    let with_user = "http://canary-user:canary-password@127.0.0.1:9/path";
    for (scenario, code, words) in [
        (
            Scenario::with_key("user in a variable").variable("AZURE_OPENAI_ENDPOINT", with_user),
            2,
            "without user name and password",
        ),
        (
            Scenario::with_key("user in the file")
                .settings(&format!("azure_endpoint = '{with_user}'")),
            2,
            "without user name and password",
        ),
        (
            Scenario::with_key("user and more").variable(
                "AZURE_OPENAI_ENDPOINT",
                "https://canary:canary/@canary?canary@h/#canary",
            ),
            2,
            "`azure_endpoint`",
        ),
        (
            Scenario::with_key("no address")
                .variable("AZURE_OPENAI_ENDPOINT", "nonsense?key=canary"),
            2,
            "`azure_endpoint`",
        ),
        (
            Scenario::with_key("query").variable(
                "AZURE_OPENAI_ENDPOINT",
                "{endpoint}/?subscription-key=canary#canary",
            ),
            0,
            "",
        ),
        (
            Scenario::with_key("query, unreachable").variable(
                "AZURE_OPENAI_ENDPOINT",
                "http://127.0.0.1:9/?subscription-key=canary",
            ),
            1,
            "cannot be reached",
        ),
        (
            Scenario::with_key("a name that is none").variable(
                "AZURE_OPENAI_ENDPOINT",
                "https://nowhere.invalid/?key=canary",
            ),
            1,
            "cannot be reached",
        ),
    ] {
        scenario.fails(code, words).check().await;
    }
}

#[tokio::test]
async fn files_that_cannot_be_read() {
    let toml = |lines: &str| {
        format!("[[providers]]\nmodule = \"provider-azure-openai\"\n[providers.config]\n{lines}\n")
    };
    for (extension, text) in [
        (".toml", toml("api_key = canary-without-quotes")),
        (".toml", toml("api_key = 'canary-without-end")),
        (".toml", toml("api_key = \"canary\\qescape\"")),
        (
            ".toml",
            toml("api_key = 'canary-first'\napi_key = 'canary-second'"),
        ),
        (".toml", toml("canary-alone")),
        (".toml", toml("api_key = '${canary-no-name}'")),
        (
            ".toml",
            toml("api_key = '${MY_KEY'\nazure_ad_token = 'canary'"),
        ),
        (".toml", toml("api_key = '${UNSET:-${canary}}'")),
        (
            ".toml",
            toml("api_key = 'canary'\nazure_ad_token = '${UNSET}'"),
        ),
        (
            ".toml",
            toml("api_key = 123456789012345678901234567890\npassword = 'canary'"),
        ),
        (".yaml", yaml("api_key: 'canary-without-end")),
        (".yaml", yaml("api_key: canary: canary")),
        (
            ".yaml",
            yaml("api_key: canary-first\n      api_key: canary-second"),
        ),
        (".yaml", yaml("api_key: !canary canary")),
        (".yaml", yaml("api_key: *canary")),
        (".yaml", yaml("\tapi_key: canary")),
        (".yaml", yaml("api_key: \"canary\\qescape\"")),
        (".yaml", "providers: canary-key".to_owned()),
        (".yaml", "- canary-key".to_owned()),
        (".yaml", "canary-key".to_owned()),
        (".yaml", "providers:\n  - canary-key".to_owned()),
        (
            ".yaml",
            "providers:\n  - module: provider-azure-openai\n    config: canary-key".to_owned(),
        ),
        (
            ".json",
            r#"{"providers":[{"module":"azure-openai","config":{"api_key":"canary}}]}"#.to_owned(),
        ),
        (".txt", "api_key = 'canary-key'".to_owned()),
    ] {
        Scenario::with_key(text.clone())
            .variable("MY_KEY", KEY)
            .file(extension, text)
            .fails(2, "")
            .check()
            .await;
    }
}

#[tokio::test]
async fn the_embedded_mock_answers_in_place_of_a_service() {
    let mut scenario = Scenario::with_key("no endpoint").variable("AZURE_OPENAI_AD_TOKEN", TOKEN);
    scenario
        .variables
        .retain(|(name, _)| *name != "AZURE_OPENAI_ENDPOINT");
    scenario.fails(0, "the embedded mock").check().await;
}

fn of_headers(name: &str) -> Scenario {
    Scenario::new(name).variable("AZURE_OPENAI_API_KEY", KEY)
}

fn yaml(line: &str) -> String {
    let header = HEADER.replace('"', "'");
    format!(
        "# {header}\nproviders:\n  - module: provider-azure-openai\n    config:\n      max_retries: 0\n      {line}\n"
    )
}
