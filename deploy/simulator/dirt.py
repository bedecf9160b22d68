"""What goes wrong between a department's books and the bus: each kind of dirt strikes a report as it leaves its desk."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import Any

from deploy.simulator.alterations import Alterations
from deploy.simulator.codes import full_width, spreadsheet_day, unknown_unit, with_wrong_check, without_zeros
from deploy.simulator.desks import Desk, Desks
from deploy.simulator.outbox import DAY_US, HOUR_US, Outbox, Outgoing, day_of_us, midnight_us
from deploy.simulator.pools import Sample
from deploy.simulator.rates import (
    AMENDED_DAYS,
    DATED_LATER_SHARE,
    DIRT_RATES,
    LATE_DAYS,
    MENDED_SHARE,
    OFFICE_AMENDS_SHARE,
    OVERTAKEN_DAYS,
    REGISTERED_ANEW_SHARE,
    RESENT_HOURS,
    SECOND_SYSTEM_HOURS,
    VOIDED_BEFORE_SHARE,
    Dirt,
)  # fmt: skip
from deploy.simulator.versions import as_sent

_STEPS = list(accumulate(DIRT_RATES.values()))
DIRTY_SHARE = _STEPS[-1]
"""The share of reports that meet some dirt as they leave."""
_VOID_REASONS = ("重复录入", "原件不存在", "对象有误", "经核实未发生")
_CORRECT_REASONS = ("录入有误", "经核实更正", "原始凭证补正", "登记人员有误")


class Spoiler:
    """Spoils reports. Every method sends what it makes of the report, and returns when dependents may think it was sent."""

    def __init__(self, random: Random, outbox: Outbox, desks: Desks, county: str, units: Sequence[str]) -> None:
        self._random = random
        self._outbox = outbox
        self._desks = desks
        self._county = county
        self._alterations = Alterations(random, units)
        how: dict[Dirt, Callable[[Outgoing], int]] = {
            "late": self._late, "overtaken": self._overtaken, "resent": self._resent, "conflicting": self._conflicting,
            "confirming": self._confirming, "contradicting": self._contradicting, "lost_zeros": self._lost_zeros, "voiding": self._voiding,
            "correcting": self._correcting, "unauthorised": self._unauthorised, "malformed": self._malformed,
            "mistyped": self._mistyped, "wrong_check": self._wrong_check, "unknown_unit": self._unknown_unit,
            "gone_unit": self._gone_unit, "future_day": self._future_day, "foreign_source": self._foreign_source,
        }  # fmt: skip
        self._ways = [how[dirt] for dirt in DIRT_RATES]
        self._gone: list[tuple[str, int]] = []
        self.refused: Sample[Outgoing] = Sample(random, 500)
        """Reports that could not be taken in, for the office to rule on."""

    def unit_gone(self, code: str, known: int) -> None:
        """A unit was merged or dissolved, as reported at the instant `known`: from then on some go on using its code."""
        self._gone.append((code, known))

    def spoil(self, report: Outgoing) -> int:
        """Spoil a report in one of the ways, each as often as its rate says."""
        at = bisect_right(_STEPS, self._random.random() * DIRTY_SHARE)
        return self._ways[min(at, len(_STEPS) - 1)](report)

    def undated(self, report: Outgoing) -> int:
        """A disbursement of which the bank does not say the day: the day is that of the report, until a correction dates it."""
        report.day = day_of_us(report.instant)
        report.data = {**report.data, "undated": True}
        report.dirt = "undated"
        self._outbox.send(report)
        if self._random.random() < DATED_LATER_SHARE:
            dated = {name: value for name, value in report.data.items() if name != "undated"}
            self._correct(report, report.day - self._random.randrange(1, 20), dated)
        return report.instant

    # reports that are right but come at the wrong time

    def _late(self, report: Outgoing) -> int:
        report.instant += self._random.randrange(*LATE_DAYS) * DAY_US
        report.dirt = "late"
        self._outbox.send(report)
        return report.instant

    def _overtaken(self, report: Outgoing) -> int:
        planned = report.instant
        report.instant += self._random.randrange(*OVERTAKEN_DAYS) * DAY_US
        report.dirt = "overtaken"
        self._outbox.send(report)
        return planned

    def _resent(self, report: Outgoing) -> int:
        self._outbox.send(report)
        self._outbox.send(report.again(self._later(report, RESENT_HOURS), "resent"))
        return report.instant

    # reports that say something else than another one

    def _conflicting(self, report: Outgoing) -> int:
        other = self._altered(report, "conflicting")
        if other is None:
            return self._resent(report)
        self._outbox.send(report)
        other.instant = self._later(report, RESENT_HOURS)
        self._outbox.send(other)
        return report.instant

    def _confirming(self, report: Outgoing) -> int:
        return self._by_second_system(report, report.again(report.instant, "confirming"))

    def _contradicting(self, report: Outgoing) -> int:
        other = self._altered(report, "contradicting")
        return self._resent(report) if other is None else self._by_second_system(report, other)

    def _by_second_system(self, report: Outgoing, other: Outgoing) -> int:
        desk: Desk = self._random.choice(self._desks.second)
        if desk is report.desk:
            desk = self._desks.office
        self._outbox.send(report)
        other.desk, other.source, other.id = desk, desk.source, desk.next_id()
        other.instant = self._later(report, SECOND_SYSTEM_HOURS)
        self._outbox.send(other)
        return report.instant

    def _lost_zeros(self, report: Outgoing) -> int:
        self._outbox.send(report)
        other = report.again(self._later(report, RESENT_HOURS), "lost_zeros")
        other.id = without_zeros(report.id)
        self._outbox.send(other)
        return report.instant

    # amendments

    def _voiding(self, report: Outgoing) -> int:
        random = self._random
        self._outbox.send(report)
        void = self._void(report, report.instant + self._amended_after(), "voiding")
        if random.random() < VOIDED_BEFORE_SHARE:
            again = void.instant + self._amended_after()
            chance = random.random()
            if chance < 0.4:
                self._void(report, again, "voided_before")
            elif chance < 0.7:
                self._void(void, again, "voided_before")
            else:
                self._correct(report, report.day, report.data, at=again, dirt="voided_before")
        if report.type == "registry.entity_registered" and random.random() < REGISTERED_ANEW_SHARE:
            anew = report.again(void.instant + self._amended_after(), "clean")
            anew.id = report.desk.next_id()
            self._outbox.send(anew)
        return report.instant

    def _unauthorised(self, report: Outgoing) -> int:
        self._outbox.send(report)
        stranger = self._random.choice([desk for desk in self._desks.second if desk.department != report.desk.department])
        data = {"source": report.source, "id": report.id, "reason": self._random.choice(_VOID_REASONS)}
        self._amend(report, "fact_voided", report.instant + self._amended_after(), data, "unauthorised", by=stranger)
        return report.instant

    def _correcting(self, report: Outgoing) -> int:
        altered = self._alterations.of(report.type, report.day, report.data)
        if altered is None:
            return self._resent(report)
        self._outbox.send(report)
        self._correct(report, *altered)
        return report.instant

    def _void(self, report: Outgoing, at: int, dirt: Dirt) -> Outgoing:
        data = {"source": report.source, "id": report.id, "reason": self._random.choice(_VOID_REASONS)}
        return self._amend(report, "fact_voided", at, data, dirt)

    def _correct(self, report: Outgoing, day: int, data: dict[str, Any], *, at: int = 0, dirt: Dirt = "correcting") -> None:
        version, said = as_sent(report.type, data)
        whole = {
            "source": report.source, "id": report.id, "reason": self._random.choice(_CORRECT_REASONS),
            "occurred": self._outbox.day_text(day), "version": version, "data": said,
        }  # fmt: skip
        self._amend(report, "fact_corrected", at or report.instant + self._amended_after(), whole, dirt)

    def _amend(self, report: Outgoing, name: str, at: int, data: dict[str, Any], dirt: Dirt, *, by: Desk | None = None) -> Outgoing:
        desk = by or (self._desks.office if self._random.random() < OFFICE_AMENDS_SHARE else report.desk)
        type = f"{report.type.partition('.')[0]}.{name}"
        amendment = Outgoing(at, desk, desk.next_id(), type, day_of_us(at), data, dirt)
        self._outbox.send(amendment)
        return amendment

    def _amended_after(self) -> int:
        return int(self._random.uniform(*AMENDED_DAYS) * DAY_US)

    # reports that cannot be taken in; most are sent properly later

    def _malformed(self, report: Outgoing) -> int:
        raw = self._outbox.bytes_of(report)
        broken = report.again(report.instant, "malformed")
        cut = len(raw) // 2 + self._random.randrange(len(raw) // 3)
        broken.raw = self._random.choice((raw[:cut], raw.replace(b'"specversion"', b"'specversion'", 1), raw + b"}", b"\xff\xfe" + raw))
        return self._broken_then_mended(broken, report)

    def _mistyped(self, report: Outgoing) -> int:
        code = report.data.get("unit")
        way = self._random.randrange(3)
        if isinstance(code, str) and way < 2:
            return self._broken_then_mended(self._with(report, "mistyped", unit=full_width(code) if way else int(code)), report)
        broken = report.again(report.instant, "mistyped")
        text, number = self._outbox.day_text(report.day), spreadsheet_day(report.day)
        broken.raw = self._outbox.bytes_of(report).replace(f'"occurred":"{text}"'.encode(), f'"occurred":{number}'.encode(), 1)
        return self._broken_then_mended(broken, report)

    def _wrong_check(self, report: Outgoing) -> int:
        code = report.data.get("entity")
        if not isinstance(code, str) or len(code) != 18:
            return self._resent(report)
        return self._broken_then_mended(self._with(report, "wrong_check", entity=with_wrong_check(code)), report)

    def _unknown_unit(self, report: Outgoing) -> int:
        if "unit" not in report.data:
            return self._resent(report)
        broken = self._with(report, "unknown_unit", unit=unknown_unit(self._random, self._county))
        report.id = report.desk.next_id()  # it waits for its unit and keeps its id: what is sent properly needs another
        return self._broken_then_mended(broken, report)

    def _gone_unit(self, report: Outgoing) -> int:
        known = [code for code, known in self._gone if known < midnight_us(report.day)]
        if not known or "unit" not in report.data:
            return self._resent(report)
        return self._broken_then_mended(self._with(report, "gone_unit", unit=self._random.choice(known)), report)

    def _future_day(self, report: Outgoing) -> int:
        broken = report.again(report.instant, "future_day")
        broken.day = day_of_us(report.instant) + self._random.choice((1, 2, 7, 30, 365))
        return self._broken_then_mended(broken, report)

    def _foreign_source(self, report: Outgoing) -> int:
        broken = report.again(report.instant, "foreign_source")
        others = [desk for desk in self._desks.second if desk is not report.desk]
        broken.source = self._random.choice(others).source
        return self._broken_then_mended(broken, report)

    def _broken_then_mended(self, broken: Outgoing, report: Outgoing) -> int:
        self._outbox.send(broken)
        if broken.dirt != "malformed":
            self.refused.add(broken)
        if self._random.random() < MENDED_SHARE:
            report.instant = self._later(broken, RESENT_HOURS)
            self._outbox.send(report)
        return report.instant

    # helpers

    def _later(self, report: Outgoing, hours: tuple[float, float]) -> int:
        return report.instant + 1 + int(self._random.uniform(*hours) * HOUR_US)

    def _with(self, report: Outgoing, dirt: Dirt, **fields: str | int) -> Outgoing:
        copy = report.again(report.instant, dirt)
        copy.data = {**report.data, **fields}
        return copy

    def _altered(self, report: Outgoing, dirt: Dirt) -> Outgoing | None:
        altered = self._alterations.of(report.type, report.day, report.data)
        if altered is None:
            return None
        copy = report.again(report.instant, dirt)
        copy.day, copy.data = altered
        return copy
