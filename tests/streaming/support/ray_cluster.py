"""Real Ray with a real application of ours: two machines' servers on this one."""

import contextlib
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import ray
from ray import serve
from ray.serve.schema import ServeDeploySchema

from streaming.cluster.application import application
from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer, bars
from tests.streaming.support.polling import until, wait_until

NAME = "avatar"
ROOT = Path(__file__).parents[3]
RAY_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # else it writes one into the home
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # no other machine reaches it: all on loopback
    "RAY_SERVE_QUEUE_LENGTH_RESPONSE_DEADLINE_S": "10",  # of machines that share two cores
    "PYTHONPATH": str(ROOT),  # where its processes find `build`
}
OBJECT_STORE_BYTES = 80_000_000  # no object of ours is so large that it would go there
CONTROLLER = "SERVE_CONTROLLER_ACTOR"
START_S = 120.0


def build(args: dict[str, str]) -> Any:
    """What `streaming.cluster.application.build` is for users, with speakers of tests."""
    config = ServeConfig(max_sessions=int(args["calls"]), drain_s=60)
    return application(config, bars(Path(args["folder"])))


@dataclass
class LiveCluster(LiveServer):
    folder: Path
    version: int = 1

    def deploy(self, machines: int) -> None:
        """Tell Serve how many machines there are to be, as `serve deploy` does."""
        deployment = {
            "name": "machine",
            "num_replicas": machines,
            "graceful_shutdown_wait_loop_s": 0.2,
            "ray_actor_options": {"num_cpus": 0.1},
        }
        app = {
            "name": NAME,
            "route_prefix": "/",
            "import_path": f"{__name__}:build",
            "args": {"folder": str(self.folder), "calls": "2", "version": str(self.version)},
            "deployments": [deployment],
        }
        schema = ServeDeploySchema.model_validate({"applications": [app]})
        ray.get(_controller().apply_config.remote(schema))

    def replicas(self, state: str = "RUNNING") -> list[dict[str, Any]]:
        """What Serve says of those in this state."""
        details = ray.get(_controller().get_serve_instance_details.remote())
        deployments = details["applications"].get(NAME, {}).get("deployments", {})
        found = [one for each in deployments.values() for one in each["replicas"]]
        return [one for one in found if one["state"] == state]

    def machines(self) -> dict[str, list[str]]:
        """The ids of the calls that each has."""
        return {one["machine"]: one["calls"] for one in self._told()}

    def rooms(self) -> list[float]:
        """How many calls each would take."""
        return [one["room"] for one in self._told()]

    def calls(self) -> list[int]:
        """How many calls the machines have, fewest first."""
        return sorted(len(calls) for calls in self.machines().values())

    def sessions(self) -> int:
        return sum(self.calls())

    def owner(self, session: str) -> str:
        """The machine that has a call; empty while it does not say so."""
        return next((name for name, calls in self.machines().items() if session in calls), "")

    async def settle(self, machines: int) -> None:
        """Wait until there are so many machines, and none that is stopping or starting."""
        await until(lambda: self._settled(machines), START_S)

    def _settled(self, machines: int) -> bool:
        running = {one["replica_id"] for one in self.replicas()}
        return (
            len(running) == machines
            and not self.replicas("STOPPING")
            and set(self.machines()) == running
        )

    def _told(self) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.address}/debug/machines", timeout=30).raise_for_status()
        told: list[dict[str, Any]] = answer.json()
        return told


def _controller() -> Any:
    return ray.get_actor(CONTROLLER, namespace="serve")


@contextmanager
def serving_cluster(folder: Path, machines: int = 2) -> Iterator[LiveCluster]:
    """Serve two level bars by so many machines, which hold two calls each."""
    with (
        tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as ray_folder,
        pytest.MonkeyPatch.context() as environment,
    ):
        for name, value in RAY_SETTINGS.items():
            environment.setenv(name, value)
        ray.init(
            num_cpus=2,
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
            _temp_dir=ray_folder,
        )
        try:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            with contextlib.suppress(TimeoutError):  # it waits a minute for its proxy; we longer
                serve.start(http_options={"host": "127.0.0.1", "port": port})
            cluster = LiveCluster(f"http://127.0.0.1:{port}", folder)
            cluster.deploy(machines)
            wait_until(lambda: len(cluster.replicas()) == machines, START_S)
            wait_until(lambda: _answers(cluster), START_S)
            wait_until(lambda: cluster.calls() == [0] * machines, START_S)
            yield cluster
        finally:
            serve.shutdown()
            ray.shutdown()


def _answers(cluster: LiveCluster) -> bool:
    try:
        return httpx.get(f"{cluster.address}/debug/machines", timeout=30).is_success
    except httpx.HTTPError:
        return False
