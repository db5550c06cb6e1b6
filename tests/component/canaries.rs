//! No secret in any output: every subcommand, on every way that it can go wrong, with secrets that can be told in what is
//! written, logged and returned.

mod configuration;
mod credentials;
mod library;
mod mock;
mod service;

use std::fs;

use azure_openai_mock::{Fault, MOCK_CLIENT_ID, MOCK_TENANT_ID, MockAzure};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::command_line::{Finished, execute, file};
use crate::support::component;

/// Every subcommand that ends by itself, in each of its forms: one line for each. `{config}` stands for the scenario's
/// file, if it has one, `{log}` and `{request}` for files; the component is the one beside the program.
const INVOCATIONS: &[&[&str]] = &[
    &["run", "{config}", "Say hello"],
    &[
        "run",
        "{config}",
        "--json",
        "--event-log",
        "{log}",
        "Say hello",
    ],
    &[
        "run",
        "{config}",
        "--no-stream",
        "--event-log",
        "{log}",
        "Say hello",
    ],
    &[
        "run",
        "{config}",
        "--no-sealed-secrets",
        "--event-log",
        "{log}",
        "--request",
        "{request}",
    ],
    &["doctor", "{config}"],
    &["doctor", "{config}", "--json"],
    &["doctor", "{config}", "--json", "--offline"],
    &["models", "{config}"],
    &["models", "{config}", "--json"],
    &["inspect", "--json"],
];

/// What all secrets here have in common. Nothing else in these tests has it.
const CANARY: &str = "canary";

/// The key that the service takes.
const KEY: &str = "canary-key-0123456789abcdef";

/// The token that the service takes.
const TOKEN: &str = "canary.token_0123456789-abcdef";

/// A value for `extra_headers` that no text can hold without writing it otherwise.
const HEADER: &str = r#"canary header, "quoted" and with a \ in it"#;

/// The secret of [`MOCK_CLIENT_ID`].
const CLIENT_SECRET: &str = "canary~client.secret-0123456789";

/// Where secrets are, how the service answers, and what comes of it.
struct Scenario {
    name: String,
    variables: Vec<(&'static str, String)>,
    /// Its extension and its text.
    file: Option<(&'static str, String)>,
    /// What happens to each request, retries included.
    fault: Option<Fault>,
    /// What happens to each request for a token.
    token_fault: Option<Fault>,
    /// What `run` exits with.
    code: i32,
    /// Words that it says then.
    words: &'static str,
}

impl Scenario {
    /// One that succeeds if it has a way to authenticate; in variables and files `{endpoint}` is the mock's.
    fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            variables: vec![("AZURE_OPENAI_ENDPOINT", "{endpoint}".to_owned())],
            file: None,
            fault: None,
            token_fault: None,
            code: 0,
            words: "",
        }
    }

    /// One with the key in the environment and the header in a file.
    fn with_key(name: impl Into<String>) -> Self {
        Self::new(name)
            .variable("AZURE_OPENAI_API_KEY", KEY)
            .settings("")
    }

    /// One with a client's secret in the environment.
    fn with_client_secret(name: impl Into<String>) -> Self {
        Self::new(name)
            .variable("AZURE_USE_DEFAULT_CREDENTIAL", "true")
            .variable("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
            .variable("AZURE_AUTHORITY_HOST", "{endpoint}")
            .variable("AZURE_TENANT_ID", MOCK_TENANT_ID)
            .variable("AZURE_CLIENT_ID", MOCK_CLIENT_ID)
            .variable("AZURE_CLIENT_SECRET", CLIENT_SECRET)
            .settings("")
    }

    fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(present, _)| *present != name);
        self.variables.push((name, value.into()));
        self
    }

    /// A TOML file with these lines for settings beside the header, and with short retries.
    fn settings(self, lines: &str) -> Self {
        self.file(
            ".toml",
            format!(
                "[[providers]]\nmodule = \"provider-azure-openai\"\n[providers.config]\nmax_retries = 1\n\
                 min_retry_delay = 0\ndebug = true\nraw_debug = true\n{lines}\n\
                 [providers.config.extra_headers]\nx-gateway-key = '{HEADER}'\n"
            ),
        )
    }

    fn file(mut self, extension: &'static str, text: impl Into<String>) -> Self {
        self.file = Some((extension, text.into()));
        self
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    fn token_fault(mut self, fault: Fault) -> Self {
        self.token_fault = Some(fault);
        self
    }

    fn fails(mut self, code: i32, words: &'static str) -> Self {
        self.code = code;
        self.words = words;
        self
    }

    /// Runs every subcommand, and looks for canaries in everything that it wrote.
    async fn check(&self) {
        for arguments in INVOCATIONS {
            let Output { finished, log } = self.run(arguments).await;
            let name = format!("{}: {arguments:?}", self.name);
            assert_without_canary(&name, &finished.stdout);
            assert_without_canary(&name, &finished.stderr);
            assert_without_canary(&name, &log);
            if arguments[0] == "run" {
                assert_eq!(finished.code, self.code, "{name}: {finished:?}");
                let said = &finished.stderr;
                assert!(said.contains(self.words), "{name}: {said}");
            }
            // There was something to look at.
            if self.code == 0 && arguments[0] == "run" {
                assert!(finished.stderr.contains("TRACE"), "{name}");
                assert_eq!(
                    log.contains("llm:response"),
                    arguments.contains(&"{log}"),
                    "{name}"
                );
            }
        }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        // A stale one would be another program.
        component();
        let mock = MockAzure::builder()
            .api_key(KEY)
            .bearer_token(TOKEN)
            .client(MOCK_TENANT_ID, MOCK_CLIENT_ID, CLIENT_SECRET)
            .start()
            .await
            .unwrap();
        for _ in 0..MOST_ATTEMPTS {
            self.fault
                .iter()
                .for_each(|fault| mock.push_fault(fault.clone()));
            let token_fault = self.token_fault.iter();
            token_fault.for_each(|fault| mock.push_token_fault(fault.clone()));
        }
        let with_endpoint = |text: &str| text.replace("{endpoint}", &mock.endpoint());

        let message = json!({ "role": "user", "content": "Say hello" });
        let request = file(".json", &json!({ "messages": [message] }).to_string());
        let log = file(".jsonl", "");
        let config = self.file.as_ref();
        let config = config.map(|(extension, text)| file(extension, &with_endpoint(text)));
        let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
        let mut filled = Vec::new();
        for argument in arguments {
            match (*argument, &config) {
                ("{config}", Some(config)) => filled.extend(["--config".to_owned(), path(config)]),
                ("{config}", None) => {}
                ("{log}", _) => filled.push(path(&log)),
                ("{request}", _) => filled.push(path(&request)),
                (other, _) => filled.push(other.to_owned()),
            }
        }
        let mut variables: Vec<(&str, String)> = self
            .variables
            .iter()
            .map(|(name, value)| (*name, with_endpoint(value)))
            .collect();
        // The most that the host says of itself, of its HTTP client and of the sandbox.
        variables.push(("RUST_LOG", "trace".to_owned()));
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let arguments: Vec<&str> = filled.iter().map(String::as_str).collect();
        let finished = execute(&variables, &arguments, "").await;
        let log = fs::read_to_string(log.path()).unwrap();
        Output { finished, log }
    }
}

struct Output {
    finished: Finished,
    /// The event log.
    log: String,
}

/// Fails with the place of the first canary in a text, in any case.
fn assert_without_canary(name: &str, text: &str) {
    let text = text.to_lowercase();
    // In base64 too, as of a user name and a password; what comes before it decides on how it looks.
    for canary in [CANARY, "y2fuyxj5", "nhbmfye", "jyw5hcn"] {
        if let Some(place) = text.find(canary) {
            let start = text.floor_char_boundary(place.saturating_sub(400));
            let end = text.ceil_char_boundary((place + 200).min(text.len()));
            panic!("{name}: a secret is in …{}…", &text[start..end]);
        }
    }
}

/// Answers that repeat a secret wherever an answer can: each with its name.
fn repeating(status: u16, secret: &str) -> Vec<(String, Fault)> {
    let status = StatusCode::from_u16(status).unwrap();
    let sentence = format!("The credential {secret} is not welcome here");
    let html = format!("<html><body>{sentence}</body></html>");
    let of = |body: String, kind: &'static str| Fault::Status {
        status,
        headers: HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static(kind),
        )]),
        body: Bytes::from(body),
    };
    let error = json!({
        "message": sentence,
        "code": secret,
        "type": secret,
        "param": secret,
        "innererror": { "code": secret },
    });
    let mut with_headers = Fault::json(status, &json!({ "error": error }));
    if let Fault::Status { headers, .. } = &mut with_headers
        && let Ok(value) = HeaderValue::from_str(secret)
    {
        for name in [
            "apim-request-id",
            "x-request-id",
            "www-authenticate",
            "location",
        ] {
            headers.insert(name, value.clone());
        }
    }
    let bodies = [
        ("nested", Fault::json(status, &json!({ "error": error }))),
        ("flat", Fault::json(status, &error)),
        (
            "a sentence",
            Fault::json(status, &json!({ "error": sentence })),
        ),
        ("plain text", of(sentence, "text/plain")),
        ("a page", of(html, "text/html")),
        (
            "JSON in JSON",
            Fault::json(status, &json!({ "message": error.to_string() })),
        ),
        ("in headers", with_headers),
    ];
    let named = bodies.map(|(name, fault)| (format!("{status}, {name}, {secret}"), fault));
    named.into()
}

/// A request and a retry of it, and as much again when a token is renewed.
const MOST_ATTEMPTS: usize = 4;
