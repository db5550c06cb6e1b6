"""A mock of Azure OpenAI, what goes over the wire, and sessions of Amplifier's kernel."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

from amplifier_core import AmplifierSession
from amplifier_core import HookResult
from amplifier_core import ToolResult

HOST_HARNESS = os.environ["HOST_HARNESS"]
COMPONENT = os.environ["AZURE_OPENAI_COMPONENT"]
MODULES = ["provider-azure-openai", "provider-azure-openai-wasm"]
KEY = "a-key-that-must-not-be-seen-anywhere"
EVENTS = [
    "llm:request",
    "llm:response",
    "llm:stream_block_start",
    "llm:stream_block_delta",
    "llm:stream_block_end",
    "llm:stream_aborted",
    "provider:concurrency",
    "provider:config_warning",
    "provider:deployment_resolved",
    "provider:error",
    "provider:incomplete_continuation",
    "provider:parameter_dropped",
    "provider:request",
    "provider:retry",
    "provider:tool_sequence_repaired",
]


async def in_time(something, seconds=30):
    """Fails when something takes far longer than it should."""
    return await asyncio.wait_for(something, seconds)


async def until(is_so, seconds=30):
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "this takes too long"
        await asyncio.sleep(0.002)


class Mock:
    """`host-harness mock`, with a script or without."""

    def __init__(self, folder, script=None, pause=0, key=KEY):
        arguments = [HOST_HARNESS, "mock", "--json", "--pause", str(pause), "--api-key", key]
        if script is not None:
            path = Path(folder) / f"script-{time.monotonic_ns()}.toml"
            path.write_text(script)
            arguments += ["--script", str(path)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Wire:
    """What is between the provider and the mock: sees the bodies of requests, and when pieces of answers went by."""

    def __init__(self, endpoint):
        self.address = ("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.sent = []
        self.pieces = []
        self.closed_at = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        with client, socket.create_connection(self.address) as service:
            sent = bytearray()
            self.sent.append(sent)
            answers = threading.Thread(target=self.answers, args=(service, client), daemon=True)
            answers.start()
            self.requests(client, service, sent)
            answers.join()

    def requests(self, client, service, sent):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                sent += data
                service.sendall(data)
        self.closed_at.append(time.monotonic())
        with contextlib.suppress(OSError):
            service.shutdown(socket.SHUT_RDWR)

    def answers(self, service, client):
        with contextlib.suppress(OSError):
            while data := service.recv(65536):
                self.pieces.append(time.monotonic())
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def bodies(self):
        """The bodies of all requests, in the order in which they came on each connection."""
        bodies = []
        for sent in self.sent:
            rest = bytes(sent)
            while b"\r\n\r\n" in rest:
                head, rest = rest.split(b"\r\n\r\n", 1)
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
                length = int(fields.get(b"content-length", 0))
                body, rest = rest[:length], rest[length:]
                bodies.append(json.loads(body))
        return bodies

    def close(self):
        with contextlib.suppress(OSError):
            # Wakes the one who accepts.
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Lookup:
    """A tool."""

    name, description = "lookup", "looks something up"
    input_schema = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}

    def __init__(self, content=None):
        self.content = content

    async def execute(self, arguments):
        return ToolResult(success=True, output={"found": arguments}, content=self.content)


class Session:
    """A session of the kernel's, with a provider, and what its hooks heard."""

    def __init__(self, config, module="provider-azure-openai", loop="loop-streaming-test", loop_config=None, tools=(), others=(), **provider):
        plan = {
            "session": {
                "orchestrator": {"module": loop, "config": loop_config or {}},
                "context": {"module": "context-test", "config": {}},
            },
            "providers": [{"module": module, "config": config, **provider}, *others],
            "tools": [],
        }
        self.session = AmplifierSession(plan, session_id=f"s{time.monotonic_ns()}")
        self.tools = tools
        self.heard = []
        for name in EVENTS:
            self.session.coordinator.hooks.register(name, self.hear, priority=0, name=f"test-{name}")

    async def hear(self, name, payload):
        self.heard.append((name, dict(payload)))
        return HookResult(action="continue")

    async def __aenter__(self):
        await self.session.initialize()
        for tool in self.tools:
            await self.session.coordinator.mount("tools", tool, name=tool.name)
        return self

    async def __aexit__(self, *_):
        await self.session.cleanup()

    async def ask(self, prompt):
        return await in_time(self.session.execute(prompt))

    @property
    def coordinator(self):
        return self.session.coordinator

    @property
    def provider(self):
        (provider,) = self.coordinator.get("providers").values()
        return provider

    async def messages(self):
        return await self.coordinator.get("context").get_messages()

    def of(self, name):
        return [payload for heard, payload in self.heard if heard == name]

    def names(self):
        return [name for name, _ in self.heard]

    def text(self):
        """What came in deltas of text."""
        deltas = self.of("llm:stream_block_delta")
        return "".join(delta["text"] for delta in deltas if delta["block_type"] == "text")
