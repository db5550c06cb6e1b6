"""Calls a provider as Amplifier's `loop-basic` does: `response.tool_calls`, and no keyword arguments."""

from amplifier_module_loop_streaming_test import Loop as StreamingLoop

__amplifier_module_type__ = "orchestrator"


class Parsed:
    """The provider, without what this orchestrator does not call."""

    def __init__(self, provider):
        self.provider = provider

    def __getattr__(self, name):
        return getattr(self.provider, name)

    def parse_tool_calls(self, response):
        return response.tool_calls or []


class Loop(StreamingLoop):
    async def execute(self, prompt, context, providers, tools, hooks, coordinator=None, **_):
        wrapped = {name: Parsed(provider) for name, provider in providers.items()}
        return await super().execute(prompt, context, wrapped, tools, hooks, coordinator)

    def options(self):
        return {}


async def mount(coordinator, config):
    await coordinator.mount("orchestrator", Loop(config or {}))
