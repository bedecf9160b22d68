"""Every row of the catalogue opens: its subjects come to the ledger's amounts, and from them follows the figure that the board shows."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from services.indicators.answers import Question, board
from services.indicators.api.explain import Opened, Wanted, measure_row, open_row
from services.indicators.api.explainer import Explainer
from services.indicators.audit.behind import Behind
from services.indicators.audit.counting import Held
from services.indicators.audit.folded import Folded
from services.indicators.audit.inputs import Amounts, Input, measures_read
from services.indicators.audit.records import check_history
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.catalog import CATALOG, MEASURES
from services.indicators.evaluation.display import value_text
from services.indicators.figures import Amount, DutiesAccepted, OverStart, PartsHeld, Share, SinceStart, StatisticShare
from services.indicators.reading import Amounts as Ledger
from shared.contracts.base import SERVICES
from shared.contracts.registry import EntityCodeReplaced, EntityRegistered, Founder
from shared.units import UnitKind
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import example_county
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY, VILLAGE, Records, entity, person

FACTS = 2500


class Counted:
    """Amounts as their subjects come to; whatever else is asked for is no part of the explanation."""

    def __init__(self, amounts: Mapping[tuple[str, str, int], Amounts]) -> None:
        self._amounts = amounts

    def by_part(self, measure: str, unit: str, day: int, known: int) -> Amounts:
        return self._amounts[measure, unit, day]


@pytest.fixture(scope="module")
def folded() -> Folded:
    county = example_county()
    return Folded(check_history(in_order(simulated(21, FACTS, county)), county.code), county.plan)


@pytest.fixture(scope="module")
def held(folded: Folded) -> Iterator[Held]:
    engine = Held(folded.snapshot().plan.county, read_catalogue())
    engine.take(asyncio.run(records_of(folded)))
    yield engine
    engine.close()


async def records_of(folded: Folded) -> Sequence[tuple[int, int, bytes]]:
    (records,) = [records async for records in folded.readable(dict.fromkeys(SERVICES, 0), folded.snapshot().positions)]
    return records


async def test_the_subjects_of_every_row_come_to_its_figure_and_each_has_facts(folded: Folded, held: Held) -> None:
    snapshot, last, by = folded.snapshot(), folded.today(), random.Random(21)
    seen = {number: snapshot.positions[service] for number, service in enumerate(SERVICES)}
    year_end = date(snapshot.plan.year, 12, 31)
    units = list(snapshot.trees.at(last.toordinal()).units.values())
    by.shuffle(units)
    one_of_each = {unit.kind: unit.code for unit in units if unit.exists(year_end.toordinal())}
    middle: list[UnitKind] = ["township", "park"]
    low: list[UnitKind] = ["community", "village"]
    questions = [Question(one_of_each[kind], year_end, last) for kind in ("county", by.choice(middle), by.choice(low))]
    questions.append(Question(snapshot.plan.county, year_end - timedelta(days=40), year_end))
    explained = set()
    async with folded.histories() as index:
        behind = Behind(index, seen)
        for indicator in CATALOG:
            for question in questions:
                for variant in dict.fromkeys(row.variant for row in board(snapshot, question, indicator.id).indicators):
                    explained.add((indicator.id, variant))
                    opened = open_row(snapshot, question, indicator.id, variant, None)
                    counted = {
                        (each.measure, each.unit, each.day): check(held, behind, each, ledger, question.known_at)
                        for each, ledger in zip(opened.inputs, opened.ledger, strict=True)
                    }
                    recompute(opened, Counted(counted))
    assert explained == {(each.id, variant.name) for each in CATALOG for variant in each.variants}


class Reading:
    """The ledger's amounts, with what was read of them."""

    def __init__(self, amounts: Ledger) -> None:
        self._amounts = amounts
        self.read: set[str] = set()

    def by_part(self, measure: str, unit: str, day: int, known: int) -> Amounts:
        self.read.add(measure)
        return self._amounts.by_part(measure, unit, day, known)


def test_an_indicators_rows_are_read_from_its_own_measures_alone(folded: Folded) -> None:
    snapshot = folded.snapshot()
    for indicator in CATALOG:
        reading = Reading(snapshot.balances)
        board(replace(snapshot, balances=reading), Question(snapshot.plan.county, folded.today(), folded.today()), indicator.id)
        assert reading.read <= measures_read(indicator.id), indicator.id


async def test_codes_are_of_one_entity_once_that_is_known() -> None:
    records = Records()
    for number in (1, 2):
        records.add(f"2025-02-0{number}", EntityRegistered(
            unit=VILLAGE, entity=entity(number), name="家", entity_kind="enterprise", founders=(Founder(person=person(1)),), industry="C20",
        ))  # fmt: skip
    records.add("2025-06-01", EntityCodeReplaced(unit=VILLAGE, entity=entity(1), new_code=entity(2)))
    history = check_history(in_order([record for service in SERVICES for record in records.of[service]]), COUNTY)
    folded = Folded(history, example_county().plan)
    seen = {number: history.positions[service] for number, service in enumerate(SERVICES)}
    async with folded.histories() as index:
        behind = Behind(index, seen)
        for number, known, codes in ((1, "2025-05-31", [1]), (2, "2025-05-31", [2]), (1, "2025-06-01", [1, 2, 1])):
            found = behind.facts(MEASURES["new_enterprises"], entity(number), date.fromisoformat(known))
            assert [fact.data["entity"] for fact in found] == list(map(entity, codes))
    explainer = Explainer(folded)
    for known, subjects in (("2025-05-31", [entity(1)]), ("2025-06-01", [entity(1), entity(2)])):
        wanted = Wanted(subject=entity(1))
        found_then = await explainer.explain("new_enterprises", wanted, None, date(2025, 5, 31), date.fromisoformat(known))
        assert {each.subject for each in found_then.subjects} <= set(subjects)
        assert (found_then.total, found_then.rows[0].value) == (1, "2" if known < "2025-06" else "1")
    explainer.close()


def check(held: Held, behind: Behind, asked: Input, ledger: Amounts, known: date) -> Amounts:
    """The subjects that count come to what the ledger has, and of each there is a fact."""
    there = held.as_known(known).of(asked)
    amounts, subjects = there.amounts(), there.page("", 10**6, None)
    row = measure_row(asked, ledger, amounts, len(subjects))
    assert row.agrees, row
    assert row.amount == row.counted == sum(each.amount for each in subjects)
    for subject in subjects[:3]:
        assert any(fact.state == "in_force" for fact in behind.facts(MEASURES[asked.measure], subject.name, known)), subject
    return amounts


def recompute(opened: Opened, counted: Counted) -> None:
    """From what counts, and from nothing else, the board's values follow."""
    row = opened.row
    if row.effective is None:
        assert not opened.inputs
        return
    values = replace(row.reader, balances=counted).values(row.variant.figure, row.first, row.effective, row.deadline)
    for (part, value), shown in zip(values, opened.rows, strict=True):
        assert part == shown.part
        assert (number(value.numerator), number(value.denominator)) == (number(shown.numerator), number(shown.denominator))
        assert number(None if value.value is None else value_text(value.value)) == number(shown.value)
    figure, shown = row.variant.figure, opened.rows[0]
    if (
        isinstance(figure, SUMS)
        and shown.part is None
        and not any(isinstance(getattr(figure, each.name), PartsHeld) for each in fields(figure))
    ):
        assert total(opened, "numerator") == number(shown.numerator), shown
        if shown.denominator is not None and not isinstance(figure, SinceStart | DutiesAccepted):
            assert total(opened, "denominator") == number(shown.denominator), shown


SUMS = (Amount, Share, StatisticShare, OverStart, SinceStart, DutiesAccepted)
"""Figures whose numerator and denominator are sums, but for the years of `SinceStart` and the duties that are owed."""


def total(opened: Opened, role: str) -> int:
    """What the measures in a role come to, with their signs."""
    return sum(
        use.sign * amount
        for asked, ledger in zip(opened.inputs, opened.ledger, strict=True)
        for use in asked.uses
        if use.role == role
        for part, amount in ledger.items()
        if asked.parts is None or part in asked.parts
    )


def number(text: str | int | None) -> Fraction | None:
    return None if text is None else Fraction(text)
