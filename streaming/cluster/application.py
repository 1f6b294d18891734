"""The Ray Serve application: `serve deploy` calls `build` with the `args` of its YAML file."""

import functools
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from ray import serve
from ray.serve.config import BackpressureConfig, RequestRouterConfig

from avatar.errors import AvatarError
from streaming.cluster.machine import ClusterMachine
from streaming.cluster.request_router import FewestCallsRouter
from streaming.core.config import ServeConfig, load_config
from streaming.render.find_speakers import find_speakers
from streaming.render.renderer import FindSpeakers
from streaming.server.session_manager import RETRY_AFTER_S

BESIDE_CALLS = 64  # requests that a machine may serve beside its calls: viewers, agents, pages
MOST_WAITING = 64  # requests at one of Serve's proxies while no machine takes any
FAREWELL_S = 15.0  # for calls to be ended, after `drain_s`


class ClusterArgs(BaseModel):
    """Under `args:` of the application. A change of them is a new version."""

    model_config = ConfigDict(extra="forbid")

    config: Path
    "A file as `avatar serve --config` takes it, at this path on every machine."


def build(args: ClusterArgs) -> Any:
    """The application, for `import_path`. Raises AvatarError."""
    config = load_config(args.config, {})
    if not config.max_sessions:
        raise AvatarError(
            f"{args.config}: a cluster needs max_sessions, the calls that one machine holds; "
            "`avatar bench --load N` on such a machine says whether that is N"
        )
    if not config.token_secret_file:
        raise AvatarError(
            f"{args.config}: a cluster is reached from other machines, so token_secret_file is "
            "needed"
        )
    find = functools.partial(find_speakers, config.speaker, config.device, config.backend)
    return application(config, find)


def application(config: ServeConfig, find: FindSpeakers) -> Any:
    """The application of machines that each hold `config.max_sessions` calls.

    How many there are, and what of a machine each takes up, stands in the YAML file, since that
    can be changed there without a new version.
    """
    routing: dict[str, Any] = {"request_router_class": FewestCallsRouter}  # untyped in Ray
    deploys = serve.deployment(
        name="machine",
        max_ongoing_requests=config.max_sessions + BESIDE_CALLS,
        max_queued_requests=MOST_WAITING,
        backpressure_config=BackpressureConfig(retry_after_s=RETRY_AFTER_S),
        request_router_config=RequestRouterConfig(**routing),
        graceful_shutdown_timeout_s=config.drain_s + FAREWELL_S,
    )
    return deploys(serve.ingress()(ClusterMachine)).bind(config, find)
