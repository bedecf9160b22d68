"""A system that is limited to some units: what it may report of, void and correct."""

from pathlib import Path

import pytest

from shared.limits import ListedLimits
from shared.users import BadUsers, CountyUsers, DepartmentUser, users_toml
from shared.write_service.desk import Limits
from tests.support.reporting import COUNTY, OTHER_VILLAGE, VILLAGE, Counter, correction, entity, report, source_of, void, with_units

TOWNSHIP = VILLAGE[:9] + "000"
ELSEWHERE = OTHER_VILLAGE
KEY = "U" + "A" * 55


def limited(*codes: str) -> Limits:
    return {source_of(report("registry.entity_registered", entity())): frozenset(codes)}


@pytest.mark.parametrize(("codes", "outcome"), [
    ((VILLAGE,), "recorded"), ((TOWNSHIP,), "recorded"), ((COUNTY,), "recorded"), ((ELSEWHERE,), "refused"), ((), "recorded"),
])  # fmt: skip
async def test_a_report_of_a_unit_outside_is_refused(codes: tuple[str, ...], outcome: str) -> None:
    counter = await with_units(Counter(limits=limited(*codes) if codes else {}))
    answer = await counter.ask(report("registry.entity_registered", entity()))
    assert answer.outcome == outcome
    if outcome == "refused":
        assert answer.code == "outside_units"
        assert VILLAGE in answer.zh
        assert VILLAGE in answer.en


async def test_another_system_is_not_limited_by_it() -> None:
    counter = await with_units(Counter(limits=limited(ELSEWHERE)))
    assert (await counter.ask(report("registry.entity_registered", entity(), by="other"))).outcome == "recorded"


async def test_what_lies_outside_is_neither_voided_nor_corrected_nor_moved_there() -> None:
    counter = await with_units(Counter())
    registered = report("registry.entity_registered", entity())
    assert (await counter.ask(registered)).outcome == "recorded"
    counter.limits = limited(ELSEWHERE)
    assert (await counter.ask(report("registry.fact_voided", void(registered)))).code == "outside_units"
    assert (await counter.ask(report("registry.fact_corrected", correction(registered, entity(name="李记"))))).code == "outside_units"
    counter.limits = limited(VILLAGE)
    moved = correction(registered, entity() | {"unit": ELSEWHERE})
    assert (await counter.ask(report("registry.fact_corrected", moved))).code == "outside_units"
    assert (await counter.ask(report("registry.fact_voided", void(registered)))).outcome == "recorded"


def test_the_list_is_read_again_when_it_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "departments.toml"
    limits = ListedLimits(file, COUNTY)

    def list_with(*codes: str) -> None:
        user = DepartmentUser(department="gsj", system="dengji", nkey=KEY, units=codes)
        users = CountyUsers(registry=KEY, training=KEY, finance=KEY, indicators=KEY, departments=(user,))
        fresh = file.with_suffix(".new")
        fresh.write_text(users_toml({COUNTY: users}))
        fresh.replace(file)

    list_with(VILLAGE)
    assert limits() == {f"/{COUNTY}/gsj/dengji": frozenset({VILLAGE})}
    list_with(VILLAGE, ELSEWHERE)
    assert limits() == {f"/{COUNTY}/gsj/dengji": frozenset({VILLAGE, ELSEWHERE})}
    list_with()
    assert limits() == {}
    file.unlink()
    with pytest.raises(BadUsers, match=r"departments\.toml"):
        limits()
