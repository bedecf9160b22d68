"""What becomes of one report, given what lies on the desk. Pure: looks, decides, changes nothing.

Read it from the top: the same id twice; a day to come; then a fact, a void or a correction. The rules of the aggregates themselves
are in the services' packages and are asked last.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from shared.contracts import read_fact
from shared.contracts.base import Fact, natural_key_of
from shared.contracts.common import OFFICE, SYSTEM, FactCorrected, FactVoided, common_class
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Accept, Reason, Refuse, Wait
from shared.contracts.registry import EntityCodeReplaced
from shared.event_store.interface import ReportKey, ReportRow
from shared.units import county_of, lineage
from shared.write_service import reasons
from shared.write_service.aliases import Regrouped, regrouped
from shared.write_service.desk import NO_LIMIT, Desk, Limit
from shared.write_service.history import Step, Told
from shared.write_service.parsing import Named, Readable, Unfit, corrected_fact
from shared.write_service.verdicts import Again, Recording, Refused, Verdict, Waiting, opening_need, report_need


def decide(report: Readable | Unfit, desk: Desk) -> Verdict:
    """A report that has just come in."""
    known = _answered(report, desk)
    if known is not None and (known.reason is None or known.reason.code != reasons.CONFLICT):
        return Again(known)
    bound = desk.bound(report.key)
    if bound is not None:
        reason = reasons.conflict(bound.position)
        return Again(known) if known is not None and known.reason == reason else Refused(reason)
    return decide_anew(report, desk)


def _answered(report: Readable | Unfit, desk: Desk) -> ReportRow | None:
    """What was answered to this very content of the id."""
    rows = desk.reports[report.key]
    known = rows.get(report.digest)
    return rows.get(report.as_sent) if known is None and isinstance(report, Readable) else known


def decide_anew(report: Readable | Unfit, desk: Desk) -> Verdict:
    """A report whose id stands for nothing else: a new one, or one that has waited."""
    if isinstance(report, Unfit):
        return Refused(report.reason)
    if not _limits(report, desk, report.type):
        return Refused(reasons.outside_types(report.type))
    if report.occurred > desk.today:
        return Refused(reasons.future_day("occurred", desk.today))
    match report.content:
        case Fact():
            assert report.named is not None
            return _depending(_fact(report, report.content, report.named, desk), report.named, desk)
        case FactVoided():
            return _void(report, report.content, desk)
        case FactCorrected():
            return _correct(report, report.content, desk)


def _fact(report: Readable, fact: Fact, named: Named, desk: Desk) -> Verdict:
    blocked = (
        _outside(report, (report.type,), desk, named)
        or _units(named, report.occurred, desk)
        or _opening_elsewhere(named, fact, desk)
        or _things(named, desk)
    )
    if blocked is not None:
        return blocked
    history = desk.history(named.about)
    step = history.step(None, Told(desk.next_position, report.key, report.occurred, fact, named.natural))
    if not step.stands:
        return _rival(step, named, desk)
    return _ruled(history.state, named, step, desk)


def _void(report: Readable, void: FactVoided, desk: Desk) -> Verdict:
    told = _target(report, void, desk)
    if not isinstance(told, Told):
        return told
    named = Named.by(told.fact, told.occurred)
    if (outside := _outside(report, (report.type, told.fact.type), desk, named)) is not None:
        return outside
    return _recording((), named, desk.history(named.about).step(told, replace(told, voided_at=desk.next_position)), desk)


def _correct(report: Readable, correction: FactCorrected, desk: Desk) -> Verdict:
    told = _target(report, correction, desk)
    if not isinstance(told, Told):
        return told
    fact = corrected_fact(told.fact.type, correction, desk.today)
    if isinstance(fact, Reason):
        return Refused(fact)
    before, named = Named.by(told.fact, told.occurred), Named.by(fact, correction.occurred)
    if named.about != before.about or _own_key(fact) != _own_key(told.fact):
        return Refused(reasons.OTHER_KEY)
    if (outside := _outside(report, (report.type, told.fact.type), desk, before, named)) is not None:
        return outside
    return _depending(_rectify(told, _corrected(told, fact, correction.occurred, named), named, desk), named, desk, told.key)


def _rectify(told: Told, corrected: Told, named: Named, desk: Desk) -> Verdict:
    """Rule on the new content as if it had been reported in place of the old one."""
    blocked = _units(named, corrected.occurred, desk) or _things(named, desk)
    if blocked is not None:
        return blocked
    history = desk.history(named.about)
    step = history.step(told, corrected)
    if not step.stands:
        return _rival(step, named, desk, told)
    stood = history.effective(named.natural)
    return _ruled(history.state_without(told, *([stood] if stood else ())), named, step, desk)


def _rival(step: Step[Any], named: Named, desk: Desk, original: Told | None = None) -> Verdict:
    """A fact that does not stand, as another one has its natural key; `original` is what it corrects, if it is a correction.

    It stands in once the other is voided or moved, and nothing is ruled on then. So the rules are asked now, in the state without the
    other, and what they refuse is refused. Content that the other has too they have accepted: a confirmation is not asked about.
    What would only wait is recorded all the same: it may be missing nothing but the fact it disagrees with, holding it back would hide
    the disagreement from those who can clear it up, and states bear facts whose ground is gone, as after any void.
    """
    assert step.standing is not None
    if not step.after.says_the_same_as(step.standing):
        others = (step.standing,) if original is None else (step.standing, original)
        verdict = _ruled(desk.history(named.about).state_without(*others), named, step, desk)
        if isinstance(verdict, Refused):
            return verdict
    return _recording((_repeated(step),), named, step, desk)


def _ruled(state: Any, named: Named, step: Step[Any], desk: Desk) -> Verdict:
    """Ask the aggregate."""
    fact = step.after.fact
    if type(fact) is EntityCodeReplaced and (taken := _taken(fact, desk)) is not None:
        return Refused(taken)
    match desk.rules.decide(state, fact, step.after.occurred):
        case Accept(flags):
            return _recording(flags, named, step, desk)
        case Wait(needs, reason):
            return Waiting(frozenset(map(desk.memory.aliases.canonical, needs)), reason)
        case Refuse(reason):
            return Refused(reason)


def _recording(flags: tuple[Reason, ...], named: Named, step: Step[Any], desk: Desk) -> Recording:
    return Recording(flags, named.about, None if step.after.voided else named.natural_digest, step, _regrouped(step, desk))


# What a fact needs


def _depending(verdict: Verdict, named: Named, desk: Desk, amended: ReportKey | None = None) -> Verdict:
    """A report that waits is decided again when anything changes that was looked at, so that its answer is always the present one."""
    if not isinstance(verdict, Waiting):
        return verdict
    looked_at = {f"unit:{code}" for code in named.units}
    if not verdict.needs <= looked_at:  # all its units are listed: what else it names was looked at too
        looked_at |= {opening_need(desk.memory.aliases.canonical(thing)) for thing in named.things if desk.openable_thing(thing)}
    if amended is not None:
        looked_at.add(report_need(*amended))
    return Waiting(verdict.needs | looked_at, verdict.reason)


def _limits(report: Readable, desk: Desk, *types: str) -> list[Limit]:
    """Those of its keys that the system may report all these types with."""
    return [limit for limit in desk.limits.get(report.key.source, (NO_LIMIT,)) if limit.takes(types)]


def _outside(report: Readable, types: tuple[str, ...], desk: Desk, *told: Named) -> Refused | None:
    """A system that is limited to some units reports of those and the ones below them only: with one key that has the types too."""
    opened = {each.about.removeprefix("unit:") for each in told if each.about.startswith("unit:")}
    codes = opened.union(*(each.units for each in told))
    outside = [
        sorted(code for code in codes if limit.units is not None and limit.units.isdisjoint(lineage(code)))
        for limit in _limits(report, desk, *types)
    ]  # fmt: skip
    fewest = min(outside, key=len)
    return Refused(reasons.outside_units(fewest)) if fewest else None


def _units(named: Named, occurred: date, desk: Desk) -> Refused | Waiting | None:
    """Units it names must be known, of this county, and not have ended before its day (whether its own has, the unit's rules say)."""
    unknown = []
    for code in sorted(named.units):
        if county_of(code) != desk.county:
            return Refused(reasons.other_county(code))
        standing = desk.memory.units.standing(code)
        if not standing.listed:
            unknown.append(code)
        elif standing.last_day is not None and occurred > standing.last_day and named.about != f"unit:{code}":
            return Refused(reasons.unit_gone(code, standing.last_day, desk.memory.units.successor(code, occurred)))
    return Waiting(frozenset(f"unit:{code}" for code in unknown), reasons.unit_unknown(unknown)) if unknown else None


def _opening_elsewhere(named: Named, fact: Fact, desk: Desk) -> Refused | None:
    """A unit of another county cannot be listed here."""
    if not fact.opens:
        return None
    kind, _, code = named.about.partition(":")
    return Refused(reasons.other_county(code)) if kind == "unit" and county_of(code) != desk.county else None


def _things(named: Named, desk: Desk) -> Waiting | None:
    """What it is about, and what else it names in this service, must exist."""
    missing = {subject for subject in named.things if not desk.opened(subject)}
    needs = frozenset(opening_need(desk.memory.aliases.canonical(subject)) for subject in missing)
    return Waiting(needs, reasons.not_opened(missing)) if missing else None


# Voids and corrections


def _target(report: Readable, amendment: FactVoided | FactCorrected, desk: Desk) -> Told | Verdict:
    """The fact that is voided or corrected, or why it cannot be (yet)."""
    source = Source.parse(amendment.source)
    if source.county != desk.county or report.department not in {source.department, OFFICE}:
        return Refused(reasons.NOT_YOURS)
    if source.department == SYSTEM:
        return Refused(reasons.NOT_A_FACT)
    key = ReportKey(amendment.source, amendment.id)
    bound = desk.bound(key)
    if bound is None and (known := desk.reports[key]):
        replaced = [row for row in known.values() if row.reason is not None and row.reason.code == reasons.CORRECTED]
        if not replaced:
            return Refused(reasons.TARGET_REFUSED)
        why = max(replaced, key=lambda row: row.revision).reason
        assert why is not None
        return Refused(reasons.target_replaced(why))
    if bound is None or bound.position is None:
        return Waiting(frozenset((report_need(*key),)), reasons.TARGET_UNKNOWN)
    if common_class(bound.type) is not None:
        return Refused(reasons.NOT_A_FACT)
    told = _recorded_fact(key, bound.position, desk)
    if not _limits(report, desk, report.type, told.fact.type):  # what it may not say it may not unsay
        return Refused(reasons.amends_outside_types(told.fact.type))
    return Refused(reasons.VOIDED_ALREADY) if told.voided else told


def _recorded_fact(key: ReportKey, position: int, desk: Desk) -> Told:
    about = desk.about_position[position]
    assert about is not None
    told = desk.history(about).find(key)
    assert told is not None
    return told


def _corrected(told: Told, fact: Fact, occurred: date, named: Named) -> Told:
    return replace(told, occurred=occurred, fact=fact, natural=named.natural)


def _own_key(fact: Fact) -> str:
    """The natural key but for the day."""
    return natural_key_of(fact, date.min)


def _repeated(step: Step[Any]) -> Reason:
    """How the fact relates to the one that stands for its natural key."""
    assert step.standing is not None
    if step.after.fact.repeat == "supersedes":
        return reasons.superseded(step.standing.position)
    same = step.after.says_the_same_as(step.standing)
    return reasons.confirmation(step.standing.position) if same else reasons.contradiction(step.standing.position)


# Replaced entity codes


def _taken(fact: EntityCodeReplaced, desk: Desk) -> Reason | None:
    """The new code may be unused, or have a history of its own (the same entity registered under both), but belong to no third.

    Nor may it be the oldest code itself: codes do not go round in a circle.
    """
    aliases = desk.memory.aliases
    new, oldest = f"entity:{fact.new_code}", aliases.canonical(f"entity:{fact.entity}")
    if new != oldest and (len(aliases.group(new)) == 1 or aliases.canonical(new) == oldest):
        return None
    return reasons.code_taken(fact.new_code, aliases.canonical(new).partition(":")[2])


def _regrouped(step: Step[Any], desk: Desk) -> Regrouped | None:
    """A replaced code, or what amends one, joins or parts histories."""
    fact = step.after.fact
    if type(fact) is not EntityCodeReplaced:
        return None
    named = (f"entity:{fact.entity}", f"entity:{fact.new_code}")
    told = {step.after.key: step.after}
    for subject in named:
        history = desk.history(subject)
        assert history.complete
        told = {known.key: known for known in history.told} | told
    codes = desk.memory.aliases.group(named[0]) | desk.memory.aliases.group(named[1])
    return regrouped(codes, list(told.values()), desk.rules)


# What was recorded once already


def adopt(report: Readable, desk: Desk) -> Recording:
    """The effect of a record taken back from the stream: it was ruled on when it was recorded, nothing is ruled on again.

    Raises ValueError when it amends nothing known.
    """
    if report.named is not None:
        assert isinstance(report.content, Fact)
        told = Told(desk.next_position, report.key, report.occurred, report.content, report.named.natural)
        return _recording((), report.named, desk.history(report.named.about).step(None, told), desk)
    assert not isinstance(report.content, Fact)
    key = ReportKey(report.content.source, report.content.id)
    bound = desk.bound(key)
    if bound is None or bound.position is None:
        raise ValueError(f"the record amends nothing known / 该记录所更正的原事实不存在: {report.key}")
    told = _recorded_fact(key, bound.position, desk)
    named = Named.by(told.fact, told.occurred)
    after = replace(told, voided_at=told.voided_at or desk.next_position)
    if isinstance(report.content, FactCorrected) and not told.voided:
        fact = read_fact(told.fact.type, report.content.version, report.content.data)
        named = Named.by(fact, report.content.occurred)
        after = _corrected(told, fact, report.content.occurred, named)
    return _recording((), named, desk.history(named.about).step(told, after), desk)
