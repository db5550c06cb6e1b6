"""The image of the Dockerfile: its root file system, assembled here and run without an engine for containers."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def stage(packages: pathlib.Path) -> list[list[str]]:
    """The instructions of the Dockerfile's last stage."""
    if not (packages / "image").is_dir():
        pytest.skip("the program was left out")
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    begin = max(index for index, line in enumerate(lines) if line.startswith("FROM "))
    assert lines[begin] == "FROM scratch"
    return [line.split(maxsplit=1) for line in lines[begin + 1 :]]


@pytest.fixture(scope="module")
def image(stage: list[list[str]], packages: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """What its COPY lines make."""
    root = tmp_path_factory.mktemp("image")
    root.chmod(0o755)
    for instruction, arguments in stage:
        if instruction != "COPY":
            continue
        *flags, source, target = shlex.split(arguments)
        destination = root / target.lstrip("/")
        if flags:
            # From the stage with the certificates: this machine has them in the same place, or none.
            assert flags == ["--from=certificates"]
            if not os.path.exists(source):
                continue
            destination.parent.mkdir(parents=True)
            shutil.copyfile(source, destination)
        else:
            assert source == "target/package/image/"
            shutil.copytree(packages / "image", destination, dirs_exist_ok=True)
    return root


def command(stage: list[list[str]], image: pathlib.Path, *more: str) -> list[str]:
    """The image's command, in its root and as its user."""
    instructions = dict(stage)
    if shutil.which("chroot") is None or os.geteuid() != 0:
        pytest.skip("only root can change the root")
    user = instructions["USER"]
    return ["chroot", f"--userspec={user}", str(image), *json.loads(instructions["ENTRYPOINT"]), *more]


def test_the_program_answers_in_it(stage: list[list[str]], image: pathlib.Path) -> None:
    answer = subprocess.run(
        command(stage, image, "run", "Say hello"), env={}, capture_output=True, text=True, timeout=120
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def test_its_command_serves_and_wants_a_key(stage: list[list[str]], image: pathlib.Path) -> None:
    arguments = json.loads(dict(stage)["CMD"])
    assert arguments[:2] == ["serve", "--listen"]
    without = subprocess.run(command(stage, image, *arguments), env={}, capture_output=True, text=True, timeout=60)
    assert without.returncode == 2
    assert "key" in without.stderr

    # A port of the system's choice, and on the loopback: this machine is no container.
    serve = command(stage, image, "serve", "--listen", "127.0.0.1:0", "--json")
    process = subprocess.Popen(serve, env={"HOST_HARNESS_KEY": "of-the-test"}, stdout=subprocess.PIPE, text=True)
    try:
        url = json.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(f"{url}/health", timeout=30) as health:
            assert health.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}/v1/models", timeout=30)
        assert refused.value.code == 401
        request = urllib.request.Request(f"{url}/v1/models", headers={"authorization": "Bearer of-the-test"})
        with urllib.request.urlopen(request, timeout=30) as models:
            assert json.load(models)["data"]
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_nothing_else_is_in_it(image: pathlib.Path) -> None:
    files = {str(path.relative_to(image)) for path in image.rglob("*") if path.is_file()}
    assert files - {"etc/ssl/certs/ca-certificates.crt"} == {
        f"opt/host-harness/{name}"
        for name in ["host-harness", "azure_openai_provider.wasm", "LICENSE", "THIRD-PARTY-LICENCES.txt"]
    }
