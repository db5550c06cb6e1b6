"""What every test needs: a mock, the wire before it, and the modules that stand in for Amplifier's own."""

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "modules")]

from support import KEY  # noqa: E402
from support import Mock  # noqa: E402
from support import Wire  # noqa: E402


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No variable of the machine's says anything about Azure."""
    for name in list(os.environ):
        if name.startswith("AZURE_") and name != "AZURE_OPENAI_COMPONENT":
            monkeypatch.delenv(name)


@pytest.fixture
def start(tmp_path):
    """Starts mocks, with a script or a pause between pieces; they end with the test."""
    started = []

    def start(script=None, pause=0, key=KEY):
        mock = Mock(tmp_path, script, pause, key)
        wire = Wire(mock.endpoint)
        started.extend([wire, mock])
        return wire

    yield start
    for one in started:
        one.close()


@pytest.fixture
def configure(start):
    """A configuration for a mock of its own, with these settings; and the wire to it."""

    def configure(script=None, pause=0, **settings):
        wire = start(script, pause)
        config = {"azure_endpoint": wire.endpoint, "api_key": KEY, "default_model": "gpt-5.1", **settings}
        return config, wire

    return configure
