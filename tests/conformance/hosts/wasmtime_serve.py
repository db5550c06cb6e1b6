"""The stand-alone gateway in wasmtime's own server: answers, streams event by event, many at once, and what it refuses.

Usage: python wasmtime_serve.py HOST_HARNESS COMPONENT, with the gateway in GATEWAY and the server in WASMTIME
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import re
import sys
import traceback
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from running import gateway, running  # noqa: E402

STREAMS = 150


def main(host_harness, component):
    digest = hashlib.sha256(pathlib.Path(os.environ["GATEWAY"]).read_bytes()).hexdigest()
    print(f"the gateway {digest}, in wasmtime's own server")
    failed = 0
    for case in [answers, streams_event_by_event, a_hundred_and_fifty_at_once, refuses_another_key]:
        try:
            with running([host_harness, "mock", "--json", "--pause", "50"]) as mock:
                variables = {
                    "AZURE_OPENAI_ENDPOINT": mock["endpoint"],
                    "AZURE_OPENAI_API_KEY": mock["api_key"],
                    "GATEWAY_KEY": "key-of-the-gateway",
                }
                with gateway(**variables) as address:
                    case(address)
        except Exception:
            failed += 1
            print(f"FAILED  {case.__name__}")
            traceback.print_exc(limit=-3, file=sys.stdout)
        else:
            print(f"ok      {case.__name__}")
    return 1 if failed else 0


def ask(address, key="key-of-the-gateway", stream=False):
    connection = http.client.HTTPConnection(urllib.parse.urlparse(address).netloc, timeout=60)
    body = json.dumps({"model": "gpt-5.1", "input": "Say hello", "stream": stream})
    headers = {"content-type": "application/json", "api-key": key}
    connection.request("POST", "/v1/responses", body, headers)
    return connection.getresponse()


def answers(address):
    answer = ask(address)
    assert answer.status == 200, answer.read()
    assert "Hello from the mock" in json.load(answer)["output"][0]["content"][0]["text"]


def streams_event_by_event(address):
    answer = ask(address, stream=True)
    reads = 0
    seen = b""
    while piece := answer.read1(65536):
        reads += 1
        seen += piece
    assert b"response.completed" in seen
    # The mock pauses between its pieces, and whoever holds them back hands them over in one.
    deltas = len(re.findall(rb"^event: response.output_text.delta", seen, re.MULTILINE))
    assert deltas > 5 and reads >= deltas, (deltas, reads)


def a_hundred_and_fifty_at_once(address):
    def one(_):
        answer = ask(address, stream=True)
        return answer.status, b"response.completed" in answer.read()

    with concurrent.futures.ThreadPoolExecutor(STREAMS) as pool:
        outcomes = list(pool.map(one, range(STREAMS)))
    assert outcomes == [(200, True)] * STREAMS, outcomes


def refuses_another_key(address):
    answer = ask(address, key="another")
    assert (answer.status, json.load(answer)["error"]["code"]) == (401, "invalid_api_key")


sys.exit(main(*sys.argv[1:]))
