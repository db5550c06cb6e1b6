"""What the kernel's exceptions say of each kind of error."""

import pytest
from amplifier_core import ChatRequest
from amplifier_core import Message
from amplifier_core import llm_errors
from support import Session


def answer(status, code, message="no", more=""):
    return f'[rest]\nstatus = {status}\njson = {{ error = {{ code = "{code}", message = "{message}" }} }}\n{more}'


TOOL_CALL = """
[rest]
events = [
  '{"type":"response.created","response":{"id":"r","object":"response","status":"in_progress","output":[]}}',
  '{"type":"response.completed","response":{"id":"r","object":"response","status":"completed","model":"gpt-5.1","output":[{"type":"function_call","id":"f","call_id":"c","name":"lookup","arguments":"{oops"}]}}',
]
"""

# script, settings, class, status, whether it is worth another try, seconds to wait
CASES = {
    "key": (answer(401, "401"), {}, llm_errors.AuthenticationError, 401, False, None),
    "role": (answer(403, "PermissionDenied"), {}, llm_errors.AccessDeniedError, 403, False, None),
    "deployment": (answer(404, "DeploymentNotFound"), {}, llm_errors.NotFoundError, 404, False, None),
    "rate": (
        answer(429, "429", more='retry_after = { header = "retry-after-ms", ms = 2500 }'),
        {"max_retries": 0},
        llm_errors.RateLimitError,
        429,
        True,
        2.5,
    ),
    "quota": (answer(429, "insufficient_quota"), {}, llm_errors.QuotaExceededError, 429, False, None),
    "context": (answer(400, "context_length_exceeded"), {}, llm_errors.ContextLengthError, 400, False, None),
    "filter": (answer(400, "content_filter"), {}, llm_errors.ContentFilterError, 400, False, None),
    "request": (answer(400, "invalid_value"), {}, llm_errors.InvalidRequestError, 400, False, None),
    "down": (answer(503, "503"), {"max_retries": 0}, llm_errors.ProviderUnavailableError, 503, True, None),
    "time": ('[rest]\nconnection = "hang"', {"max_retries": 0, "timeout": 0.2}, llm_errors.LLMTimeoutError, None, True, None),
    "broken": (
        '[rest]\nstream = { stop = { after_events = 6, how = "close" } }',
        {"max_retries": 0},
        llm_errors.StreamError,
        None,
        True,
        None,
    ),
    "network": ('[rest]\nconnection = "reset"', {"max_retries": 0}, llm_errors.NetworkError, None, True, None),
    "call": (TOOL_CALL, {}, llm_errors.InvalidToolCallError, None, False, None),
    "other": (answer(302, "elsewhere"), {}, llm_errors.LLMError, 302, False, None),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_error_has_its_class_status_and_wait(case, configure):
    script, settings, kind, status, retryable, wait = CASES[case]
    config, _ = configure(script, **settings)
    async with Session(config) as session:
        with pytest.raises(llm_errors.LLMError) as raised:
            await session.provider.complete(ChatRequest(messages=[Message(role="user", content="a question")]))
    error = raised.value
    assert type(error) is kind, repr(error)
    assert (error.status_code, error.retryable) == (status, retryable), repr(error)
    assert getattr(error, "retry_after", None) == wait
    assert error.provider == "azure-openai" and str(error)
    if kind is llm_errors.InvalidToolCallError:
        assert (error.tool_name, error.raw_arguments) == ("lookup", "{oops")


async def test_one_call_is_one_error_in_the_session(configure):
    config, _ = configure(answer(401, "401"))
    async with Session(config) as session:
        with pytest.raises(RuntimeError, match="AuthenticationError"):
            await session.ask("a question")
    (error,) = session.of("provider:error")
    assert error["error"]["type"] == "AuthenticationError" and error["status_code"] == 401
    assert session.of("llm:response")[0]["status"] == "error"


async def test_a_conversation_that_is_too_long_is_shortened_by_the_loop(configure):
    config, wire = configure(answer(400, "context_length_exceeded").replace("[rest]", "[[step]]"))
    async with Session(config) as session:
        assert "You said" in await session.ask("a question")
        assert session.coordinator.get("orchestrator").shortened == 1
    assert len(wire.bodies()) == 2


async def test_a_request_that_cannot_be_sent_names_the_place(configure):
    config, wire = configure()
    async with Session(config) as session:
        with pytest.raises(llm_errors.InvalidRequestError, match="temperature"):
            await session.provider.complete(ChatRequest(messages=[Message(role="user", content="x")]), temperature="hot")
    assert wire.bodies() == []
