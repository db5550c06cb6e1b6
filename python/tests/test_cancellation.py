"""Whoever gives up pays no longer: the exchange is closed, and the host says so."""

import asyncio
import time

import pytest
from amplifier_core import ChatRequest
from amplifier_core import Message
from amplifier_core.llm_errors import AbortError
from support import Session
from support import in_time
from support import until

# Each piece takes so long that an answer lasts for many seconds.
PAUSE_MS = 300


def question(text="a question that has an answer of many words"):
    return ChatRequest(messages=[Message(role="user", content=text)])


async def test_an_immediate_cancellation_closes_the_exchange_and_no_piece_follows(configure):
    config, wire = configure(pause=PAUSE_MS)
    async with Session(config) as session:
        turn = asyncio.create_task(session.session.execute("a question"))
        await until(lambda: session.of("llm:stream_block_delta"))
        cancellation = session.coordinator.cancellation
        # Ctrl-C once: the step goes on.
        cancellation.request_graceful()
        pieces = len(wire.pieces)
        await until(lambda: len(wire.pieces) > pieces)
        # Twice.
        cancellation.request_immediate()
        begin = time.monotonic()
        await until(lambda: wire.closed_at)
        assert wire.closed_at[0] - begin < 0.15
        pieces = len(wire.pieces)
        await in_time(asyncio.wait([turn]))
        await asyncio.sleep(2 * PAUSE_MS / 1000)
        assert len(wire.pieces) <= pieces
        assert session.of("llm:response")[-1]["status"] == "cancelled"


async def test_complete_ends_with_cancelled_error(configure):
    config, wire = configure(pause=PAUSE_MS)
    async with Session(config) as session:
        call = asyncio.create_task(session.provider.complete(question()))
        await until(lambda: session.of("llm:stream_block_delta"))
        session.coordinator.cancellation.request_immediate()
        with pytest.raises(asyncio.CancelledError):
            await in_time(call)
        assert session.names()[-1] == "llm:response"


async def test_a_timeout_around_complete_closes_the_exchange(configure):
    config, wire = configure(pause=PAUSE_MS)
    async with Session(config) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await session.provider.complete(question())
        end = time.monotonic()
        await until(lambda: wire.closed_at)
        assert wire.closed_at[0] - end < 0.15
        assert session.of("llm:response")[-1]["status"] == "cancelled"
        # The provider is as good as new.
        assert (await in_time(session.provider.complete(question("Hi")))).content


async def test_closing_gives_up_what_does_not_end(configure):
    config, wire = configure('[rest]\nconnection = "hang"')
    async with Session(config) as session:
        call = asyncio.create_task(session.provider.complete(question()))
        await until(lambda: session.of("llm:request"))
        begin = time.monotonic()
        await in_time(session.provider.close())
        assert 4 < time.monotonic() - begin < 7
        with pytest.raises(AbortError):
            await in_time(call)


async def test_closing_lets_what_ends_in_time_end(configure):
    config, _ = configure(pause=20)
    async with Session(config) as session:
        call = asyncio.create_task(session.provider.complete(question()))
        await until(lambda: session.of("llm:stream_block_delta"))
        await in_time(session.provider.close())
        assert (await in_time(call)).content
