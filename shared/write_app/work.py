"""What a write service does once bus and store are connected: its parts, put together, and what goes on beside the reports."""

import asyncio
import re
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import APIError

from shared import subjects
from shared.answer_sender import AnswerSender
from shared.bus import ensure_reporting
from shared.clock import Clock, SimulatedClock, WallClock
from shared.contracts import is_read
from shared.contracts.common import FactCorrected, FactVoided, common_type
from shared.contracts.envelope import parse_record
from shared.contracts.outcomes import Reason
from shared.days import day_of, instant_from
from shared.event_store.interface import EventStore
from shared.limits import ListedLimits, listed_bounds
from shared.logs import logger
from shared.relay import Relay, describe, may_record
from shared.relay.relay import PASSING_ERRORS
from shared.rules import Rules
from shared.settings import Settings
from shared.stream_reader import StreamReader
from shared.unit_directory import UNIT_TYPES
from shared.write_app.drawing import give_back
from shared.write_app.metrics import ServiceMetrics
from shared.write_service.handler import IncomingReport, WriteService
from shared.write_service.masking import has_resident_id, mask_text
from shared.write_service.repairing import Act, Acted

STOP_SECONDS_MAX = 5.0
"""How long a stopping service goes on publishing what it has recorded and answered; the next start does the rest."""
ENSURE_SECONDS = 5.0
"""How often streams and consumer are looked after: a wiped broker serves again after so long at most."""
CALENDAR_SECONDS = 30.0
"""How often the calendar is looked at."""
UNITS_PAGE = 500
UNITS_WAIT_SECONDS = 60.0
SIMULATION_STARTS = datetime(1970, 1, 1, tzinfo=UTC)

_REPORTED = re.compile(r"reported\.[0-9]{12}\.([!-)+,\-0-=?-~]{1,64})\.([!-)+,\-0-=?-~]{1,64})\.([!-~]{1,200})")
"""Subjects whose reporter can be answered: see `shared.subjects.reported`. Whether it may report is asked when the report is read.

Neither token of it holds a wildcard, or the stroke between the tokens of a source.
"""
NOBODY = "!"
"""Stands for the department and the system in a subject of which no answer's subject can be made; no department may be called so."""

_NO_SUCH_MESSAGE = 10043

log = logger(__name__)


class NewerRecords(Exception):
    """The store holds records of a newer release; the message names their types and what to do, in Chinese and English."""


class Work:
    """One write service at work. `handle` takes reports; `duties` are the loops to run beside it, each ending only with an error."""

    def __init__(self, settings: Settings, nc: Client, store: EventStore, service: WriteService) -> None:
        self._settings = settings
        self._nc = nc
        self.store = store
        self._name = service.rules.service
        self._ensure_due = asyncio.Event()
        self.service = service
        self.bounded = listed_bounds(settings.departments, settings.county)
        """Which departments' systems may report some types only, or of some units."""
        self.relay = Relay(
            nc, store, county=settings.county, service=self._name, replicas=settings.nats_replicas, allowed=service.recording
        )  # fmt: skip
        self.sender = AnswerSender(nc, store, county=settings.county)

    @classmethod
    async def prepare(cls, settings: Settings, rules: Rules[Any], nc: Client, store: EventStore) -> "Work":
        """Put the parts together and make sure that reports can be drawn and answered. Raises NewerRecords, and what bus and store raise.

        Deciding goes by what is recorded of the same thing. Whoever could not read all of it would set some reports aside and decide others
        wrongly, so that a release older than its own records does not begin; what is reported meanwhile stays in the queue.
        """
        if unread := sorted(name for name in await store.wire_types() if not is_read(name)):
            raise NewerRecords(
                f"{rules.service} 已记录本版本读不懂的事实（{'、'.join(unread)}），由较新的版本写入；请换回写入它们的版本或更新的版本，"
                f"期间的报送留在队列中 / {rules.service} holds facts that this release cannot read ({', '.join(unread)}), recorded by a "
                "newer one: start that release again, or a later one; what is reported meanwhile stays in the queue"
            )
        clock: Clock = SimulatedClock((await store.head()).simulated or SIMULATION_STARTS) if settings.simulated_clock else WallClock()
        limits = ListedLimits(settings.departments, settings.county)
        work = cls(settings, nc, store, WriteService(rules, store, settings.county, clock, limits=limits))
        await work.ensure()
        return work

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        """Everything that goes on beside the reports."""
        duties = [self.relay.run(), self.sender.run(), self._look_after_streams()]
        if not self.service.clock.simulated:
            duties.append(self._close_days())
        if self._name != "registry":
            duties.append(self._follow_units())
        return duties

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Decide a batch in one commit. Raises what the store raises: nothing is written then, and the batch comes again."""
        await self.service.handle([self._incoming(message) for message in messages])
        self._committed()

    async def repair(self, act: Act) -> Acted | Reason:
        """Do something about a report that waits or was refused. Raises what `WriteService.repair` raises."""
        acted = await self.service.repair(act)
        self._committed()
        return acted

    async def erase(self, messages: Sequence[Msg]) -> None:
        """Overwrite the decided reports that hold a resident id, where the broker keeps them: an acknowledged message is out of the
        queue, but its bytes stay in the broker's file until everything beside it there is acknowledged too. One that cannot be
        overwritten now is given back: it comes again, gets the same answer again, and is overwritten then.
        """
        stream = subjects.reported_stream(self._settings.county)
        for message in messages:
            if not _holds_resident_id(message):
                continue
            try:
                await self._nc.jsm().delete_msg(stream, message.metadata.sequence.stream)
            except (*PASSING_ERRORS, APIError) as error:
                if isinstance(error, APIError) and error.err_code == _NO_SUCH_MESSAGE:
                    continue  # an earlier delivery of it was overwritten
                log.warning("a report with a resident id is not overwritten yet", service=self._name, because=repr(error))
                await give_back([message])

    async def disconnected(self) -> None:
        """The bus is gone: recording is held."""
        await self.relay.disconnected()

    async def reconnected(self) -> None:
        """The bus is back, perhaps another one."""
        await self.relay.reconnected()
        await self.sender.reconnected()
        self._ensure_due.set()

    async def finish(self) -> None:
        """Publish what is recorded and answered, as far as that can be done now."""
        if self._nc.is_connected and may_record(self.relay.finding):
            published = await self.relay.flush(STOP_SECONDS_MAX)
            answered = await self.sender.flush(STOP_SECONDS_MAX)
            log.info("service stops", service=self._name, everything_published=published, everything_answered=answered)

    async def ensure(self) -> None:
        """Streams and consumer as they must be, made anew where they are gone."""
        settings = self._settings
        await ensure_reporting(
            self._nc.jetstream(), settings.county, self._name, batch_size=settings.batch_size, replicas=settings.nats_replicas
        )  # fmt: skip

    async def health(self, metrics: ServiceMetrics) -> tuple[bool, dict[str, Any]]:
        """Whether the service records, and the details; the metrics are brought up to date along with them."""
        finding = self.relay.finding
        head, counts = await self.store.head(), await self.store.counts()
        recording = self.service.recording.is_set()
        metrics.recorded.set(head.position)
        metrics.published.set(self.relay.published)
        metrics.recording.set(recording)
        metrics.waiting.set(counts.waiting)
        oldest = counts.oldest_waiting
        metrics.oldest_waiting.set(0 if oldest is None else (self.service.clock.now() - oldest).total_seconds())
        metrics.aside.set(counts.aside)
        metrics.unsent.set(counts.unsent)
        metrics.refills.set(self.relay.refills)
        metrics.answers(self.service.outcomes)
        return recording, {
            "service": self._name, "county": self._settings.county, "recording": recording, "bus_connected": self._nc.is_connected,
            "simulated_clock": self.service.clock.simulated, "recorded": head.position, "published": self.relay.published,
            "closed": head.closed, "waiting": counts.waiting, "oldest_waiting": oldest, "set_aside": counts.aside,
            "answers_unsent": counts.unsent,
            "relay": None if finding is None else {**asdict(finding), **dict(zip(("zh", "en"), describe(finding), strict=True))},
        }  # fmt: skip

    def _committed(self) -> None:
        """Something was written: publish it."""
        self.relay.wake()
        self.sender.wake()

    def _incoming(self, message: Msg) -> IncomingReport:
        """The report a message carries. Under a subject of which no answer's subject can be made it is nobody's: refused, and so kept."""
        if (reporter := _reporter(message.subject)) is not None:
            department, system, type_ = reporter
        else:
            log.error("a report under a subject no department has", subject=mask_text(ascii(message.subject)), bytes=len(message.data))
            department, system, type_ = NOBODY, NOBODY, f"{self._name}.{NOBODY}"
        instant = None
        if self._settings.simulated_clock and (text := (message.headers or {}).get(subjects.INSTANT_HEADER)):
            try:
                instant = instant_from(text)
            except ValueError:
                log.warning("the simulated instant of a report is unreadable: the clock stands still", type=type_, header=mask_text(text))
        return IncomingReport(department, system, type_, message.data, instant)

    async def _follow_units(self) -> None:
        """Take over what the registry records about units, from where the store stands."""
        county = self._settings.county
        types = (*UNIT_TYPES, *(common_type(shape, "registry") for shape in (FactVoided, FactCorrected)))
        stream, after = subjects.recorded_stream(county, "registry"), (await self.store.head()).followed
        async with StreamReader(self._nc, stream, after=after, only=[subjects.recorded(county, type_) for type_ in types]) as reader:
            while True:
                if page := await reader.page(UNITS_PAGE, wait_seconds=UNITS_WAIT_SECONDS):
                    await self.service.unit_facts([parse_record(message.data) for message in page])
                    self._committed()

    async def _close_days(self) -> None:
        """Close the days before today once a new day has begun, whether or not anything is reported."""
        closed_before = None
        while True:
            today = day_of(self.service.clock.now())
            if today != closed_before:
                await self.service.close_day()
                self._committed()
                closed_before = today
            await asyncio.sleep(CALENDAR_SECONDS)

    async def _look_after_streams(self) -> None:
        """Make streams and consumer anew when they are gone, so that reports flow again after a broker was wiped."""
        while True:
            self._ensure_due.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(ENSURE_SECONDS):
                    await self._ensure_due.wait()
            try:
                await self.ensure()
            except PASSING_ERRORS as error:
                log.info("streams not looked after", service=self._name, because=repr(error))


def _holds_resident_id(message: Msg) -> bool:
    """Whether a resident id stands anywhere in a message: its data, its headers or its subject."""
    beside = " ".join((message.subject, *(text for header in (message.headers or {}).items() for text in header)))
    return has_resident_id(message.data) or has_resident_id(beside.encode("utf-8", "backslashreplace"))


@lru_cache(1000)
def _reporter(subject: str) -> tuple[str, str, str] | None:
    """Department, system and type, resident ids in the type masked; None where no answer's subject can be made, as with one before it."""
    if (match := _REPORTED.fullmatch(mask_text(subject))) is None:
        return None
    department, system, type_ = match.groups()
    return department, system, type_
