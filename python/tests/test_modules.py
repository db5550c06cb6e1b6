"""How Amplifier finds the modules, what they say they are, and what becomes of their configuration."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import amplifier_azure_openai
import pytest
from amplifier_core import ProviderInfo
from amplifier_core.llm_errors import ConfigurationError
from amplifier_core.testing import MockCoordinator
from support import KEY
from support import MODULES
from support import Session

PYTHON = Path(__file__).parents[1]


def package(module):
    return PYTHON / module / f"amplifier_module_{module.replace('-', '_')}"


@pytest.mark.parametrize("module", MODULES)
def test_amplifiers_validator_takes_the_module(module, start):
    environment = {**os.environ, "AZURE_OPENAI_ENDPOINT": start().endpoint, "AZURE_OPENAI_API_KEY": KEY}
    validator = Path(sys.executable).parent / "amplifier-core"
    command = [validator, "validate", "provider", package(module)]
    validated = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert validated.returncode == 0, validated.stdout + validated.stderr
    assert "9/9" in validated.stdout, validated.stdout


@pytest.mark.parametrize("module", MODULES)
async def test_a_module_mounts_by_its_entry_point_under_its_own_name(module, configure):
    config, _ = configure()
    async with Session({**config, "priority": "3"}, module) as session:
        name = module.removeprefix("provider-")
        assert list(session.coordinator.get("providers")) == [name]
        assert session.provider.name == session.provider.get_info().id == name
        assert session.provider.priority == 3
        assert not hasattr(session.provider, "stream")


@pytest.mark.parametrize("module", MODULES)
async def test_several_instances_have_names_of_their_own(module, configure):
    config, _ = configure()
    second = {"module": module, "instance_id": "second", "config": {**config, "default_model": "gpt-5-mini"}}
    async with Session(config, module, instance_id="first", others=[second]) as session:
        providers = session.coordinator.get("providers")
        models = {name: provider.default_model for name, provider in providers.items()}
        assert models == {"first": "gpt-5.1", "second": "gpt-5-mini"}


def test_the_wizard_can_ask_a_provider_that_is_not_open():
    made = [
        amplifier_azure_openai.AzureOpenAIProvider(**arguments)
        for arguments in [
            {"api_key": "k", "config": {}},
            {"base_url": "https://r.openai.azure.com", "api_key": "k", "config": {}},
            {"base_url": "https://r.openai.azure.com", "config": {}},
            {"host": "https://r.openai.azure.com"},
            {"config": {}},
            {},
        ]
    ]
    for provider in made:
        info = provider.get_info()
        assert isinstance(info, ProviderInfo)
        assert {"azure_endpoint", "api_key", "default_deployment"} <= {field.id for field in info.config_fields}
        assert info.defaults["context_window"] > 0
        assert "k" not in repr(provider).split()


async def test_the_wizard_lists_models_with_windows_and_prices_and_closes(configure):
    config, _ = configure()
    provider = amplifier_azure_openai.AzureOpenAIProvider(
        api_key=KEY, base_url=config["azure_endpoint"], config={"default_model": "gpt-5.1"}
    )
    models = {model.id: model for model in await provider.list_models()}
    await provider.close()
    assert models["gpt-5.1"].context_window == 400_000
    assert models["gpt-5.1"].pricing.output_per_million == 10
    assert await amplifier_azure_openai.AzureOpenAIProvider(config={}).list_models() == []


async def test_info_has_the_windows_of_the_configured_model(configure):
    config, _ = configure()
    async with Session({**config, "default_model": "gpt-4.1"}) as session:
        defaults = session.provider.get_info().defaults
        assert defaults["model"] == "gpt-4.1"
        assert defaults["context_window"] == 1_047_576


async def test_without_an_endpoint_nothing_is_mounted_and_the_log_says_why(caplog):
    coordinator = MockCoordinator()
    from amplifier_module_provider_azure_openai import mount

    assert await mount(coordinator, {"api_key": KEY}) is None
    assert not coordinator.get("providers")
    (record,) = caplog.records
    assert "AZURE_OPENAI_ENDPOINT" in record.message and KEY not in caplog.text


async def test_what_is_wrong_is_said_all_at_once(caplog):
    from amplifier_module_provider_azure_openai import mount

    config = {"azure_endpoint": "ftp://x", "temperature": "hot", "max_retries": -1, "api_key": KEY}
    with pytest.raises(ConfigurationError) as raised:
        await mount(MockCoordinator(), config)
    for word in ("azure_endpoint", "temperature", "max_retries"):
        assert word in str(raised.value)
    assert KEY not in repr(raised.value) + caplog.text


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"azure_endpoint": "https://r.openai.azure.com"}, "api_key"),
        ({"azure_endpoint": "https://r.openai.azure.com", "api_key": "k", "component": "/no/such.wasm"}, "/no/such.wasm"),
        ({"azure_endpoint": "https://r.openai.azure.com", "api_key": object()}, "JSON"),
    ],
)
async def test_a_configuration_that_cannot_be_opened_says_what_to_do(config, expected):
    from amplifier_module_provider_azure_openai import mount

    with pytest.raises(ConfigurationError, match=expected):
        await mount(MockCoordinator(), config)


async def test_booleans_of_the_wizard_and_keys_of_the_agent_and_of_the_python_module_are_taken(configure, caplog):
    config, _ = configure(
        debug="true",
        use_default_credential="false",
        use_streaming="true",
        raw="false",
        id="mine",
        source="git+https://example.com",
        close_timeout=5,
        enable_response_chaining="true",
        filtered=True,
    )
    caplog.set_level(logging.WARNING)
    async with Session(config) as session:
        await session.ask("a question")
        assert session.of("provider:deployment_resolved")
    assert not [record for record in caplog.records if record.name.startswith("amplifier_azure_openai")]


async def test_a_key_that_nobody_knows_is_a_warning_with_the_one_that_was_meant(configure, caplog):
    config, _ = configure(default_deploymnt="d")
    async with Session(config):
        pass
    assert "default_deployment" in caplog.text


@pytest.mark.parametrize(
    ("settings", "deployment"),
    [
        ({"deployment_name": "gpt-5-mini", "default_model": None}, "gpt-5-mini"),
        ({"deployment_name": "gpt-5-mini", "default_model": "my-model"}, "gpt-5-mini"),
        ({"deployment_name": "gpt-5-mini", "deployment_mapping": {"gpt-5.1": "gpt-4.1"}}, "gpt-4.1"),
    ],
)
async def test_deployment_name_is_where_models_without_an_entry_go(configure, settings, deployment):
    config, wire = configure(**settings)
    async with Session(config) as session:
        await session.ask("a question")
    assert {body["model"] for body in wire.bodies()} == {deployment}


async def test_the_environment_counts_as_it_is_when_the_module_mounts(start, monkeypatch):
    wire = start()
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", wire.endpoint)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    async with Session({"default_model": "gpt-5.1"}) as session:
        assert "You said" in await session.ask("a question")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_without_its_wheel_says_so_in_one_sentence(module):
    code = f"import sys; sys.modules['amplifier_azure_openai'] = None; sys.path.insert(0, {str(package(module).parent)!r}); import {package(module).name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert "needs the package amplifier-azure-openai with a wheel for this system" in last


async def test_a_key_in_configuration_environment_or_file_is_seen_nowhere(start, monkeypatch, caplog, capfd, tmp_path):
    key = "sk-" + "0123456789abcdef" * 2
    wire = start('[rest]\nstatus = 401\njson = { error = { code = "401", message = "%s is not a key" } }' % key)
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "keys.env"
    file.write_text(f"AZURE_OPENAI_API_KEY={key}")
    of_file = file.read_text().split("=", 1)
    for config, variables in [
        ({"api_key": key}, {}),
        ({}, {"AZURE_OPENAI_API_KEY": key}),
        ({}, dict([of_file])),
        ({"api_key": "other-key-of-some-length", "extra_headers": {"x-gateway": key}}, {}),
    ]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = {"azure_endpoint": wire.endpoint, "raw": True, "default_model": "gpt-5.1", **config}
        async with Session(config) as session:
            provider = session.provider
            with pytest.raises(Exception) as raised:
                await session.ask("a question")
            seen = repr(raised.value) + str(raised.value) + repr(provider) + repr(provider._host) + provider._host.statistics()
            seen += json.dumps(session.heard, default=str) + await provider._host.describe()
        assert key not in seen
    assert key not in caplog.text
    captured = capfd.readouterr()
    assert key not in captured.out + captured.err
