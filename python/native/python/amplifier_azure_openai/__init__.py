"""Azure OpenAI for Amplifier: the provider in its sandbox, and what Amplifier asks of a provider around it.

The modules that Amplifier loads, `provider-azure-openai` and `provider-azure-openai-wasm`, are made of this.
"""

from .provider import AzureOpenAIProvider
from .provider import mount_as

__all__ = ["AzureOpenAIProvider", "mount_as"]
