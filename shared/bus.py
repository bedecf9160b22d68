"""The bus: how to connect, and the streams with exactly the settings they must have.

| stream | holds | settings that matter |
|---|---|---|
| `REPORTED_<county>` | reports not yet answered | work queue: an acknowledged report is gone; at most `REPORTED_BYTES_MAX` |
| `ANSWERED_<county>` | the newest answer to each report | one message per subject, 30 days; nothing can be deleted or purged |
| `RECORDED_<county>_<SERVICE>` | every record of one service | nothing can be deleted or purged, no limit by age or size |

No stream drops a repeated `Nats-Msg-Id`, as far as the server lets us say so: a report sent again must be answered again.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import Error, NoServersError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError

from shared import subjects
from shared.contracts.base import SERVICES, Service
from shared.encryption import Unencrypted, encrypt_as_asked, tls_context
from shared.logs import logger
from shared.settings import Settings

RECONNECT_SECONDS = 0.25
KEPT_OUT_SECONDS_MAX = 3.0
"""How long the first connection is still tried when a server does not let this user in, for it may learn of a new key in a moment, or does
not encrypt, where another one may.
"""
DUPLICATE_WINDOW_SECONDS_MIN = 0.1
"""The shortest the server accepts; 0 would mean its default of two minutes, in which a report sent again is swallowed."""
DAY_SECONDS = 86_400.0
REPORTED_BYTES_MAX = 1024**3
"""What the work queue holds: a million ordinary reports not yet answered. A full one takes no more, and whoever reports sends again."""
ACK_SECONDS_MAX = 15.0
"""A report not acknowledged by then is delivered again, which is harmless: it gets the same answer."""
KEEPER: Service = "registry"
"""The service that keeps the shared streams as they must be; the other write services only make them where they are missing."""
SCHEMES: Final = ("nats", "tls")
_KEPT_OUT = re.compile("authorization violation|authentication (expired|revoked)", re.IGNORECASE)
_STREAM_NAME_IN_USE = 10058

log = logger(__name__)

Callback = Callable[[], Awaitable[None]]


class BusUnreachable(Exception):
    """No address of the bus answers, or no more comes from there; the message says so in Chinese and English."""


class BadAddress(BusUnreachable):
    """What is given as an address of the bus is none; the message says so in Chinese and English."""

    def __init__(self, settings: Settings) -> None:
        shown = shown_addresses(settings)
        super().__init__(
            f"消息总线地址应写作 nats://主机:端口 或 tls://主机:端口：{shown or '未填'} / "
            f"an address of the bus is written nats://HOST:PORT or tls://HOST:PORT, not {shown or 'left empty'}"
        )


def require_addresses(settings: Settings) -> None:
    """Raises BadAddress where no bus can be: the library would try for ever, or know only its own words for it."""
    if not settings.nats_servers or not all(map(_is_address, settings.nats_servers)):
        raise BadAddress(settings)


def _is_address(text: str) -> bool:
    try:
        address = text if "://" in text else f"nats://{text}"
        parts = urlsplit(address)
        # The library knows the schemes in small letters only.
        return address.partition("://")[0] in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, for instance
        return False


def connection_options(settings: Settings, *, name: str) -> dict[str, Any]:
    """What every connection to the bus has in common: it reconnects for ever and waits `RECONNECT_SECONDS` between attempts. Raises
    BadAddress.
    """
    require_addresses(settings)
    return {
        "servers": settings.nats_servers,
        "name": name,
        "inbox_prefix": settings.nats_inbox,
        "reconnect_time_wait": RECONNECT_SECONDS,
        "max_reconnect_attempts": -1,
        "ping_interval": 10,
        "max_outstanding_pings": 2,
    }


async def connect(
    settings: Settings,
    *,
    name: str,
    disconnected: Callback | None = None,
    reconnected: Callback | None = None,
    closed: Callback | None = None,
) -> Client:
    """A connection outside FastStream (commands, clients). Raises BusUnreachable when nothing answers in the time settings allow, or the
    bus does not let this user in; BadAddress at once.
    """
    options = connection_options(settings, name=name)
    if settings.nats_nkey_seed is not None:
        options["nkeys_seed_str"] = settings.nats_nkey_seed
    if settings.nats_credentials is not None:
        options["user_credentials"] = str(settings.nats_credentials)
    if (context := tls_context(settings)) is not None:
        options["tls"] = context

    first = _FirstConnection(settings)

    async def tell(error: Exception) -> None:
        await first.hear(error)
        log.debug("bus connection", name=name, error=repr(error))

    try:
        async with first.awaited():
            nc = Client()
            encrypt_as_asked(nc, settings)
            await nc.connect(**options, error_cb=tell, disconnected_cb=disconnected, reconnected_cb=reconnected, closed_cb=closed)
    except Error as error:  # what servers say it tells and tries again: only the addresses are left
        raise BadAddress(settings) from error
    hear_any_subject(nc)
    return nc


class _FirstConnection:
    """Waiting for the first connection to the bus, which the library tries for ever."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._refused: BusUnreachable | None = None
        """How a server did not take this user."""
        self._limit: asyncio.Timeout | None = None

    async def hear(self, error: Exception) -> None:
        """The library's callback for errors: hears that a server does not let this user in, or does not encrypt."""
        if self._limit is None or self._limit.expired() or self._refused is not None:
            return  # beside which it may be cut off in the midst of asking: one such answer is enough
        if isinstance(error, Unencrypted):
            self._refused = _unencrypted(error.server)
        elif _KEPT_OUT.search(str(error)) is not None:
            self._refused = _kept_out(self._settings)
        else:
            return
        until = asyncio.get_running_loop().time() + KEPT_OUT_SECONDS_MAX
        if (last := self._limit.when()) is None or until < last:
            self._limit.reschedule(until)

    @asynccontextmanager
    async def awaited(self) -> AsyncIterator[None]:
        """While it is tried. Raises BusUnreachable when nothing answers in the time settings allow, this user is not let in, or what is
        to be encrypted is not.
        """
        try:
            async with asyncio.timeout(self._settings.nats_connect_seconds_max) as self._limit:
                yield
        except (TimeoutError, NoServersError) as error:
            raise self._refused or unreachable(self._settings) from error
        finally:
            self._limit = None


def hear_any_subject(nc: Client) -> None:
    r"""Let the client survive subjects that are not UTF-8, which the server carries: their bytes beyond ASCII arrive as `\xff`.

    Without it nats-py ends its reader at the first such message, stays connected and hears nothing more; a report under such a subject
    would come again after every reconnect and make the service deaf again. Call it before anything is subscribed to.
    """
    process = nc._process_msg  # noqa: SLF001 - the library has no hook between parsing and decoding

    async def escaped(sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        await process(sid, subject if subject.isascii() else subject.decode("ascii", "backslashreplace").encode(), reply, data, headers)

    nc._process_msg = escaped  # type: ignore[method-assign] # noqa: SLF001


def unreachable(settings: Settings) -> BusUnreachable:
    """The error to raise when the first connection did not succeed."""
    shown = shown_addresses(settings)
    return BusUnreachable(f"无法连接消息总线 {shown} / the bus cannot be reached: {shown}")


def _kept_out(settings: Settings) -> BusUnreachable:
    shown = shown_addresses(settings)
    return BusUnreachable(
        f"消息总线 {shown} 不接受本用户：密钥或口令缺失、有误、已到期或已撤销，请向其管理员确认 / "
        f"the bus at {shown} does not let this user in: its key or password is missing, wrong, lapsed or revoked: ask its administrator"
    )


def _unencrypted(server: str) -> BusUnreachable:
    return BusUnreachable(
        f"消息总线 {server} 未提供 TLS 加密，而 tls:// 地址或 KAIYE_NATS_CERTIFICATES 要求加密：未发送任何内容，请向其管理员确认 / "
        f"the bus at {server} does not encrypt, which a tls:// address or KAIYE_NATS_CERTIFICATES asks for: nothing was sent; ask its "
        "administrator"
    )


def shown_addresses(settings: Settings) -> str:
    """The addresses of the bus for people: passwords are left out."""
    return ", ".join(address.rpartition("@")[2] for address in settings.nats_servers)


def reported_config(county: str, replicas: int = 1) -> StreamConfig:
    """The work queue of reports. Only the three services' subjects: a report for anybody else finds no stream and the reporter is told."""
    return StreamConfig(
        name=subjects.reported_stream(county),
        subjects=[subjects.reported_to(county, service) for service in SERVICES],
        retention=RetentionPolicy.WORK_QUEUE, storage=StorageType.FILE, discard=DiscardPolicy.NEW, num_replicas=replicas,
        deny_purge=True,
        max_msg_size=subjects.REPORT_BYTES_MAX, max_msgs=-1, max_bytes=REPORTED_BYTES_MAX, max_consumers=-1, max_age=0,
        duplicate_window=DUPLICATE_WINDOW_SECONDS_MIN,
    )  # fmt: skip


def answered_config(county: str, replicas: int = 1) -> StreamConfig:
    """The newest answer to each report, for 30 days."""
    return StreamConfig(
        name=subjects.answered_stream(county), subjects=[f"answered.{county}.>"],
        retention=RetentionPolicy.LIMITS, storage=StorageType.FILE, discard=DiscardPolicy.OLD, num_replicas=replicas,
        deny_delete=True, deny_purge=True, max_msgs_per_subject=1, max_age=subjects.ANSWERS_KEPT_DAYS * DAY_SECONDS,
        max_msg_size=-1, max_msgs=-1, max_bytes=-1, max_consumers=-1, duplicate_window=DUPLICATE_WINDOW_SECONDS_MIN,
    )  # fmt: skip


def recorded_config(county: str, service: str, replicas: int = 1) -> StreamConfig:
    """All records of one service for ever: stream sequence equals position, so nothing may ever be taken out."""
    return StreamConfig(
        name=subjects.recorded_stream(county, service), subjects=[f"recorded.{county}.{service}.>"],
        retention=RetentionPolicy.LIMITS, storage=StorageType.FILE, discard=DiscardPolicy.NEW, num_replicas=replicas,
        deny_delete=True, deny_purge=True, max_age=0, max_msg_size=-1, max_msgs=-1, max_bytes=-1, max_consumers=-1,
        duplicate_window=DUPLICATE_WINDOW_SECONDS_MIN,
    )  # fmt: skip


def reports_consumer(county: str, service: Service, batch_size: int) -> ConsumerConfig:
    """How one write service draws its reports: durable, shared by its copies, redelivered until acknowledged."""
    return ConsumerConfig(
        name=service, durable_name=service, filter_subject=subjects.reported_to(county, service),
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_SECONDS_MAX, max_deliver=-1,
        max_ack_pending=max(1000, 4 * batch_size),
    )  # fmt: skip


async def ensure_stream(js: JetStreamContext, config: StreamConfig, *, keeps: bool = True) -> None:
    """Create the stream, or, whoever `keeps` it, bring an existing one to these settings. Raises nats' errors when the server refuses."""
    try:
        await js.add_stream(config)
    except BadRequestError as error:
        if error.err_code != _STREAM_NAME_IN_USE:
            raise
        if keeps:
            await js.update_stream(config)


async def ensure_reporting(js: JetStreamContext, county: str, service: Service, *, batch_size: int, replicas: int = 1) -> None:
    """The streams of reports and answers and this service's consumer: after it a report can be drawn and answered."""
    for config in (reported_config(county, replicas), answered_config(county, replicas)):
        await ensure_stream(js, config, keeps=service == KEEPER)
    await js.add_consumer(subjects.reported_stream(county), reports_consumer(county, service, batch_size))
