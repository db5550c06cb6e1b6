//! The module's documentation works as its users have it: each of its blocks, in `tests/fixtures/module-documentation.md`, runs
//! as it stands, but for the address of the service.

use std::fs;
use std::path::Path;

use azure_openai_mock::{MOCK_IDENTITY_CLIENT_ID, MockAzure, RecordedRequest};
use serde_json::{Value, json};

use crate::command_line::{Finished, execute, file};
use crate::readme::{logged_in_az, only_az};
use crate::support::{component, path_of_only_request};

#[tokio::test]
async fn every_block_runs_as_it_stands() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 20);
    for block in &blocks {
        match block.title.as_str() {
            "Quick start: local development" => {
                let run = Run::of(block).with_az().go().await;
                run.answered(BEARER_OF_AZ, "gpt-5.1");
                assert!(
                    run.finished
                        .stderr
                        .contains("`api_version` 2024-10-01-preview is older")
                );
            }
            "Quick start: API key" => {
                Run::of(block)
                    .go()
                    .await
                    .answered("your-api-key-here", "gpt-5.1");
            }
            "Quick start: in Azure" => {
                let run = Run::of(block).on_virtual_machine().go().await;
                run.answered("Bearer ", "gpt-5.1");
                // The metadata service: whether it is there, and for a token.
                assert_eq!(run.mock.token_requests().len(), 2);
            }
            "Simple configuration" => {
                let run = Run::of(block).go().await;
                run.answered("your-api-key-here", "gpt-5.1");
                assert_eq!(run.finished.stderr, "");
            }
            "Advanced configuration" => advanced(block).await,
            "Debug configuration" => debug_events(block).await,
            "Deployment mapping" => mapping_scenarios(block).await,
            "API key in the environment" => {
                Run::of(block)
                    .go()
                    .await
                    .answered("your-api-key", "gpt-5.1");
            }
            "API key in the configuration" => {
                Run::of(block)
                    .go()
                    .await
                    .answered("your-api-key", "gpt-5.1");
            }
            "Azure AD token in the configuration" => {
                let run = Run::of(block).go().await;
                run.answered("Bearer your-azure-ad-token", "gpt-5.1");
            }
            "Azure AD token in the environment" => {
                let run = Run::of(block).with_endpoint().go().await;
                run.answered("Bearer your-ad-token", "gpt-5.1");
            }
            "System-assigned managed identity" => {
                let run = Run::of(block).on_virtual_machine().go().await;
                run.answered("Bearer ", "gpt-5.1");
                let query = run.mock.token_requests()[0].query.clone().unwrap();
                assert!(!query.contains("client_id"), "{query}");
            }
            "User-assigned managed identity" => {
                // The one that the machine has.
                let own = ("your-managed-identity-client-id", MOCK_IDENTITY_CLIENT_ID);
                let run = Run::of(block).replace(own).on_virtual_machine().go().await;
                run.answered("Bearer ", "gpt-5.1");
                let query = run.mock.token_requests()[0].query.clone().unwrap();
                assert!(query.contains(MOCK_IDENTITY_CLIENT_ID), "{query}");
            }
            "Default credential in the configuration" => {
                Run::of(block)
                    .with_az()
                    .go()
                    .await
                    .answered(BEARER_OF_AZ, "gpt-5.1");
            }
            "Default credential in the environment" => {
                let run = Run::of(block).with_endpoint().with_az().go().await;
                run.answered(BEARER_OF_AZ, "gpt-5.1");
            }
            "Usage" => usage(block).await,
            "API version" => {
                let run = Run::of(block).with_endpoint().with_key().go().await;
                run.answered("your-api-key", "gpt-5.1");
                assert_eq!(path_of_only_request(&run.mock), "/openai/v1/responses");
            }
            "API version for newer models" => {
                let run = Run::of(block).with_endpoint().with_key().go().await;
                run.answered("your-api-key", "gpt-5.1");
                let path = "/openai/responses?api-version=2025-03-01-preview";
                assert_eq!(path_of_only_request(&run.mock), path);
                assert_eq!(run.body()["temperature"], 1.0);
            }
            "Tool calling" => tool_calling(block).await,
            "Debug logging" => debug_logging(block).await,
            other => panic!("no test runs the block `{other}`"),
        }
    }
}

/// What TOML makes of the whole block, and each of its settings.
async fn advanced(block: &Block) {
    for (model, deployment) in [
        (None, "my-gpt5-deployment"),
        (Some("gpt-5.1"), "my-gpt5-deployment"),
        (Some("gpt-5-mini"), "my-mini-deployment"),
        (Some("gpt-4.1"), "my-default-deployment"),
        (Some("claude-opus-4-1"), "my-default-deployment"),
    ] {
        let run = Run::of(block).model(model).go().await;
        run.answered("your-api-key-here", deployment);
        let warnings: Vec<&str> = run.finished.stderr.lines().collect();
        let [twice, misplaced, version] = warnings[..] else {
            panic!("{warnings:?}");
        };
        let twice = twice.split_once(".toml").unwrap().1;
        assert_eq!(
            twice,
            ":22:1: the key providers[0].config.deployment_mapping.\"gpt-5.1\" occurs twice with the same value, first in \
             line 21; remove one of them"
        );
        // In whichever order.
        let told = format!("{misplaced} {version}");
        for words in [
            "`deployment_mapping` contains settings: `debug`, `default_deployment`, `default_model`, `max_tokens`, \
             `raw_debug`, `temperature`. TOML puts everything after a table's header into that table.",
            "`api_version` 2024-10-01-preview is older than the Responses API",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        let body = run.body();
        // `max_tokens` goes out under the name that the API has for it.
        assert_eq!(body["max_output_tokens"], 4096);
        assert!(body.get("max_tokens").is_none() && body.get("max_completion_tokens").is_none());
        // It goes where it is taken.
        let temperature = (model != Some("gpt-5-mini")).then_some(json!(0.7));
        assert_eq!(body.get("temperature"), temperature.as_ref(), "{model:?}");
        assert!(run.debug_events().is_empty());
    }
    let different = (
        "\"gpt-5.1\" = \"my-gpt5-deployment\"\n\"gpt-5-mini\"",
        "\"gpt-5.1\" = \"other\"\n\"gpt-5-mini\"",
    );
    let run = Run::of(block).replace(different).go().await;
    assert_eq!(run.finished.code, 2);
    let message = run.finished.stderr.split_once(".toml").unwrap().1;
    assert_eq!(
        message,
        ":22:1: the key providers[0].config.deployment_mapping.\"gpt-5.1\" occurs twice with different values, first in line \
         21; keep one of them\n"
    );
    assert!(run.mock.requests().is_empty());
}

/// The four requests of the documentation, with the default deployment and without it.
async fn mapping_scenarios(block: &Block) {
    const DEFAULT: (&str, &str) = ("default_deployment = \"fallback-deployment\"\n", "");
    for (model, with_default, without_default) in [
        ("gpt-5.1", "production-gpt5", "production-gpt5"),
        ("gpt-5-mini", "fast-mini", "fast-mini"),
        ("claude-opus-4-1", "fallback-deployment", "claude-opus-4-1"),
        (
            "my-custom-deploy",
            "fallback-deployment",
            "my-custom-deploy",
        ),
    ] {
        let run = || Run::of(block).with_endpoint().with_key().model(Some(model));
        let run_with = run().go().await;
        run_with.answered("your-api-key", with_default);
        assert!(
            run_with
                .finished
                .stderr
                .contains("contains settings: `default_deployment`.")
        );
        let run_without = run().replace(DEFAULT).go().await;
        run_without.answered("your-api-key", without_default);
        assert_eq!(run_without.finished.stderr, "");
    }
}

async fn debug_events(block: &Block) {
    let without_raw = ("raw_debug: true", "raw_debug: false");
    let without_debug = ("debug: true # Enable debug", "debug: false # Enable debug");
    for (replaced, debug, raw) in [
        (None, true, true),
        (Some(without_raw), true, false),
        (Some(without_debug), false, false),
    ] {
        let mut run = Run::of(block).with_key();
        if let Some(replaced) = replaced {
            run = run.replace(replaced);
        }
        let run = run.go().await;
        run.answered("your-api-key", "gpt-5.1");
        let mut expected = Vec::new();
        for (is_there, kind) in [(debug, "debug"), (raw, "raw")] {
            if is_there {
                expected.extend([
                    format!("llm:request:{kind}"),
                    format!("llm:response:{kind}"),
                ]);
            }
        }
        expected.sort_unstable();
        let mut names: Vec<String> = run.debug_events().iter().map(name).collect();
        names.sort_unstable();
        assert_eq!(names, expected);
        for event in run.debug_events() {
            let data = &event["data"];
            match name(&event).as_str() {
                "llm:request:debug" => assert_eq!(data["message_count"], 1),
                "llm:response:debug" => assert!(data["usage"]["input_tokens"].is_u64(), "{data}"),
                "llm:request:raw" => assert_eq!(data["params"], run.body()),
                _ => assert_eq!(data["response"]["status"], "completed"),
            }
            assert!(!event.to_string().contains("your-api-key"), "{event}");
        }
    }
}

/// A message of a session, with the "advanced" configuration.
async fn usage(block: &Block) {
    let [prompt, model] = ["send_message(", "model="].map(|before| quoted(&block.text, before));
    let run = Run::of(&self::block("Advanced configuration"));
    let run = run.prompt(prompt).model(Some(model)).go().await;
    run.answered("your-api-key-here", "my-gpt5-deployment");
    assert_eq!(
        run.body()["input"][0]["content"][0]["text"],
        "Hello, how are you?"
    );
}

async fn tool_calling(block: &Block) {
    let (tools, message) = block.text.split_once("\n\n").unwrap();
    let tools: Value = serde_json::from_str(tools.strip_prefix("tools = ").unwrap()).unwrap();
    let prompt = quoted(message, "send_message(");
    let request = json!({ "messages": [{ "role": "user", "content": prompt }], "tools": tools });
    let run = Run::of(&self::block("Simple configuration"));
    let run = run.request(&request).go().await;
    run.answered("your-api-key-here", "gpt-5.1");
    let sent = &run.body()["tools"][0];
    let [name, description] = ["name", "description"].map(|key| &tools[0][key]);
    assert_eq!(
        (&sent["type"], &sent["name"], &sent["description"]),
        (&json!("function"), name, description)
    );
    assert_eq!(
        sent["parameters"]["properties"],
        tools[0]["input_schema"]["properties"]
    );
    assert_eq!(
        run.body()["input"][0]["content"][0]["text"],
        "What's the weather in Seattle?"
    );
}

/// Python's level is that of the log here; `debug` of the configuration has nothing to do with it.
async fn debug_logging(block: &Block) {
    assert!(
        block.text.contains("setLevel(logging.DEBUG)"),
        "{}",
        block.text
    );
    for (model, deployment, rule) in [
        ("gpt-5.1", "my-gpt5-deployment", "deployment_mapping"),
        ("gpt-4o", "my-default-deployment", "default_deployment"),
    ] {
        let run = Run::of(&self::block("Advanced configuration"));
        let run = run
            .model(Some(model))
            .variable("RUST_LOG", "provider=debug");
        let run = run.go().await;
        run.answered("your-api-key-here", deployment);
        let line = format!(
            "provider:deployment_resolved: model {model:?} -> deployment {deployment:?} (rule: {rule})"
        );
        assert!(
            run.finished.stderr.contains(&line),
            "{line}: {}",
            run.finished.stderr
        );
    }
    let simple = self::block("Simple configuration");
    let run = Run::of(&simple)
        .model(Some("my-custom-deploy"))
        .variable("RUST_LOG", "debug");
    let run = run.go().await;
    let line = "model \"my-custom-deploy\" -> deployment \"my-custom-deploy\" (rule: model_name)";
    assert!(
        run.finished.stderr.contains(line),
        "{}",
        run.finished.stderr
    );

    let with_debug = ("debug = false ", "debug = true ");
    let run = Run::of(&self::block("Advanced configuration")).replace(with_debug);
    let run = run.variable("RUST_LOG", "provider=debug").go().await;
    let stderr = &run.finished.stderr;
    let line = stderr
        .lines()
        .find(|line| line.contains("provider:deployment_resolved "))
        .unwrap();
    for field in [
        "model=\"gpt-5.1\"",
        "deployment=\"my-gpt5-deployment\"",
        "rule=\"deployment_mapping\"",
    ] {
        assert!(line.contains(field), "{field}: {line}");
    }
}

#[tokio::test]
async fn keys_without_effect_are_told_at_debug_only_and_once() {
    let simple = block("Simple configuration");
    let keys = (
        "[providers.config]\n",
        "id = \"x\"\npriority = 1\n[providers.config]\npriority = 1\nfiltered = true\n",
    );
    let run = Run::of(&simple).replace(keys).go().await;
    run.answered("your-api-key-here", "gpt-5.1");
    assert_eq!(run.finished.stderr, "");
    let run = Run::of(&simple)
        .replace(keys)
        .variable("RUST_LOG", "provider=debug")
        .go()
        .await;
    let told = "known keys of the configuration that have no effect here: `filtered`, `priority`";
    assert_eq!(
        run.finished.stderr.matches(told).count(),
        1,
        "{}",
        run.finished.stderr
    );
    assert!(
        !run.finished.stderr.contains("WARN"),
        "{}",
        run.finished.stderr
    );
}

#[tokio::test]
async fn the_documented_order_of_credentials_holds() {
    let all = "api_key = \"your-api-key\"\nazure_ad_token = \"your-azure-ad-token\"\nuse_managed_identity = true\n\
               use_default_credential = true\n";
    let block = block("API key in the configuration");
    for (left, sent) in [
        (all, "your-api-key"),
        (
            all.split_once('\n').unwrap().1,
            "Bearer your-azure-ad-token",
        ),
    ] {
        let run = Run::of(&block)
            .replace(("api_key = \"your-api-key\"\n", left))
            .go()
            .await;
        run.answered(sent, "gpt-5.1");
        assert!(
            run.finished.stderr.contains("comes first"),
            "{}",
            run.finished.stderr
        );
    }
}

#[tokio::test]
async fn the_spellings_of_true_in_variables_are_the_documented_ones() {
    for spelling in ["true", "1", "yes"] {
        let run = Run::of(&block("Quick start: in Azure"));
        let run = run.replace(("\"true\"", spelling)).with_az().go().await;
        run.answered(BEARER_OF_AZ, "gpt-5.1");
    }
}

#[tokio::test]
async fn what_goes_wrong_says_what_the_documentation_says_to_do() {
    // Nobody is logged in.
    let run = Run::of(&block("Default credential in the configuration"))
        .with_nothing()
        .go()
        .await;
    run.failed(1, &["`az login`"]);
    // As on WSL2, which has no metadata service.
    for title in [
        "System-assigned managed identity",
        "User-assigned managed identity",
    ] {
        let run = Run::of(&block(title)).with_nothing().go().await;
        run.failed(
            1,
            &[
                "`use_default_credential` (AZURE_USE_DEFAULT_CREDENTIAL=true)",
                "WSL2",
                "`az login`",
            ],
        );
    }
    let simple = block("Simple configuration");
    let run = Run::of(&simple)
        .replace(("your-api-key-here", "another-key"))
        .go()
        .await;
    run.failed(1, &["key", "endpoint"]);
    let run = Run::of(&simple)
        .model(Some("no-such-deployment"))
        .go()
        .await;
    run.failed(1, &["does not exist", "deployment_mapping"]);
    let run = Run::of(&simple)
        .replace((ENDPOINT, "myresource.openai.azure.com"))
        .go()
        .await;
    run.failed(2, &["`azure_endpoint`", "https://"]);
    let nothing = ("api_key = \"your-api-key-here\"\n", "");
    let run = Run::of(&simple).replace(nothing).go().await;
    run.failed(
        2,
        &[
            "`api_key` (AZURE_OPENAI_API_KEY)",
            "`use_default_credential`",
        ],
    );
}

/// One of several providers, on each command that takes a file.
#[tokio::test]
async fn one_of_several_providers_is_chosen_by_its_id() {
    let two = "providers:\n- {module: provider-azure-openai, id: first, config: {azure_endpoint: 'https://first.example', api_key: k}}\n\
               - {module: provider-azure-openai, id: second, config: {azure_endpoint: 'https://second.example', api_key: k}}\n";
    let config = file(".yaml", two);
    let path = config.path().to_str().unwrap();
    let component = component();
    let component = component.to_str().unwrap();
    for command in [&["doctor", "--offline"][..], &["models"]] {
        let arguments = [command, &["--component", component, "--config", path]].concat();
        let refused = execute(&[], &arguments, "").await;
        assert_eq!(refused.code, 2, "{refused:?}");
        let words = "2 providers are Azure OpenAI's: \"first\", \"second\"; choose one by its `id`, with `--provider ID`";
        assert!(refused.stderr.contains(words), "{refused:?}");
        let chosen = [&arguments[..], &["--provider", "second"]].concat();
        let chosen = execute(&[], &chosen, "").await;
        assert_eq!(chosen.code, 0, "{chosen:?}");
    }
    let arguments = [
        "doctor",
        "--offline",
        "--component",
        component,
        "--config",
        path,
        "--provider",
        "second",
    ];
    let finished = execute(&[], &arguments, "").await;
    assert!(
        finished.stdout.contains("POST https://second.example/"),
        "{finished:?}"
    );
    for command in ["run", "chat", "doctor", "models", "serve"] {
        let finished = execute(&[], &[command, "--provider", "second"], "").await;
        assert_eq!(finished.code, 2, "{finished:?}");
        assert!(finished.stderr.contains("--config <FILE>"), "{finished:?}");
    }
}

/// A secret that TOML put among the models is one all the same.
#[tokio::test]
async fn a_key_among_the_models_is_sealed_and_shown_nowhere() {
    let moved = (
        "api_key = \"your-api-key-here\"\n",
        "[providers.config.deployment_mapping]\n\"gpt-5.1\" = \"gpt-5.1\"\napi_key = \"your-api-key-here\"\ndebug = true\nraw_debug = true\n",
    );
    let block = block("Simple configuration");
    let run = Run::of(&block)
        .replace(moved)
        .variable("RUST_LOG", "trace")
        .go()
        .await;
    run.answered("your-api-key-here", "gpt-5.1");
    assert!(
        !run.finished.stderr.contains("your-api-key-here"),
        "{}",
        run.finished.stderr
    );
    assert!(!format!("{:?}", run.events).contains("your-api-key-here"));
    assert_eq!(run.debug_events().len(), 4);
}

/// A block of the documentation.
struct Block {
    title: String,
    /// `console`, `python`, or how a configuration file of it is called.
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/module-documentation.md");
    let text = fs::read_to_string(fixture).unwrap();
    let sections = text.split("\n## ").skip(1);
    sections
        .map(|section| {
            let (title, rest) = section.split_once('\n').unwrap();
            let (_, rest) = rest.split_once("```").unwrap();
            let (language, rest) = rest.split_once('\n').unwrap();
            let (text, rest) = rest.split_once("```").unwrap();
            assert!(!rest.contains("```"), "{title}: a section has one block");
            Block {
                title: title.to_owned(),
                language: language.to_owned(),
                text: text.to_owned(),
            }
        })
        .collect()
}

fn block(title: &str) -> Block {
    let mut blocks = blocks().into_iter();
    blocks.find(|block| block.title == title).unwrap()
}

/// The first text in quotes after these words.
fn quoted<'t>(text: &'t str, before: &str) -> &'t str {
    text.split_once(before)
        .unwrap()
        .1
        .split('"')
        .nth(1)
        .unwrap()
}

/// A run of the command line with a block as its configuration or its environment.
struct Run {
    text: String,
    language: String,
    prompt: String,
    arguments: Vec<String>,
    request: Option<tempfile::NamedTempFile>,
    variables: Vec<(String, String)>,
    has_endpoint: bool,
    has_machine: bool,
    /// The programs that there are.
    programs: tempfile::TempDir,
}

impl Run {
    fn of(block: &Block) -> Self {
        let programs = tempfile::tempdir().unwrap();
        Self {
            text: block.text.clone(),
            language: block.language.clone(),
            prompt: "Say hello".to_owned(),
            arguments: Vec::new(),
            request: None,
            variables: only_az(programs.path()),
            has_endpoint: false,
            has_machine: false,
            programs,
        }
    }

    fn replace(mut self, (from, to): (&str, &str)) -> Self {
        assert!(self.text.contains(from), "{from}: {}", self.text);
        self.text = self.text.replacen(from, to, 1);
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn prompt(mut self, prompt: &str) -> Self {
        self.prompt = prompt.to_owned();
        self
    }

    fn model(mut self, model: Option<&str>) -> Self {
        self.arguments
            .extend(model.map(|model| format!("--model={model}")));
        self
    }

    /// A whole request in place of a prompt.
    fn request(mut self, request: &Value) -> Self {
        self.request = Some(file(".json", &request.to_string()));
        self
    }

    /// The variable with the endpoint, for blocks that do not say it.
    fn with_endpoint(mut self) -> Self {
        self.has_endpoint = true;
        self
    }

    /// The variable with the key, for blocks that do not say it.
    fn with_key(self) -> Self {
        self.variable("AZURE_OPENAI_API_KEY", "your-api-key")
    }

    /// Somebody is logged in to Azure's command line.
    fn with_az(self) -> Self {
        logged_in_az(self.programs.path());
        self
    }

    /// A machine without any credential.
    fn with_nothing(self) -> Self {
        self
    }

    /// A machine of Azure's with an identity.
    fn on_virtual_machine(mut self) -> Self {
        self.has_machine = true;
        self
    }

    async fn go(mut self) -> Ran {
        let key = match self.text.contains("your-api-key-here") {
            true => "your-api-key-here",
            false => "your-api-key",
        };
        let mock = DEPLOYMENTS
            .into_iter()
            .fold(MockAzure::builder(), |mock, (name, model)| {
                mock.deployment(name, model)
            })
            .api_key(key)
            .bearer_token("token-of-az")
            .bearer_token("your-ad-token")
            .bearer_token("your-azure-ad-token");
        let mock = mock.start().await.unwrap();
        let text = self.text.replace(ENDPOINT, &mock.endpoint());
        if self.has_endpoint {
            let endpoint = mock.endpoint();
            self = self.variable("AZURE_OPENAI_ENDPOINT", &endpoint);
        }
        if self.has_machine {
            let variables = mock.environment_of_virtual_machine().into_iter();
            self.variables
                .extend(variables.map(|(name, value)| (name.to_owned(), value)));
        }
        let events = file(".jsonl", "");
        let component = component();
        let mut arguments = vec!["run".to_owned(), "--component".to_owned()];
        arguments.push(component.to_str().unwrap().to_owned());
        arguments.push(format!("--event-log={}", events.path().display()));
        arguments.append(&mut self.arguments);
        let config = match self.language.as_str() {
            "console" => {
                self.variables.extend(exports(&text));
                None
            }
            extension => Some(file(&format!(".{extension}"), &text)),
        };
        arguments.extend(
            config
                .iter()
                .map(|config| format!("--config={}", config.path().display())),
        );
        match &self.request {
            Some(request) => arguments.push(format!("--request={}", request.path().display())),
            None => arguments.push(self.prompt.clone()),
        }
        let variables: Vec<(&str, &str)> = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let finished = execute(&variables, &arguments, "").await;
        let events = fs::read_to_string(events.path()).unwrap();
        let events = events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        Ran {
            mock,
            finished,
            events: events.collect(),
        }
    }
}

/// What came of a run.
struct Ran {
    mock: MockAzure,
    finished: Finished,
    events: Vec<Value>,
}

impl Ran {
    /// Checks that the deployment answered a request with this credential: the key, or how the header of a token begins.
    fn answered(&self, credential: &str, deployment: &str) {
        assert_eq!(self.finished.code, 0, "{:?}", self.finished);
        let request = self.request();
        let header = match credential.starts_with("Bearer ") {
            true => "authorization",
            false => "api-key",
        };
        let sent = request.headers[header].to_str().unwrap();
        assert!(sent.starts_with(credential), "{sent}");
        assert_eq!(request.body["model"], deployment, "{:?}", self.finished);
    }

    fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.finished.code, code, "{:?}", self.finished);
        for words in words {
            assert!(
                self.finished.stderr.contains(words),
                "{words}: {:?}",
                self.finished
            );
        }
    }

    fn request(&self) -> RecordedRequest {
        let requests = self.mock.requests();
        assert_eq!(requests.len(), 1, "{:?}", self.finished);
        requests.into_iter().next().unwrap()
    }

    fn body(&self) -> Value {
        self.request().body
    }

    /// The events that `debug` and `raw_debug` add.
    fn debug_events(&self) -> Vec<Value> {
        let is_added = |event: &&Value| {
            let name = name(event);
            name.ends_with(":debug") || name.ends_with(":raw")
        };
        self.events.iter().filter(is_added).cloned().collect()
    }
}

fn name(event: &Value) -> String {
    event["event"].as_str().unwrap().to_owned()
}

/// What the commands of a block export.
fn exports(commands: &str) -> Vec<(String, String)> {
    let exports = commands
        .lines()
        .filter_map(|line| line.strip_prefix("export "));
    exports
        .map(|export| {
            let (name, value) = export.split_once('=').unwrap();
            let value = value.split(" #").next().unwrap().trim().trim_matches('"');
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

const ENDPOINT: &str = "https://myresource.openai.azure.com";

const BEARER_OF_AZ: &str = "Bearer token-of-az";

/// The deployments that the documentation names, and those of its requests that are theirs.
const DEPLOYMENTS: [(&str, &str); 8] = [
    ("claude-opus-4-1", "gpt-4.1"),
    ("fallback-deployment", "gpt-4.1"),
    ("fast-mini", "gpt-5-mini"),
    ("my-custom-deploy", "gpt-4.1"),
    ("my-default-deployment", "gpt-4.1"),
    ("my-gpt5-deployment", "gpt-5.1"),
    ("my-mini-deployment", "gpt-5-mini"),
    ("production-gpt5", "gpt-5.1"),
];
