//! The table of settings: the one place that knows keys, variables, defaults and what they mean.

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the configuration.
    pub key: &'static str,
    /// Another key that means the same.
    pub alias: Option<&'static str>,
    /// The environment variables that set it, the first one that is set and not empty counts.
    pub variables: &'static [&'static str],
    /// Its value when nothing sets it.
    pub default: Option<&'static str>,
    /// How much of its value may be shown.
    pub disclosure: Disclosure,
    /// What it is, in a sentence.
    pub help: &'static str,
}

/// How much of a setting's value may be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disclosure {
    /// All of it.
    Full,
    /// An address without user name, password and query, where people put keys.
    Address,
    /// Nothing.
    Nothing,
}

const UNSET: Setting = Setting {
    key: "",
    alias: None,
    variables: &[],
    default: None,
    disclosure: Disclosure::Full,
    help: "",
};

/// Every setting, in the order in which people read of them.
pub const SETTINGS: &[&Setting] = &[
    &AZURE_ENDPOINT,
    &API_KEY,
    &API_VERSION,
    &DEPLOYMENT_MAPPING,
    &DEFAULT_DEPLOYMENT,
    &DEFAULT_MODEL,
    &MAX_TOKENS,
    &TIMEOUT,
    &STREAM_IDLE_TIMEOUT,
    &CONNECT_TIMEOUT,
    &USE_STREAMING,
];

/// Where the service is.
pub const AZURE_ENDPOINT: Setting = Setting {
    key: "azure_endpoint",
    variables: &["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"],
    disclosure: Disclosure::Address,
    help: "The resource's endpoint, such as https://RESOURCE.openai.azure.com, or a gateway's address.",
    ..UNSET
};

/// The resource's key.
pub const API_KEY: Setting = Setting {
    key: "api_key",
    variables: &["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"],
    disclosure: Disclosure::Nothing,
    help: "The resource's API key.",
    ..UNSET
};

/// The version of the API, which decides on the path.
pub const API_VERSION: Setting = Setting {
    key: "api_version",
    variables: &["AZURE_OPENAI_API_VERSION"],
    default: Some("2024-02-15-preview"),
    help: "`v1`, `latest`, `preview`, or a date such as 2025-04-01-preview.",
    ..UNSET
};

/// Models to deployments.
pub const DEPLOYMENT_MAPPING: Setting = Setting {
    key: "deployment_mapping",
    help: "A table from model names to the names of their deployments.",
    ..UNSET
};

/// The deployment for models that are not mapped.
pub const DEFAULT_DEPLOYMENT: Setting = Setting {
    key: "default_deployment",
    variables: &["AZURE_OPENAI_DEFAULT_DEPLOYMENT"],
    help: "The deployment for every model without an entry in deployment_mapping.",
    ..UNSET
};

/// The model of requests that name none.
pub const DEFAULT_MODEL: Setting = Setting {
    key: "default_model",
    variables: &["AZURE_OPENAI_DEFAULT_MODEL"],
    default: Some("gpt-5.1"),
    help: "The model of requests that name none.",
    ..UNSET
};

/// The output limit of requests that set none.
pub const MAX_TOKENS: Setting = Setting {
    key: "max_tokens",
    alias: Some("max_output_tokens"),
    variables: &["AZURE_OPENAI_MAX_OUTPUT_TOKENS"],
    default: Some("4096"),
    help: "The most tokens of an answer, reasoning included, for requests that set no limit.",
    ..UNSET
};

/// The limit of one attempt.
pub const TIMEOUT: Setting = Setting {
    key: "timeout",
    default: Some("600"),
    help: "Seconds that one attempt may take, from the connection to the last byte.",
    ..UNSET
};

/// The limit between the events of a stream.
pub const STREAM_IDLE_TIMEOUT: Setting = Setting {
    key: "stream_idle_timeout",
    default: Some("300"),
    help: "Seconds that a stream may go without an event.",
    ..UNSET
};

/// The limit of connecting.
pub const CONNECT_TIMEOUT: Setting = Setting {
    key: "connect_timeout",
    default: Some("10"),
    help: "Seconds that connecting may take.",
    ..UNSET
};

/// Whether the service is asked for a stream.
pub const USE_STREAMING: Setting = Setting {
    key: "use_streaming",
    default: Some("true"),
    help: "Ask the service for a stream; when false, for one whole answer.",
    ..UNSET
};
