"""Many sessions in one process, builds that change under them, and what is left at the end."""

import asyncio
import gc
import multiprocessing
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from amplifier_core import ChatRequest
from amplifier_core import Message
from amplifier_core.llm_errors import LLMError
from support import COMPONENT
from support import KEY
from support import MODULES
from support import Session
from support import in_time
from support import until

TESTS = Path(__file__).parent


def question(text="a question"):
    return ChatRequest(messages=[Message(role="user", content=text)])


def threads():
    """The threads of this process that are the provider's."""
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        pytest.skip("this system does not list threads")
    names = []
    for task in tasks.iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:
            continue
    return [name for name in names if name in ("azure-openai", "epoch")]


async def test_twenty_sessions_at_once_with_other_models_and_one_limit(configure):
    config, wire = configure(pause=1, max_concurrent_requests=4)
    models = ["gpt-5.1", "gpt-5-mini", "gpt-4.1", "gpt-5"]
    sessions = [
        Session({**config, "default_model": models[number % 4]}, MODULES[number % 2]) for number in range(20)
    ]
    for session in sessions:
        await session.__aenter__()
    answers = await in_time(asyncio.gather(*(session.ask(f"number {n}") for n, session in enumerate(sessions))), 60)
    for number, (session, answer) in enumerate(zip(sessions, answers, strict=True)):
        assert f"number {number}" in answer and models[number % 4] in answer
        assert session.text() == answer
        (concurrency,) = session.of("provider:concurrency")
        assert concurrency["max_concurrent"] == 4 and concurrency["active_requests"] <= 4
    waited = [session.of("provider:concurrency")[0]["waiting_requests"] for session in sessions]
    assert max(waited) >= 4, "they are counted together"
    for session in sessions:
        await session.__aexit__()
    await until(lambda: not threads())


async def test_two_hundred_turns_leave_memory_and_threads_as_they_were(configure):
    config, _ = configure()
    async with Session(config) as session:
        provider = session.provider

        async def turns(count):
            for number in range(count):
                await in_time(provider.complete(question(f"number {number}")))
                session.heard.clear()
            gc.collect()
            return resident()

        before = await turns(60)
        after = await turns(200)
        assert after - before < 8 << 20, (before, after)
        count = len(threads())
        await turns(5)
        assert len(threads()) == count
    await until(lambda: not threads())


def resident():
    """Bytes of memory that this process has now; on systems that do not say, the most that it had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


async def test_mounting_again_and_again_leaves_nothing(configure):
    config, _ = configure()
    for _ in range(20):
        async with Session(config) as session:
            await session.ask("a question")
    await until(lambda: not threads())


def other_build(path):
    """The component with a section that says nothing: another build."""
    name = b"another"
    content = bytes([len(name)]) + name
    path.with_suffix(".partial").write_bytes(Path(COMPONENT).read_bytes() + bytes([0, len(content)]) + content)
    path.with_suffix(".partial").rename(path)
    return path


async def test_a_swap_under_ten_running_streams_fails_none(configure, tmp_path):
    config, _ = configure(pause=10, max_concurrent_requests=20)
    async with Session(config) as session:
        host, provider = session.provider._host, session.provider
        running = [asyncio.create_task(provider.complete(question(f"number {number}"))) for number in range(10)]
        await until(lambda: len(session.of("llm:stream_block_delta")) >= 10)
        swap = await in_time(host.swap(other_build(tmp_path / "other.wasm")))
        before = [(await in_time(task)).metadata["host:build"] for task in running]
        after = (await in_time(provider.complete(question()))).metadata["host:build"]
    assert set(before) != {after} and all(build in swap for build in (*before, after))


async def test_each_new_build_in_a_watched_file_answers(configure, tmp_path):
    file = tmp_path / "component.wasm"
    file.write_bytes(Path(COMPONENT).read_bytes())
    config, _ = configure(component=str(file), watch="true")
    async with Session(config) as session:
        provider = session.provider
        first = (await provider.complete(question())).metadata["host:build"]
        file.write_bytes(b"no component")
        other_build(file)
        await until(lambda: first not in provider._host.statistics())
        assert (await provider.complete(question())).metadata["host:build"] != first


PROGRAM = f"""
import asyncio, sys
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS / "modules")!r}]
from support import Session
config = {{"azure_endpoint": sys.argv[1], "api_key": {KEY!r}, "default_model": "gpt-5.1"}}
async def main():
    session = await Session(config).__aenter__()
    how = sys.argv[2]
    if how == "answered":
        await session.ask("a question")
        await session.__aexit__()
    elif how == "never closed":
        await session.ask("a question")
        globals()["kept"] = session
    elif how == "in the middle":
        globals()["task"] = asyncio.ensure_future(session.session.execute("a question"))
        while not session.of("llm:stream_block_delta"):
            await asyncio.sleep(0.01)
asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["answered", "never closed", "in the middle"])
def test_nothing_is_printed_at_the_end_of_the_interpreter(how, start):
    wire = start(pause=30)
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", PROGRAM, wire.endpoint, how], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def answer_in(endpoint):
    """One answer, in a process of its own."""
    from amplifier_azure_openai import AzureOpenAIProvider

    async def ask():
        provider = AzureOpenAIProvider(api_key=KEY, base_url=endpoint, config={"default_model": "gpt-5.1"})
        await provider.open()
        response = await provider.complete(question())
        await provider.close()
        return response.content[0].text

    return asyncio.run(ask())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_children_answer_by_themselves(method, start):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    endpoint = start().endpoint
    # The parent has used it before, and closed it.
    assert "You said" in answer_in(endpoint)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert all("You said" in answer for answer in pool.map(answer_in, [endpoint] * 4))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_provider_from_before_a_fork_says_so_in_the_child_and_a_new_one_works(configure):
    config, wire = configure()
    async with Session(config) as session:
        await session.ask("a question")
        provider = session.provider

        def in_child(to_parent):
            async def ask():
                try:
                    await provider.complete(question())
                except LLMError as error:
                    to_parent.send(str(error))

            asyncio.run(ask())
            to_parent.send(answer_in(wire.endpoint))

        context = multiprocessing.get_context("fork")
        from_child, to_parent = context.Pipe(duplex=False)
        child = context.Process(target=in_child, args=(to_parent,))
        child.start()
        to_parent.close()
        heard = []
        for _ in range(2):
            await until(from_child.poll)
            heard.append(from_child.recv())
        first, second = heard
        from_child.close()
        assert "before the process was forked" in first and "You said" in second
        child.join(10)
        assert child.exitcode == 0
        # The parent goes on.
        assert "You said" in await session.ask("another")
