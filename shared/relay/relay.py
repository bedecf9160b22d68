"""The relay: it publishes every record of the store to the stream, in order, once, without keeping a cursor.

Position p is published on the condition that the stream's last sequence is p − 1. So whatever happens (a crash between publishing
and noting it, two relays at once, hundreds of messages in flight while the leader changes) the stream stays dense and exact, and the
stream's own last sequence is the only cursor there is. And since position p is accepted only behind p − 1, its acknowledgement speaks
for every record before it: one in `ACKNOWLEDGED_EVERY` and the last of a page are acknowledged, the rest are published unheard.

At the start, after a reconnect, every `CHECK_SECONDS` and after any error the stream is compared with the store (`findings.py`).
Recording is held until that comparison has allowed it, because a store that came back from an older backup would give positions
the stream already holds to other records.
"""

import asyncio
import hashlib
import secrets

import nats.errors
from nats.aio.client import Client
from nats.js.errors import NoStreamResponseError, NotFoundError, ServiceUnavailableError

from shared import subjects
from shared.bus import ensure_stream, recorded_config
from shared.contracts.base import Service
from shared.logs import logger
from shared.relay.findings import (
    NOTHING_COMPARED,
    Compared,
    Forked,
    Healthy,
    Refilled,
    RelayFinding,
    StoreBehind,
    StreamSeen,
    describe,
    judge,
    may_record,
)
from shared.relay.store import Head, RecordStore
from shared.window import PublishFailed, Window

CHECK_SECONDS = 10.0
RETRY_SECONDS = 0.2
PAGE = 512
ACKNOWLEDGED_EVERY = 128
"""An error, or a stream that is gone, is noticed after so many records at most."""
EXPECTED_LAST_SEQUENCE = "Nats-Expected-Last-Sequence"
EXPECTED_STREAM = "Nats-Expected-Stream"

PASSING_ERRORS = (
    PublishFailed, nats.errors.TimeoutError, nats.errors.NoRespondersError, nats.errors.ConnectionReconnectingError,
    nats.errors.OutboundBufferLimitError, NoStreamResponseError, NotFoundError, ServiceUnavailableError,
)  # fmt: skip
"""What a reconnect, a leader election or a second look mends. Everything else ends the process."""

log = logger(__name__)


class Relay:
    """One service's relay. `run` works until cancelled; `recording_allowed` is what the service waits for before it records."""

    def __init__(
        self,
        nc: Client,
        store: RecordStore,
        *,
        county: str,
        service: Service,
        replicas: int = 1,
        check_seconds: float = CHECK_SECONDS,
        allowed: asyncio.Event | None = None,
    ) -> None:
        self._nc = nc
        self._js = nc.jetstream()
        self._store = store
        self._county = county
        self._service: Service = service
        self._config = recorded_config(county, service, replicas)
        self._stream = subjects.recorded_stream(county, service)
        self._check_seconds = check_seconds
        self._allowed = allowed or asyncio.Event()  # set while the service may record
        self._woken = asyncio.Event()
        self._check_due = asyncio.Event()
        self._progress = asyncio.Event()
        self._window: Window | None = None
        self.finding: RelayFinding | None = None
        """What the last comparison found; None before the first and while the bus is away."""
        self.published = 0
        """The last position the stream is known to hold."""
        self.refills = 0
        """How often this relay made the stream anew."""

    async def run(self) -> None:
        """Compare, publish, and again. Raises what trying again cannot mend: a lost store, a closed connection, a refused stream."""
        while True:
            try:
                finding = await self.check()
                await self._act(finding)
                if may_record(finding):
                    await self._publish_until_check()
                else:
                    await self._until_check()
            except PASSING_ERRORS as error:
                if self._nc.is_closed:
                    raise nats.errors.ConnectionClosedError from error
                log.info("relay compares again", service=self._service, because=str(error) or repr(error))
                # Two relays that met must not meet again at the same moment.
                await asyncio.sleep(RETRY_SECONDS * (0.5 + secrets.randbelow(100) / 100))

    async def recording_allowed(self) -> None:
        """Wait until the service may record."""
        await self._allowed.wait()

    def wake(self) -> None:
        """Something was committed: publish it now rather than at the next comparison."""
        self._woken.set()

    async def disconnected(self) -> None:
        """The bus is gone: hold recording, because what comes back may be another broker."""
        self.finding = None
        self._allowed.clear()

    async def reconnected(self) -> None:
        """The bus is back: compare before anything else. Acknowledgements of before will never come."""
        await self.disconnected()
        self._check_due.set()
        if self._window is not None:
            self._window.give_up("reconnected")

    async def flush(self, seconds_max: float) -> bool:
        """Wait until everything recorded so far is published; False when that took too long (the next start goes on)."""
        position = (await self._store.head()).position
        self.wake()
        try:
            async with asyncio.timeout(seconds_max):
                while self.published < position:
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            return False
        return True

    async def check(self) -> RelayFinding:
        """Compare stream and store, changing nothing. The stream is read first: see `findings.py`. Raises nats' errors."""
        self._check_due.clear()
        stream = await self._seen()
        head = await self._store.head()
        return judge(self._service, stream, head.position, await self._compare(stream, head))

    async def _seen(self) -> StreamSeen | None:
        try:
            state = (await self._js.stream_info(self._stream)).state
        except NotFoundError:
            return None
        return StreamSeen(state.first_seq, state.last_seq, state.messages)

    async def _compare(self, stream: StreamSeen | None, head: Head) -> Compared:
        position = min(stream.last if stream else 0, head.position)
        if not position:
            return NOTHING_COMPARED
        in_store = head.hash if position == head.position else await self._store.record_hash(position)
        assert in_store is not None, f"the store's head is {head.position}, yet it has no record {position}"
        try:
            message = await self._js.get_msg(self._stream, position)
        except NotFoundError:
            return Compared(position, None, in_store)
        return Compared(position, hashlib.sha256(message.data or b"").hexdigest(), in_store)

    async def _act(self, finding: RelayFinding) -> None:
        """Say what was found, mend the stream, and hold or allow recording."""
        zh, en = describe(finding)
        match finding:
            case Healthy():
                if self.finding is None:
                    await ensure_stream(self._js, self._config)  # settings somebody loosened by hand are brought back
                    log.info("relay: stream and store agree", service=self._service, finding=en)
                self.published = finding.in_stream
            case Refilled():
                lost = log.warning if finding.in_store else log.info  # a new service has no stream yet and has lost nothing
                lost("relay: the stream is made anew", service=self._service, damage=finding.damage, finding=zh, finding_en=en)
                await self._make_anew(finding)
                self.published = 0
                self.refills += 1
            case StoreBehind() | Forked():
                log.error("relay: recording has stopped", service=self._service, state=finding.state, finding=zh, finding_en=en)
        self.finding = finding
        if may_record(finding):
            self._allowed.set()
        else:
            self._allowed.clear()

    async def _make_anew(self, finding: Refilled) -> None:
        if finding.damage == "incomplete" and isinstance(await self.check(), Refilled):  # nobody else has mended it meanwhile
            await self._js.delete_stream(self._stream)
        await ensure_stream(self._js, self._config)

    async def _publish_until_check(self) -> None:
        """Publish what is there and what comes, until it is time to compare. Raises PublishFailed."""
        deadline = asyncio.get_running_loop().time() + self._check_seconds
        async with Window(self._nc) as window:
            self._window = window
            try:
                while not self._check_due.is_set() and asyncio.get_running_loop().time() < deadline:
                    self._woken.clear()
                    await self._publish_page(window)
                    if self._woken.is_set():
                        continue
                    await _either(self._woken, self._check_due, deadline)
            finally:
                self._window = None

    async def _publish_page(self, window: Window) -> None:
        """Publish the next records of the store; everything is acknowledged on return."""
        page = await self._store.records(self.published, PAGE)
        position = self.published
        for record in page:
            assert record.position == position + 1, f"the store gave position {record.position} after {position}"
            subject = subjects.recorded(self._county, record.type)
            headers = {EXPECTED_LAST_SEQUENCE: str(position), EXPECTED_STREAM: self._stream}
            if record is page[-1] or record.position % ACKNOWLEDGED_EVERY == 0:
                await window.publish(subject, record.raw, headers=headers, sequence=record.position)
            else:
                await window.publish_unheard(subject, record.raw, headers=headers)
            position = record.position
        await window.drain()
        self.published = position
        self._progress.set()
        if len(page) == PAGE:
            self._woken.set()

    async def _until_check(self) -> None:
        await _either(self._check_due, self._check_due, asyncio.get_running_loop().time() + self._check_seconds)


async def _either(one: asyncio.Event, other: asyncio.Event, deadline: float) -> None:
    """Wait until one of two events, or the deadline of the loop's clock."""
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    try:
        await asyncio.wait(waits, timeout=max(0.0, deadline - asyncio.get_running_loop().time()), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
