"""What Amplifier asks of a provider."""

import contextlib
import json
import logging
import os
from collections.abc import Awaitable
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from typing import ClassVar

from amplifier_core import ChatRequest
from amplifier_core import ChatResponse
from amplifier_core import ModelInfo
from amplifier_core import ProviderInfo
from amplifier_core import ToolCall
from amplifier_core import llm_errors

from . import config as configuration
from ._native import Host
from ._native import ProviderFailure
from .call import Call
from .call import log
from .errors import to_llm_error
from .request import to_document

logger = logging.getLogger(__package__)

# How long closing waits for calls that run.
CLOSE_SECONDS = 5.0

# What is emitted beside the kernel's own events.
EVENTS = [
    "llm:stream_block_start",
    "llm:stream_block_delta",
    "llm:stream_block_end",
    "llm:stream_aborted",
    "provider:concurrency",
    "provider:config_warning",
    "provider:deployment_resolved",
    "provider:failover",
    "provider:incomplete_continuation",
    "provider:parameter_dropped",
    "provider:retry",
    "provider:tool_sequence_repaired",
]


class AzureOpenAIProvider:
    """Azure OpenAI. It is open after `mount_as`; before that it says what it is and what it wants to know."""

    name: ClassVar[str] = "azure-openai"
    api_label: ClassVar[str] = "Azure OpenAI"

    def __init__(
        self,
        api_key: str | None = None,
        config: dict[str, Any] | None = None,
        coordinator: Any = None,
        base_url: str | None = None,
        **_: Any,
    ) -> None:
        """A provider that is not open. Amplifier's wizard makes one of what it has, to ask it for its settings."""
        self.config = dict(config or {})
        given = {"api_key": api_key, "azure_endpoint": base_url}
        for key, value in given.items():
            if value and not self.config.get(key):
                self.config[key] = value
        self.coordinator = coordinator
        self.priority = configuration.priority(self.config)
        self.cost: Decimal | None = None
        self._settings = configuration.settings(self.config)
        self._host: Host | None = None
        self._models: list[ModelInfo] = []
        self._has_effort = False
        # Of a provider that is not open and has none configured: none, since the environment may have one.
        self.default_model: str | None = self._settings.component_config.get("default_model")

    async def open(self) -> None:
        """Opens the configuration, in the environment as it is now.

        Raises the kernel's errors: `ConfigurationError` with everything that is wrong.
        """
        settings = self._settings
        for key in settings.ignored:
            logger.debug("the setting `%s` has no effect here", key)
        try:
            config = json.dumps(settings.component_config)
        except (TypeError, ValueError) as error:
            raise llm_errors.ConfigurationError(f"the configuration cannot be written as JSON: {error}") from None
        try:
            self._host = await Host.open(config, dict(os.environ), settings.component, settings.watch)
            self._models = await self._configured_models(self._host)
            described = json.loads(await self._host.describe())["settings"]
        except ProviderFailure as failure:
            raise to_llm_error(failure) from None
        self.default_model = value(described, "default_model") or self.default_model
        self._has_effort = value(described, "reasoning_effort") is not None
        self._write_notes()

    def get_info(self) -> ProviderInfo:
        """What the provider is, with the windows of the model that it is configured for."""
        info = self._info()
        info.id = self.name
        info.defaults["model"] = self.default_model or info.defaults["model"]
        for model in self._models:
            if model.id == self.default_model:
                info.defaults["context_window"] = model.context_window
                info.defaults["max_output_tokens"] = model.max_output_tokens
        return info

    async def list_models(self) -> list[ModelInfo]:
        """The configured models, with their windows and prices. A provider that is not open opens for this."""
        if self._host is not None:
            return list(self._models)
        if not configuration.has_endpoint(self.config, dict(os.environ)):
            return []
        await self.open()
        return list(self._models)

    async def complete(self, request: ChatRequest, **kwargs: Any) -> ChatResponse:
        """One answer. Its events go to the session's hooks as they come.

        Raises the kernel's errors, and `asyncio.CancelledError` when the session is cancelled immediately.
        """
        host = self._opened()
        document = to_document(request, kwargs, self._has_effort)
        try:
            stream = host.stream(json.dumps(document))
            call = Call(stream, self._emit(), raw=self._settings.raw, is_cancelled=self._is_cancelled())
            response = ChatResponse.model_validate_json(await call.response())
        except ProviderFailure as failure:
            raise to_llm_error(failure) from None
        finally:
            self._write_notes()
        if response.usage is not None and response.usage.cost_usd is not None:
            self.cost = (self.cost or Decimal(0)) + response.usage.cost_usd
        return response

    def parse_tool_calls(self, response: ChatResponse) -> list[ToolCall]:
        """The tools that the model asks for."""
        return list(response.tool_calls or [])

    async def close(self) -> None:
        """Ends it: calls that run have five seconds, then they are given up."""
        host, self._host = self._host, None
        if host is not None:
            await host.close(CLOSE_SECONDS)

    def __repr__(self) -> str:
        # The configuration has keys in it.
        return f"<{type(self).__name__} {self.name} {self.default_model}>"

    def _opened(self) -> Host:
        if self._host is None:
            raise llm_errors.ConfigurationError("the provider is not open, or not any more", provider=self.name)
        return self._host

    def _info(self) -> ProviderInfo:
        return ProviderInfo.model_validate_json(Host.info())

    async def _configured_models(self, host: Host) -> list[ModelInfo]:
        return [ModelInfo.model_validate(model) for model in json.loads(await host.models())]

    def _emit(self) -> Callable[[str, dict[str, Any]], Awaitable[Any]] | None:
        hooks = getattr(self.coordinator, "hooks", None)
        return getattr(hooks, "emit", None)

    def _is_cancelled(self) -> Callable[[], bool] | None:
        cancellation = getattr(self.coordinator, "cancellation", None)
        if cancellation is None:
            return None
        return lambda: bool(cancellation.is_immediate)

    def _cost_contribution(self) -> dict[str, str] | None:
        return None if self.cost is None else {"cost_usd": str(self.cost)}

    def _write_notes(self) -> None:
        # What was closed meanwhile, or opened before a fork, has none.
        with contextlib.suppress(ProviderFailure):
            for level, line in self._host.notes() if self._host is not None else ():
                log(level, line)


async def mount_as(
    provider_class: type[AzureOpenAIProvider], coordinator: Any, config: dict[str, Any] | None
) -> Callable[[], Awaitable[None]] | None:
    """Opens a provider and mounts it. Without any endpoint there is nothing to open: that is said, and nothing is mounted.

    Raises `ConfigurationError` with everything that is wrong.
    """
    provider = provider_class(config=config, coordinator=coordinator)
    if not configuration.has_endpoint(provider.config, dict(os.environ)):
        logger.warning(
            "Azure OpenAI is not mounted, because it has no endpoint: set `azure_endpoint` in the configuration of the "
            "provider, or the variable AZURE_OPENAI_ENDPOINT"
        )
        return None
    await provider.open()
    await coordinator.mount("providers", provider, name=provider.name)
    source = f"provider-{provider.name}"
    coordinator.register_contributor("session.cost", source, provider._cost_contribution)
    coordinator.register_contributor("observability.events", source, lambda: list(EVENTS))
    return provider.close


def value(described: dict[str, Any], key: str) -> Any:
    """What a setting came out as."""
    return (described.get(key) or {}).get("value")
