"""Agent frameworks for Python against `host-harness serve`: each with a loop of tools and a stream.

Usage: python frameworks.py HOST_HARNESS COMPONENT

`cargo xtask conformance` installs the packages and runs this. Behind the service is a mock of Azure OpenAI; the frameworks
ask as in any program.
"""

import asyncio
import importlib.metadata
import os
import sys
import traceback

import openai
from serve_sdk import KEY, TIMEOUT, equal, forget_the_environment, holds, served


async def main(host_harness, component):
    forget_the_environment()
    failed = 0
    for package, cases in CASES.items():
        print(f"{package} {importlib.metadata.version(package)}, against {'the gateway' if 'GATEWAY' in os.environ else 'serve'}")
        for case in cases:
            title = case.__name__.replace("_", " ")
            try:
                with served(host_harness, component, None) as base_url:
                    await case(base_url)
            except Exception:
                failed += 1
                print(f"FAILED  {title}")
                traceback.print_exc(limit=-5, file=sys.stdout)
            else:
                print(f"ok      {title}")
    print(f"{failed} failed")
    return 1 if failed else 0


QUESTION = "Ask get_weather for Bern"
ANSWER = "The tool get_weather answered: sunny in Bern"


def get_weather(city: str) -> str:
    """What the weather is like in a city."""
    return f"sunny in {city}"


# openai-agents.


async def openai_agents(base_url, model_class):
    import agents

    agents.set_tracing_disabled(True)
    client = openai.AsyncOpenAI(base_url=base_url, api_key=KEY, timeout=TIMEOUT)
    model = model_class(model="gpt-4.1", openai_client=client)
    agent = agents.Agent(name="weather", model=model, tools=[agents.function_tool(get_weather)])
    equal((await agents.Runner.run(agent, QUESTION)).final_output, ANSWER)
    streamed = agents.Runner.run_streamed(agent, QUESTION)
    text = ""
    async for event in streamed.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            text += event.data.delta
    equal((text, streamed.final_output), (ANSWER, ANSWER))


async def openai_agents_with_responses(base_url):
    from agents import OpenAIResponsesModel

    await openai_agents(base_url, OpenAIResponsesModel)


async def openai_agents_with_chats(base_url):
    from agents import OpenAIChatCompletionsModel

    await openai_agents(base_url, OpenAIChatCompletionsModel)


# pydantic-ai.


async def pydantic_ai(base_url, model_class):
    from pydantic_ai import Agent
    from pydantic_ai.providers.openai import OpenAIProvider

    agent = Agent(model_class("gpt-4.1", provider=OpenAIProvider(base_url=base_url, api_key=KEY)))
    agent.tool_plain(get_weather)
    equal((await agent.run(QUESTION)).output, ANSWER)
    async with agent.run_stream(QUESTION) as streamed:
        pieces = [piece async for piece in streamed.stream_text(delta=True, debounce_by=None)]
    equal("".join(pieces), ANSWER)
    holds(len(pieces) > 1, "it comes in pieces")


async def pydantic_ai_with_responses(base_url):
    from pydantic_ai.models.openai import OpenAIResponsesModel

    await pydantic_ai(base_url, OpenAIResponsesModel)


async def pydantic_ai_with_chats(base_url):
    from pydantic_ai.models.openai import OpenAIChatModel

    await pydantic_ai(base_url, OpenAIChatModel)


# langchain-openai.


async def langchain(base_url, is_responses):
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(model="gpt-4.1", base_url=base_url, api_key=KEY, timeout=TIMEOUT,
                      use_responses_api=is_responses)
    weather = tool(get_weather)
    model = chat.bind_tools([weather])
    messages = [HumanMessage(QUESTION)]
    asked = await model.ainvoke(messages)
    messages.append(asked)
    for call in asked.tool_calls:
        messages.append(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]))
    equal((await model.ainvoke(messages)).text, ANSWER)
    pieces = [piece.text async for piece in model.astream(messages)]
    equal("".join(pieces), ANSWER)
    holds(len([piece for piece in pieces if piece]) > 1, "it comes in pieces")


async def langchain_with_responses(base_url):
    await langchain(base_url, True)


async def langchain_with_chats(base_url):
    await langchain(base_url, False)


async def langchain_embeddings(base_url):
    from langchain_openai import OpenAIEmbeddings

    embeddings = OpenAIEmbeddings(model="gpt-4.1", base_url=base_url, api_key=KEY, check_embedding_ctx_length=False)
    equal(await embeddings.aembed_documents(["one", "two"]), [[0.5, 0.25], [0.5, 0.25]])


CASES = {
    "openai-agents": [openai_agents_with_responses, openai_agents_with_chats],
    "pydantic-ai-slim": [pydantic_ai_with_responses, pydantic_ai_with_chats],
    "langchain-openai": [langchain_with_responses, langchain_with_chats, langchain_embeddings],
}

if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
