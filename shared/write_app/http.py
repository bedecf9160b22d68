"""`/health` and `/metrics` of a service, on a port of their own."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.http_server import HttpServer

Health = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]
"""Whether the service does its work, and the details."""


class HealthServer(HttpServer):
    """The two pages of a service that has no others."""

    def __init__(self, host: str, port: int, *, health: Health, registry: CollectorRegistry) -> None:
        """Takes the port. Raises PortTaken."""

        async def show_health(_: Request) -> Response:
            well, details = await health()
            return Response(orjson.dumps(details), status_code=200 if well else 503, media_type="application/json")

        async def show_metrics(_: Request) -> Response:
            await health()  # the gauges are set along with the details
            return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

        pages = Starlette(routes=[Route("/health", show_health), Route("/metrics", show_metrics)])
        super().__init__(host, port, pages)
