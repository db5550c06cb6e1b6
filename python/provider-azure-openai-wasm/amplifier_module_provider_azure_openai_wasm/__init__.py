"""Azure OpenAI for Amplifier, beside the Python module."""

from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

try:
    import amplifier_azure_openai as module
except ImportError as missing:
    raise ImportError(
        "provider-azure-openai-wasm needs the package amplifier-azure-openai with a wheel for this system and this Python "
        f"(3.11 or later); docs/amplifier.md says how to install it. Python says: {missing}"
    ) from missing

__all__ = ["AzureOpenAIProvider", "mount"]
__amplifier_module_type__ = "provider"


class AzureOpenAIProvider(module.AzureOpenAIProvider):
    """Azure OpenAI, as `azure-openai-wasm`."""

    name = "azure-openai-wasm"


async def mount(coordinator: Any, config: dict[str, Any] | None = None) -> Callable[[], Awaitable[None]] | None:
    """Mounts the provider as `azure-openai-wasm`; what it returns closes it."""
    return await module.mount_as(AzureOpenAIProvider, coordinator, config)
