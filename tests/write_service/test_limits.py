"""A system that is limited to some types or units: what it may report, void and correct."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.limits import ListedLimits, listed_bounds
from shared.users import BadUsers, CountyUsers, DepartmentUser, users_toml
from shared.write_service.desk import Limit, Limits
from tests.support.reporting import COUNTY, ENTITY, OTHER_VILLAGE, VILLAGE, Counter, correction, entity, report, source_of, void, with_units

TOWNSHIP = VILLAGE[:9] + "000"
ELSEWHERE = OTHER_VILLAGE
KEY = "U" + "A" * 55
AMENDMENTS = frozenset({"registry.fact_voided", "registry.fact_corrected"})


def limited(*codes: str) -> Limits:
    return {source_of(report("registry.entity_registered", entity())): (Limit(units=frozenset(codes)),)}


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


async def test_a_type_that_is_not_among_its_own_is_refused_although_the_bus_let_it_through() -> None:
    counter = await with_units(Counter())
    registered = report("registry.entity_registered", entity())
    assert (await counter.ask(registered)).outcome == "recorded"
    counter.limits = {source_of(registered): (Limit(types=frozenset({"registry.entity_registered", "registry.fact_voided"})),)}
    for said in (
        report("registry.entity_suspended", {"entity": ENTITY}),
        report("registry.fact_corrected", correction(registered, entity(name="李记"))),
    ):
        answer = await counter.ask(said)
        assert (answer.outcome, answer.code) == ("refused", "outside_types")
        assert answer.type in answer.zh
        assert answer.type in answer.en
    assert (await counter.ask(registered)).outcome == "recorded", "what is recorded stays so, and is answered so"
    assert (await counter.ask(report("registry.fact_voided", void(registered)))).outcome == "recorded"


@pytest.mark.parametrize(
    ("by", "types", "code"),
    [
        ("hr", (), "recorded"), ("hr", ("registry.entity_registered",), "recorded"),
        ("hr", ("registry.entity_suspended",), "outside_types"),
        ("hr", ("training.guidance_given",), "outside_types"), ("chuangjianban", (), "recorded"),
        ("chuangjianban", ("registry.entity_suspended",), "outside_types"), ("tax", ("registry.entity_registered",), "not_yours"),
    ],
)  # fmt: skip
async def test_what_a_system_may_not_report_it_neither_voids_nor_corrects(by: str, types: tuple[str, ...], code: str) -> None:
    limits = {f"/{COUNTY}/{by}/narrow": (Limit(types=AMENDMENTS | set(types)),)}
    counter = await with_units(Counter(limits=limits if types else {}))
    registered = report("registry.entity_registered", entity())
    corrects = report("registry.fact_corrected", correction(registered, entity(name="李记")), by=by, system="narrow")
    voids = report("registry.fact_voided", void(registered), by=by, system="narrow")
    assert (await counter.ask(voids)).outcome == ("refused" if code == "not_yours" else "waiting")
    await counter.ask(report("registry.entity_registered", entity("91330127MA2KX0001H")))
    early = report("registry.fact_corrected", correction(registered, entity(name="李记")), by=by, system="narrow")
    assert [answer.code for answer in await counter.hand_in(registered, early)][1:] == ["voided_already" if code == "recorded" else code]
    assert (await counter.answer(voids)).code == code, "decided when what it voids had come"
    if code != "recorded":
        assert (await counter.ask(corrects)).code == code
        assert (await counter.ask(report("registry.fact_voided", void(registered)))).outcome == "recorded", "its own system may"


def _list(file: Path, *users: DepartmentUser) -> None:
    listed = CountyUsers(registry=KEY, training=KEY, finance=KEY, indicators=KEY, departments=users)
    fresh = file.with_suffix(".new")
    fresh.write_text(users_toml({COUNTY: listed}))
    fresh.replace(file)


def _gsj(**more: Any) -> DepartmentUser:
    return DepartmentUser(department="gsj", system="dengji", nkey=KEY, **more)


def test_the_list_is_read_again_when_it_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "departments.toml"
    limits = ListedLimits(file, COUNTY)
    _list(file, _gsj(units=(VILLAGE,)))
    assert limits() == {f"/{COUNTY}/gsj/dengji": (Limit(units=frozenset({VILLAGE})),)}
    _list(file, _gsj(units=(VILLAGE, ELSEWHERE), may_report=("registry.entity_registered",)))
    assert limits() == {f"/{COUNTY}/gsj/dengji": (Limit(frozenset({"registry.entity_registered"}), frozenset({VILLAGE, ELSEWHERE})),)}
    _list(file, _gsj())
    assert limits() == {}
    file.unlink()
    with pytest.raises(BadUsers, match=r"departments\.toml"):
        limits()


def test_a_system_with_two_keys_may_what_either_may_and_whoever_only_asks_reports_nothing(tmp_path: Path) -> None:
    file = tmp_path / "departments.toml"
    limits = ListedLimits(file, COUNTY)
    _list(
        file, _gsj(may_report=("registry.entity_registered",), units=(VILLAGE,)), _gsj(may_report=("registry.fact_voided",)),
        DepartmentUser(department="xxzx", system="ops", nkey=KEY, role="administrator"),
    )  # fmt: skip
    assert limits() == {
        f"/{COUNTY}/gsj/dengji": (
            Limit(frozenset({"registry.entity_registered"}), frozenset({VILLAGE})), Limit(frozenset({"registry.fact_voided"})),
        ),
        f"/{COUNTY}/xxzx/ops": (),
    }  # fmt: skip


async def test_one_key_has_to_admit_the_whole_report() -> None:
    counter = await with_units(Counter())
    here, there = entity(), entity("91330127MA2KX0001H") | {"unit": ELSEWHERE}
    registered, elsewhere = report("registry.entity_registered", here), report("registry.entity_registered", there)
    assert (await counter.ask(registered)).outcome == "recorded"
    assert (await counter.ask(elsewhere)).outcome == "recorded"
    counter.limits = {source_of(registered): (
        Limit(frozenset({"registry.entity_suspended"}), frozenset({VILLAGE})),
        Limit(AMENDMENTS | {"registry.entity_registered"}, frozenset({ELSEWHERE})),
    )}  # fmt: skip
    assert (await counter.ask(report("registry.fact_voided", void(registered)))).code == "outside_units", "of another key's units"
    another = report("registry.entity_registered", entity("330127000000001"))
    assert (await counter.ask(another)).code == "outside_units"
    assert (await counter.ask(report("registry.fact_voided", void(elsewhere)))).outcome == "recorded"
    counter.limits = {source_of(registered): (Limit(frozenset({"registry.entity_registered"})), Limit(AMENDMENTS))}
    assert (await counter.ask(report("registry.fact_voided", void(registered)))).code == "outside_types"


def test_a_key_that_has_lapsed_opens_nothing_for_the_one_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "departments.toml"
    limits, bounded = ListedLimits(file, COUNTY), listed_bounds(file, COUNTY)
    narrow, source = Limit(units=frozenset({VILLAGE})), f"/{COUNTY}/gsj/dengji"
    _list(file, _gsj(until=date(2026, 3, 2)), _gsj(units=(VILLAGE,), until=date(2026, 3, 9)))
    for day, found, bounds in (
        (2, {}, {source}), (3, {source: (narrow,)}, {source}), (9, {source: (narrow,)}, {source}),
        (10, {source: (narrow,)}, {source}),  # what it reported on its last day is decided by what it could then
    ):  # fmt: skip
        monkeypatch.setattr("shared.limits.today", lambda day=day: date(2026, 3, day))
        assert limits() == found, day
        assert bounded() == bounds, day
