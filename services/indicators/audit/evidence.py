"""What an evidence bundle shows: the answers of every unit, made by the second engine from the facts beside them, and made again to check.

The facts of a bundle are those recorded up to the end of its known day; where a service has closed that day, up to the record that says so.
No later record changes what was known on that day, so once it is final, whoever makes the bundle of these days gets the same one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.indicators.answers import BadQuestionError, Snapshot, ask, board
from services.indicators.api.duties import Wanted, duties
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.bundle import Files, Intact, check_integrity, lines_of, put_together, read_bundle
from services.indicators.audit.definitions import definitions, other_definitions
from services.indicators.audit.manifest import BOARDS, DEFINITIONS, DUTIES, FACTS, MANIFEST, PLAN, Altered, BundleUnusable, Manifest
from services.indicators.audit.recompute import recompute
from services.indicators.audit.records import BadRecords, End, History, check_history, up_to
from services.indicators.catalog import JUDGED
from services.indicators.evaluation.county import checked_plan, not_utf8
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.plan_file import PLAN_FILE
from services.indicators.evaluation.problems import FileProblems
from shared.contracts.base import SERVICES
from shared.contracts.common import DayClosed, common_class
from shared.contracts.envelope import Record


class OtherDefinitions(BundleUnusable):
    """A bundle was computed by definitions that this kaiye does not have; the message names them, in Chinese and English."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        listed = ", ".join(names)
        super().__init__(f"本版本没有这些定义，无法重算：{listed} / this kaiye lacks these definitions and cannot evaluate: {listed}")


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(chunk for line in lines for chunk in (line, b"\n"))


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of every unit, by code: one line of JSON each."""

    boards: list[bytes]
    duties: list[bytes]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first figure in which an answer is another one than computed anew."""

    unit: str
    row: tuple[str, ...]
    """(indicator, variant, part) or (duty, who owes it); empty where it is not about one row."""
    field: str
    given: Any
    recomputed: Any

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.unit, "/".join(self.row), self.field)))
        given, ours = (orjson.dumps(value).decode() for value in (self.given, self.recomputed))
        return f"{where}：原为 {given}，重算为 {ours} / {where}: {given} was given, recomputed it is {ours}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of checking a bundle. It is well when there is neither a fault nor a difference."""

    pinned: bool
    """Whether a key from elsewhere was given; otherwise the enclosed one says nothing about who signed."""
    manifest: Manifest | None = None
    """What the bundle says of itself, once that is proved."""
    fault: Altered | None = None
    """What is not as it was signed; nothing was computed then."""
    units: int = 0
    figures: int = 0
    """How many figures were computed anew and compared."""
    difference: Difference | None = None


def make_bundle(history: History, plan_text: bytes, as_of: date, known_at: date, key: Ed25519PrivateKey) -> Files:
    """The bundle of the figures as of a day, as known on a day. Raises BadQuestionError where there is no answer, BundleUnusable
    where there are no records by then, FileProblems for a plan that cannot be used.
    """
    plan = read_plan_text(plan_text)
    known = as_known_on(history, known_at)
    answers = answers_of(known, plan, as_of, known_at)
    facts = _by_service(known.records)
    return put_together(
        {
            **{name: _joined([record.raw for record in facts[service]]) for service, name in FACTS.items()},
            PLAN: plan_text, DEFINITIONS: definitions(), BOARDS: _joined(answers.boards), DUTIES: _joined(answers.duties),
        },
        key,
    )  # fmt: skip


def as_known_on(history: History, known_at: date) -> History:
    """The records that say what was known on a day: of each service those up to where it says that the day is closed, or where it does not
    say so those up to the end of the day. Raises BundleUnusable where there are none.
    """
    if history.last_known_day <= known_at:
        return history
    known = up_to(history, {service: End(_end(records, known_at)) for service, records in _by_service(history.records).items()})
    if not known.records:
        raise BundleUnusable(f"到 {known_at} 为止没有任何记录 / nothing was recorded up to {known_at}")
    return known


def _end(records: Sequence[Record], known_at: date) -> int:
    """Up to which position a service's records say what was known on a day."""
    last = 0
    for record in records:
        if record.known_day <= known_at:
            last = record.position
        elif common_class(record.type) is DayClosed and str(record.data.get("day", "")) >= known_at.isoformat():
            return record.position
    return last


def _by_service(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {service: [] for service in SERVICES}
    for record in records:
        found[record.service].append(record)
    return found


def answers_of(history: History, plan: Plan, as_of: date, known_at: date) -> Answers:
    """What the second engine answers for every unit that there is. Raises BadQuestionError where there is no answer."""
    snapshot = recompute(history, plan, "duckdb")(known_at)
    county = ask(snapshot, known_at, None, as_of, known_at)
    found = Answers([], [])
    for unit in units_of(snapshot, county.as_of, known_at):
        question = ask(snapshot, known_at, unit, as_of, known_at)
        found.boards.append(answer_bytes(board(snapshot, question)))
        found.duties.append(answer_bytes(duties(snapshot, question, Wanted())))
    return found


def units_of(snapshot: Snapshot, as_of: date, known_at: date) -> list[str]:
    """Every unit that can be asked about: the county first, the others by code."""
    units = snapshot.trees.at(known_at.toordinal()).units
    return sorted(code for code, unit in units.items() if unit.listed <= as_of.toordinal())


def verify_bundle(folder: Path, pinned: Ed25519PublicKey | None = None) -> Verdict:
    """Check every byte of a bundle, then every figure. Raises BundleUnusable where it cannot be judged."""
    try:
        intact = check_integrity(read_bundle(folder), pinned)
    except Altered as fault:
        return Verdict(pinned is not None, fault=fault)
    try:
        units, figures, difference = recount(intact)
    except Altered as fault:
        return Verdict(pinned is not None, intact.manifest, fault)
    return Verdict(pinned is not None, intact.manifest, None, units, figures, difference)


def recount(bundle: Intact) -> tuple[int, int, Difference | None]:
    """Compute every figure of a bundle anew: of how many units, how many, and the first that differs.

    Raises OtherDefinitions, and Altered where what was signed makes no sense.
    """
    manifest = bundle.manifest
    require_definitions(bundle)
    history = history_of(bundle)
    plan = plan_of(bundle)
    try:
        answers = answers_of(history, plan, manifest.as_of, manifest.known_at)
    except BadQuestionError as error:
        raise Altered(MANIFEST, error.zh, error.en) from error
    return compare(bundle.files, answers)


def require_definitions(bundle: Intact) -> None:
    """Whoever answers from a bundle must compute what was computed for it. Raises OtherDefinitions, and Altered where what was signed
    makes no sense.
    """
    try:
        others = other_definitions(bundle.files[DEFINITIONS])
    except ValueError as error:
        raise Altered(DEFINITIONS, "无法读取，不是定义清单", f"cannot be read: {error}") from error
    if others:
        raise OtherDefinitions(others)


def history_of(bundle: Intact) -> History:
    """The records of a bundle. Raises Altered where their content makes no sense."""
    try:
        return check_history(chain.from_iterable(bundle.facts[service] for service in SERVICES), bundle.manifest.county)
    except BadRecords as error:
        file, line = _file_of(bundle, error.line)
        zh, en = error.of_line
        raise Altered(file, zh, en, line) from error


def _file_of(bundle: Intact, line: int | None) -> tuple[str, int | None]:
    """The file of a bundle's records, and its line, of a line of them all."""
    if line is None:
        return " ".join(FACTS.values()), None
    for service in SERVICES:
        if line <= len(bundle.facts[service]):
            break
        line -= len(bundle.facts[service])
    return FACTS[service], line


def plan_of(bundle: Intact) -> Plan:
    """The plan of a bundle. Raises Altered where it cannot be used, or is another county's."""
    try:
        plan = read_plan_text(bundle.files[PLAN])
    except FileProblems as error:
        first = error.problems[0]
        raise Altered(PLAN, first.zh, first.en, first.line) from error
    county = bundle.manifest.county
    if plan.county != county:
        raise Altered(PLAN, f"属于 {plan.county}，证据包是 {county} 的", f"is of county {plan.county}, the bundle of {county}")
    return plan


def read_plan_text(text: bytes) -> Plan:
    """The plan from its file's exact bytes, beside the catalogue. Raises FileProblems."""
    try:
        return checked_plan(text.decode("utf-8-sig"), JUDGED)
    except UnicodeDecodeError as error:
        raise FileProblems(PLAN_FILE, [not_utf8(error)]) from error


def compare(files: Files, answers: Answers) -> tuple[int, int, Difference | None]:
    """The answers of a bundle beside those computed anew: of how many units, how many figures, and the first difference."""
    figures = 0
    for name, ours, rows in ((BOARDS, answers.boards, "indicators"), (DUTIES, answers.duties, "duties")):
        theirs = lines_of(files[name])
        for number, (one, other) in enumerate(zip(theirs, ours, strict=False), 1):
            figures += other.count(b'"definition":')
            if one != other:
                return number, figures, first_difference(_read(one, name, number), orjson.loads(other), rows)
        if len(theirs) != len(ours):
            raise Altered(name, f"应有 {len(ours)} 个单位，实有 {len(theirs)} 个", f"{len(ours)} units were expected, found {len(theirs)}")
    return len(answers.boards), figures, None


def _read(line: bytes, name: str, number: int) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Altered(name, "不是完整的 JSON", f"is no JSON: {error}", number) from error
    if not isinstance(found, dict):
        raise Altered(name, "应为 JSON 对象", "must hold a JSON object", number)
    return found


_IDENTITY = {"indicators": ("id", "variant", "part"), "duties": ("duty", "party")}
"""What tells the rows of an answer apart."""


def first_difference(given: dict[str, Any], recomputed: dict[str, Any], rows: str) -> Difference:
    """The first field in which an answer differs from the recomputed one: of the answer itself, else of its rows in order."""
    unit = str(recomputed["unit"])

    def differing(theirs: dict[str, Any], ours: dict[str, Any], row: tuple[str, ...]) -> Iterator[Difference]:
        for field in (*ours, *(field for field in theirs if field not in ours)):
            if field != rows and theirs.get(field) != ours.get(field):
                yield Difference(unit, row, field, theirs.get(field), ours.get(field))

    def all_differences() -> Iterator[Difference]:
        yield from differing(given, recomputed, ())
        listed = given.get(rows)
        theirs = {_identity(row, rows): row for row in (listed if isinstance(listed, list) else ()) if isinstance(row, dict)}
        ours = {_identity(row, rows): row for row in recomputed[rows]}
        for row in (*ours, *(row for row in theirs if row not in ours)):
            yield from differing(theirs.get(row, {}), ours.get(row, {}), row)
        yield Difference(unit, (), rows, "另一写法 / written otherwise", "")

    return next(all_differences())


def _identity(row: dict[str, Any], rows: str) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in _IDENTITY[rows] if row.get(name) is not None)
