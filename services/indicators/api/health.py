"""Whether the figures follow the records: positions, how far behind, the last final day, and what is wrong."""

import asyncio
from datetime import date

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError, NotFoundError
from pydantic import BaseModel, ConfigDict, Field

from services.indicators.api.questions import Problem, Questions
from services.indicators.live import Live
from shared import subjects
from shared.contracts.base import SERVICES, Service

LOOK_SECONDS_MAX = 1.0
"""How long the broker has to say how long a stream is."""


class Health(BaseModel):
    """What /health says. Positions are missing until the store has been read."""

    model_config = ConfigDict(frozen=True)
    service: str = "indicators"
    county: str
    ready: bool = Field(description="指标库已读入 / the store has been read: questions are answered")
    bus_connected: bool
    simulated_clock: bool
    today: date | None = Field(description="系统今日 / today by the system's clock")
    positions: dict[str, int] = Field(description="已取用的记录 / records taken in, by service")
    lag: dict[str, int | None] = Field(description="尚未取用的记录 / records in the stream not taken in yet; null: not known")
    final: date | None = Field(description="最后一个定案日 / the last day on which no service can record anything more")
    unreadable: int = Field(description="本版本不认识的记录 / records no contract of this release describes")
    entries: int = Field(description="账目数 / entries of the ledger")
    findings: list[Problem]


_OPENING = Problem(code="opening", zh="正在读取指标库", en="the ledger is being read")
_BUS_AWAY = Problem(
    code="bus_away", zh="与消息总线的连接中断，指标停在已取用的记录", en="the bus is away: the figures stand where they are until it is back"
)


def _stream_missing(service: Service) -> Problem:
    return Problem(
        code="stream_missing", zh=f"{service} 的记录流不存在或无应答，等待其写入服务建立",
        en=f"the stream of {service}'s records is missing or silent: its write service will make it",
    )  # fmt: skip


def _stream_behind(service: Service, last: int, position: int) -> Problem:
    return Problem(
        code="stream_behind", zh=f"{service} 的记录流只到 {last}，指标已取用到 {position}：正在补发，或来自较旧的副本",
        en=f"the stream of {service}'s records ends at {last}, the figures follow up to {position}: it is being refilled, or comes from an older copy",
    )  # fmt: skip


def _unreadable(records: int) -> Problem:
    return Problem(
        code="unreadable_records", zh=f"有 {records} 条记录本版本不认识，所涉指标标为不完整，请升级",
        en=f"{records} records are unknown to this release: their figures are marked incomplete until it is upgraded",
    )  # fmt: skip


_HARMLESS = frozenset({"unreadable_records"})
"""Findings with which the service still does its work."""


async def look(nc: Client, live: Live, questions: Questions) -> tuple[bool, Health]:
    """Whether the service does its work, and the details."""
    findings: list[Problem] = []
    if not nc.is_connected:
        findings.append(_BUS_AWAY)
    ready = questions.ready
    lasts = dict(zip(SERVICES, await asyncio.gather(*(_last(nc, live.plan.county, service) for service in SERVICES)), strict=True))
    # From here on nothing yields: figures, positions and what is said about them are of one moment.
    snapshot = live.snapshot() if ready else None
    positions = snapshot.positions if snapshot is not None else {}
    lag: dict[str, int | None] = {}
    if snapshot is None:
        findings.append(_OPENING)
    for service in SERVICES if snapshot is not None else ():
        last, position = lasts[service], positions[service]
        # A page taken in while the broker answered may have gone beyond what it said.
        lag[service] = None if last is None else max(0, last - position)
        if last is None and nc.is_connected:
            findings.append(_stream_missing(service))
        elif last is not None and last < position and not live.took_since(service, last):
            findings.append(_stream_behind(service, last, position))
    return False, Health(county="", ready=ready, bus_connected=True, simulated_clock=False, today=None, positions=positions, lag=lag, final=None, unreadable=0, entries=0, findings=findings)


async def _last(nc: Client, county: str, service: Service) -> int | None:
    """The last sequence of a service's stream; None when nobody says."""
    if not nc.is_connected:
        return None
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            return (await nc.jetstream().stream_info(subjects.recorded_stream(county, service))).state.last_seq
    except (TimeoutError, nats.errors.Error, APIError):
        return None
