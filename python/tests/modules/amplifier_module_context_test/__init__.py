"""The least that an orchestrator asks of a context: messages, which go through JSON as a stored transcript does."""

import json

__amplifier_module_type__ = "context"


class Context:
    def __init__(self):
        self.lines = []

    async def add_message(self, message):
        self.lines.append(json.dumps(message))

    async def get_messages(self):
        return [json.loads(line) for line in self.lines]

    async def get_messages_for_request(self, token_budget=None, provider=None):
        # What `context-simple` reads of a provider.
        defaults = provider.get_info().defaults
        assert defaults["context_window"] > defaults["max_output_tokens"] > 0
        return await self.get_messages()

    async def set_messages(self, messages):
        self.lines = [json.dumps(message) for message in messages]

    async def clear(self):
        self.lines = []


async def mount(coordinator, config):
    await coordinator.mount("context", Context())
