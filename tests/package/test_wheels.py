"""The wheels, installed where nothing of this project is."""

import hashlib
import os
import pathlib
import zipfile

import pytest
from conftest import run


@pytest.fixture(scope="module")
def installed(packages: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with the wheels; what they need is in the environment that the module is tested in."""
    wheels = sorted(packages.glob("*.whl"))
    assert len(wheels) == 3
    folder = tmp_path_factory.mktemp("installed")
    pip = [os.environ["MODULE_PYTHON"], "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder]
    done = run(*pip, *wheels, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    return folder


def test_both_modules_are_found_by_their_entry_points(installed: pathlib.Path) -> None:
    script = (
        "from importlib.metadata import entry_points\n"
        "for point in sorted(entry_points(group='amplifier.modules'), key=lambda point: point.name):\n"
        "    if point.name.startswith('provider-azure-openai'):\n"
        "        print(point.name, callable(point.load()))\n"
    )
    found = run(os.environ["MODULE_PYTHON"], "-c", script, env={"PYTHONPATH": str(installed)})
    assert found.returncode == 0, found.stderr
    assert set(found.stdout.splitlines()) == {"provider-azure-openai True", "provider-azure-openai-wasm True"}


def test_the_component_in_it_is_the_one_that_is_handed_out(packages: pathlib.Path) -> None:
    (wheel,) = packages.glob("amplifier_azure_openai-*.whl")
    (component,) = packages.glob("azure-openai-provider-*.wasm")
    with zipfile.ZipFile(wheel) as archive:
        (library,) = [name for name in archive.namelist() if "_native" in name]
        content = archive.read(library)
    component = component.read_bytes()
    assert component in content, hashlib.sha256(component).hexdigest()
