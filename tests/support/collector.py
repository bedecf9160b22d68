"""An OpenTelemetry collector of traces, by OTLP/HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.http_server import HttpServer
from shared.tasks import end


@asynccontextmanager
async def collector(exported: list[ExportTraceServiceRequest]) -> AsyncIterator[str]:
    """Its address; what it was sent is in `exported`."""

    async def export(request: Request) -> Response:
        assert request.headers["content-type"] == "application/x-protobuf"
        exported.append(ExportTraceServiceRequest.FromString(await request.body()))
        return Response(media_type="application/x-protobuf")

    server = HttpServer("127.0.0.1", 0, Starlette(routes=[Route("/v1/traces", export, methods=["POST"])]))
    running = asyncio.create_task(server.run())
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await end([running])
        server.close()
