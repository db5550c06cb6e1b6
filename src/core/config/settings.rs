//! The table of settings: the one place that knows keys, variables, defaults, parsers and what they mean.
//!
//! Resolution, `describe`, the configuration fields of `get-info` and `docs/configuration.md` all come from here.

use std::time::Duration;

use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use super::setting::{Disclosure, Row, Setting};
use super::value;
use crate::core::deployment::Mapping;
use crate::core::pricing::Price;
use crate::core::secret::Secret;

/// Every setting, in the order in which people read of them.
pub static SETTINGS: &[&Row] = &[
    &AZURE_ENDPOINT.row,
    &API_KEY.row,
    &AZURE_AD_TOKEN.row,
    &USE_MANAGED_IDENTITY.row,
    &MANAGED_IDENTITY_CLIENT_ID.row,
    &USE_DEFAULT_CREDENTIAL.row,
    &TOKEN_SCOPE.row,
    &API_VERSION.row,
    &DEPLOYMENT_MAPPING.row,
    &DEFAULT_DEPLOYMENT.row,
    &DEFAULT_MODEL.row,
    &FALLBACKS.row,
    &FAILOVER_AFTER.row,
    &ROUTING.row,
    &MAX_TOKENS.row,
    &TEMPERATURE.row,
    &DEBUG.row,
    &RAW_DEBUG.row,
    &REASONING_EFFORT.row,
    &REASONING_SUMMARY.row,
    &EXTENDED_THINKING.row,
    &THINKING_BUDGET_TOKENS.row,
    &TEXT_VERBOSITY.row,
    &TRUNCATION.row,
    &PROMPT_CACHE_KEY.row,
    &PROMPT_CACHE_RETENTION.row,
    &SAFETY_IDENTIFIER.row,
    &SERVICE_TIER.row,
    &PROMPT_CACHE_OPTIONS.row,
    &CONTEXT_MANAGEMENT.row,
    &PREVIOUS_RESPONSE_ID.row,
    &CONVERSATION.row,
    &PROMPT.row,
    &TOP_LOGPROBS.row,
    &MODERATION.row,
    &STORE.row,
    &AUTO_CONTINUE.row,
    &TIMEOUT.row,
    &STREAM_IDLE_TIMEOUT.row,
    &CONNECT_TIMEOUT.row,
    &MAX_RETRIES.row,
    &MIN_RETRY_DELAY.row,
    &MAX_RETRY_DELAY.row,
    &RETRY_JITTER.row,
    &USE_STREAMING.row,
    &MAX_CONCURRENT_REQUESTS.row,
    &DEPLOYMENT_TYPE.row,
    &PRICING.row,
    &EXTRA_HEADERS.row,
    &EXTRA_REQUEST_PARAMS.row,
];

/// Settings and options of requests that go into the body under their own names, as they are.
pub static PASSED_THROUGH: [&Setting<Value>; 7] = [
    &PROMPT_CACHE_OPTIONS,
    &CONTEXT_MANAGEMENT,
    &PREVIOUS_RESPONSE_ID,
    &CONVERSATION,
    &PROMPT,
    &TOP_LOGPROBS,
    &MODERATION,
];

/// Keys that existing configurations have and that have no effect here: those of the agent, and those of other providers
/// of OpenAI's models for Amplifier.
pub static WITHOUT_EFFECT: [&str; 14] = [
    "background_timeout",
    "close_timeout",
    "enable_long_context",
    "enable_response_chaining",
    "filtered",
    "hide_dated_models",
    "id",
    "instance_id",
    "module",
    "native_compaction",
    "poll_interval",
    "priority",
    "reasoning_replay_scope",
    "source",
];

/// Whether a key is one of a setting, or one that is known to have no effect.
pub fn is_known(key: &str) -> bool {
    let is_setting = |row: &&Row| row.key == key || row.alias == Some(key);
    SETTINGS.iter().any(is_setting) || WITHOUT_EFFECT.contains(&key)
}

/// Where the service is.
pub static AZURE_ENDPOINT: Setting<Endpoint> = Setting::new(
    "azure_endpoint",
    value::endpoint,
    "The endpoint of the resource, such as https://RESOURCE.openai.azure.com, of a Foundry project, or of a gateway.",
)
.variables(&["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"])
.disclosure(Disclosure::Address)
.asked("Azure endpoint");

/// The resource's key.
pub static API_KEY: Setting<Secret> = Setting::new(
    "api_key",
    value::secret,
    "A key of the resource; it comes before every other way to authenticate.",
)
.variables(&["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"])
.disclosure(Disclosure::Nothing)
.asked("API key");

/// A token from elsewhere.
pub static AZURE_AD_TOKEN: Setting<Secret> = Setting::new(
    "azure_ad_token",
    value::secret,
    "An Entra ID token from elsewhere. It is used until it expires, since nobody can renew it.",
)
.variables(&["AZURE_OPENAI_AD_TOKEN"])
.disclosure(Disclosure::Nothing)
.asked("Entra ID token");

/// The machine's identity.
pub static USE_MANAGED_IDENTITY: Setting<bool> = Setting::new(
    "use_managed_identity",
    value::boolean,
    "Authenticate with the managed identity of the machine.",
)
.variables(&["AZURE_USE_MANAGED_IDENTITY"])
.default("false")
.asked("Use a managed identity");

/// Which of the machine's identities.
pub static MANAGED_IDENTITY_CLIENT_ID: Setting<String> = Setting::new(
    "managed_identity_client_id",
    value::word,
    "The client ID of a user-assigned managed identity; without it, the system-assigned one.",
)
.variables(&["AZURE_MANAGED_IDENTITY_CLIENT_ID"])
.asked_when(
    "Managed identity's client ID",
    "use_managed_identity",
    "true",
);

/// The host's chain of credentials.
pub static USE_DEFAULT_CREDENTIAL: Setting<bool> = Setting::new(
    "use_default_credential",
    value::boolean,
    "Authenticate with the first credential that is available: environment, workload identity, managed identity, \
     `az login` and others.",
)
.variables(&["AZURE_USE_DEFAULT_CREDENTIAL"])
.default("false")
.asked("Use the default credential");

/// What tokens are for.
pub static TOKEN_SCOPE: Setting<String> = Setting::new(
    "token_scope",
    value::word,
    "The scope of tokens; without it, that of the endpoint: its cloud's, which is another one for a Foundry project.",
)
.variables(&["AZURE_OPENAI_TOKEN_SCOPE"]);

/// The version of the API, which decides on the path.
pub static API_VERSION: Setting<String> = Setting::new(
    "api_version",
    value::api_version,
    "`v1`, `latest`, `preview` or a date such as 2025-04-01-preview; dates before 2025-03-01 mean `v1`.",
)
.variables(&["AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"])
.default("2024-02-15-preview")
.asked("API version");

/// Models to deployments.
pub static DEPLOYMENT_MAPPING: Setting<Mapping> = Setting::new(
    "deployment_mapping",
    value::mapping,
    "A table from model names to the names of their deployments: one name, or a list of them in the order in which they are \
     asked.",
);

/// The deployment for models that are not mapped.
pub static DEFAULT_DEPLOYMENT: Setting<String> = Setting::new(
    "default_deployment",
    value::name,
    "The deployment for every model without an entry in `deployment_mapping`; without it, the model's own name.",
)
.alias("deployment_name")
.variables(&[
    "AZURE_OPENAI_DEFAULT_DEPLOYMENT",
    "AZURE_OPENAI_DEPLOYMENT_NAME",
])
.asked("Default deployment");

/// The model of requests that name none.
pub static DEFAULT_MODEL: Setting<String> = Setting::new(
    "default_model",
    value::name,
    "The model of requests that name none.",
)
.variables(&["AZURE_OPENAI_DEFAULT_MODEL"])
.default("gpt-5.1")
.asked("Default model");

/// The endpoints after the first.
pub static FALLBACKS: Setting<Vec<Map<String, Value>>> = Setting::new(
    "fallbacks",
    value::tables,
    "A list of tables: the endpoints that are asked when this one cannot answer, each with `azure_endpoint`, a way to \
     authenticate, `deployment_mapping` and more of its own.",
)
.disclosure(Disclosure::Keys);

/// How long a call waits for a deployment while another one is free.
pub static FAILOVER_AFTER: Setting<Duration> = Setting::new(
    "failover_after",
    value::delay,
    "Seconds that a request waits in all for a deployment that is used up or down while another one is free.",
)
.default("5");

/// Which deployment is asked first.
pub static ROUTING: Setting<&'static str> = Setting::new(
    "routing",
    |value| value::choice(value, &["order", "least-busy"]),
    "Which of several deployments is asked: the first in their `order` that is not resting, or the `least-busy` of them.",
)
.default("order");

/// The output limit of requests that set none.
pub static MAX_TOKENS: Setting<Option<u64>> = Setting::new(
    "max_tokens",
    value::tokens,
    "The most tokens of an answer, reasoning included, for requests that set no limit; with 0 or null no limit is sent.",
)
.nullable()
.alias("max_output_tokens")
.variables(&["AZURE_OPENAI_MAX_OUTPUT_TOKENS"])
.default("4096");

/// The temperature of requests that set none.
pub static TEMPERATURE: Setting<f64> = Setting::new(
    "temperature",
    value::temperature,
    "The temperature of requests that set none, from 0 to 2. Models do not take one while they reason; a model that is not \
     known gets it only when it is set.",
)
.variables(&["AZURE_OPENAI_TEMPERATURE"])
.default("0.7");

/// More events.
pub static DEBUG: Setting<bool> = Setting::new(
    "debug",
    value::boolean,
    "Emit events that say how requests are made, such as `provider:deployment_resolved`.",
)
.default("false");

/// Whole bodies in events.
pub static RAW_DEBUG: Setting<bool> = Setting::new(
    "raw_debug",
    value::boolean,
    "With `debug`: emit the complete bodies of requests and responses. `raw` needs no `debug` beside it.",
)
.alias("raw")
.default("false");

/// How much models think.
pub static REASONING_EFFORT: Setting<&'static str> = Setting::new(
    "reasoning_effort",
    |value| {
        let words = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
        value::choice(value, words)
    },
    "How much models that reason think: `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`.",
)
.alias("reasoning");

/// How much of the thinking is shown.
pub static REASONING_SUMMARY: Setting<&'static str> = Setting::new(
    "reasoning_summary",
    |value| value::choice(value, &["auto", "concise", "detailed"]),
    "The summary of the thinking that is asked for with `reasoning_effort`: `auto`, `concise` or `detailed`.",
)
.default("auto");

/// Whether models think at length.
pub static EXTENDED_THINKING: Setting<bool> = Setting::new(
    "extended_thinking",
    value::boolean,
    "Ask models that reason to do so, with the effort `high` where no other is asked for, and for a summary of it.",
)
.default("false");

/// How much they may think then.
pub static THINKING_BUDGET_TOKENS: Setting<u64> = Setting::new(
    "thinking_budget_tokens",
    value::concurrency,
    "With `extended_thinking`: the tokens for thinking, on top of the limit of the answer; 0 adds none.",
);

/// How long answers are.
pub static TEXT_VERBOSITY: Setting<&'static str> = Setting::new(
    "text_verbosity",
    |value| value::choice(value, &["low", "medium", "high"]),
    "How long answers are: `low`, `medium` or `high`.",
);

/// What happens to a conversation that is too long.
pub static TRUNCATION: Setting<&'static str> = Setting::new(
    "truncation",
    |value| value::choice(value, &["auto", "disabled"]),
    "What the service does with a conversation that is too long: `auto` drops its middle, `disabled` refuses it.",
);

/// The service's prompt cache.
pub static PROMPT_CACHE_KEY: Setting<String> = Setting::new(
    "prompt_cache_key",
    value::name,
    "Requests with the same key and beginning share the service's prompt cache.",
);

/// How long the prompt cache lasts.
pub static PROMPT_CACHE_RETENTION: Setting<&'static str> = Setting::new(
    "prompt_cache_retention",
    |value| value::choice(value, &["in_memory", "24h"]),
    "How long the prompt cache is kept: `in_memory` or `24h`, which not every model takes.",
);

/// Who asks.
pub static SAFETY_IDENTIFIER: Setting<String> = Setting::new(
    "safety_identifier",
    value::name,
    "A stable and anonymous identifier of the person behind the requests.",
);

/// How urgent requests are.
pub static SERVICE_TIER: Setting<&'static str> = Setting::new(
    "service_tier",
    |value| {
        let words = &[
            "auto",
            "default",
            "flex",
            "scale",
            "priority",
            "fast",
            "ultrafast",
        ];
        value::choice(value, words)
    },
    "The tier that serves requests: `auto`, `default`, `flex`, `scale`, `priority`, `fast` or `ultrafast`.",
);

/// How the service's prompt cache is used.
pub static PROMPT_CACHE_OPTIONS: Setting<Value> = Setting::new(
    "prompt_cache_options",
    value::object,
    "How the prompt cache is used, by models that take it: a table with `mode` and `ttl`, as the service takes it.",
);

/// What the service does to long conversations.
pub static CONTEXT_MANAGEMENT: Setting<Value> = Setting::new(
    "context_management",
    value::objects,
    "What the service does when a conversation grows: a list of tables with `type` and what it needs.",
);

/// A response that the service keeps.
pub static PREVIOUS_RESPONSE_ID: Setting<Value> = Setting::new(
    "previous_response_id",
    value::text_as_json,
    "The id of a stored response that requests continue, beside the messages that they send.",
);

/// A conversation that the service keeps.
pub static CONVERSATION: Setting<Value> = Setting::new(
    "conversation",
    value::text_or_object,
    "The conversation of the service that requests belong to: its id, or a table with `id`.",
);

/// A prompt that the service keeps.
pub static PROMPT: Setting<Value> = Setting::new(
    "prompt",
    value::object,
    "A prompt template that the service keeps: a table with `id`, `version` and `variables`.",
);

/// How likely tokens were.
pub static TOP_LOGPROBS: Setting<Value> = Setting::new(
    "top_logprobs",
    value::logprobs,
    "How many likely tokens are reported for each place of an answer, from 0 to 20.",
);

/// What the service checks.
pub static MODERATION: Setting<Value> = Setting::new(
    "moderation",
    value::object,
    "How the service moderates requests and answers: a table, as the service takes it.",
);

/// Whether the service keeps responses.
pub static STORE: Setting<bool> = Setting::new(
    "store",
    value::boolean,
    "Let the service keep responses, for 30 days.",
)
.alias("enable_state")
.default("false");

/// Whether cut-off answers go on.
pub static AUTO_CONTINUE: Setting<bool> = Setting::new(
    "auto_continue",
    value::boolean,
    "Let an answer that was cut off at its limit go on, at most five times.",
)
.default("true");

/// The limit of one attempt.
pub static TIMEOUT: Setting<Duration> = Setting::new(
    "timeout",
    value::limit,
    "Seconds that one attempt may take, from the connection to the last byte.",
)
.default("600");

/// The limit between the events of a stream.
pub static STREAM_IDLE_TIMEOUT: Setting<Duration> = Setting::new(
    "stream_idle_timeout",
    value::limit,
    "Seconds that a stream may go without an event.",
)
.default("300");

/// The limit of connecting.
pub static CONNECT_TIMEOUT: Setting<Duration> = Setting::new(
    "connect_timeout",
    value::limit,
    "Seconds that connecting may take.",
)
.default("10");

/// How often a request is tried again.
pub static MAX_RETRIES: Setting<u64> = Setting::new(
    "max_retries",
    value::retries,
    "How often a request that failed for a passing reason is tried again.",
)
.default("5");

/// The first wait.
pub static MIN_RETRY_DELAY: Setting<Duration> = Setting::new(
    "min_retry_delay",
    value::delay,
    "Seconds before the first retry; each further wait is twice as long.",
)
.default("1");

/// The longest wait.
pub static MAX_RETRY_DELAY: Setting<Duration> = Setting::new(
    "max_retry_delay",
    value::delay,
    "The most seconds between retries, jitter included. A service that asks to wait longer is not waited for.",
)
.default("60");

/// Whether waits vary.
pub static RETRY_JITTER: Setting<bool> = Setting::new(
    "retry_jitter",
    value::boolean,
    "Vary the waits between retries, so that many clients do not come back at once.",
)
.default("true");

/// Whether the service is asked for a stream.
pub static USE_STREAMING: Setting<bool> = Setting::new(
    "use_streaming",
    value::boolean,
    "Ask the service for a stream; when false, for one whole answer.",
)
.default("true");

/// How many requests run at once.
pub static MAX_CONCURRENT_REQUESTS: Setting<u64> = Setting::new(
    "max_concurrent_requests",
    value::concurrency,
    "How many requests the host lets run at once; 0 is without limit.",
)
.default("5");

/// How the deployment is paid for.
pub static DEPLOYMENT_TYPE: Setting<String> = Setting::new(
    "deployment_type",
    value::name,
    "`PTU` for provisioned throughput, which has no price per token: costs are given only for what spills over, or goes to \
     another deployment than a model's first.",
);

/// What tokens cost.
pub static PRICING: Setting<Vec<(String, Price)>> = Setting::new(
    "pricing",
    value::pricing,
    "A table from model names to US dollars per million tokens: `input`, `output` and, where they differ from `input`, \
     `cached_input` and `cache_write`. It comes before the built-in prices.",
);

/// Headers for gateways.
pub static EXTRA_HEADERS: Setting<Vec<(String, Secret)>> = Setting::new(
    "extra_headers",
    value::headers,
    "A table of headers that go with every request to `azure_endpoint`, for gateways; their values are secrets.",
)
.disclosure(Disclosure::Keys);

/// Whatever else the service takes.
pub static EXTRA_REQUEST_PARAMS: Setting<Map<String, Value>> = Setting::new(
    "extra_request_params",
    value::table,
    "A table that is merged into the body of every request, last.",
)
.disclosure(Disclosure::Redacted);
