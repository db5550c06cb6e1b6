"""The stand-alone gateway on two wasmCloud hosts, from a registry: streams, what it may reach, and a host that is killed.

Usage: python wasmcloud.py HOST_HARNESS COMPONENT, with the gateway in GATEWAY, and nats-server and docker-registry in PATH
"""

import concurrent.futures
import contextlib
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import wash_cli

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from running import EXAMPLES, running  # noqa: E402

REQUESTS = 600
NAME = "gateway.local"


def main(host_harness, component):
    gateway = pathlib.Path(os.environ["GATEWAY"])
    print(f"the gateway {hashlib.sha256(gateway.read_bytes()).hexdigest()}, on two wasmCloud hosts")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mock = stack.enter_context(running([host_harness, "mock", "--json", "--pause", "20"]))
        nats, registry, first, second = free_ports(4)
        background(stack, ["nats-server", "-a", "127.0.0.1", "-p", str(nats), "-js", "-sd", str(folder / "js")])
        (folder / "registry.yml").write_text(
            f"version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {folder}/registry }} }}\n"
            f"http: {{ addr: 127.0.0.1:{registry} }}\n"
        )
        background(stack, ["docker-registry", "serve", str(folder / "registry.yml")])
        listening(nats, registry)

        wash = [pathlib.Path(wash_cli.__file__).parent / "wash"]
        wash[0].chmod(0o755)
        image = f"127.0.0.1:{registry}/azure-openai-gateway:0.1.0"
        subprocess.run([*wash, "oci", "push", "--insecure", image, gateway], check=True, capture_output=True)
        url = f"nats://127.0.0.1:{nats}"
        hosts = [
            background(stack, [
                *wash, "host", "--scheduler-nats-url", url, "--data-nats-url", url, "--host-name", f"host{port}",
                "--http-addr", f"127.0.0.1:{port}", "--allow-insecure-registries", "--allow-host-loopback",
                "--core-instances", "4000", "--default-heap-memory", "256MiB", "--oci-cache-dir", folder / f"cache{port}",
            ])
            for port in (first, second)
        ]
        place = [sys.executable, EXAMPLES / "wasmcloud/place.py", url, image, NAME, "2"]
        variables = {
            "AZURE_OPENAI_ENDPOINT": mock["endpoint"],
            "AZURE_OPENAI_API_KEY": mock["api_key"],
            "GATEWAY_KEY": "key-of-the-gateway",
        }
        placed = subprocess.run(place, env={**os.environ, **variables}, check=True, capture_output=True, text=True)
        assert placed.stdout.count("WORKLOAD_STATE_RUNNING") == 2, placed.stdout

        streams_event_by_event(first)
        print("ok      streams event by event")
        survives_a_host(hosts, first, second)
        print(f"ok      one host of two is killed, and {REQUESTS} of {REQUESTS} requests have their answer")


def background(stack, command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def listening(*ports):
    """Waits until something listens at each port."""
    for port in ports:
        for _ in range(3000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10):
                break
            threading.Event().wait(0.02)
        else:
            raise AssertionError(f"nothing listens at {port}")


def ask(port, stream=False):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"model": "gpt-5.1", "input": "Say hello", "stream": stream})
    headers = {"host": NAME, "content-type": "application/json", "api-key": "key-of-the-gateway"}
    connection.request("POST", "/v1/responses", body, headers)
    return connection.getresponse()


def streams_event_by_event(port):
    answer = ask(port, stream=True)
    assert answer.status == 200, answer.read()
    reads = 0
    seen = b""
    while piece := answer.read1(65536):
        reads += 1
        seen += piece
    deltas = len(re.findall(rb"^event: response.output_text.delta", seen, re.MULTILINE))
    # The mock pauses between its pieces, and whoever holds them back hands them over in one.
    assert deltas > 5 and reads >= deltas, (deltas, reads)


def survives_a_host(hosts, *ports):
    """A balancer does what `asked` does: it takes the other host when one has no answer."""
    turns = itertools.count()
    answered = itertools.count()

    def asked(_):
        turn = next(turns)
        for port in (ports[turn % 2], ports[(turn + 1) % 2]):
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = ask(port)
                answer.read()
                if next(answered) == REQUESTS // 3:
                    hosts[1].send_signal(signal.SIGKILL)
                return answer.status
        return None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(asked, range(REQUESTS)))
    assert hosts[1].wait(10) == -signal.SIGKILL
    assert statuses == [200] * REQUESTS, {status: statuses.count(status) for status in set(statuses)}


main(*sys.argv[1:])
