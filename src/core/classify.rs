//! From the service's errors to the contract's: the service's codes decide first, then the status, words last.

mod filters;
mod refusal;
mod words;

use serde_json::Value;

use self::filters::Filters;
pub use self::refusal::{Refusal, RefusedParameter, RefusedReasoning};
use crate::contract::credentials::{Credential, CredentialError, CredentialErrorKind};
use crate::contract::types::{ErrorKind, ProviderError};
use crate::core::config::{Authentication, Endpoint, EndpointKind, TokenSource};
use crate::core::deployment::Deployment;
use crate::core::headers::Headers;
use crate::core::json;

/// What an error's message needs to know of the request that failed.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The deployment that was asked for.
    pub deployment: &'a Deployment,
    /// The address that was asked.
    pub url: &'a str,
    /// The endpoint that the address belongs to.
    pub endpoint: &'a Endpoint,
    /// How the request said who sent it.
    pub authentication: &'a Authentication,
    /// Whether it did so with a token in place of one that was refused before.
    pub is_renewed: bool,
    /// When the answer came, in seconds since 1970.
    pub now: u64,
}

/// A request that the service refused.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// What the caller is told.
    pub error: ProviderError,
    /// What the service refused, where the request can be sent in another form.
    pub refusal: Option<Refusal>,
}

impl From<ProviderError> for Rejection {
    fn from(error: ProviderError) -> Self {
        Self {
            error,
            refusal: None,
        }
    }
}

/// The error in a response whose status is not 200.
pub fn rejected(status: u16, headers: &Headers, body: &[u8], asked: Asked<'_>) -> Rejection {
    let body = match headers.compression() {
        Some(encoding) => Body {
            compression: Some(encoding.to_owned()),
            ..Body::default()
        },
        None => Body::read(body),
    };
    let kind = kind_of_code(&body).unwrap_or_else(|| kind_of_status(status, &body));
    let said = match (&body.message, &body.parameter) {
        (Some(message), Some(name)) if !message.contains(name.as_str()) => {
            format!("the service says of `{name}`: {message}")
        }
        (Some(message), _) => format!("the service says: {message}"),
        (None, _) if body.is_html => {
            "the answer is an HTML page, so that a proxy or a gateway gave it instead of the service".to_owned()
        }
        (None, _) => match &body.compression {
            Some(encoding) => format!("what it says is compressed (`{encoding}`) and cannot be read"),
            None => "the service gave no reason".to_owned(),
        },
    };
    let mut error = ProviderError::new(
        kind,
        format!("{} ({status}); {said}", explain(kind, status, &body, asked)),
    );
    let refusal = refusal::of(status, kind, &body);
    error.status = Some(status);
    error.retryable |= is_worth_a_retry(status) && !is_final(kind);
    error.retry_after_ms = headers.retry_after_ms(asked.now).max(body.retry_after_ms());
    error.details = body.filters.details();
    error.code = body.code;
    error.request_id = headers.request_id().map(str::to_owned);
    Rejection { error, refusal }
}

/// An error that the service reports in a stream or in a response object; null when it gives none.
pub fn reported(error: &Value) -> ProviderError {
    let body = Body::of_error(error);
    let is_invalid = body.kind.as_deref() == Some("invalid_request_error");
    let kind = kind_of_code(&body)
        .or_else(|| body.status().map(|status| kind_of_status(status, &body)))
        .or_else(|| words::kind(&body))
        .unwrap_or(if is_invalid {
            ErrorKind::InvalidRequest
        } else {
            ErrorKind::Unavailable
        });
    let what = match kind {
        ErrorKind::ContentFilter => {
            format!("a content filter stopped the response{}", body.filters)
        }
        _ => "the response failed".to_owned(),
    };
    let message = match &body.message {
        Some(message) => format!("{what}; the service says: {message}"),
        None if kind == ErrorKind::ContentFilter => {
            format!("{what}; change the prompt or the filter")
        }
        None => format!("{what}, and the service gave no reason; try again"),
    };
    ProviderError {
        retry_after_ms: body.retry_after_ms(),
        details: body.filters.details(),
        code: body.code,
        ..ProviderError::new(kind, message)
    }
}

/// The error for a request that has no token to go with.
pub fn without_token(error: CredentialError, credential: &Credential) -> ProviderError {
    /// What helps where a managed identity was asked for and is not there, as on a developer's machine.
    const OTHER_WAY: &str = "; on a machine without a managed identity, WSL2 included, set `use_default_credential` \
        (AZURE_USE_DEFAULT_CREDENTIAL=true) in place of `use_managed_identity`: it takes what `az login` left";
    let may_be_elsewhere = matches!(credential, Credential::ManagedIdentity(_))
        && error.kind != CredentialErrorKind::Failed;
    let advice = if may_be_elsewhere { OTHER_WAY } else { "" };
    let kind = match error.kind {
        CredentialErrorKind::Failed | CredentialErrorKind::Unavailable => ErrorKind::Authentication,
        CredentialErrorKind::Temporary => ErrorKind::Unavailable,
    };
    ProviderError {
        retry_after_ms: error.retry_after_ms,
        ..ProviderError::new(
            kind,
            format!("there is no token: {}{advice}", error.message),
        )
    }
}

/// What an error's body says, in whichever shape it came.
#[derive(Debug, Default)]
struct Body {
    code: Option<String>,
    /// The code of the inner error, where content filters say what they are.
    inner_code: Option<String>,
    /// The error's `type`, which some services use for the code.
    kind: Option<String>,
    message: Option<String>,
    /// The parameter that is wrong, such as `reasoning.effort`.
    parameter: Option<String>,
    /// What a project's check of the schema found, place by place.
    details: Vec<String>,
    is_html: bool,
    /// The page asks whoever sees it to prove that he is a person.
    is_challenge: bool,
    /// How the body is compressed, if nothing of it can be read.
    compression: Option<String>,
    /// The content filters that stopped something.
    filters: Filters,
}

impl Body {
    /// Reads a body, which may break off.
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        let read = serde_json::from_slice::<Value>(text.as_bytes());
        let read = read.or_else(|error| {
            if text.starts_with('{') {
                serde_json::from_slice(&json::closed(text.as_bytes()))
            } else {
                Err(error)
            }
        });
        match read {
            Ok(value) => match value.get("error") {
                Some(Value::Null) | None => Self::of_error(&value),
                Some(error) => Self::of_error(error),
            },
            Err(_) if text.starts_with('<') => Self {
                is_html: true,
                is_challenge: words::are_challenge(text),
                ..Self::default()
            },
            Err(_) => Self {
                message: (!text.is_empty()).then(|| shortened(text)),
                ..Self::default()
            },
        }
    }

    /// Reads an error object, or an error that is just a sentence. A gateway's code is called `statusCode`.
    fn of_error(error: &Value) -> Self {
        if let Value::String(sentence) = error {
            return Self {
                message: Some(shortened(sentence)),
                ..Self::default()
            };
        }
        let word = |value: &Value| match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let member = |key| error.get(key).and_then(word);
        let inner = ["innererror", "inner_error"]
            .into_iter()
            .find_map(|key| error.get(key));
        Self {
            code: member("code").or_else(|| member("statusCode")),
            inner_code: inner.and_then(|inner| inner.get("code")).and_then(word),
            kind: member("type"),
            message: json::text(error, "message").map(shortened),
            parameter: member("param"),
            details: json::items(error, "details")
                .iter()
                .flat_map(|detail| ["message", "param"].map(|key| json::text(detail, key)))
                .flatten()
                .map(shortened)
                .collect(),
            filters: Filters::of(inner.unwrap_or(error)),
            ..Self::default()
        }
    }

    /// The status that the code is: some gateways have no other codes.
    fn status(&self) -> Option<u16> {
        let status = self.code.as_deref()?.parse().ok()?;
        (400..=599).contains(&status).then_some(status)
    }

    /// How long the message asks to wait: "Please retry after 17 seconds." Azure leaves the headers out of some answers, and
    /// errors in a stream have none.
    fn retry_after_ms(&self) -> Option<u64> {
        let (_, rest) = self.message.as_deref()?.split_once("retry after ")?;
        let (seconds, _) = rest.split_once(" second")?;
        Some(seconds.parse::<u32>().ok()? as u64 * 1000)
    }

    /// Whether it is something that was said that is wrong, rather than an id or a name.
    fn is_about_content(&self) -> bool {
        self.parameter.as_deref().is_none_or(|name| {
            ["content", "input", "instructions", "output", "text"]
                .iter()
                .any(|content| name.ends_with(content))
        })
    }
}

fn kind_of_code(body: &Body) -> Option<ErrorKind> {
    [&body.inner_code, &body.code, &body.kind]
        .into_iter()
        .flatten()
        .find_map(|code| {
            Some(match code.as_str() {
                "ResponsibleAIPolicyViolation"
                | "content_filter"
                | "bio_policy"
                | "content_policy_violation"
                | "cyber_policy"
                | "image_content_policy_violation"
                | "misalignment_policy_violation" => ErrorKind::ContentFilter,
                "context_length_exceeded" => ErrorKind::ContextLength,
                "string_above_max_length" if body.is_about_content() => ErrorKind::ContextLength,
                "insufficient_quota" => ErrorKind::QuotaExceeded,
                "DeploymentNotFound" | "model_not_found" => ErrorKind::NotFound,
                "invalid_api_key" => ErrorKind::Authentication,
                "PermissionDenied" => ErrorKind::AccessDenied,
                "RateLimitReached" | "rate_limit_exceeded" | "too_many_requests" => {
                    ErrorKind::RateLimit
                }
                "flex_unavailable"
                | "internal_error"
                | "no_capacity"
                | "no_kv_space"
                | "server_error"
                | "server_is_overloaded"
                | "slow_down" => ErrorKind::Unavailable,
                "Timeout" | "vector_store_timeout" => ErrorKind::Timeout,
                "OperationNotSupported"
                | "data_residency_mismatch"
                | "empty_image_file"
                | "failed_to_download_image"
                | "image_file_not_found"
                | "image_file_too_large"
                | "image_parse_error"
                | "image_too_large"
                | "image_too_small"
                | "invalid_base64_image"
                | "invalid_encrypted_content"
                | "invalid_image"
                | "invalid_image_format"
                | "invalid_image_mode"
                | "invalid_image_url"
                | "invalid_prompt"
                | "unsupported_image_media_type"
                | "unsupported_parameter"
                | "unsupported_value" => ErrorKind::InvalidRequest,
                _ => return None,
            })
        })
}

fn kind_of_status(status: u16, body: &Body) -> ErrorKind {
    let in_words = words::kind(body);
    match status {
        // What stands between us and the service has not let us through to it, and may the next time.
        403 if body.is_html => ErrorKind::Unavailable,
        400..=499 if body.is_challenge => ErrorKind::Unavailable,
        401 => ErrorKind::Authentication,
        403 if in_words == Some(ErrorKind::ContentFilter) => ErrorKind::ContentFilter,
        403 => ErrorKind::AccessDenied,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        413 => ErrorKind::ContextLength,
        429 => ErrorKind::RateLimit,
        409 | 425 | 500.. => ErrorKind::Unavailable,
        400..=499 => in_words.unwrap_or(ErrorKind::InvalidRequest),
        _ => ErrorKind::Other,
    }
}

/// What happened, with which value, and what to do next.
fn explain(kind: ErrorKind, status: u16, body: &Body, asked: Asked<'_>) -> String {
    let Asked {
        deployment,
        url,
        endpoint,
        authentication,
        is_renewed,
        now: _,
    } = asked;
    let is_project = endpoint.kind == EndpointKind::Project;
    match kind {
        ErrorKind::NotFound
            if matches!(
                body.code.as_deref(),
                Some("DeploymentNotFound" | "model_not_found")
            ) =>
        {
            format!(
                "{deployment} does not exist at {url}; check the name in the Azure portal (one that was made in the last \
             five minutes may not be ready yet)"
            )
        }
        ErrorKind::NotFound => {
            format!("there is nothing at {url}; check `azure_endpoint` and `api_version`")
        }
        ErrorKind::Authentication => match authentication {
            Authentication::ApiKey(_) => format!(
                "{url} does not accept the API key; check that `api_key` (or AZURE_OPENAI_API_KEY) is a key of this \
                 resource"
            ),
            Authentication::Token(_) => format!(
                "{url} does not accept the token in `azure_ad_token` (or AZURE_OPENAI_AD_TOKEN); it may have expired, \
                 or be for another audience"
            ),
            Authentication::Fetched(TokenSource { scope, .. }) => {
                let nor = if is_renewed { ", nor a new one" } else { "" };
                let needed = endpoint.token_scope();
                let check = if is_project && scope != needed {
                    let audience = needed.trim_end_matches("/.default");
                    format!(
                        "a Foundry project accepts tokens for {audience} only: remove `token_scope`"
                    )
                } else {
                    "check that `token_scope` is the resource's audience, and the credential's tenant the resource's"
                        .to_owned()
                };
                format!("{url} does not accept the host's token for {scope}{nor}; {check}")
            }
        },
        ErrorKind::AccessDenied => match authentication {
            Authentication::ApiKey(_) => format!(
                "access to {url} is denied; check the network rules of the resource, and that it takes keys"
            ),
            Authentication::Token(_) | Authentication::Fetched(_) => {
                let role = if is_project {
                    "Foundry User on the project"
                } else {
                    "Cognitive Services OpenAI User on the resource"
                };
                format!(
                    "access to {url} is denied; check that the caller has the role {role} (a role takes some minutes \
                     to have effect), and the resource's network rules"
                )
            }
        },
        ErrorKind::RateLimit => {
            format!("too many requests or tokens for {deployment}; wait, or raise its limit")
        }
        ErrorKind::QuotaExceeded => {
            "the quota of the subscription is used up; waiting does not help".to_owned()
        }
        ErrorKind::ContextLength => {
            format!("the conversation is longer than {deployment} can take; shorten it")
        }
        ErrorKind::ContentFilter => {
            format!(
                "a content filter stopped the request{}; change the prompt or the filter",
                body.filters
            )
        }
        ErrorKind::Timeout | ErrorKind::Unavailable => {
            format!("{url} cannot serve the request now; try again")
        }
        _ if (300..400).contains(&status) => {
            format!(
                "{url} answered with a redirect, which is never followed; put the final address into `azure_endpoint`"
            )
        }
        ErrorKind::InvalidRequest => format!(
            "{url} refused the request to {deployment}; change what it names, which for an API version is `api_version`"
        ),
        _ => format!("{url} refused the request to {deployment}"),
    }
}

/// Whether the status says that the same request may succeed later.
pub fn is_worth_a_retry(status: u16) -> bool {
    matches!(status, 408 | 409 | 425 | 429 | 500..)
}

/// Whether trying again gives the same answer, whatever the status.
fn is_final(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::AccessDenied
            | ErrorKind::ContentFilter
            | ErrorKind::ContextLength
            | ErrorKind::InvalidRequest
            | ErrorKind::NotFound
            | ErrorKind::QuotaExceeded
    )
}

fn shortened(text: &str) -> String {
    /// Enough for every message of the service; a gateway's page of prose is cut.
    const MAX_CHARACTERS: usize = 1000;
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
