"""The example for Python, as its README has it.

Usage: python python_host.py HOST_HARNESS COMPONENT
"""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from running import EXAMPLES, running  # noqa: E402


def main(host_harness, component):
    with running([host_harness, "mock", "--json"]) as mock:
        variables = {
            **os.environ,
            "AZURE_OPENAI_ENDPOINT": mock["endpoint"],
            "AZURE_OPENAI_API_KEY": mock["api_key"],
        }
        command = [sys.executable, EXAMPLES / "python/main.py", component, "Say hello"]
        answer = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert answer.stdout.endswith('You said: "Say hello"\n'), answer
    print(f"ok      {answer.stdout.strip()}")


main(*sys.argv[1:])
