"""Puts on the desk what deciding some reports will look at: one query per table for all of them, none for what is there already."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from shared.contracts import read_fact
from shared.contracts.base import Fact, Subject, natural_key_of, told_otherwise
from shared.contracts.common import FactCorrected, FactVoided
from shared.contracts.envelope import Source, parse_record
from shared.contracts.registry import EntityCodeReplaced
from shared.event_store.interface import ReportKey, ReportRow, StateRow, Writing
from shared.write_service import reasons
from shared.write_service.desk import Candidate, Desk
from shared.write_service.history import History, Told
from shared.write_service.parsing import Broken, Content, IncomingReport, Named, Readable, corrected_fact, read, read_recorded
from shared.write_service.verdicts import opening_need, report_need


async def load(desk: Desk, writing: Writing, candidates: Sequence[Candidate]) -> None:
    """Everything that deciding these looks at, and who waits for what they may bring."""
    readable = [candidate for candidate in candidates if isinstance(candidate, Readable)]
    amended = [key for report in readable if (key := _amended(report)) is not None]
    await load_reports(desk, writing, [*(candidate.key for candidate in candidates), *amended])
    await _load_targets(desk, writing, amended)
    named = [report.named for report in readable if report.named is not None]
    await _load_states(desk, writing, _subjects(desk, named))
    await _load_naturals(desk, writing, named)
    await _load_whole(desk, writing, _whole(desk, readable))
    corrected = list(_corrected(desk, readable))
    await _load_states(desk, writing, _subjects(desk, corrected))
    targets = [about for report in readable if (about := _target(desk, report)) is not None]
    await load_waiters(desk, writing, _needs(desk, candidates, [*(one.about for one in named), *targets]))


async def load_waiters(desk: Desk, writing: Writing, needs: Iterable[str]) -> None:
    """Who waits for these: only their keys, there may be thousands."""
    asked = [need for need in dict.fromkeys(needs) if need not in desk.asked]
    if asked:
        desk.put_waiting(asked, await writing.waiting(asked))


async def load_waiting(desk: Desk, writing: Writing, keys: Collection[ReportKey], hmac_key: bytes) -> list[ReportKey]:
    """Those of these reports that wait, in order of arrival, read anew from the bytes kept, with all that deciding them looks at."""
    if not keys:
        return []
    await load_reports(desk, writing, keys)
    rows = [row for key in keys if (row := desk.bound(key)) is not None and row.outcome == "waiting"]
    rows.sort(key=lambda row: row.arrival)
    for row in rows:
        known = desk.candidates.get(row.key)
        if known is not None and known.digest == row.digest:  # another content may have waited under the same id before
            continue
        assert row.kept is not None
        source = Source.parse(row.source)
        incoming = IncomingReport(source.department, source.system, row.type, row.kept)
        desk.candidates[row.key] = _as_known(read(incoming, desk.county, desk.rules.service, hmac_key), row)
    await load(desk, writing, [desk.candidates[row.key] for row in rows])
    return [row.key for row in rows]


def _as_known(candidate: Candidate, row: ReportRow) -> Candidate:
    """Under the key and the digest it waits by, even if what reads it changed since.

    Only what was set aside may have been masked: what can be read of it is known again by its digest or not at all.
    """
    as_kept = isinstance(candidate, Broken) or (isinstance(candidate, Readable) and candidate.as_sent == row.digest)
    if as_kept or row.reason != reasons.INTERNAL:
        candidate = candidate._replace(digest=row.digest)
    return candidate if candidate.key == row.key else candidate._replace(key=row.key)


def _amended(report: Readable) -> ReportKey | None:
    """The report that a void or a correction names."""
    if report.named is None and isinstance(report.content, FactVoided | FactCorrected):
        return ReportKey(report.content.source, report.content.id)
    return None


def _target(desk: Desk, report: Readable) -> Subject | None:
    """What the fact is about that a void or a correction names, if that is recorded."""
    key = _amended(report)
    row = desk.bound(key) if key is not None else None
    return desk.about_position[row.position] if row is not None and row.position is not None else None


def _needs(desk: Desk, candidates: Iterable[Candidate], about: Iterable[Subject]) -> Iterator[str]:
    """What these reports may bring for others that wait."""
    for candidate in candidates:
        yield report_need(*candidate.key)
        if isinstance(candidate, Readable) and (amended := _amended(candidate)) is not None:
            yield report_need(*amended)
    for subject in about:
        for one in desk.memory.aliases.group(subject):
            yield one
            if desk.openable_thing(one):
                yield opening_need(one)


def _subjects(desk: Desk, named: Iterable[Named]) -> set[Subject]:
    """Whose states matter: what the facts are about, and what they name that must have been opened."""
    subjects = set[Subject]()
    for one in named:
        subjects.add(one.about)
        subjects.update(filter(desk.openable_thing, one.things))
    return subjects


async def load_reports(desk: Desk, writing: Writing, keys: Iterable[ReportKey]) -> None:
    """What was answered about these reports, every content of each."""
    asked = [key for key in dict.fromkeys(keys) if key not in desk.reports]
    if asked:
        desk.put_reports(asked, await writing.reports(asked))


async def _load_targets(desk: Desk, writing: Writing, amended: Iterable[ReportKey]) -> None:
    """What the records are about that voids and corrections name."""
    rows = [row for key in amended if (row := desk.bound(key)) is not None]
    positions = [row.position for row in rows if row.position is not None and row.position not in desk.about_position]
    if positions:
        desk.about_position.update(await writing.about(positions))


async def _load_states(desk: Desk, writing: Writing, subjects: Iterable[Subject]) -> None:
    histories = desk.memory.histories
    asked = [subject for subject in {desk.memory.aliases.canonical(subject) for subject in subjects} if subject not in histories]
    if not asked:
        return
    rows = {row.subject: row for row in await writing.states(asked)}
    outdated = []
    for subject in asked:
        history = _stored(desk, rows[subject]) if subject in rows else _empty(desk, subject)
        if history is None:
            outdated.append(subject)
        else:
            histories[subject] = history
    desk.used.update(asked)
    await _load_whole(desk, writing, outdated)


def _stored(desk: Desk, row: StateRow) -> History[Any] | None:
    """The state as stored; None where an earlier release wrote it in another shape, so that it has to be folded anew."""
    try:
        state = desk.rules.states.validate_json(row.state)
    except ValidationError:
        return None
    return History(state, desk.rules.evolve, complete=False, base_occurred=row.occurred, base_opened=row.opened)


def _empty(desk: Desk, subject: Subject) -> History[Any]:
    """Nothing is recorded about it, and that is the whole of its history."""
    return History(desk.rules.initial(subject), desk.rules.evolve)


async def _load_naturals(desk: Desk, writing: Writing, named: Iterable[Named]) -> None:
    digests = {one.natural_digest for one in named}
    asked = [digest for digest in digests if digest not in desk.naturals]
    if asked:
        found = await writing.naturals(asked)
        desk.naturals.update({digest: digest in found for digest in asked})


def _whole(desk: Desk, reports: Iterable[Readable]) -> Iterator[Subject]:
    """Whose whole history is needed: a fact older than the last one folded, a natural key seen before, whatever amends or renames."""
    for report in reports:
        if report.named is None:
            if (about := _target(desk, report)) is not None:
                yield about
            continue
        history = desk.history(report.named.about)
        if type(report.content) is EntityCodeReplaced:
            yield report.named.about
            yield f"entity:{report.content.new_code}"
        elif not history.takes(report.occurred) or (not history.complete and _may_be_told(desk, report.named, report.content)):
            yield report.named.about


def _may_be_told(desk: Desk, named: Named, content: Content) -> bool:
    """Whether something may carry its natural key: of a type whose key had other words once, what was kept under those too."""
    return desk.naturals[named.natural_digest] or (isinstance(content, Fact) and told_otherwise(type(content)))


async def _load_whole(desk: Desk, writing: Writing, subjects: Iterable[Subject]) -> None:
    """Whole histories instead of partial ones; what this batch recorded already stays in them."""
    aliases, histories = desk.memory.aliases, desk.memory.histories
    wanted = {aliases.canonical(subject) for subject in subjects}
    asked = [subject for subject in wanted if subject not in histories or not histories[subject].complete]
    if not asked:
        return
    told: dict[Subject, dict[ReportKey, Told]] = {subject: {} for subject in asked}
    for row in await writing.histories([code for subject in asked for code in aliases.group(subject)]):
        assert row.about is not None
        _take(told[aliases.canonical(row.about)], row.raw)
    for subject in asked:
        if subject in histories:
            told[subject].update({fact.key: fact for fact in histories[subject].told})
        desk.used.add(subject)
        histories[subject] = History.of(desk.rules.initial(subject), desk.rules.evolve, told[subject].values())
    parted = {
        f"entity:{fact.fact.new_code}" for known in told.values() for fact in known.values() if isinstance(fact.fact, EntityCodeReplaced)
    }
    await _load_whole(desk, writing, parted)


def _take(told: dict[ReportKey, Told], raw: bytes) -> None:
    """One more record of a thing's history."""
    record = parse_record(raw)
    content = read_recorded(record)
    if isinstance(content, Fact):
        key = ReportKey(record.source, record.id)
        told[key] = Told(record.position, key, record.occurred, content, natural_key_of(content, record.occurred))
        return
    assert isinstance(content, FactVoided | FactCorrected)
    known = told[ReportKey(content.source, content.id)]
    if isinstance(content, FactVoided):
        told[known.key] = replace(known, voided_at=known.voided_at or record.position)
    elif not known.voided:
        fact = read_fact(known.fact.type, content.version, content.data)
        natural = natural_key_of(fact, content.occurred)
        told[known.key] = replace(known, occurred=content.occurred, fact=fact, natural=natural)


def _corrected(desk: Desk, reports: Iterable[Readable]) -> Iterator[Named]:
    """What the new contents of corrections name."""
    for report in reports:
        about = _target(desk, report)
        if about is None or not isinstance(report.content, FactCorrected):
            continue
        told = desk.history(about).find(ReportKey(report.content.source, report.content.id))
        fact = corrected_fact(told.fact.type, report.content, report.content.occurred) if told is not None else None
        if isinstance(fact, Fact):
            yield Named.by(fact, report.content.occurred)
