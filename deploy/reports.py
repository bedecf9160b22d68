"""Reports from files and from the roster, sent to a running system: what became of each of them.

A file holds one JSON object per line, either a report as it goes on the bus (its `source` says whose it is) or what `kaiye simulate`
writes: a report with the department and system whose subject it is sent under, and the instant it was sent at.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import httpx
import orjson
from nats.errors import ConnectionClosedError

from deploy.data_folder import Running
from deploy.reaching import bus
from deploy.simulator import LISTED, RosterUnit, unit_reports
from shared.answers import Answer
from shared.client import OutgoingReport, ReportingClient
from shared.contracts.envelope import TYPE_PATTERN, Source
from shared.days import instant_from
from shared.tasks import end

SILENCE_SECONDS_MAX = 60.0
"""Without any answer for so long, nobody is there who answers."""
FOLLOW_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.1
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class BadReportFile(Exception):
    """A line is no report that could be sent; the message names it, in Chinese and English."""


class NobodyAnswers(Exception):
    """The bus or the service that decides is away; the message says so, in Chinese and English."""


class Listing(Protocol):
    """Whatever has units to list: a county, or what was read of a roster's file."""

    @property
    def roster(self) -> Sequence[RosterUnit]:
        """名册."""


class NumberedReport(NamedTuple):
    """A report and the line or row it stands in."""

    number: int
    report: OutgoingReport


@dataclass(slots=True)
class Fates:
    """What became of reports: the newest answer to each, by its number."""

    answers: dict[int, Answer] = field(default_factory=dict)
    heard: int = 0
    """How many answers have come, later ones to the same report among them."""
    _open: dict[tuple[str, str], deque[int]] = field(default_factory=dict)
    _last: dict[tuple[str, str], int] = field(default_factory=dict)

    def sent(self, numbered: NumberedReport) -> None:
        """A report is on its way."""
        report = numbered.report
        self._open.setdefault((str(report.source), report.id or report.type), deque()).append(numbered.number)

    def answered(self, answer: Answer) -> None:
        """Find whose answer it is: reports of the same id are answered in turn, and what nobody could read is known by its type."""
        self.heard += 1
        key = (answer.source, answer.id)
        waiting = self._open.get(key) or ((self._open.get((answer.source, answer.type))) if key not in self._last else None)
        if waiting:
            self._last[key] = waiting.popleft()
        if (number := self._last.get(key)) is not None:
            self.answers[number] = answer


async def send(running: Running, reports: Sequence[NumberedReport]) -> dict[int, Answer]:
    """Send all and wait until each is answered: the newest answer to each, by its number.

    Sending the same again is harmless: the same content gets the same answer.
    Raises BusUnreachable when the bus does not answer at first, NobodyAnswers when nothing is heard for `SILENCE_SECONDS_MAX`.
    """
    fates = Fates()

    async def outgoing() -> AsyncIterator[OutgoingReport]:
        for numbered in reports:
            fates.sent(numbered)
            yield numbered.report

    async with bus(running) as nc, ReportingClient(nc, county=running.county, on_answer=fates.answered) as client:
        sending = asyncio.create_task(client.report_many(outgoing()))
        try:
            heard = -1
            while not sending.done():
                if heard == fates.heard:
                    raise NobodyAnswers(
                        f"{SILENCE_SECONDS_MAX:.0f} 秒内没有答复，{len(fates.answers)} 条已答复；恢复后可原样重报 / "
                        f"no answer for {SILENCE_SECONDS_MAX:.0f} s, {len(fates.answers)} are answered; send the same again later"
                    )
                heard = fates.heard
                await asyncio.wait([sending], timeout=SILENCE_SECONDS_MAX)
            await sending
        except ConnectionClosedError as error:
            raise NobodyAnswers("消息总线已关闭连接 / the bus has closed the connection") from error
        finally:
            await end([sending])
    return fates.answers


async def list_units(running: Running, county: Listing, listed: date = LISTED) -> dict[str, Answer]:
    """Report units to the registry as its office would: the answers by the units' codes. Listing one again changes nothing.

    The units exist from the day `listed` on: unless told otherwise from long ago, because a county's units are older than the facts
    about them. Raises what `send` raises.
    """
    codes, reports = [], []
    for number, each in enumerate(unit_reports(county, listed=listed)):
        source = Source(running.county, each.department, each.system)
        codes.append(each.id.removeprefix("unit-"))
        reports.append(NumberedReport(number, OutgoingReport(source, each.type, each.raw, each.id)))
    return {codes[number]: answer for number, answer in (await send(running, reports)).items()}


async def figures_follow(running: Running, answers: Iterable[Answer]) -> bool:
    """Wait until the figures follow from what was recorded, so that whoever asks next sees it. False after `FOLLOW_SECONDS_MAX`."""
    positions: dict[str, int] = {}
    for answer in answers:
        if answer.position is not None:
            service = answer.type.partition(".")[0]
            positions[service] = max(positions.get(service, 0), answer.position)
    deadline = time.monotonic() + FOLLOW_SECONDS_MAX
    async with httpx.AsyncClient(base_url=running.http_url, timeout=FOLLOW_SECONDS_MAX, trust_env=False) as http:
        while time.monotonic() < deadline:
            try:
                taken: dict[str, int] = (await http.get("/health")).json()["positions"]
            except httpx.TransportError:  # it is being started again
                taken = {}
            if all(taken.get(service, 0) >= position for service, position in positions.items()):
                return True
            await asyncio.sleep(LOOK_SECONDS)
    return False


def read_reports(lines: Iterable[bytes], running: Running) -> list[NumberedReport]:
    """The reports of a file's lines; empty lines are passed over. Raises BadReportFile for the first line that is none."""
    return [
        NumberedReport(number, _report(number, line, running)) for number, line in enumerate(lines, start=1) if line.strip()
    ]  # fmt: skip


def _report(number: int, line: bytes, running: Running) -> OutgoingReport:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _bad(number, "不是 JSON", "is not JSON") from error
    if not isinstance(said, dict):
        raise _bad(number, "不是 JSON 对象", "is no JSON object")
    try:
        report = _simulated(said, running) if "report" in said else _plain(said, line)
    except (KeyError, TypeError, ValueError) as error:
        raise _bad(
            number, "没有可用的 source（/县/部门/系统）与 type（服务.事件.v1）", "has no usable source (/county/department/system) and type"
        ) from error
    if report.source.county != running.county:
        raise _bad(
            number, f"属于县 {report.source.county}，运行的是 {running.county}",
            f"is of county {report.source.county}, but {running.county} is running",
        )  # fmt: skip
    return report


def _plain(said: dict[str, Any], line: bytes) -> OutgoingReport:
    matched = TYPE_PATTERN.match(said["type"])
    if matched is None:
        raise ValueError("no type")
    return OutgoingReport(Source.parse(said["source"]), f"{matched[1]}.{matched[2]}", line.strip(), _id(said))


def _simulated(said: dict[str, Any], running: Running) -> OutgoingReport:
    """What a department's system would put on the bus: `report` is a text where it is not JSON."""
    body = said["report"]
    raw = body.encode() if isinstance(body, str) else orjson.dumps(body)
    source = Source.parse(f"/{said['county']}/{said['department']}/{said['system']}")
    if TYPE_PATTERN.match(f"{said['type']}.v1") is None:
        raise ValueError("no type")
    instant: datetime | None = instant_from(said["instant"]) if running.simulated_clock and "instant" in said else None
    return OutgoingReport(source, said["type"], raw, _id(body), instant)


def _id(body: object) -> str:
    """The report's own id, or nothing where it has none that could be answered."""
    id = body.get("id") if isinstance(body, dict) else None
    return id if isinstance(id, str) and _ID.fullmatch(id) else ""


def _bad(number: int, zh: str, en: str) -> BadReportFile:
    return BadReportFile(f"第 {number} 行{zh}，未发送任何报告 / line {number} {en}: nothing was sent")
