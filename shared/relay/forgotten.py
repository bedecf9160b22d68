"""What an older backup of a store forgot beside its records: reports that were waiting or refused after it was taken.

Records come back from the stream, but the bytes of a report that was not recorded lay only in the store. Whoever reported it was told
that it waits, and so need not keep it. Its answer is still on the bus, and says who must report what again.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from nats.aio.client import Client

from shared import subjects
from shared.answers import Answer, parse_answer
from shared.contracts.base import Service
from shared.event_store.interface import ReportKey, ReportRow
from shared.stream_reader import StreamReader

PAGE = 1000
PAGE_SECONDS_MAX = 10.0


class ReportReading(Protocol):
    """What is needed of a store's open transaction."""

    async def reports(self, keys: Sequence[ReportKey], /) -> list[ReportRow]:
        """All rows of these reports."""
        ...


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Answers of the last 30 days to reports that this service's store knows nothing of: they must be reported again."""

    service: Service
    answers: tuple[Answer, ...]


async def forgotten(
    nc: Client, writing: Callable[[], AbstractAsyncContextManager[ReportReading]], *, county: str, service: Service
) -> Forgotten:
    """Compare the answers on the bus with the store. Raises what bus and store raise."""
    stream = subjects.answered_stream(county)
    last = (await nc.jetstream().stream_info(stream)).state.last_seq
    found: list[Answer] = []
    async with StreamReader(nc, stream, only=[f"answered.{county}.>"]) as reader:
        while reader.after < last and (page := await reader.page(PAGE, wait_seconds=PAGE_SECONDS_MAX)):
            answers = [parse_answer(message.data) for message in page]
            asked = [each for each in answers if each.outcome != "recorded" and each.type.partition(".")[0] == service]
            if not asked:
                continue  # the lock is the running service's
            async with writing() as store:
                known = {row.key for row in await store.reports([ReportKey(each.source, each.id) for each in asked])}
            found += [each for each in asked if (each.source, each.id) not in known]
    return Forgotten(service, tuple(found))
