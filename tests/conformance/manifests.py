"""The manifests of deploy/: against Kubernetes' own schemas, and against what the gateway knows.

Usage: python manifests.py HOST_HARNESS COMPONENT

The kinds that wasmCloud and SpinKube define are in no package, so that only what they have to do with the gateway is checked.
"""

import pathlib
import re
import sys
import tomllib

import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
OWN_KINDS = {"runtime.wasmcloud.dev/v1alpha1": "WorkloadDeployment", "core.spinkube.dev/v1alpha1": "SpinApp"}


def main():
    documented = (ROOT / "docs/configuration.md").read_text() + (ROOT / "docs/gateway.md").read_text()
    known = set(re.findall(r"`((?:AZURE|GATEWAY|IDENTITY|OPENAI)_[A-Z_]+)", documented))
    for path in sorted(DEPLOY.glob("*.yaml")):
        documents = list(yaml.safe_load_all(path.read_text()))
        secrets = {document["metadata"]["name"]: set(document["stringData"]) for document in of_kind(documents, "Secret")}
        for document in documents:
            kind = document["kind"]
            if OWN_KINDS.get(document["apiVersion"]) != kind:
                kubernetes_validate.validate(document, "1.36", strict=True)
            for name, secret in variables(document):
                assert name.upper() in known, f"{path.name}: {name} is no variable of the gateway"
                if secret:
                    assert secret[1] in secrets[secret[0]], f"{path.name}: {secret} is not there"
                else:
                    assert not name.upper().endswith(("_KEY", "_SECRET", "_TOKEN")), f"{path.name}: {name} in the clear"
        print(f"ok      {path.name}: {', '.join(document['kind'] for document in documents)}")

    spin = tomllib.loads((ROOT / "examples/hosts/spin/spin.toml").read_text())
    [app] = of_kind(yaml.safe_load_all((DEPLOY / "spinapp.yaml").read_text()), "SpinApp")
    given = {variable["name"] for variable in app["spec"]["variables"]}
    required = {name for name, variable in spin["variables"].items() if variable.get("required")}
    assert required == given, (required, given)
    for name in spin["component"]["gateway"]["variables"]:
        assert name.upper() in known, name
    print("ok      spin.toml and spinapp.yaml have the same variables")


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def variables(document):
    """The variables that a document sets: each with the secret and the key of it that they come from, if they do."""
    if document["kind"] == "Deployment":
        for container in document["spec"]["template"]["spec"]["containers"]:
            yield from named(container["env"])
    if document["kind"] == "SpinApp":
        yield from named(document["spec"]["variables"])
    if document["kind"] == "WorkloadDeployment":
        for component in document["spec"]["template"]["spec"]["components"]:
            for name in component["localResources"]["environment"]["config"]:
                yield name, None


def named(entries):
    for entry in entries:
        reference = entry.get("valueFrom", {}).get("secretKeyRef")
        yield entry["name"], reference and (reference["name"], reference["key"])


sys.exit(main())
