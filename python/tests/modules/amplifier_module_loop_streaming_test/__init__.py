"""Calls a provider as Amplifier's `loop-streaming` does: `parse_tool_calls`, `extended_thinking`, reminders, and one more try
with a shorter conversation after `ContextLengthError`."""

import json
import time

from amplifier_core import ChatRequest
from amplifier_core import Message
from amplifier_core import ToolSpec
from amplifier_core.llm_errors import ContextLengthError
from amplifier_core.llm_errors import LLMError

__amplifier_module_type__ = "orchestrator"


class Loop:
    def __init__(self, config):
        self.config = config
        self.shortened = 0

    async def execute(self, prompt, context, providers, tools, hooks, coordinator=None, **_):
        provider = min(providers.values(), key=lambda provider: provider.priority)
        assert not hasattr(provider, "stream")
        await context.add_message(
            {"role": "user", "content": prompt, "metadata": {"timestamp": time.time()}}
        )
        for _ in range(self.config.get("max_iterations", 5)):
            if coordinator.cancellation.is_cancelled:
                return "cancelled"
            response = await self.complete(provider, context, tools, hooks)
            if coordinator.cancellation.is_immediate:
                return "cancelled"
            calls = provider.parse_tool_calls(response)
            await context.add_message(self.message(response, calls))
            if not calls:
                return "".join(block.text for block in response.content if block.type == "text")
            for call in calls:
                await context.add_message(await self.result(call, tools))
        return "too many iterations"

    async def complete(self, provider, context, tools, hooks):
        messages = await context.get_messages_for_request(provider=provider)
        messages.append(
            {
                "role": "user",
                "content": "<system-reminder>Be brief.</system-reminder>",
                "metadata": {"ephemeral": True},
            }
        )
        await hooks.emit("provider:request", {"provider": provider.name, "iteration": 1})
        try:
            return await provider.complete(self.request(messages[:-1], tools), **self.options())
        except ContextLengthError:
            self.shortened += 1
            return await provider.complete(self.request(messages[-2:-1], tools), **self.options())
        except LLMError as error:
            failure = {"type": type(error).__name__, "msg": str(error)}
            await hooks.emit(
                "provider:error",
                {"provider": provider.name, "error": failure, "retryable": error.retryable, "status_code": error.status_code},
            )
            raise

    def options(self):
        return {"extended_thinking": True} if self.config.get("extended_thinking") else {}

    def request(self, messages, tools):
        specs = [
            ToolSpec(name=tool.name, description=tool.description, parameters=tool.input_schema)
            for tool in tools.values()
        ]
        return ChatRequest(
            messages=[Message(**message) for message in messages],
            tools=specs or None,
            reasoning_effort=self.config.get("reasoning_effort"),
        )

    def message(self, response, calls):
        message = {
            "role": "assistant",
            "content": [block.model_dump(mode="json") for block in response.content],
            "metadata": {**(response.metadata or {}), "timestamp": time.time()},
        }
        if calls:
            message["tool_calls"] = [
                {"id": call.id, "tool": call.name, "arguments": call.arguments} for call in calls
            ]
        return message

    async def result(self, call, tools):
        result = await tools[call.name].execute(call.arguments)
        if result.content is not None:
            content = [block.model_dump(mode="json") for block in result.content]
        else:
            content = json.dumps(result.output)
        return {"role": "tool", "name": call.name, "tool_call_id": call.id, "content": content}


async def mount(coordinator, config):
    await coordinator.mount("orchestrator", Loop(config or {}))
