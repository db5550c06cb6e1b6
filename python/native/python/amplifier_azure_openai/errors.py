"""The kernel's exceptions for what the provider says went wrong."""

import json
from typing import Any

from amplifier_core import llm_errors

from ._native import ProviderFailure

# The contract's kinds of errors, and the kernel's classes.
CLASSES: dict[str, type[llm_errors.LLMError]] = {
    "authentication": llm_errors.AuthenticationError,
    "access_denied": llm_errors.AccessDeniedError,
    "not_found": llm_errors.NotFoundError,
    "rate_limit": llm_errors.RateLimitError,
    "quota_exceeded": llm_errors.QuotaExceededError,
    "context_length": llm_errors.ContextLengthError,
    "content_filter": llm_errors.ContentFilterError,
    "invalid_request": llm_errors.InvalidRequestError,
    "invalid_tool_call": llm_errors.InvalidToolCallError,
    "unavailable": llm_errors.ProviderUnavailableError,
    "timeout": llm_errors.LLMTimeoutError,
    "network": llm_errors.NetworkError,
    "stream": llm_errors.StreamError,
    "configuration": llm_errors.ConfigurationError,
    "aborted": llm_errors.AbortError,
    "other": llm_errors.LLMError,
}


def to_llm_error(failure: ProviderFailure) -> llm_errors.LLMError:
    """The kernel's exception. What the contract says and the kernel has no argument for is in attributes of its own:
    `code`, `request_id` and `details`.
    """
    error: dict[str, Any] = json.loads(failure.args[0])
    details = error.get("details") or {}
    kind = CLASSES.get(error["kind"], llm_errors.LLMError)
    arguments: dict[str, Any] = {
        "provider": error["provider"],
        "model": error.get("model"),
        "status_code": error.get("status"),
        "retryable": error["retryable"],
    }
    if kind is llm_errors.InvalidToolCallError:
        arguments["tool_name"] = details.get("tool_name")
        arguments["raw_arguments"] = details.get("raw_arguments")
    elif error.get("retry_after_ms") is not None:
        arguments["retry_after"] = error["retry_after_ms"] / 1000
    exception = kind(error["message"], **arguments)
    exception.code = error.get("code")  # type: ignore[attr-defined]
    exception.request_id = error.get("request_id")  # type: ignore[attr-defined]
    exception.details = details  # type: ignore[attr-defined]
    return exception
