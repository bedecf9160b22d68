"""Somebody who answers reports off the bus as a test tells him to: a stand-in for the write services."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import subjects
from shared.answers import Answer, answer_bytes
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Outcome
from tests.support.nats import settled

COUNTY = "990101000000"
Ruling = Callable[[Msg, int], "Answer | None"]
"""What to answer to a message that is the n-th with these bytes, counting from 1; None for nothing."""


def answer(message: Msg, id: str, outcome: Outcome = "recorded", revision: int = 1) -> Answer:
    _, county, department, system, type_ = message.subject.split(".", 4)
    source = str(Source(county, department, system))
    return Answer(source, id, type_, revision, outcome, code=outcome, zh="答", en="answer", position=None)


class Desk:
    """Everything it received, in order."""

    def __init__(self, nc: Client, ruling: Ruling) -> None:
        self._nc = nc
        self._ruling = ruling
        self.received: list[Msg] = []

    async def give(self, answer: Answer) -> None:
        source = Source.parse(answer.source)
        await self._nc.publish(subjects.answered(source.county, source.department, source.system, answer.id), answer_bytes(answer))

    async def take(self, message: Msg) -> None:
        self.received.append(message)
        times = sum(1 for earlier in self.received if earlier.data == message.data) if len(self.received) < 500 else 1
        if (said := self._ruling(message, times)) is not None:
            await self.give(said)


@asynccontextmanager
async def deciding(nc: Client, ruling: Ruling) -> AsyncIterator[Desk]:
    desk = Desk(nc, ruling)
    subscription = await nc.subscribe(f"reported.{COUNTY}.>", cb=desk.take)
    await settled(nc)
    try:
        yield desk
    finally:
        await asyncio.sleep(0)
        await subscription.unsubscribe()
