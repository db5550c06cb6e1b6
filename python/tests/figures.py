"""What the module costs beside `openai` for Python, which the Python module is built on: in one process, in one run, against one
mock, by turns. `cargo xtask python --figures` runs it.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time

HOST_HARNESS = os.environ["HOST_HARNESS"]
KEY = "mock-key"
MODEL = "gpt-5.1"

# An answer of some 500 events.
PROMPT = " ".join(f"word{number}" for number in range(480))

ROUNDS = 15


def mock():
    """A mock that sends as fast as it can."""
    process = subprocess.Popen([HOST_HARNESS, "mock", "--json", "--pause", "0"], stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["endpoint"]


class Coordinator:
    """What a module is mounted on: hooks that do nothing."""

    cancellation = None

    def __init__(self):
        self.hooks, self.provider = self, None
        self.events, self.first = 0, None

    async def emit(self, name, payload):
        self.events += 1
        if self.first is None and name == "llm:stream_block_delta":
            self.first = time.perf_counter()

    async def mount(self, point, provider, name):
        self.provider = provider

    def register_contributor(self, *_):
        pass


async def main():
    # Both need it, and neither pays for it.
    from amplifier_core import ChatRequest
    from amplifier_core import Message

    process, endpoint = mock()
    try:
        begin = time.perf_counter()
        from amplifier_module_provider_azure_openai import mount

        coordinator = Coordinator()
        close = await mount(coordinator, {"azure_endpoint": endpoint, "api_key": KEY, "default_model": MODEL})
        ours_mount = time.perf_counter() - begin

        begin = time.perf_counter()
        import openai

        client = openai.AsyncOpenAI(base_url=f"{endpoint}/openai/v1", api_key=KEY)
        theirs_mount = time.perf_counter() - begin

        request = ChatRequest(messages=[Message(role="user", content=PROMPT)])
        ours, theirs = [], []
        for number in range(ROUNDS + 3):
            coordinator.events, coordinator.first = 0, None
            wall, cpu = time.perf_counter(), time.process_time()
            await coordinator.provider.complete(request)
            sample = (coordinator.first - wall, time.process_time() - cpu, coordinator.events)

            wall, cpu = time.perf_counter(), time.process_time()
            first, events = None, 0
            async for event in await client.responses.create(model=MODEL, input=PROMPT, stream=True, max_output_tokens=4096):
                events += 1
                if first is None and event.type == "response.output_text.delta":
                    first = time.perf_counter()
            # The first ones warm up.
            if number >= 3:
                ours.append(sample)
                theirs.append((first - wall, time.process_time() - cpu, events))
        await close()
        await client.close()
    finally:
        process.terminate()
        process.wait()
    show("import and mount, ms", ours_mount * 1e3, theirs_mount * 1e3)
    show("to the first delta, ms", median(ours, 0) * 1e3, median(theirs, 0) * 1e3)
    per_event = [statistics.median(cpu / events for _, cpu, events in of) * 1e6 for of in (ours, theirs)]
    show(f"CPU for an event of {theirs[0][2]}, µs", *per_event)


def median(samples, index):
    return statistics.median(sample[index] for sample in samples)


def show(what, ours, theirs):
    print(f"{what:32} {ours:10.1f} {theirs:10.1f} {theirs / ours:8.1f}")


if __name__ == "__main__":
    print(f"{'':32} {'ours':>10} {'openai':>10} {'ratio':>8}")
    sys.exit(asyncio.run(main()))
