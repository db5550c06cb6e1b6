"""What the programs for Python share: other programs that run while something is done with them."""

import json
import os
import pathlib
import re
import subprocess
import sys
from contextlib import contextmanager

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/hosts"


@contextmanager
def running(command, **variables):
    """A running program: what its first line says."""
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def gateway(**variables):
    """The stand-alone gateway in wasmtime's own server, by the example's script: its address."""
    script = [EXAMPLES / "wasmtime-serve/serve.sh", os.environ["GATEWAY"]]
    environment = {"PATH": os.environ["PATH"], "WASMTIME": os.environ["WASMTIME"], "ADDRESS": "127.0.0.1:0", **variables}
    with subprocess.Popen(script, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            for line in process.stderr:
                if found := re.search(r"http://\S+:\d+", line):
                    yield found[0]
                    break
                print(line, end="", file=sys.stderr)
            else:
                raise AssertionError("wasmtime does not serve the gateway")
        finally:
            process.terminate()
            process.stderr.read()
