"""The official `openai` package against the mock of Azure OpenAI: does software that we did not write believe it?

Usage: python openai_sdk.py HOST_HARNESS

`cargo xtask conformance` installs the package and runs this. Every case runs with both clients of the package, each
against a mock of its own. The package takes almost any JSON for an answer, so what it has read is validated here against
its own classes.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback
import typing
from contextlib import contextmanager

import openai
from openai.types.responses import ResponseStreamEvent
from pydantic import BaseModel, ValidationError


def main(host_harness):
    print(f"openai {openai.__version__}, Python {sys.version.split()[0]}")
    forget_the_environment()
    failed = 0
    for name, connect in CLIENTS.items():
        for case in CASES:
            title = f"{name}: {case.__name__.replace('_', ' ')}"
            try:
                with mock(host_harness, SCRIPTS.get(case)) as (endpoint, key):
                    with connect(endpoint, key) as client:
                        case(client)
            except Exception:
                failed += 1
                print(f"FAILED  {title}")
                traceback.print_exc(limit=-3, file=sys.stdout)
            else:
                print(f"ok      {title}")
    print(f"{len(CLIENTS) * len(CASES)} cases, {failed} failed")
    return 1 if failed else 0


def forget_the_environment():
    """What the package would take from the variables around it: keys, addresses and proxies."""
    for name in list(os.environ):
        if name.upper().startswith(("AZURE_", "OPENAI_")) or name.upper().endswith("_PROXY"):
            del os.environ[name]


@contextmanager
def mock(host_harness, script):
    """A running mock that plays a script, if there is one: its endpoint and its key."""
    command = [host_harness, "mock", "--json", "--pause", "0"]
    with tempfile.TemporaryDirectory() as folder:
        if script:
            path = pathlib.Path(folder, "script.toml")
            path.write_text(script)
            command += ["--script", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                ready = json.loads(process.stdout.readline())
                yield ready["endpoint"], ready["api_key"]
            finally:
                process.kill()


def azure_client(endpoint, key):
    """The client for dated versions of the API, with the key in `api-key`."""
    return openai.AzureOpenAI(
        azure_endpoint=endpoint,
        api_key=key,
        api_version="2025-04-01-preview",
        timeout=TIMEOUT,
    )


def v1_client(endpoint, key):
    """The client for the `v1` API, with the key as a bearer token."""
    return openai.OpenAI(
        base_url=f"{endpoint}/openai/v1",
        api_key=key,
        timeout=TIMEOUT,
    )


CLIENTS = {"AzureOpenAI": azure_client, "OpenAI": v1_client}

# The mock is on this machine and does not think: a request that takes this long has been forgotten.
TIMEOUT = 10


# Answers.


def a_plain_answer(client):
    response = ask(client)
    is_valid(response)
    equal(response.status, "completed")
    equal(response.model, "gpt-4.1-2025-04-14")
    equal(response.output_text, GREETING)
    equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens)
    holds(response._request_id, "the answer has a request id")


def a_streamed_answer(client):
    events = list(ask(client, stream=True))
    equal(kinds(events), [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ])
    equal("".join(event.delta for event in events if event.type == "response.output_text.delta"), GREETING)
    equal(events[-1].response.output_text, GREETING)


def the_helper_for_streams_accumulates_the_same_response(client):
    with client.responses.stream(model="gpt-4.1", input="Say hello") as stream:
        told = [event.delta for event in stream if event.type == "response.output_text.delta"]
        equal("".join(told), GREETING)
        equal(stream.get_final_response().output_text, GREETING)


def a_round_trip_of_parallel_calls(client):
    prompt = {"role": "user", "content": "Ask get_weather and get_time for Bern"}
    first = ask(client, input=[prompt], tools=TOOLS)
    is_valid(first)
    calls = [item for item in first.output if item.type == "function_call"]
    equal([(call.name, json.loads(call.arguments)) for call in calls],
          [("get_weather", {"city": "Bern"}), ("get_time", {"city": "Bern"})])
    outputs = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{call.name} is fine"} for call in calls
    ]
    second = ask(client, input=[prompt, *first.output, *outputs], tools=TOOLS)
    equal(second.output_text,
          "The tool get_weather answered: get_weather is fine The tool get_time answered: get_time is fine")


def a_single_call_when_parallel_ones_are_off(client):
    response = ask(client, input="Ask get_weather and get_time for Bern", tools=TOOLS, parallel_tool_calls=False)
    equal([item.name for item in response.output], ["get_weather"])


def streamed_calls(client):
    events = list(ask(client, input="Ask get_weather and get_time for Bern", tools=TOOLS, stream=True))
    of_the_last = [event for event in events if getattr(event, "output_index", None) == 1]
    equal(kinds(of_the_last), [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ])
    deltas = [event.delta for event in of_the_last if event.type == "response.function_call_arguments.delta"]
    equal(json.loads("".join(deltas)), {"city": "Bern"})
    equal(of_the_last[-1].item.arguments, "".join(deltas))


def a_structured_answer(client):
    response = client.responses.parse(model="gpt-4.1", input="The population of Bern is 137000", text_format=City)
    equal(response.output_parsed, City(name="Bern", population=137000))


def reasoning_and_its_return(client):
    arguments = {
        "model": "gpt-5.1",
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    first = ask(client, input="Think about snow", **arguments)
    is_valid(first)
    equal([item.type for item in first.output], ["reasoning", "message"])
    reasoning = first.output[0]
    equal([part.text for part in reasoning.summary], ["Thinking about the question."])
    holds(reasoning.encrypted_content, "the reasoning comes encrypted")
    holds(first.usage.output_tokens_details.reasoning_tokens > 0, "reasoning is counted")

    question = {"role": "user", "content": "Think about snow"}
    second = {"role": "user", "content": "And about rain"}
    events = list(ask(client, input=[question, *first.output, second], stream=True, **arguments))
    holds("response.reasoning_summary_text.delta" in kinds(events), "the summary is streamed")
    equal([item.type for item in events[-1].response.output], ["reasoning", "message"])


def an_answer_that_is_cut_off(client):
    response = ask(client, input="word " * 100, max_output_tokens=16)
    is_valid(response)
    equal((response.status, response.incomplete_details.reason), ("incomplete", "max_output_tokens"))
    equal(response.usage.output_tokens, 16)


def a_refusal_of_the_model(client):
    events = list(ask(client, input="Please refuse", stream=True))
    holds("response.refusal.delta" in kinds(events), "the refusal is streamed")
    equal(events[-1].response.output[0].content[0].refusal, "I cannot help with that request.")


# Refusals of the service.


def a_wrong_key(client):
    error = raises(openai.AuthenticationError, lambda: ask(client.with_options(api_key="wrong")))
    is_status_error(error, 401, "401", "Access")


def a_deployment_that_does_not_exist(client):
    error = raises(openai.NotFoundError, lambda: ask(client, model="nowhere"))
    is_status_error(error, 404, "DeploymentNotFound", "The API deployment for this resource does not exist")


def a_parameter_that_the_model_does_not_take(client):
    error = raises(openai.BadRequestError, lambda: ask(client, model="gpt-5", temperature=0.5))
    is_status_error(error, 400, "unsupported_parameter", "Unsupported parameter: 'temperature'")
    equal((error.param, error.type), ("temperature", "invalid_request_error"))


def an_output_of_no_call(client):
    output = {"type": "function_call_output", "call_id": "call_x", "output": "fine"}
    error = raises(openai.BadRequestError, lambda: ask(client, input=[output]))
    is_status_error(error, 400, None, "No tool call found for function call output with call_id call_x")


# What goes wrong on the way, by scripts.

SCRIPTS = {}


def scripted(script):
    """Lets a case play a script."""

    def remember(case):
        SCRIPTS[case] = script
        return case

    return remember


@scripted("""
[[step]]
repeat = 2
status = 429
retry_after = { header = "retry-after-ms", ms = 20 }
json = { error = { code = "429", message = "Too many requests." } }
""")
def too_many_requests_and_then_an_answer(client):
    raw = client.responses.with_raw_response.create(model="gpt-4.1", input="Say hello")
    equal(raw.retries_taken, 2)
    equal(raw.parse().output_text, GREETING)


@scripted("""
[rest]
status = 429
retry_after = { header = "retry-after-ms", ms = 20 }
json = { error = { code = "429", message = "Too many requests." } }
""")
def too_many_requests_for_good(client):
    error = raises(openai.RateLimitError, lambda: ask(client))
    is_status_error(error, 429, "429", "Too many requests.")
    equal(error.response.headers["retry-after-ms"], "20")


@scripted("""
[rest]
status = 502
html = "<html><body>Bad gateway</body></html>"
""")
def a_page_of_a_gateway(client):
    error = raises(openai.InternalServerError, lambda: ask(client.with_options(max_retries=0)))
    is_status_error(error, 502, None, "Error code: 502")
    holds("Bad gateway" in error.response.text, "the page is kept")


@scripted("""
[[step]]
connection = "close"
[[step]]
connection = "reset"
""")
def connections_that_end_and_then_an_answer(client):
    equal(ask(client).output_text, GREETING)


@scripted("""
[rest]
connection = "reset"
""")
def connections_that_always_end(client):
    raises(openai.APIConnectionError, lambda: ask(client.with_options(max_retries=0)))


@scripted("""
[rest]
connection = "hang"
""")
def an_answer_that_never_comes(client):
    raises(openai.APITimeoutError, lambda: ask(client.with_options(max_retries=0, timeout=0.2)))


@scripted("""
[rest]
[rest.stream]
split_every = 1
insert = [
  { every = 1, comment = "still here" },
  { after = 3, event = { type = "keepalive" } },
]
unknown_fields = true
line_end = "crlf"
done = true
""")
def a_stream_byte_by_byte_with_comments(client):
    events = list(ask(client, stream=True))
    equal(events[-1].type, "response.completed")
    equal(events[-1].response.output_text, GREETING)
    equal("".join(event.delta for event in events if event.type == "response.output_text.delta"), GREETING)
    holds(events[0].field_of_tomorrow, "unknown members are kept")


def told_until(error_class, client):
    """What a stream tells until it fails with exactly that class, and the error."""
    told = []

    def read():
        for event in ask(client, stream=True):
            if event.type == "response.output_text.delta":
                told.append(event.delta)

    error = raises(error_class, read)
    return "".join(told), error


@scripted("""
[rest]
stream = { error = { shape = "azure", after = 6, code = "rate_limit_exceeded", message = "No room." } }
""")
def an_error_of_azure_within_a_stream(client):
    told, error = told_until(openai.APIError, client)
    equal(told, "Hello from")
    equal((error.message, error.code), ("No room.", "rate_limit_exceeded"))


@scripted("""
[rest]
stream = { error = { shape = "flat", code = "server_error", message = "Something broke." } }
""")
def an_error_of_openai_within_a_stream(client):
    last = list(ask(client, stream=True))[-1]
    is_valid(last)
    equal((last.type, last.code, last.message), ("error", "server_error", "Something broke."))


@scripted("""
[rest]
stream = { error = { shape = "failed", code = "server_error", message = "Something broke." } }
""")
def a_response_that_failed(client):
    last = list(ask(client, stream=True))[-1]
    is_valid(last)
    equal((last.type, last.response.status), ("response.failed", "failed"))
    equal((last.response.error.code, last.response.error.message), ("server_error", "Something broke."))


@scripted("""
[rest]
stream = { error = { shape = "failed-then-azure", code = "server_error", message = "Something broke." } }
""")
def a_response_that_failed_and_then_its_error(client):
    told, error = told_until(openai.APIError, client)
    equal(told, GREETING)
    equal((error.message, error.code), ("Something broke.", "server_error"))


@scripted("""
[rest]
stream = { stop = { after_events = 6, how = "close" } }
""")
def a_stream_that_is_cut(client):
    told, _ = told_until(openai.APIConnectionError, client)
    equal(told, "Hello from")


@scripted("""
[rest]
stream = { stop = { after_events = 6, how = "stall" } }
""")
def a_stream_that_stalls(client):
    told, _ = told_until(openai.APITimeoutError, client.with_options(timeout=0.2))
    equal(told, "Hello from")


@scripted("""
[rest]
stream = { without_final_event = true }
""")
def a_stream_without_its_response(client):
    equal(list(ask(client, stream=True))[-1].type, "response.output_item.done")


CASES = [
    a_plain_answer,
    a_streamed_answer,
    the_helper_for_streams_accumulates_the_same_response,
    a_round_trip_of_parallel_calls,
    a_single_call_when_parallel_ones_are_off,
    streamed_calls,
    a_structured_answer,
    reasoning_and_its_return,
    an_answer_that_is_cut_off,
    a_refusal_of_the_model,
    a_wrong_key,
    a_deployment_that_does_not_exist,
    a_parameter_that_the_model_does_not_take,
    an_output_of_no_call,
    *SCRIPTS,
]


# What the cases are made of.


class City(BaseModel):
    name: str
    population: int


def function(name):
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    return {"type": "function", "name": name, "parameters": parameters, "strict": True}


TOOLS = [function("get_weather"), function("get_time")]

GREETING = 'Hello from the mock of Azure OpenAI (deployment gpt-4.1). You said: "Say hello"'


def ask(client, **arguments):
    return client.responses.create(**{"model": "gpt-4.1", "input": "Say hello", **arguments})


def kinds(events):
    """The types of events in their order, runs of deltas once. Each must be of the class that the package has for it."""
    found = []
    for event in events:
        holds(type(event) in EVENT_CLASSES.get(event.type, ()), f"{event.type} is read as {type(event).__name__}")
        is_valid(event)
        if not (event.type.endswith(".delta") and found[-1:] == [event.type]):
            found.append(event.type)
    return found


def is_valid(model):
    """Checks what was read for an object against the package's class for it."""
    try:
        type(model).model_validate(model.to_dict(mode="json"))
    except ValidationError as error:
        wrong = [(problem["type"], problem["loc"]) for problem in error.errors()]
        wrong = [(kind, place) for kind, place in wrong if (kind, place[-1]) not in LEFT_OUT_BY_AZURE]
        equal(wrong, [])


# The package has these for required, but Azure's answers are without.
LEFT_OUT_BY_AZURE = {
    # Of `usage.input_tokens_details`.
    ("missing", "cache_write_tokens"),
    # Of `response.function_call_arguments.done`.
    ("missing", "name"),
}


def event_classes():
    """The package's classes of events, by type."""
    found = {}
    union = typing.get_args(ResponseStreamEvent)[0]
    for member in typing.get_args(union):
        for kind in typing.get_args(member.model_fields["type"].annotation):
            found.setdefault(kind, set()).add(member)
    return found


EVENT_CLASSES = event_classes()


def raises(kind, call):
    """The error that a call raises, which is of exactly that class."""
    try:
        answer = call()
    except openai.OpenAIError as error:
        equal(type(error), kind)
        return error
    raise AssertionError(f"expected {kind.__name__}, got {answer!r}")


def is_status_error(error, status, code, message):
    equal((error.status_code, error.code), (status, code))
    holds(message in error.message, f"{error.message!r} has {message!r}")
    holds(error.request_id, "the error has a request id")


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"expected {expected!r}, found {found!r}")


def holds(condition, claim):
    if not condition:
        raise AssertionError(f"not so: {claim}")


if __name__ == "__main__":
    # The mock needs no component, which every one of these programs is given.
    sys.exit(main(sys.argv[1]))
