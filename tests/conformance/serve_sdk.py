"""The official `openai` package against `host-harness serve`: the sandboxed provider as the endpoint of an SDK.

Usage: python serve_sdk.py HOST_HARNESS COMPONENT; where GATEWAY names the stand-alone gateway, against that, in WASMTIME

`cargo xtask conformance` installs the package and runs this. Behind the service is a mock of Azure OpenAI; the cases
ask as any program would.
"""

import json
import os
import pathlib
import sys
import tempfile
import traceback
from contextlib import contextmanager

import httpx2
import openai
from pydantic import BaseModel, ValidationError
from running import gateway, running


def main(host_harness, component):
    subject = "the gateway" if "GATEWAY" in os.environ else "serve"
    print(f"openai {openai.__version__}, Python {sys.version.split()[0]}, against {subject}")
    forget_the_environment()
    failed = 0
    for case in CASES:
        title = case.__name__.replace("_", " ")
        try:
            with served(host_harness, component, SCRIPTS.get(case)) as base_url:
                with openai.OpenAI(base_url=base_url, api_key=KEY, timeout=TIMEOUT) as client:
                    case(client)
        except Exception:
            failed += 1
            print(f"FAILED  {title}")
            traceback.print_exc(limit=-3, file=sys.stdout)
        else:
            print(f"ok      {title}")
    print(f"{len(CASES)} cases, {failed} failed")
    return 1 if failed else 0


def forget_the_environment():
    """What the programs would take from the variables around them: keys, addresses and proxies."""
    for name in list(os.environ):
        if name.upper().startswith(("AZURE_", "OPENAI_")) or name.upper().endswith("_PROXY"):
            del os.environ[name]


@contextmanager
def served(host_harness, component, script):
    """A service, or the stand-alone gateway, in front of a mock that plays a script, if there is one: its base URL."""
    with tempfile.TemporaryDirectory() as folder:
        command = [host_harness, "mock", "--json", "--pause", "0"]
        if script:
            path = pathlib.Path(folder, "script.toml")
            path.write_text(script)
            command += ["--script", str(path)]
        with running(command) as mock:
            settings = {
                "azure_endpoint": mock["endpoint"],
                "api_key": mock["api_key"],
                "min_retry_delay": 0.01,
                "max_retries": 1,
            }
            if "GATEWAY" in os.environ:
                with gateway(GATEWAY_KEY=KEY, GATEWAY_SETTINGS=json.dumps(settings)) as address:
                    yield f"{address}/v1"
                return
            config = pathlib.Path(folder, "provider.yaml")
            config.write_text(json.dumps({"providers": [{
                "module": "provider-azure-openai",
                "config": settings,
            }]}))
            command = [host_harness, "serve", "--json", "--listen", "127.0.0.1:0"]
            command += ["--component", component, "--config", str(config)]
            with running(command, HOST_HARNESS_KEY=KEY) as service:
                yield service["openai_base_url"]


KEY = "key-of-the-service"

# Nothing thinks here: a request that takes this long has been forgotten.
TIMEOUT = 10


# Answers.


def a_plain_answer(client):
    response = client.responses.create(model="gpt-4.1", instructions="Be brief", input="Say hello")
    is_valid(response)
    equal((response.status, response.model), ("completed", "gpt-4.1-2025-04-14"))
    holds(response.output_text.startswith("Hello from the mock"), response.output_text)
    equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens)
    holds(response._request_id, "the answer has a request id")


def a_streamed_answer(client):
    told = []
    for event in client.responses.create(model="gpt-4.1", input="Say hello", stream=True):
        is_valid(event)
        told.append(event)
    equal([event.sequence_number for event in told], list(range(len(told))))
    text = "".join(event.delta for event in told if event.type == "response.output_text.delta")
    equal((told[0].type, told[-1].type), ("response.created", "response.completed"))
    equal(told[-1].response.output_text, text)


def the_helper_for_streams_accumulates_the_same_response(client):
    with client.responses.stream(model="gpt-4.1", input="Say hello") as stream:
        told = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        equal(stream.get_final_response().output_text, told)


def a_loop_of_tools(client):
    messages = [{"role": "user", "content": "Ask get_weather and get_time for Bern"}]
    first = client.responses.create(model="gpt-4.1", input=messages, tools=TOOLS)
    is_valid(first)
    calls = [item for item in first.output if item.type == "function_call"]
    equal([(call.name, json.loads(call.arguments)) for call in calls],
          [("get_weather", {"city": "Bern"}), ("get_time", {"city": "Bern"})])
    messages += first.output
    messages += [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{call.name} is fine"} for call in calls
    ]
    second = client.responses.create(model="gpt-4.1", input=messages, tools=TOOLS)
    equal(second.output_text,
          "The tool get_weather answered: get_weather is fine The tool get_time answered: get_time is fine")


def a_streamed_call(client):
    with client.responses.stream(model="gpt-4.1", input="Ask get_weather for Bern", tools=TOOLS) as stream:
        done = [event for event in stream if event.type == "response.function_call_arguments.done"]
        equal([json.loads(event.arguments) for event in done], [{"city": "Bern"}])
        call = stream.get_final_response().output[0]
        equal(call.arguments, done[0].arguments)


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
    question = {"role": "user", "content": "Think about snow"}
    first = client.responses.create(input=[question], **arguments)
    is_valid(first)
    equal([item.type for item in first.output], ["reasoning", "message"])
    holds(first.output[0].encrypted_content, "the reasoning comes encrypted")
    again = {"role": "user", "content": "And about rain"}
    events = list(client.responses.create(input=[question, *first.output, again], stream=True, **arguments))
    holds(any(event.type == "response.reasoning_summary_text.delta" for event in events), "the summary is streamed")
    equal([item.type for item in events[-1].response.output], ["reasoning", "message"])


def an_answer_that_is_cut_off(client):
    response = client.responses.create(model="gpt-4.1", input="word " * 100, max_output_tokens=16)
    equal((response.status, response.incomplete_details.reason), ("incomplete", "max_output_tokens"))


def a_chat(client):
    messages = [{"role": "user", "content": "Ask get_weather for Bern"}]
    tools = [{"type": "function", "function": {key: value for key, value in tool.items() if key != "type"}}
             for tool in TOOLS]
    first = client.chat.completions.create(model="gpt-4.1", messages=messages, tools=tools).choices[0].message
    call = first.tool_calls[0]
    equal((call.function.name, json.loads(call.function.arguments)), ("get_weather", {"city": "Bern"}))
    messages += [first, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    stream = client.chat.completions.create(model="gpt-4.1", messages=messages, tools=tools, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    equal(text, "The tool get_weather answered: sunny")


def embeddings(client):
    answer = client.embeddings.create(model="gpt-4.1", input=["one", "two"])
    equal([vector.embedding for vector in answer.data], [[0.5, 0.25], [0.5, 0.25]])


def a_client_of_azure(client):
    azure = openai.AzureOpenAI(azure_endpoint=str(client.base_url).removesuffix("/v1/"), api_key=KEY,
                               api_version="2024-10-21", timeout=TIMEOUT)
    with azure:
        chat = azure.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Say hello"}])
        holds(chat.choices[0].message.content.startswith("Hello from the mock"), chat)
        holds(azure.responses.create(model="gpt-4.1", input="Say hello").output_text, "it answers")


def models(client):
    ids = [model.id for model in client.models.list()]
    holds(ids, "there are models")
    equal(client.models.retrieve(ids[0]).id, ids[0])
    raises(openai.NotFoundError, lambda: client.models.retrieve("no/such"))


# Failures.


def a_wrong_key(client):
    error = raises(openai.AuthenticationError, lambda: ask(client.with_options(api_key="wrong")))
    equal((error.status_code, error.code), (401, "invalid_api_key"))
    holds(error.request_id, "the error has a request id")


def a_response_that_is_not_there(client):
    error = raises(openai.BadRequestError, lambda: ask(client, previous_response_id="resp_1"))
    equal((error.param, error.code, error.type),
          ("previous_response_id", "previous_response_not_found", "invalid_request_error"))
    raises(openai.NotFoundError, lambda: client.responses.retrieve("resp_1"))


def a_deployment_that_does_not_exist(client):
    error = raises(openai.NotFoundError, lambda: ask(client, model="nowhere"))
    equal(error.code, "DeploymentNotFound")


SCRIPTS = {}


def scripted(script):
    """Lets a case play a script."""

    def remember(case):
        SCRIPTS[case] = script
        return case

    return remember


@scripted("""
[rest]
status = 429
retry_after = { header = "retry-after-ms", ms = 20 }
json = { error = { code = "429", message = "Too many requests." } }
""")
def too_many_requests(client):
    error = raises(openai.RateLimitError, lambda: ask(client.with_options(max_retries=0)))
    equal((error.code, error.response.headers["retry-after-ms"]), ("429", "20"))


@scripted("""
[[step]]
status = 503
json = { error = { code = "503", message = "Busy." } }
""")
def a_try_that_fails_and_then_an_answer(client):
    raw = client.responses.with_raw_response.create(model="gpt-4.1", input="Say hello")
    equal((raw.retries_taken, raw.parse().status), (0, "completed"))


@scripted("""
[rest]
stream = { stop = { after_events = 6, how = "close" } }
""")
def a_stream_that_is_cut(client):
    events = []
    try:
        events.extend(event.type for event in ask(client.with_options(max_retries=0), stream=True))
    except (openai.APIConnectionError, httpx2.RemoteProtocolError):
        pass
    else:
        raise AssertionError(f"the client saw no end, and took it for one: {events}")


CASES = [
    a_plain_answer,
    a_streamed_answer,
    the_helper_for_streams_accumulates_the_same_response,
    a_loop_of_tools,
    a_streamed_call,
    a_structured_answer,
    reasoning_and_its_return,
    an_answer_that_is_cut_off,
    a_chat,
    embeddings,
    a_client_of_azure,
    models,
    a_wrong_key,
    a_response_that_is_not_there,
    a_deployment_that_does_not_exist,
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


def ask(client, **arguments):
    return client.responses.create(**{"model": "gpt-4.1", "input": "Say hello", **arguments})


def is_valid(model):
    """Checks what was read for an object against the package's class for it."""
    try:
        type(model).model_validate(model.to_dict(mode="json"))
    except ValidationError as error:
        wrong = [(problem["type"], problem["loc"][-1]) for problem in error.errors()]
        # The package has this for required, but Azure's answers are without.
        equal([problem for problem in wrong if problem != ("missing", "cache_write_tokens")], [])


def raises(kind, call):
    """The error that a call raises, which is of exactly that class."""
    try:
        answer = call()
    except openai.OpenAIError as error:
        equal(type(error), kind)
        return error
    raise AssertionError(f"expected {kind.__name__}, got {answer!r}")


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"expected {expected!r}, found {found!r}")


def holds(condition, claim):
    if not condition:
        raise AssertionError(f"not so: {claim}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
