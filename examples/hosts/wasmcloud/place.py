"""Places the gateway on each wasmCloud host that there is, as the operator in Kubernetes does: over NATS.

Usage: python place.py NATS_URL IMAGE HOST_HEADER NUMBER_OF_HOSTS, with the gateway's variables in the environment

In a cluster deploy/wasmcloud.yaml does this.
"""

import asyncio
import json
import os
import sys
import uuid

import nats


async def main(url, image, host_header, count):
    connection = await nats.connect(url)
    found = {}
    enough = asyncio.Event()

    async def heard(message):
        host = json.loads(message.data)
        found[host["id"]] = host
        if len(found) >= int(count):
            enough.set()

    # Each host is heard every few seconds.
    await connection.subscribe("runtime.operator.heartbeat.>", cb=heard)
    await asyncio.wait_for(enough.wait(), 60)
    for host in found:
        request = {"workloadId": uuid.uuid4().hex, "workload": workload(image, host_header)}
        subject = f"runtime.host.{host}.workload.start"
        answer = await connection.request(subject, json.dumps(request).encode(), timeout=60)
        status = json.loads(answer.data)["workloadStatus"]
        print(host, status["workloadState"], status.get("message", ""))
    await connection.close()


def workload(image, host_header):
    variables = {name: value for name, value in os.environ.items() if name.startswith(("AZURE_", "GATEWAY_"))}
    component = {
        "name": "gateway",
        "image": image,
        "imagePullPolicy": "IMAGE_PULL_POLICY_ALWAYS",
        "localResources": {
            "environment": variables,
            # Everything else is refused.
            "allowedHosts": [os.environ["AZURE_OPENAI_ENDPOINT"]],
        },
    }
    http = {
        "namespace": "wasi",
        "package": "http",
        "version": "0.2.12",
        "interfaces": ["incoming-handler"],
        "config": {"host": host_header},
    }
    world = {"components": [component], "hostInterfaces": [http]}
    return {"namespace": "default", "name": "azure-openai-gateway", "witWorld": world}


asyncio.run(main(*sys.argv[1:]))
