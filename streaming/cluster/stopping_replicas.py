"""Which replicas Ray Serve is stopping.

A replica itself is told only once its last request has ended. Its calls are to hear of it before,
and those that no request holds open are to be waited for.
"""

from collections.abc import Mapping
from typing import Any

import ray

CONTROLLER = "SERVE_CONTROLLER_ACTOR"  # of Ray Serve
SERVE_NAMESPACE = "serve"
STOPPING = "STOPPING"


async def stopping_replicas(application: str) -> frozenset[str]:
    """The ids of an application's replicas that end. Raises RayError."""
    controller: Any = ray.get_actor(CONTROLLER, namespace=SERVE_NAMESPACE)
    return read_stopping(await controller.get_serve_instance_details.remote(), application)


def read_stopping(details: Mapping[str, Any], application: str) -> frozenset[str]:
    """The same of what Serve tells, in the form of its `ServeInstanceDetails`."""
    deployments = details["applications"].get(application, {}).get("deployments", {})
    return frozenset(
        replica["replica_id"]
        for deployment in deployments.values()
        for replica in deployment["replicas"]
        if replica["state"] == STOPPING
    )
