"""Whole turns with Amplifier's kernel: what the model hears, what the hooks hear, what the transcript keeps."""

import json
from decimal import Decimal

import pytest
from amplifier_core import ChatRequest
from amplifier_core import Message
from amplifier_core import ToolSpec
from support import MODULES
from support import Lookup
from support import Session
from support import in_time

LOOPS = ["loop-streaming-test", "loop-basic-test"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("module", MODULES)
async def test_a_turn_with_a_tool(loop, module, configure):
    config, wire = configure()
    async with Session(config, module, loop, tools=[Lookup()]) as session:
        answer = await session.ask("Use lookup for me")
        assert answer.startswith("The tool lookup answered:")
        first, second = session.of("llm:response")
        costs = await session.coordinator.collect_contributions("session.cost")
        total = sum(Decimal(response["usage"]["cost_usd"]) for response in (first, second))
        assert costs == [{"cost_usd": str(total)}] and total > 0
        (names,) = await session.coordinator.collect_contributions("observability.events")
        assert "llm:stream_block_delta" in names
        messages = await session.messages()
        assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant"]
    request, _ = wire.bodies()
    assert [tool["name"] for tool in request["tools"]] == ["lookup"]
    order = [name for name in session.names() if name in ("llm:request", "llm:response", "provider:request")]
    assert order == ["provider:request", "llm:request", "llm:response"] * 2


async def test_the_events_of_a_call_have_one_request_id_and_tools_have_no_deltas(configure):
    config, _ = configure()
    async with Session(config, tools=[Lookup()]) as session:
        await session.ask("Use lookup for me")
    calls, ids = [], []
    for name, payload in session.heard:
        if name == "llm:request":
            calls.append([])
        if name.startswith("llm:"):
            calls[-1].append(name)
            ids.append(payload["request_id"])
    assert len(set(ids)) == len(calls) == 2
    kinds = {delta["block_type"] for delta in session.of("llm:stream_block_delta")}
    assert kinds == {"text"}
    (start,) = [start for start in session.of("llm:stream_block_start") if start["block_type"] == "tool_use"]
    assert start["name"] == "lookup"


async def test_a_refusal_is_text_to_amplifier(configure):
    config, _ = configure()
    async with Session(config) as session:
        assert await session.ask("Please refuse") == "I cannot help with that request."
    kinds = {payload["block_type"] for name, payload in session.heard if name.startswith("llm:stream_block")}
    assert kinds == {"text"}


async def test_a_turn_with_reasoning_goes_back_with_what_only_its_author_can_read(configure):
    config, wire = configure()
    options = {"extended_thinking": True}
    async with Session(config, loop_config=options, tools=[Lookup()]) as session:
        await session.ask("Use lookup for me")
        blocks = [block["type"] for block in (await session.messages())[1]["content"]]
        assert blocks == ["thinking", "tool_call"]
        assert any(delta["block_type"] == "thinking" for delta in session.of("llm:stream_block_delta"))
    first, second = wire.bodies()
    assert first["reasoning"]["effort"] == "medium"
    (reasoning,) = [item for item in second["input"] if item.get("type") == "reasoning"]
    assert reasoning["encrypted_content"]


@pytest.mark.parametrize(
    ("options", "settings", "effort"),
    [
        ({}, {}, None),
        ({"extended_thinking": True}, {}, "medium"),
        ({"extended_thinking": True}, {"reasoning_effort": "low"}, "low"),
        ({"extended_thinking": True, "reasoning_effort": "high"}, {}, "high"),
        ({"extended_thinking": False}, {"reasoning_effort": "high"}, "none"),
    ],
)
async def test_extended_thinking(options, settings, effort, configure):
    config, wire = configure(**settings)
    async with Session(config) as session:
        await session.provider.complete(question(), **options)
    (body,) = wire.bodies()
    assert (body.get("reasoning") or {}).get("effort") == effort


async def test_keyword_arguments_are_members_of_the_request(configure):
    config, wire = configure()
    tool = ToolSpec(name="lookup", description="looks up", parameters=Lookup.input_schema)
    async with Session(config) as session:
        await session.provider.complete(
            question(), model="gpt-4.1", max_tokens=77, temperature=0.5, tools=[tool], tool_choice="none", background=True
        )
    (body,) = wire.bodies()
    assert (body["model"], body["max_output_tokens"], body["temperature"]) == ("gpt-4.1", 77, 0.5)
    assert body["tools"][0]["name"] == "lookup" and body["tool_choice"] == "none"


async def test_an_image_in_a_tools_result_reaches_the_model(configure):
    config, wire = configure()
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    content = [{"type": "text", "text": "a picture"}, image]
    async with Session(config, tools=[Lookup(content)]) as session:
        await session.ask("Use lookup for me")
    output = next(item["output"] for item in wire.bodies()[1]["input"] if item.get("type") == "function_call_output")
    kinds = {part["type"]: part for part in output}
    assert PIXEL in kinds["input_image"]["image_url"]


async def test_a_stream_that_breaks_off_begins_again_and_says_so(configure):
    config, _ = configure("[[step]]\nstream = { stop = { after_events = 8, how = \"close\" } }", min_retry_delay=0.01)
    async with Session(config) as session:
        answer = await session.ask("a question")
    assert len(session.of("llm:stream_aborted")) == 1
    aborted = session.names().index("llm:stream_aborted")
    deltas = [payload["text"] for name, payload in session.heard[aborted:] if name == "llm:stream_block_delta"]
    assert "".join(deltas) == answer
    assert len(session.of("provider:retry")) == len(session.of("llm:response")) == 1


async def test_an_answer_that_was_cut_off_goes_on(configure):
    config, wire = configure(max_tokens=16)
    async with Session(config) as session:
        answer = await session.ask("a question that is long enough to be cut off once or twice")
    assert answer.endswith("once or twice\"")
    continuations = session.of("provider:incomplete_continuation")
    assert len(wire.bodies()) == len(continuations) + 1 > 1


async def test_a_transcript_survives_json_and_another_session(configure):
    config, wire = configure(reasoning_effort="low")
    async with Session(config, tools=[Lookup()]) as session:
        await session.ask("Use lookup for me")
        transcript = json.loads(json.dumps(await session.messages()))
    async with Session(config, "provider-azure-openai-wasm", tools=[Lookup()]) as session:
        await session.coordinator.get("context").set_messages(transcript)
        assert "You said" in await session.ask("and now?")
    kinds = [item.get("type", "message") for item in wire.bodies()[-1]["input"]]
    assert kinds.count("reasoning") >= 1 and kinds.count("function_call") == kinds.count("function_call_output") == 1
    for message in transcript:
        assert len(json.dumps(message.get("metadata"))) < 1500


async def test_the_cost_is_the_components(configure):
    config, _ = configure(pricing={"gpt-5.1": {"input": 1000, "output": "2000.5"}})
    async with Session(config) as session:
        response = await session.provider.complete(question())
        usage = response.usage
        expected = (usage.input_tokens * Decimal(1000) + usage.output_tokens * Decimal("2000.5")) / 1_000_000
        assert usage.cost_usd == session.provider.cost == expected


async def test_raw_puts_the_bodies_into_the_kernels_events(configure):
    config, wire = configure(raw=True)
    async with Session(config) as session:
        await session.ask("a question")
    (request,), (response,) = session.of("llm:request"), session.of("llm:response")
    assert request["raw"]["model"] == wire.bodies()[0]["model"]
    assert response["raw"]["status"] == "completed"
    assert not [name for name in session.names() if name.endswith((":raw", ":debug"))]


async def test_naming_a_session_during_a_turn_puts_no_event_into_the_wrong_call(configure):
    config, _ = configure(pause=2)
    async with Session(config) as session:
        provider, heard = session.provider, {}

        class Hooks:
            def __init__(self, name):
                self.name = name

            async def emit(self, name, payload):
                heard.setdefault(self.name, []).append((name, payload))

        # A call hears what its coordinator's hooks are when it begins.
        class Coordinator:
            cancellation = None

        async def call(name):
            provider.coordinator = Coordinator()
            provider.coordinator.hooks = Hooks(name)
            calling = provider.complete(question(f"question {name}"), extended_thinking=False)
            return await calling

        import asyncio

        names = [f"number-{number}" for number in range(6)]
        responses = await in_time(asyncio.gather(*(call(name) for name in names)))
    for name, response in zip(names, responses, strict=True):
        deltas = [payload["text"] for event, payload in heard[name] if event == "llm:stream_block_delta"]
        assert "".join(deltas) == response.content[0].text
        assert f"question {name}" in response.content[0].text
        assert [event for event, _ in heard[name]].count("llm:response") == 1


def question(text="a question"):
    return ChatRequest(messages=[Message(role="user", content=text)])
