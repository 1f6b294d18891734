"""A machine's server as a replica of Ray Serve: its renderer, its media workers, its doors."""

import functools
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import ray
from fastapi import FastAPI
from ray import serve
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from streaming.cluster import debug_machines
from streaming.cluster.cluster_placement import ClusterPlacement
from streaming.cluster.directory_line import DirectoryLine
from streaming.cluster.membership import membership
from streaming.cluster.private_door import private_door
from streaming.core import logs, temporary_files
from streaming.core.config import ServeConfig
from streaming.core.logs import LogSettings
from streaming.render.client import RenderClient
from streaming.render.renderer import FindSpeakers
from streaming.server.audit_log import AuditLog
from streaming.server.serve import import_server
from streaming.talk.plan import load_plan
from streaming.workers.addresses import RENDERER
from streaming.workers.front import front_app, running_front
from streaming.workers.media_worker import WorkerPlace
from streaming.workers.worker_pool import WorkerPool


class ClusterMachine:
    """What Ray Serve makes one of on every machine."""

    def __init__(self, config: ServeConfig, find: FindSpeakers) -> None:
        """Raises AvatarError if the renderer does not start, or a setting is no good here."""
        how = LogSettings(config.log_format, config.log_level)
        logs.set_up(how)
        plan = load_plan(config.talk)
        AuditLog(config)
        temporary_files.prepare()
        self._config = config
        self._folder = tempfile.TemporaryDirectory(prefix="avatar-")
        shared_at = str(Path(self._folder.name) / RENDERER)
        imports = functools.partial(import_server, plan)
        self._renderer = RenderClient(find, imports, how, shared_at)
        wanted = self._renderer.ready.capacity.event_loops_wanted
        workers = config.workers or wanted(config.max_sessions)
        self._renderer.share_calls(workers)
        places = [WorkerPlace(config, Path(self._folder.name), n, workers) for n in range(workers)]
        self._pool = WorkerPool(places)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        """What answers to Serve's proxies."""
        app = front_app(self._config, self._lifespan, debug_machines.router)
        if not self._config.behind_proxy:
            return app
        return ProxyHeadersMiddleware(app, self._config.behind_proxy)  # type: ignore[arg-type, return-value]

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        config, pool, replica = self._config, self._pool, serve.get_replica_context()
        directory, host = DirectoryLine(replica.app_name), ray.util.get_node_ip_address()
        machines = ClusterPlacement(replica.replica_tag, pool, config.max_sessions, directory)
        inside = front_app(config)
        async with AsyncExitStack() as stack:
            stack.enter_context(self._folder)
            front = await stack.enter_async_context(running_front(config, self._renderer, pool))
            inside.state.server = front
            door = private_door(inside, config, host, await directory.key())
            at = replica.replica_tag, host, await stack.enter_async_context(door)
            app.state.server = replace(front, placement=machines)
            app.state.directory = directory
            await stack.enter_async_context(
                membership(machines, pool, directory, at, config.drain_s)
            )
            yield
