"""One call: its events to the hooks in their order, and what came of it."""

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

from amplifier_core import llm_errors

from ._native import Stream

logger = logging.getLogger(__package__)

Emit = Callable[[str, dict[str, Any]], Awaitable[Any]]

# How often a call looks whether it was cancelled. Longer than the 50 ms of Amplifier's command line, which says so itself
# first; short enough that nobody pays for what nobody reads.
CANCELLATION_INTERVAL = 0.08

# How long hooks may take to hear of the end of a call that was given up.
LAST_WORDS_TIMEOUT = 1.0


class Call:
    """Reads one call of the host's."""

    def __init__(self, stream: Stream, emit: Emit | None, *, raw: bool, is_cancelled: Callable[[], bool] | None) -> None:
        self._stream = stream
        self._emit = emit
        self._events = Events(raw)
        self._is_cancelled = is_cancelled
        self._was_cancelled = False

    async def response(self) -> str:
        """The response, as JSON text. Whoever is cancelled here, in either way, has closed the HTTP exchange.

        Raises `ProviderFailure`, `AbortError` when the provider was closed, and `asyncio.CancelledError` when the session was
        cancelled.
        """
        async with self._watched():
            try:
                while True:
                    match await self.next():
                        case ("completed", response):
                            return response
                        case ("closed",):
                            raise self._why_closed()
                        case item:
                            await self._deliver(item)
            except asyncio.CancelledError:
                self._stream.close()
                await self._last_words()
                raise
            finally:
                self._stream.close()

    async def next(self) -> tuple[str, ...]:
        """The next item, when it is there: an event, a line for the log, the response, or the end."""
        while (item := self._stream.poll()) is None:
            await self._stream.ready()
        return item

    async def _last_words(self) -> None:
        """Hands on what is there up to the end: the host says of a call that was given up that it was cancelled."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LAST_WORDS_TIMEOUT):
                while (item := await self.next())[0] in ("event", "log"):
                    await self._deliver(item)

    async def _deliver(self, item: tuple[str, ...]) -> None:
        match item:
            case ("log", level, line):
                log(level, line)
            case ("event", name, payload):
                if self._emit is not None:
                    for event in self._events.of_amplifier(name, json.loads(payload)):
                        await self._emit(*event)

    @contextlib.asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        if self._is_cancelled is None:
            yield
            return
        watch = asyncio.create_task(self._watch(self._is_cancelled))
        try:
            yield
        finally:
            watch.cancel()

    async def _watch(self, is_cancelled: Callable[[], bool]) -> None:
        # The kernel does not cancel the task of a turn that it gives up; it says so, and one has to look.
        while not is_cancelled():
            await asyncio.sleep(CANCELLATION_INTERVAL)
        self._was_cancelled = True
        self._stream.close()

    def _why_closed(self) -> BaseException:
        if self._was_cancelled:
            return asyncio.CancelledError("the turn was cancelled")
        return llm_errors.AbortError("the provider was closed while it answered", provider="azure-openai")


class Events:
    """The component's events in Amplifier's form."""

    def __init__(self, raw: bool) -> None:
        # One for all of a call, retries and continuations included.
        self._request_id = uuid.uuid4().hex
        self._raw = raw
        # What waits for its body.
        self._request: dict[str, Any] | None = None
        self._response_body: Any = None

    def of_amplifier(self, name: str, payload: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """What Amplifier hears in the place of an event."""
        if name.startswith("llm:"):
            payload["request_id"] = self._request_id
        if name == "llm:stream_block_delta" and payload.get("block_type") == "tool_use":
            # Nobody can do anything with a part of some arguments.
            return []
        if payload.get("block_type") == "refusal":
            payload["block_type"] = "text"
        return self._with_bodies(name, payload) if self._raw else [(name, payload)]

    def _with_bodies(self, name: str, payload: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """With `raw`, bodies are members of the kernel's events, and not events of their own."""
        if name in ("llm:request:debug", "llm:response:debug"):
            return []
        if name == "llm:response:raw":
            self._response_body = payload.get("response")
            return []
        if name == "llm:response" and self._response_body is not None:
            payload["raw"] = self._response_body
        if name == "llm:request":
            self._request = payload
            return []
        held, self._request = self._request, None
        if held is None:
            return [] if name == "llm:request:raw" else [(name, payload)]
        if name == "llm:request:raw":
            return [("llm:request", held | {"raw": payload.get("params")})]
        return [("llm:request", held), (name, payload)]


def log(level: str, line: str) -> None:
    """Writes what the provider has for the log."""
    logger.log(getattr(logging, level.upper(), logging.INFO), "%s", line)
