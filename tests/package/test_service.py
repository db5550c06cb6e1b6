"""The unit of systemd."""

import json
import pathlib
import shutil

import pytest
from conftest import run

# Below this systemd calls a service safe.
EXPOSURE_LIMIT = 2.0


@pytest.fixture(scope="module")
def unit(unpacked: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The archive's unit, with the program where the archive was unpacked."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    text = (unpacked / "systemd/host-harness.service").read_text()
    assert "ExecStart=/opt/host-harness/host-harness serve\n" in text
    unit = tmp_path_factory.mktemp("unit") / "host-harness.service"
    unit.write_text(text.replace("/opt/host-harness/", f"{unpacked}/"))
    return unit


def test_systemd_finds_nothing_wrong_with_it(unit: pathlib.Path, unpacked: pathlib.Path) -> None:
    # The page that it names is in the archive, and need not be installed here.
    assert "Documentation=man:host-harness-serve(1)\n" in unit.read_text()
    assert (unpacked / "man/man1/host-harness-serve.1").is_file()
    checked = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    complaints = [line for line in checked.stderr.splitlines() if unit.name in line]
    assert (checked.returncode, complaints) == (0, []), checked.stderr


def test_it_is_confined(unit: pathlib.Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--json=short", "--no-pager"]
    checked = run(*command, f"--threshold={int(EXPOSURE_LIMIT * 10)}", unit)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)


def test_the_settings_that_it_reads_are_beside_it(unpacked: pathlib.Path) -> None:
    lines = (unpacked / "systemd/environment").read_text().splitlines()
    settings = [line.removeprefix("#").split("=")[0] for line in lines if "=" in line]
    assert {"AZURE_OPENAI_ENDPOINT", "HOST_HARNESS_KEY"} <= set(settings)
