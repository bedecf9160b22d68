"""How services other than the registry know the units: they follow its unit facts."""

from datetime import UTC, date, datetime

from shared.contracts.common import OFFICE
from shared.contracts.envelope import NO_HASH, Record
from shared.unit_directory import Standing, UnitDirectory
from tests.support.reporting import COUNTY, OTHER_VILLAGE, UNITS, VILLAGE, Counter, correction, report, void, with_units

COURSE = {"unit": VILLAGE, "course": "C1", "name": "创业培训", "course_kind": "start_up", "institution": "职校"}


async def test_what_waits_for_a_unit_is_decided_when_its_listing_is_followed() -> None:
    training = Counter("training")
    opened = report("training.course_opened", COURSE)
    assert (await training.ask(opened)).code == "unit_unknown"
    await with_units(training)
    assert (await training.answer(opened)).outcome == "recorded"


async def test_unit_facts_are_taken_over_once_and_the_place_is_kept() -> None:
    registry, training = await with_units(Counter()), Counter("training")
    records = await registry.records()
    await training.writes.unit_facts(records[:2])
    assert (await training.kept.head()).followed == records[1].position
    training.restarted()
    await training.writes.unit_facts(records)
    await training.writes.unit_facts(records)
    async with training.kept.writing() as writing:
        assert await writing.units() == [record.raw for record in records]
    assert (await training.ask(report("training.course_opened", COURSE))).outcome == "recorded"


async def test_other_records_of_the_registry_are_passed_over() -> None:
    registry, training = await with_units(Counter()), Counter("training")
    await registry.ask(report("registry.unit_renamed", {"code": VILLAGE, "name": "新名"}, id="renamed"))
    await registry.ask(report("registry.fact_voided", void(report("registry.unit_renamed", {}, id="renamed")), by=OFFICE))
    records = await registry.records()
    await training.writes.unit_facts(records)
    async with training.kept.writing() as writing:
        assert len(await writing.units()) == len(UNITS)
    assert (await training.kept.head()).followed == records[-1].position


async def test_merges_voids_and_corrections_are_followed() -> None:
    registry, training = await with_units(Counter()), Counter("training")
    merged = report("registry.unit_merged", {"code": VILLAGE, "into": OTHER_VILLAGE}, occurred="2010-01-31")
    fixed = correction(merged, {"code": VILLAGE, "into": OTHER_VILLAGE}, "2010-02-28")
    await registry.hand_in(merged, report("registry.fact_corrected", fixed, by=OFFICE))
    await training.writes.unit_facts(await registry.records())
    assert (await training.ask(report("training.course_opened", COURSE, occurred="2010-02-28"))).outcome == "recorded"
    refused = await training.ask(report("training.course_opened", COURSE | {"course": "C2"}, occurred="2010-03-01"))
    assert refused.code == "unit_gone"
    await registry.ask(report("registry.fact_voided", void(merged), by=OFFICE))
    await training.writes.unit_facts(await registry.records())
    training.restarted()
    assert (await training.ask(report("training.course_opened", COURSE | {"course": "C3"}, occurred="2010-03-01"))).outcome == "recorded"


def listing(position: int, code: str, type_: str = "registry.unit_listed", **data: object) -> Record:
    when = datetime(2010, 1, 1, tzinfo=UTC)
    return Record(f"/{COUNTY}/a/b", f"i{position}", type_, 1, date(2010, 1, position), when, position, NO_HASH, {"code": code, **data}, b"")


def test_the_directory_knows_what_it_was_told() -> None:
    directory = UnitDirectory()
    assert directory.standing(VILLAGE) == Standing()
    assert directory.take(listing(1, VILLAGE, name="王家村")) == VILLAGE
    assert directory.take(listing(2, VILLAGE, "registry.unit_renamed", name="新村")) is None
    assert directory.standing(VILLAGE) == Standing(listed=True)
    assert directory.take(listing(3, VILLAGE, "registry.unit_dissolved", successor=OTHER_VILLAGE)) == VILLAGE
    assert directory.standing(VILLAGE) == Standing(listed=True, last_day=date(2010, 1, 3), successor=OTHER_VILLAGE)


def test_successors_in_a_circle_name_nobody() -> None:
    directory = UnitDirectory()
    for position, (code, successor) in enumerate([(VILLAGE, OTHER_VILLAGE), (OTHER_VILLAGE, VILLAGE)], start=1):
        directory.take(listing(position, code, "registry.unit_dissolved", successor=successor))
    assert directory.successor(VILLAGE, date(2010, 2, 1)) is None
    assert directory.successor(VILLAGE, date(2010, 1, 1)) == VILLAGE
