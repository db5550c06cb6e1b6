"""A chat request as the component takes it."""

import logging
from typing import Any

from amplifier_core import ChatRequest

logger = logging.getLogger(__name__)

# Keyword arguments of `complete` that are members of a request, and under which name.
MEMBERS = {
    "max_output_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "model": "model",
    "reasoning_effort": "reasoning_effort",
    "temperature": "temperature",
    "tool_choice": "tool_choice",
    "tools": "tools",
    "top_p": "top_p",
}

# What `extended_thinking=True` asks for where neither the request nor the configuration says how much.
THINKING_EFFORT = "medium"

# What `extended_thinking=False` asks for: as little as the model can.
NO_THINKING_EFFORT = "none"


def to_document(request: ChatRequest, options: dict[str, Any], has_effort: bool) -> dict[str, Any]:
    """The request with its keyword arguments, in the kernel's JSON form. `has_effort`: the configuration says how much models
    think.
    """
    document = request.model_dump(mode="json", by_alias=True, exclude_none=True)
    options = {name: value for name, value in options.items() if value is not None}
    thinking = options.pop("extended_thinking", None)
    for name, value in options.items():
        if name in MEMBERS:
            document[MEMBERS[name]] = plain(value)
        else:
            logger.debug("complete(%s=…) has no meaning for Azure OpenAI, and is left out", name)
    if "reasoning_effort" not in document and "reasoning" not in document:
        if thinking is False:
            document["reasoning_effort"] = NO_THINKING_EFFORT
        elif thinking and not has_effort:
            document["reasoning_effort"] = THINKING_EFFORT
    return document


def plain(value: Any) -> Any:
    """A value as JSON has it: tools may be objects of the kernel's."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
