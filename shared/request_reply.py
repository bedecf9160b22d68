"""Questions and commands answered by core request and reply: documented by the shape of what is asked, answered with exact bytes."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from faststream import Context
from faststream.nats import NatsBroker
from faststream.nats.message import NatsMessage
from faststream.nats.response import NatsResponse
from pydantic import BaseModel

from shared import subjects
from shared.documented import Documented

Reply = Callable[[NatsMessage], Awaitable[tuple[bytes, str]]]
"""The bytes of a reply, and the code of the error where it is one, else nothing."""


def answer_requests(
    broker: NatsBroker, subject: str, shape: type[BaseModel], reply: Reply, *, queue: str, title: str, description: str
) -> None:  # fmt: skip
    """Subscribe; copies of a service share the requests. The code of an error is the reply's header `Kaiye-Error` too."""

    async def undecoded(message: NatsMessage) -> bytes:
        return message.body

    async def asked(
        request: Annotated[Any, Documented(shape)],  # noqa: ARG001 - the documented shape; `message` holds the same bytes
        message: Annotated[NatsMessage, Context("message")],
    ) -> NatsResponse:
        body, code = await reply(message)
        return NatsResponse(body, headers={subjects.ERROR_HEADER: code} if code else {})

    broker.subscriber(subject, queue=queue, decoder=undecoded, title=title, description=description)(asked)
