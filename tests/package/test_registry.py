"""The OCI layouts, pushed to a registry and pulled back by a client that is not ours."""

import contextlib
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Iterator

import oras.client
import oras.container
import oras.provider
import pytest


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry on this machine: its address."""
    if "REGISTRY" not in os.environ:
        pytest.skip("there is no registry here")
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    configuration = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder)}},
        "http": {"addr": address},
    }
    file = folder / "registry.json"
    # JSON is YAML.
    file.write_text(json.dumps(configuration))
    log = (folder / "log").open("wb")
    process = subprocess.Popen([os.environ["REGISTRY"], "serve", file], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(address.split(":"), timeout=1):
                break
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait()


def push(registry: str, layout: pathlib.Path) -> str:
    """Pushes what a layout holds, blob by blob, and returns its reference."""
    index = json.loads((layout / "index.json").read_text())
    (entry,) = index["manifests"]
    tag = entry["annotations"]["org.opencontainers.image.ref.name"]
    reference = f"{registry}/amplifier/{layout.name}:{tag}"
    container = oras.container.Container(reference)
    client = oras.provider.Registry(insecure=True)

    def path(descriptor: dict) -> pathlib.Path:
        return layout / "blobs" / descriptor["digest"].replace(":", "/")

    manifest = json.loads(path(entry).read_text())
    for descriptor in [manifest["config"], *manifest["layers"]]:
        response = client.upload_blob(str(path(descriptor)), container, descriptor)
        assert response.status_code in (200, 201, 202), response.text
    # As it is written: its digest is part of the layout.
    url = f"http://{registry}/v2/{container.api_prefix}/manifests/{tag}"
    response = client.session.put(
        url, data=path(entry).read_bytes(), headers={"Content-Type": entry["mediaType"]}, timeout=30
    )
    assert response.status_code == 201, response.text
    assert response.headers["Docker-Content-Digest"] == entry["digest"]
    return reference


def test_what_is_pulled_is_what_is_handed_out(
    registry: str, packages: pathlib.Path, components: list[pathlib.Path], tmp_path: pathlib.Path
) -> None:
    layouts = sorted((packages / "oci").iterdir())
    assert len(layouts) == len(components)
    for layout in layouts:
        reference = push(registry, layout)
        client = oras.client.OrasClient(insecure=True)
        manifest = client.get_manifest(reference)
        assert manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json"
        assert [layer["mediaType"] for layer in manifest["layers"]] == ["application/wasm"]
        annotations = manifest["annotations"]
        assert annotations["org.opencontainers.image.licenses"] == "MIT"
        assert annotations["org.opencontainers.image.version"] == reference.rsplit(":", 1)[1]

        folder = tmp_path / layout.name
        (pulled,) = client.pull(reference, outdir=str(folder))
        pulled = pathlib.Path(pulled)
        original = packages / pulled.name
        assert hashlib.sha256(pulled.read_bytes()).digest() == hashlib.sha256(original.read_bytes()).digest()
