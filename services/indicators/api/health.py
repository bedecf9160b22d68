"""Whether the figures follow the records: positions, how far behind, the last final day, and what is wrong."""

import asyncio
from datetime import date

import nats.errors
from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict, Field

from services.indicators.api.questions import Problem, Questions
from services.indicators.archiving import Archiving
from services.indicators.versions import Difference
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
    today: date = Field(description="系统今日 / today by the system's clock")
    positions: dict[str, int] = Field(description="已取用的记录 / records taken in, by service")
    lag: dict[str, int | None] = Field(description="尚未取用的记录 / records in the stream not taken in yet; null: not known")
    final: date | None = Field(description="最后一个定案日 / the last day on which no service can record anything more")
    archived: dict[str, int] | None = Field(description="归档到的位置 / up to where the archive goes, by service; null: none is written")
    unreadable: int = Field(description="本版本不认识的记录 / records no contract of this release describes")
    entries: int = Field(description="账目数 / entries of the ledger")
    findings: list[Problem]


_OPENING = Problem(code="opening", zh="正在读取指标库", en="the ledger is being read")
_BUS_AWAY = Problem(
    code="bus_away",
    zh="与消息总线的连接中断，指标停在已取用的记录",
    en="the bus is away: the figures stand where they are until it is back",
)


def _stream_missing(service: Service) -> Problem:
    return Problem(
        code="stream_missing", zh=f"{service} 的记录流不存在或无应答，等待其写入服务建立",
        en=f"the stream of {service}'s records is missing or silent: its write service will make it",
    )  # fmt: skip


def _stream_behind(service: Service, last: int, position: int) -> Problem:
    return Problem(
        code="stream_behind", zh=f"{service} 的记录流只到 {last}，指标已取用到 {position}：正在补发，或来自较旧的副本",
        en=f"the stream of {service}'s records ends at {last}, the figures follow up to {position}: "
        "it is being refilled, or comes from an older copy",
    )  # fmt: skip


def _unreadable(records: int) -> Problem:
    return Problem(
        code="unreadable_records", zh=f"有 {records} 条记录本版本不认识，所涉指标标为不完整，请升级",
        en=f"{records} records are unknown to this release: their figures are marked incomplete until it is upgraded",
    )  # fmt: skip


def _being_rebuilt(measures: int) -> Problem:
    return Problem(
        code="being_rebuilt", zh=f"{measures} 个量的定义已变，正由全部事实重算",
        en=f"{measures} measures have another definition now and are being derived anew from all facts",
    )  # fmt: skip


def _disagrees(difference: Difference) -> Problem:
    where = f"{difference.measure} {difference.unit} {difference.as_of}@{difference.known_at}: {difference.built} ≠ {difference.recomputed}"
    return Problem(
        code="rebuild_disagrees", zh=f"重算与第二引擎不一致，未予切换：{where}",
        en=f"what was rebuilt disagrees with the second engine and does not serve: {where}",
    )  # fmt: skip


def _archive_stopped(trouble: str) -> Problem:
    zh, _, en = trouble.partition(" / ")
    return Problem(code="archive_stopped", zh=f"归档停写：{zh}", en=f"the archive is not written: {en or zh}")


_ARCHIVE_LATE = Problem(
    code="archive_late", zh="归档落后：有记录久未写入归档",
    en="the archive is behind: records wait to be written there for longer than they are to",
)  # fmt: skip

_HARMLESS = frozenset({"being_rebuilt", "unreadable_records", "rebuild_disagrees", "archive_stopped", "archive_late"})
"""Findings with which the service still does its work."""


async def look(nc: Client, questions: Questions, archiving: Archiving | None) -> tuple[bool, Health]:
    """Whether the service does its work, and the details."""
    live = questions.live
    before = dict(live.snapshot().positions)
    lasts = await _lasts(nc, live.plan.county)
    # From here on nothing yields: all that is said is of one moment.
    snapshot = live.snapshot()
    connected, ready, unreadable = nc.is_connected, questions.ready, len(snapshot.unreadable)
    behind: dict[str, int | None] = {
        service: None if last is None else max(0, last - snapshot.positions[service]) for service, last in lasts.items()
    }
    findings: list[Problem] = []
    if not ready:
        findings.append(_OPENING)
    if not connected:
        findings.append(_BUS_AWAY)
    if ready and connected:
        for service, last in lasts.items():
            if last is None:
                findings.append(_stream_missing(service))
            elif last < before[service]:
                findings.append(_stream_behind(service, last, before[service]))
    if unreadable:
        findings.append(_unreadable(unreadable))
    if changed := len(snapshot.being_rebuilt):
        findings.append(_being_rebuilt(changed))
    if live.versions.rebuild.stage == "disagrees" and live.versions.rebuild.difference:
        findings.append(_disagrees(live.versions.rebuild.difference))
    if archiving is not None and archiving.trouble is not None:
        findings.append(_archive_stopped(archiving.trouble))
    elif archiving is not None and ready and archiving.late:
        findings.append(_ARCHIVE_LATE)
    return all(finding.code in _HARMLESS for finding in findings), Health(
        county=live.plan.county, ready=ready, bus_connected=connected, simulated_clock=live.clock.simulated, today=live.today(),
        positions=dict(snapshot.positions) if ready else {},
        lag=behind if ready else {},
        final=min(snapshot.closed.values()) if len(snapshot.closed) == len(SERVICES) else None,
        archived=None if archiving is None else dict(archiving.positions),
        unreadable=unreadable, entries=live.balances.size, findings=findings,
    )  # fmt: skip


async def _lasts(nc: Client, county: str) -> dict[Service, int | None]:
    """The last sequence of each service's stream; None where nobody says."""
    lasts = await asyncio.gather(*(_last(nc, subjects.recorded_stream(county, service)) for service in SERVICES))
    return dict(zip(SERVICES, lasts, strict=True))


async def _last(nc: Client, stream: str) -> int | None:
    if not nc.is_connected:
        return None
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            return (await nc.jetstream().stream_info(stream)).state.last_seq
    except (TimeoutError, nats.errors.Error):
        return None
