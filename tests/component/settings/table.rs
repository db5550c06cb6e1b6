//! The table of settings, once more and by hand: as it is specified, and not as the component has it.

use serde_json::{Map, Value, json};

/// A setting.
pub(super) struct Row {
    pub(super) key: &'static str,
    pub(super) alias: Option<&'static str>,
    /// Its variables in their order, each with a valid text of its own.
    pub(super) variables: &'static [(&'static str, &'static str)],
    pub(super) default: Option<&'static str>,
    /// A valid value in the configuration, as JSON; not one of the variables' texts and not the default.
    valid: &'static str,
    /// A value that is none, as JSON.
    bad: &'static str,
    /// What the error says that it should have been.
    pub(super) expected: &'static str,
    pub(super) shows: Shows,
}

/// How much of a value may be shown.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Shows {
    Everything,
    /// Of a table of secrets, or of a list of them.
    Keys,
    /// A table, but for what its keys call a secret.
    Redacted,
    Nothing,
}

impl Row {
    pub(super) fn valid(&self) -> Value {
        serde_json::from_str(self.valid).unwrap()
    }

    pub(super) fn bad(&self) -> Value {
        serde_json::from_str(self.bad).unwrap()
    }

    /// A value as `describe` shows it.
    pub(super) fn shown(&self, value: Value) -> Value {
        match (self.shows, value) {
            (Shows::Keys, Value::Object(mut table)) => {
                table
                    .values_mut()
                    .for_each(|value| *value = json!("[REDACTED]"));
                Value::Object(table)
            }
            (Shows::Keys, Value::Array(tables)) => {
                tables.into_iter().map(|table| self.shown(table)).collect()
            }
            (Shows::Everything | Shows::Redacted, value) => value,
            _ => json!("[REDACTED]"),
        }
    }

    /// What `describe` says when nothing sets it.
    pub(super) fn unset(&self) -> Value {
        let source = match self.default {
            Some(_) => "default",
            None => "unset",
        };
        json!({ "value": self.default, "source": source })
    }

    /// A configuration that is valid, in which this setting can be put and left out.
    pub(super) fn base(&self) -> Map<String, Value> {
        let mut base = Map::new();
        base.insert(
            "azure_endpoint".to_owned(),
            json!("https://base.example.com"),
        );
        // Some way to authenticate, without a word about it.
        match self.key {
            "use_default_credential" => base.insert("api_key".to_owned(), json!("base-key")),
            _ => base.insert("use_default_credential".to_owned(), json!(true)),
        };
        base.remove(self.key);
        base
    }

    /// The same with this value for the setting.
    pub(super) fn with(&self, value: Value) -> Map<String, Value> {
        let mut config = self.base();
        config.insert(self.key.to_owned(), value);
        config
    }

    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn shows(mut self, shows: Shows) -> Self {
        self.shows = shows;
        self
    }

    const fn variables(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = variables;
        self
    }
}

/// Key, a valid value, a bad one, and what it should have been.
const fn row(
    key: &'static str,
    valid: &'static str,
    bad: &'static str,
    expected: &'static str,
) -> Row {
    Row {
        key,
        alias: None,
        variables: &[],
        default: None,
        valid,
        bad,
        expected,
        shows: Shows::Everything,
    }
}

/// A setting that is true or false; the valid value must differ from the default.
const fn switch(key: &'static str, default: &'static str, valid: &'static str) -> Row {
    row(key, valid, r#""maybe""#, "true or false").default(default)
}

/// A setting that is text of any kind.
const fn text(key: &'static str, valid: &'static str) -> Row {
    row(key, valid, "5", "text")
}

/// A setting that is a table which only passes through.
const fn table(key: &'static str, valid: &'static str) -> Row {
    row(key, valid, r#""words""#, "a table")
}

const WORD: &str = "letters, digits and punctuation only, without blanks and line breaks";

const SECONDS: &str = "seconds, more than 0 and at most 86400";

const DELAY: &str = "seconds, from 0 to 86400";

const TIERS: &str = "one of auto, default, flex, scale, priority, fast, ultrafast";

pub(super) const ROWS: &[Row] = &[
    row(
        "azure_endpoint",
        r#""https://config.example.com/team""#,
        r#""nonsense""#,
        "an address such as https://RESOURCE.openai.azure.com",
    )
    .variables(&[
        ("AZURE_OPENAI_ENDPOINT", "https://first.openai.azure.com"),
        ("AZURE_OPENAI_BASE_URL", "https://second.openai.azure.com"),
    ]),
    row("api_key", r#""config-key""#, r#""canary canary""#, WORD)
        .variables(&[
            ("AZURE_OPENAI_API_KEY", "first-key"),
            ("AZURE_OPENAI_KEY", "second-key"),
        ])
        .shows(Shows::Nothing),
    row(
        "azure_ad_token",
        r#""config-token""#,
        r#""canary\ncanary""#,
        WORD,
    )
    .variables(&[("AZURE_OPENAI_AD_TOKEN", "first-token")])
    .shows(Shows::Nothing),
    switch("use_managed_identity", "false", "true")
        .variables(&[("AZURE_USE_MANAGED_IDENTITY", "yes")]),
    row(
        "managed_identity_client_id",
        r#""config-id""#,
        r#""two words""#,
        WORD,
    )
    .variables(&[("AZURE_MANAGED_IDENTITY_CLIENT_ID", "first-id")]),
    switch("use_default_credential", "false", "true")
        .variables(&[("AZURE_USE_DEFAULT_CREDENTIAL", "On")]),
    row(
        "token_scope",
        r#""https://scope.example/.default""#,
        r#""two words""#,
        WORD,
    )
    .variables(&[("AZURE_OPENAI_TOKEN_SCOPE", "https://first.example/.default")]),
    row(
        "api_version",
        r#""preview""#,
        r#""v9""#,
        "`v1`, `latest`, `preview` or a date such as `2025-04-01-preview`",
    )
    .variables(&[
        ("AZURE_OPENAI_API_VERSION", "2025-04-01-preview"),
        ("OPENAI_API_VERSION", "2025-05-01-preview"),
    ])
    .default("2024-02-15-preview"),
    row(
        "deployment_mapping",
        r#"{"gpt-5.1":"production-gpt5"}"#,
        r#"["gpt-5.1"]"#,
        "a table from model names to deployment names",
    ),
    text("default_deployment", r#""config-deployment""#)
        .alias("deployment_name")
        .variables(&[
            ("AZURE_OPENAI_DEFAULT_DEPLOYMENT", "first-deployment"),
            ("AZURE_OPENAI_DEPLOYMENT_NAME", "second-deployment"),
        ]),
    text("default_model", r#""config-model""#)
        .variables(&[("AZURE_OPENAI_DEFAULT_MODEL", "first-model")])
        .default("gpt-5.1"),
    row(
        "fallbacks",
        r#"[{"azure_endpoint":"https://second.openai.azure.com","api_key":"second-key"}]"#,
        r#"{"azure_endpoint":"https://canary.openai.azure.com"}"#,
        "a list of tables, which in TOML begin with [[providers.config.fallbacks]] each",
    )
    .shows(Shows::Keys),
    row("failover_after", "0", r#""soon""#, DELAY).default("5"),
    row(
        "routing",
        r#""least-busy""#,
        r#""random""#,
        "one of order, least-busy",
    )
    .default("order"),
    row(
        "max_tokens",
        "100",
        r#""many""#,
        "a whole number from 0 to 4294967295",
    )
    .alias("max_output_tokens")
    .variables(&[("AZURE_OPENAI_MAX_OUTPUT_TOKENS", "200")])
    .default("4096"),
    row("temperature", "0.1", r#""hot""#, "a number from 0 to 2")
        .variables(&[("AZURE_OPENAI_TEMPERATURE", " 1.5 ")])
        .default("0.7"),
    switch("debug", "false", "true"),
    switch("raw_debug", "false", "true").alias("raw"),
    row(
        "reasoning_effort",
        r#""low""#,
        r#""lots""#,
        "one of none, minimal, low, medium, high, xhigh, max",
    )
    .alias("reasoning"),
    row(
        "reasoning_summary",
        r#""detailed""#,
        r#""long""#,
        "one of auto, concise, detailed",
    )
    .default("auto"),
    switch("extended_thinking", "false", "true"),
    row(
        "thinking_budget_tokens",
        "6000",
        "-1",
        "a whole number from 0 to 4294967295",
    ),
    row(
        "text_verbosity",
        r#""high""#,
        r#""chatty""#,
        "one of low, medium, high",
    ),
    row(
        "truncation",
        r#""disabled""#,
        r#""middle""#,
        "one of auto, disabled",
    ),
    text("prompt_cache_key", r#""team-a""#),
    row(
        "prompt_cache_retention",
        r#""24h""#,
        r#""forever""#,
        "one of in_memory, 24h",
    ),
    text("safety_identifier", r#""person-1""#),
    row("service_tier", r#""priority""#, r#""gold""#, TIERS),
    table("prompt_cache_options", r#"{"mode":"explicit"}"#),
    row(
        "context_management",
        r#"[{"type":"compaction","compact_threshold":1000}]"#,
        r#"["compaction"]"#,
        "a list of tables",
    ),
    text("previous_response_id", r#""resp_1""#),
    row("conversation", r#"{"id":"conv_1"}"#, "5", "text or a table"),
    table("prompt", r#"{"id":"pmpt_1"}"#),
    row("top_logprobs", "5", "21", "a whole number from 0 to 20"),
    table("moderation", r#"{"policy":{"input":{"mode":"score"}}}"#),
    switch("store", "false", "true").alias("enable_state"),
    switch("auto_continue", "true", "false"),
    row("timeout", "30", "0", SECONDS).default("600"),
    row("stream_idle_timeout", r#""1.5""#, "-1", SECONDS).default("300"),
    row("connect_timeout", "86400", "86401", SECONDS).default("10"),
    row("max_retries", "0", "101", "a whole number from 0 to 100").default("5"),
    row("min_retry_delay", "0.5", r#""soon""#, DELAY).default("1"),
    row("max_retry_delay", "20", "-0.1", DELAY).default("60"),
    switch("retry_jitter", "true", "false"),
    switch("use_streaming", "true", "false"),
    row(
        "max_concurrent_requests",
        "0",
        "1.5",
        "a whole number from 0 to 4294967295",
    )
    .default("5"),
    text("deployment_type", r#""PTU""#),
    row(
        "pricing",
        r#"{"m":{"input":1.25,"output":10,"cached_input":0.125}}"#,
        r#"{"m":{"input":1.25}}"#,
        "a table from model names to tables with `input` and `output`, also for `m`",
    ),
    row(
        "extra_headers",
        r#"{"x-gateway-key":"config-header"}"#,
        r#"{"x-gateway-key":"canary\ncanary"}"#,
        "text on one line for `x-gateway-key`",
    )
    .shows(Shows::Keys),
    row(
        "extra_request_params",
        r#"{"metadata":{"team":"a"}}"#,
        r#""canary""#,
        "a table",
    )
    .shows(Shows::Redacted),
];
