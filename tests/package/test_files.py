"""Checksums, metadata, bills of materials and licences, read by other people's tools."""

import hashlib
import json
import pathlib
import re
import sys

import pytest
from conftest import ROOT, run
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

# What the whole component may have, in bytes: design and README.
COMPONENT_LIMIT = 524_288


def test_the_checksums_are_those_of_all_files(packages: pathlib.Path) -> None:
    lines = (packages / "SHA256SUMS").read_text().splitlines()
    listed = dict(reversed(line.split("  ", 1)) for line in lines)
    files = {path.name: path for path in packages.iterdir() if path.is_file() and path.name != "SHA256SUMS"}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_wasm_tools_shows_what_each_file_is(components: list[pathlib.Path]) -> None:
    wasm_tools = pathlib.Path(sys.executable).with_name("wasm-tools")
    for file in components:
        shown = run(wasm_tools, "metadata", "show", "--json", file)
        assert shown.returncode == 0, shown.stderr
        (metadata,) = json.loads(shown.stdout).values()
        metadata = metadata.get("metadata", metadata)
        name, version = file.stem.rsplit("-", 1)
        assert metadata["name"].replace(":", "-") == name
        assert metadata["version"] == version
        assert metadata["licenses"] == "MIT"
        assert metadata["description"]
        assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", metadata["revision"])


def test_metadata_leave_the_component_within_its_limit(packages: pathlib.Path) -> None:
    (component,) = packages.glob("azure-openai-provider-*.wasm")
    assert component.stat().st_size <= COMPONENT_LIMIT


def boms(packages: pathlib.Path) -> list[pathlib.Path]:
    return sorted(packages.glob("*.cdx.json"))


def test_each_bill_of_materials_is_valid_and_of_its_file(packages: pathlib.Path) -> None:
    assert boms(packages)
    digests = {line.split()[0] for line in (packages / "SHA256SUMS").read_text().splitlines()}
    validator = JsonStrictValidator(SchemaVersion.V1_5)
    for path in boms(packages):
        text = path.read_text()
        assert validator.validate_str(text) is None, path
        bom = json.loads(text)
        (digest,) = bom["metadata"]["component"]["hashes"]
        assert digest["content"] in digests
        names = {component["name"] for component in bom["components"]}
        assert {"rust-std", "serde_json"} <= names, path
        # Whatever is named somewhere is there.
        known = {component["bom-ref"] for component in bom["components"]}
        known.add(bom["metadata"]["component"]["bom-ref"])
        for edge in bom["dependencies"]:
            assert {edge["ref"], *edge.get("dependsOn", [])} <= known, path


@pytest.mark.parametrize("kind", ["component", "program"])
def test_the_licence_of_everything_in_it_is_there(packages: pathlib.Path, request: pytest.FixtureRequest, kind: str) -> None:
    if kind == "component":
        (text,) = packages.glob("azure-openai-provider-*.licences.txt")
        (bom,) = packages.glob("azure-openai-provider-*.cdx.json")
    else:
        text = request.getfixturevalue("unpacked") / "THIRD-PARTY-LICENCES.txt"
        (bom,) = packages.glob("host-harness-*.cdx.json")
    text = text.read_text()
    metadata = json.loads(bom.read_text())
    ours = {path.parent.name for path in ROOT.rglob("Cargo.toml")}
    for component in metadata["components"]:
        title = f"{component['name']} {component['version']}"
        licence = component["licenses"][0]["expression"]
        # Ours has its own file.
        if licence == "MIT" and f"{title}: " not in text:
            assert component["version"] == metadata["metadata"]["component"]["version"], (title, ours)
            continue
        # Once in the list, and once above a text at least.
        assert re.search(rf"^{re.escape(title)}: ", text, re.MULTILINE), title
        assert len(re.findall(rf"(?<![\w-]){re.escape(title)}(?![\w.+-])", text)) >= 2, title
