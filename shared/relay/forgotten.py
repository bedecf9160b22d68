"""What an older backup of a store forgot beside its records: reports that were waiting or refused after it was taken.

Records come back from the stream, but the bytes of a report that was not recorded lay only in the store. Whoever reported it was told
that it waits, and so need not keep it. Its answer is still on the bus, and says who must report what again.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nats.aio.client import Client

from shared import subjects
from shared.answers import Answer, parse_answer
from shared.bus import BusUnreachable
from shared.contracts.base import Service
from shared.event_store.interface import EventStore, ReportKey
from shared.stream_look import StreamLook

PAGE = 1000
PAGE_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An answer of the last 30 days to a report that its service's store knows nothing of: it must be reported again."""

    service: Service
    answer: Answer
    state: Literal["forgotten"] = "forgotten"


async def forgotten(nc: Client, stores: Sequence[EventStore], *, county: str) -> AsyncIterator[Forgotten]:
    """Compare the answers on the bus, read once, with the stores of the services that gave them.

    Raises what bus and stores raise, and BusUnreachable when not all answers could be read: whatever ends without it has told everything.
    """
    stream = subjects.answered_stream(county)
    last = (await nc.jetstream().stream_info(stream)).state.last_seq
    look = StreamLook(nc, stream)
    while look.after < last:
        page = await look.page(PAGE, wait_seconds=PAGE_SECONDS_MAX)
        if not page and look.after < last:  # the broker lost its streams, or was set up anew
            raise BusUnreachable(
                f"{stream} 在读取时变短，第 {look.after} 条之后未能核对（至第 {last} 条）：请重新运行 / "
                f"{stream} became shorter while it was read, nothing was compared after {look.after} (of {last}): run this again"
            )
        answers = [answer for message in page if (answer := parse_answer(message.data)).outcome != "recorded"]
        for store in stores:
            for answer in await _unknown(store, [each for each in answers if each.type.partition(".")[0] == store.service]):
                yield Forgotten(store.service, answer)


async def _unknown(store: EventStore, answers: Sequence[Answer]) -> list[Answer]:
    if not answers:
        return []  # the lock is the running service's
    async with store.writing() as writing:
        known = {row.key for row in await writing.reports([ReportKey(each.source, each.id) for each in answers])}
    return [each for each in answers if (each.source, each.id) not in known]
