"""What pages add to the ledger is what deriving everything at once comes to, wherever the pages and a restart fall."""

import random
from collections import Counter
from datetime import date

from hypothesis import HealthCheck, given, settings

from services.indicators.catalog import FOLDINGS
from services.indicators.ledger import Entries
from services.indicators.projection import Projection
from shared.contracts.registry import EntityRegistered, Founder, GreenChannelCaseAccepted, RectificationOpened
from shared.contracts.training import GuidanceGiven
from tests.indicators.comparing import interleaved
from tests.indicators.histories import History, histories
from tests.support.records import COUNTY, VILLAGE, Records, entity, person


def entries_of(projection: Projection) -> Entries:
    return projection.entries(projection.index.subjects(), FOLDINGS)


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(histories())
def test_pages_add_up_to_what_all_records_come_to_at_once(history: History) -> None:
    by = random.Random(history.seed)
    records = interleaved(history.records, by)
    restart = by.randint(0, len(records)) if by.random() < 0.5 else 0
    projection = Projection(COUNTY, FOLDINGS)
    projection.load(records[:restart])
    found = Counter(entries_of(projection))
    while (start := sum(projection.positions.values())) < len(records):
        for key, amount in projection.fold(records[start : start + by.randint(1, 12)]).entries.items():
            found[key] += amount
    assert {key: amount for key, amount in found.items() if amount} == entries_of(projection)


def registered(number: int, *founders: int) -> EntityRegistered:
    return EntityRegistered(
        entity=entity(number), name="甲", industry="C20", entity_kind="enterprise", unit=VILLAGE,
        founders=tuple(Founder(person=person(each)) for each in founders),
    )  # fmt: skip


def guided(number: int) -> GuidanceGiven:
    return GuidanceGiven(person=person(number), guidance_kind="policy", unit=VILLAGE)


def test_a_founding_with_help_is_the_first_of_a_founder_who_was_helped_by_then_as_far_as_known() -> None:
    records = Records()
    records.add("2024-03-01", registered(1, 1))
    records.add("2024-03-02", registered(2, 1, 2))
    projection = Projection(COUNTY, FOLDINGS)
    projection.fold(list(records))
    assert not any(projection.foundings.steps(f"entity:{entity(number)}") for number in (1, 2))
    position = len(records.of["training"])
    records.add("2024-03-01", guided(1), known="2024-04-01")
    told = records.add("2024-03-03", guided(2), known="2024-04-02")
    records.correct(told, "2024-03-02", guided(2), known="2024-04-03")
    projection.fold(records.of["training"][position:])
    known = {number: [day for day, _ in projection.foundings.steps(f"entity:{entity(number)}")] for number in (1, 2)}
    first, second = (records.of["training"][position + at].known_day.toordinal() for at in (0, 2))
    assert known == {1: [first], 2: [first, second]}
    assert projection.foundings.help_at(entity(1), first) == "successful_start"
    assert projection.foundings.help_at(entity(1), first, before=True) == "none"


def test_a_later_founding_of_somebody_who_was_helped_is_helped_and_no_start() -> None:
    records = Records()
    records.add("2024-03-01", registered(1, 1))
    records.add("2024-03-02", guided(1))
    records.add("2024-03-03", registered(2, 1))
    projection = Projection(COUNTY, FOLDINGS)
    projection.fold(list(records))
    far = 10**6
    assert [projection.foundings.help_at(entity(number), far) for number in (1, 2)] == ["none", "helped"]


def test_a_promised_day_at_the_end_of_the_calendar_is_counted_from_then_on() -> None:
    records = Records()
    records.add("2024-03-01", GreenChannelCaseAccepted(case="C1", promised=date(9999, 2, 1), unit=VILLAGE))
    records.add("2024-03-01", RectificationOpened(rectification="Z1", matter="面积不足", due=date(9999, 12, 31), unit=VILLAGE))
    projection = Projection(COUNTY, FOLDINGS)
    projection.load(list(records))
    assert date(9999, 2, 1).toordinal() in {day for _, day, _ in entries_of(projection)}
