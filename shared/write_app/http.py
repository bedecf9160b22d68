"""`/health` and `/metrics` of a service, on a port of their own."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STOP_SECONDS_MAX = 2

Health = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]
"""Whether the service does its work, and the details."""


class PortTaken(Exception):
    """Somebody listens on the port already; the message says so in Chinese and English."""


class HealthServer:
    """Serves in the background from `start` to `stop`. The process's signals are none of its business."""

    def __init__(self, host: str, port: int, *, health: Health, registry: CollectorRegistry) -> None:
        """Takes the port. Raises PortTaken."""
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        """The port taken (a free one where 0 was asked for)."""

        async def show_health(_: Request) -> Response:
            well, details = await health()
            return Response(orjson.dumps(details), status_code=200 if well else 503, media_type="application/json")

        async def show_metrics(_: Request) -> Response:
            await health()  # the gauges are set along with the details
            return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

        pages = Starlette(routes=[Route("/health", show_health), Route("/metrics", show_metrics)])
        config = uvicorn.Config(
            pages, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=STOP_SECONDS_MAX, server_header=False
        )
        self._server = _Server(config)

    async def run(self) -> None:
        """Serve until cancelled."""
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self._server.should_exit = True
            await serving
            raise
        finally:
            self._socket.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the service."""
        yield


def _bound(host: str, port: int) -> socket.socket:
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise PortTaken(f"端口 {host}:{port} 无法使用 / the port {host}:{port} cannot be used ({error.strerror})") from error
    return taken
