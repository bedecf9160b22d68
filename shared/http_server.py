"""An HTTP server inside a service's own event loop, on a port taken before anything else starts."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

STOP_SECONDS_MAX = 2


class PortTaken(Exception):
    """Somebody listens on the port already; the message says so in Chinese and English."""


class HttpServer:
    """Serves an ASGI application while `run` runs. The process's signals are none of its business."""

    def __init__(self, host: str, port: int, app: Callable[..., Any]) -> None:
        """Takes the port. Raises PortTaken."""
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        """The port taken (a free one where 0 was asked for)."""
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=STOP_SECONDS_MAX,
                server_header=False,
            )
        )

    async def run(self) -> None:
        """Serve until cancelled; answers under way then have `STOP_SECONDS_MAX` to end."""
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self._server.should_exit = True
            await serving
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Give the port back."""
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
