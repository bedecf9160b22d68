"""What somebody does about a report that waits or was refused: decide it again, correct it, dismiss it. One commit each.

An act has a name that is its actor's choice: the same act told again, because the answer to it was lost, is done once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from shared.contracts.outcomes import Reason
from shared.event_store.interface import ActKind, ActRow, ReportKey, ReportRow, Writing
from shared.repair import Change
from shared.write_service import deciding, reasons
from shared.write_service.correcting import corrected_copy
from shared.write_service.desk import Desk
from shared.write_service.loading import load, load_reports
from shared.write_service.masking import mask_text
from shared.write_service.parsing import Broken, IncomingReport, Readable, Unfit, read
from shared.write_service.verdicts import Recording, Refused, Verdict, Waiting

SETTLED = frozenset({reasons.DISMISSED, reasons.CORRECTED})


@dataclass(frozen=True, slots=True)
class Act:
    """One act, by whoever the bus says it is."""

    name: str
    kind: ActKind
    key: ReportKey
    who: str
    why: str
    changes: tuple[Change, ...] = ()


class Acted(NamedTuple):
    """What was done, now or when the same was asked before."""

    row: ActRow
    again: bool


class BrokenCopy(Exception):
    """A kept report met a bug while it was read. The message is the traceback."""


async def repair(act: Act, desk: Desk, writing: Writing, hmac_key: bytes) -> Acted | Reason:
    """Do it, on the desk; or why it cannot be done, and nothing is. Raises BrokenCopy, and whatever a bug in a rule raises."""
    done = await writing.act(act.name)
    if done is not None:
        same = (done.kind, done.source, done.id, done.changes) == (act.kind, *act.key, _changes(act))
        return Acted(done, again=True) if same else reasons.ACT_NAMED_ALREADY
    await load_reports(desk, writing, [act.key])
    rows = desk.reports[act.key]
    if not rows:
        return reasons.UNKNOWN_REPORT
    match act.kind:
        case "resubmitted":
            return await _resubmit(act, desk, writing, hmac_key)
        case "corrected":
            return await _correct(act, desk, writing, hmac_key)
        case "dismissed":
            return _dismiss(act, desk)


async def _resubmit(act: Act, desk: Desk, writing: Writing, hmac_key: bytes) -> Acted | Reason:
    row = _kept(act.key, desk)
    if isinstance(row, Reason):
        return row
    assert row.reason is not None
    if row.reason.code == reasons.CORRECTED:
        return row.reason
    assert row.kept is not None
    candidate = _read(row, row.kept, desk, hmac_key)
    if row.digest not in (candidate.digest, candidate.as_sent if isinstance(candidate, Readable) else None):
        return reasons.NOT_AS_REPORTED
    candidate = candidate._replace(key=row.key, digest=row.digest)
    desk.candidates.pop(row.key, None)  # what is decided now is what stands
    await load(desk, writing, [candidate])
    _settle(candidate, deciding.decide_anew(candidate, desk), desk)
    return _done(act, desk, desk.reports[row.key][row.digest])


async def _correct(act: Act, desk: Desk, writing: Writing, hmac_key: bytes) -> Acted | Reason:
    row = _kept(act.key, desk)
    if isinstance(row, Reason):
        return row
    assert row.reason is not None
    assert row.kept is not None
    copied = corrected_copy(row.key, row.kept, act.changes, hmac_key)
    if isinstance(copied, Reason):
        return copied
    id_, raw = copied
    key = ReportKey(row.source, id_)
    await load_reports(desk, writing, [key])
    copy = desk.bound(key)
    if row.reason.code == reasons.CORRECTED:
        return row.reason if copy is None else _done(act, desk, copy, copy_id=id_, again=True)
    candidate = _read(row, raw, desk, hmac_key)
    await load(desk, writing, [candidate])
    verdict = deciding.decide_anew(candidate, desk) if copy is None else Refused(reasons.conflict(copy.position))
    if isinstance(verdict, Refused):
        return _done(act, desk, None, copy_id=id_, refused=verdict.reason)
    _settle(candidate, verdict, desk)
    desk.give_up(row, reasons.corrected(id_))
    return _done(act, desk, desk.reports[key][candidate.digest], copy_id=id_)


def _dismiss(act: Act, desk: Desk) -> Acted | Reason:
    bound = desk.bound(act.key)
    open_ = [row for row in desk.reports[act.key].values() if row.reason is not None and row.reason.code not in SETTLED]
    if not open_:
        newest = _newest(act.key, desk)
        return reasons.recorded_already(bound.position) if bound is not None and bound.position else newest.reason or reasons.UNKNOWN_REPORT
    reason = reasons.dismissed(act.why)
    for row in sorted(open_, key=lambda row: row.revision):
        desk.give_up(row, reason)
    return _done(act, desk, _newest(act.key, desk))


def _kept(key: ReportKey, desk: Desk) -> ReportRow | Reason:
    """The content that waits, or else the one that was refused last; or why there is none to deal with."""
    bound = desk.bound(key)
    if bound is not None and bound.position is not None:
        return reasons.recorded_already(bound.position)
    return bound or _newest(key, desk)


def _newest(key: ReportKey, desk: Desk) -> ReportRow:
    return max(desk.reports[key].values(), key=lambda row: row.revision)


def _read(row: ReportRow, raw: bytes, desk: Desk, hmac_key: bytes) -> Readable | Unfit:
    _, _, department, system = row.source.split("/")
    candidate = read(IncomingReport(department, system, row.type, raw), desk.county, desk.rules.service, hmac_key)
    if isinstance(candidate, Broken):
        raise BrokenCopy(candidate.traceback)
    return candidate


def _settle(candidate: Readable | Unfit, verdict: Verdict, desk: Desk) -> None:
    match verdict:
        case Refused(reason):
            desk.refuse(candidate, reason)
        case Waiting(needs, reason):
            desk.wait(candidate, needs, reason)
        case Recording():
            assert isinstance(candidate, Readable)
            desk.record(candidate, verdict)
        case _:
            raise AssertionError(f"{verdict} is no answer to what is decided anew")


def _done(
    act: Act, desk: Desk, row: ReportRow | None, *, copy_id: str | None = None, refused: Reason | None = None, again: bool = False
) -> Acted:  # fmt: skip
    """The act as it is kept, unless the same was done before."""
    done = ActRow(
        act.name, desk.instant, act.kind, act.key.source, act.key.id, act.who, mask_text(act.why), _changes(act), copy_id,
        "refused" if row is None else row.outcome, refused if row is None else row.reason,
        None if row is None else row.revision, None if row is None else row.position,
    )  # fmt: skip
    if not again:
        desk.acted(done)
    return Acted(done, again)


def _changes(act: Act) -> str | None:
    """What a correction sets, as it is kept."""
    return mask_text(orjson.dumps([change.model_dump() for change in act.changes]).decode()) if act.changes else None
