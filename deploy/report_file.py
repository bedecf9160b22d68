"""A file of reports, sent line by line: checked as a whole first, in bounded memory however long it is, and gone on with after a crash.

A line is one JSON object: either a report as it goes on the bus (its `source` says whose it is) or what `kaiye simulate` writes: a report
with the department and system whose subject it is sent under, and the instant it was sent at.

What became of each line stands in an outbox named after the file's content, under the line's number, until the command has told it. So
the same command on the same content goes on with what is left, whatever ended it before, and tells of all lines in the end.
"""

import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

import orjson

from deploy.data_folder import DataFolder, Running
from deploy.reports import until_answered
from deploy.seeds import User, reporting_as
from shared.client import BusForbids, Outbox, OutgoingReport, ReportForbidden, ReportingClient
from shared.contracts.envelope import TYPE_PATTERN, Source
from shared.contracts.outcomes import Outcome
from shared.days import instant_from
from shared.subjects import REPORT_BYTES_MAX
from shared.write_service.reasons import shown

LINE_BYTES_MAX: Final = 8 * REPORT_BYTES_MAX
"""A longer line cannot hold a report, however it is spelled."""
NAMED_MAX: Final = 20
"""So many bad lines are named, the first ones; the others are counted."""
_OF_RECORDS = frozenset(("position", "prevhash"))
"""What only the service that recorded a fact says of it."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

Tell = Callable[[int, Mapping[Outcome, int]], None]
"""Hears how many lines are answered, and how many of them are recorded, wait and were refused."""


class BadReportFile(Exception):
    """Lines are no reports that could be sent; the message names them, in Chinese and English."""


class BadLine(BadReportFile):
    """One line is none."""

    def __init__(self, number: int, zh: str, en: str) -> None:
        self.zh, self.en = f"第 {number} 行{zh}", f"line {number} {en}"
        super().__init__(f"{self.zh}，未发送任何报告 / {self.en}: nothing was sent")


@dataclass(frozen=True, slots=True)
class Checked:
    """A file all of whose lines can be sent."""

    file: BinaryIO
    lines: int
    """How many hold a report."""
    digest: str
    """SHA-256 of the whole, in hex."""
    types: frozenset[str]
    """Of what it holds reports."""
    sources: frozenset[Source]
    """Whose they are."""


def check(file: BinaryIO, running: Running, only: Source | None = None) -> Checked:
    """Look at every line of a file that can be read from its start again. `only`: whoever sends it may report for nobody else.

    Raises BadReportFile for all lines that are no reports, and for a file without any: nothing of the file was sent.
    """
    named, bad = list[BadLine](), 0
    lines, digest, types, sources = 0, hashlib.sha256(), set[str](), set[Source]()
    for number, line in _lines(file):
        digest.update(line)
        if line.strip() or len(line) > LINE_BYTES_MAX:
            try:
                report = _checked(number, line, running, only)
            except BadLine as error:
                named, bad = [*named, error][:NAMED_MAX], bad + 1
                continue
            types.add(report.type)
            sources.add(report.source)
            lines += 1
    if bad:
        raise _bad(named, bad)
    if not lines:
        raise BadReportFile("中没有报告 / it holds no report")
    return Checked(file, lines, digest.hexdigest(), frozenset(types), frozenset(sources))


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of which all that can be answered is answered."""

    outbox: Outbox
    """The answers, by the numbers of their lines."""
    forbidden: ReportForbidden | None
    """Where the broker did not let all through; what it did not stands in the outbox."""


@asynccontextmanager
async def sent(
    running: Running, data: DataFolder, checked: Checked, tell: Tell, user: User | None = None
) -> AsyncIterator[Sent]:  # fmt: skip
    """Send what is not answered yet, and give the outbox with the answers to all lines, by their numbers. When the block ends well they
    count as told, and it is deleted, unless there are reports in it that the broker did not let through: they are sent, and all is told
    again, when the same file is. It is sent as the operator, or as the user whose reports they are.

    Raises OutboxError when the same file is being sent already or the folder cannot be written, BadReportFile when the file changed
    meanwhile, BusUnreachable when the bus does not answer at first, NobodyAnswers when nothing is heard for long, HearingForbidden when the
    broker lets the user hear no answers: what was answered stays known.
    """
    outbox, forbidden = data.outbox(checked.digest), Counter[str]()

    def keep(report: OutgoingReport, _: BusForbids) -> None:
        forbidden[report.type] += 1

    async with reporting_as(running, user, outbox, keep_answers=True, on_forbidden=keep) as client:
        before = await client.outbox.outcomes()
        recorded, refused = before.get("recorded", 0), before.get("refused", 0)  # what waits is sent again

        def told() -> None:
            now = client.progress
            outcomes: dict[Outcome, int] = {
                "recorded": recorded + now.recorded, "waiting": now.waiting, "refused": refused + now.refused,
            }  # fmt: skip
            tell(sum(outcomes.values()), outcomes)

        await until_answered(client.report_many(_left(checked, running, client)), client.progress, told)
        yield Sent(client.outbox, ReportForbidden(forbidden, outbox) if forbidden else None)
    if not forbidden:
        outbox.unlink()


async def _left(checked: Checked, running: Running, client: ReportingClient) -> AsyncIterator[OutgoingReport]:
    """The reports of the file that are neither answered nor in the outbox. What waits is asked about again: it may be recorded by now."""
    taken = {kept.number for kept in client.outbox.left}
    known, known_to, more = frozenset[int](), 0, True
    digest = hashlib.sha256()
    for number, line in _lines(checked.file):
        digest.update(line)
        if more and number > known_to:
            page = await client.outbox.answers(after=known_to)
            known = frozenset(kept.number for kept in page if kept.answer.outcome != "waiting")
            known_to, more = (page[-1].number, True) if page else (known_to, False)
        if line.strip() and number not in taken and not (number <= known_to and number in known):
            yield outgoing_report(number, line, running)
    if digest.hexdigest() != checked.digest:
        raise BadReportFile("在上报时被改动，请重新上报 / was changed while it was sent: send it again")


def _checked(number: int, line: bytes, running: Running, only: Source | None) -> OutgoingReport:
    """Raises BadLine."""
    if len(line) > LINE_BYTES_MAX:
        raise BadLine(number, f"超过 {LINE_BYTES_MAX // 1024} KiB", f"is longer than {LINE_BYTES_MAX // 1024} KiB")
    report = outgoing_report(number, line, running)
    if only is not None and report.source != only:
        raise BadLine(number, f"是 {shown(report.source)} 的，种子属于 {only}", f"is of {shown(report.source)}, but the seed of {only}")
    return report


def _bad(named: Sequence[BadLine], lines: int) -> BadReportFile:
    """All that is wrong with a file; of so many lines the first are named."""
    if lines == 1:
        return named[0]
    more_zh, more_en = (f"；另有 {lines - len(named)} 行", f"; {lines - len(named)} more lines") if lines > len(named) else ("", "")
    zh, en = "；".join(each.zh for each in named), "; ".join(each.en for each in named)
    return BadReportFile(f"{zh}{more_zh}，未发送任何报告 / {en}{more_en}: nothing was sent")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every line with its number; of one too long to be a report no more than shows that."""
    file.seek(0)
    number = 0
    while line := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        yield number, line
        while len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
            line = file.readline(LINE_BYTES_MAX + 1)


def outgoing_report(number: int, line: bytes, running: Running) -> OutgoingReport:
    """The report that stands in a line. Raises BadLine when none does that could be sent."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadLine(number, "不是 JSON", "is not JSON") from error
    if not isinstance(said, dict):
        raise BadLine(number, "不是 JSON 对象", "is no JSON object")
    if said.keys() >= _OF_RECORDS:
        raise BadLine(number, "是已记录的事实，不是上报的报告", "is a record, not a report")
    try:
        report = _simulated(said, running) if "report" in said else _plain(said, line)
    except (KeyError, TypeError, ValueError) as error:
        raise BadLine(
            number, "没有可用的 source（/县/部门/系统）与 type（服务.事件.v1）", "has no usable source (/county/department/system) and type"
        ) from error
    if report.source.county != running.county:
        raise BadLine(
            number, f"属于县 {report.source.county}，运行的是 {running.county}",
            f"is of county {report.source.county}, but {running.county} is running",
        )  # fmt: skip
    return report._replace(number=number)


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
