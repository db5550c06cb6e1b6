"""What is handed out, as somebody finds it who has none of the sources. `cargo xtask package --test` runs this."""

import os
import pathlib
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def packages() -> pathlib.Path:
    """The folder with all packages."""
    return pathlib.Path(os.environ["PACKAGES"])


@pytest.fixture(scope="session")
def components(packages: pathlib.Path) -> list[pathlib.Path]:
    """The WebAssembly files: components, and the package of WIT."""
    files = sorted(packages.glob("*.wasm"))
    assert {"azure-openai-provider", "amplifier-provider"} <= {file.stem.rsplit("-", 1)[0] for file in files}
    return files


@pytest.fixture(scope="session")
def unpacked(packages: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The program's archive, unpacked."""
    archives = list(packages.glob("host-harness-*.tar.gz"))
    if not archives:
        pytest.skip("the program was left out")
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    assert archives[0].name == f"{root.name}.tar.gz"
    return root


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a program with an empty environment, or the one that is given, and captures what it says."""
    options = {"env": {}, "timeout": 120, **options}
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
