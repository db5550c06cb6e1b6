"""The provider in wasmtime's Python package: it gets its configuration as JSON, and streams an answer."""

import json
import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

CONTRACT = "0.2.0"


def record(**fields):
    """A record of the contract: each field is there, under the name that it has in the contract."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def get_token(store, request):
    message = "this host has no credentials; set AZURE_OPENAI_API_KEY"
    return Variant("err", record(kind="unavailable", message=message, retry_after_ms=None))


def ok(result):
    """The value of a result. Where the types of its cases tell them apart, it comes without its tag."""
    if isinstance(result, Variant) and result.tag in ("ok", "err"):
        if result.tag == "ok":
            return result.payload
        result = result.payload
    if isinstance(result, Record) and hasattr(result, "retryable"):
        sys.exit(f"{result.kind}: {result.message}")
    return result


engine = Engine()
component = Component.from_file(engine, sys.argv[1])
linker = Linker(engine)
linker.add_wasip2()
linker.add_wasi_http()
with linker.root() as root:
    with root.add_instance(f"amplifier:provider/events@{CONTRACT}") as events:
        # Nobody listens.
        events.add_func("subscribed", lambda store: [])
        events.add_func("emit", lambda store, name, payload: None)
        events.add_func("log", lambda store, level, message: print(level, message, file=sys.stderr))
    with root.add_instance(f"amplifier:provider/credentials@{CONTRACT}") as credentials:
        credentials.add_func("get-token", get_token)
    # For several deployments of a model: one instance, which has nobody to share with.
    with root.add_instance(f"amplifier:provider/shared-state@{CONTRACT}") as shared:
        shared.add_func("read", lambda store: record(text="", version=0, busy=[]))
        shared.add_func("write", lambda store, text, version: False)
        shared.add_func("work-with", lambda store, name: None)

store = Store(engine)
store.set_wasi(WasiConfig())
store.set_wasi_http()
instance = linker.instantiate(store, component)
interface = instance.get_export_index(store, f"amplifier:provider/provider@{CONTRACT}")


def call(name, *arguments):
    function = instance.get_func(store, instance.get_export_index(store, name, interface))
    return ok(function(store, *arguments))


config = {"azure_endpoint": os.environ["AZURE_OPENAI_ENDPOINT"], "api_key": os.environ["AZURE_OPENAI_API_KEY"]}
provider = call("[static]provider.open", json.dumps(config))
prompt = sys.argv[2] if len(sys.argv) > 2 else "Say hello"
message = record(role="user", content=prompt, name=None, tool_call_id=None, metadata=None, extensions=None)
options = [
    "tool_choice", "response_format", "model", "temperature", "top_p", "max_output_tokens", "reasoning_effort",
    "conversation_id", "stream", "timeout", "metadata", "extensions",
]
request = record(messages=[message], tools=[], stop=[], **dict.fromkeys(options))
stream = call("[method]provider.complete-streaming", provider, request)
while events := call("[method]response-stream.next", stream):
    for event in events:
        if event.tag == "block-delta":
            print(event.payload.text, end="", flush=True)
print()
stream.drop(store)
provider.drop(store)
