"""Reports in an earlier version of a contract are recorded as they came, recognised as before, and decided like the newest."""

from datetime import date
from typing import Any

import pytest

import shared.contracts
from shared.contracts.finance import LoanRepaid
from shared.contracts.registry import UnitListed
from shared.contracts.training import GuidanceGiven
from shared.contracts.versions import Earlier
from shared.event_store.interface import ReportKey
from shared.repair import Change
from shared.write_service.audit import audit
from shared.write_service.parsing import Named, Readable, read
from shared.write_service.repairing import Act, Acted
from tests.support.memory_store import MemoryStore
from tests.support.records import COUNTY, SOURCE, TOWN, VILLAGE_2, Records, Told
from tests.support.records import VILLAGE as LATER
from tests.support.reporting import TOWNSHIP, VILLAGE, Counter, correction, id_of, report, source_of, with_units
from tests.support.versions import GuidanceGivenV1, declare_the_earlier_one_alone, declare_two_versions

TYPE = GuidanceGiven.type
PERSON = "P0000000000000001"
EARLIER = {"unit": VILLAGE, "person": PERSON, "topic": "legal", "counsellor": "第三组"}
COURSE = {"name": "创业培训", "course_kind": "start_up", "institution": "职校"}
NEWEST = {"unit": VILLAGE, "person": PERSON, "guidance_kind": "law", "programme": "ybc"}


async def test_an_old_systems_report_is_recorded_as_it_came_beside_a_new_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_two_versions(monkeypatch)
    training = await with_units(Counter("training"))
    old, new = report(TYPE, EARLIER, system="old"), report(TYPE, NEWEST, system="new", version=2)
    assert (await training.ask(old)).outcome == "recorded"
    again = await training.ask(new)
    assert (again.outcome, [flag.code for flag in again.flags]) == ("recorded", ["confirmation"]), "the same fact, told by both"
    assert [(record.version, record.data) for record in await training.records()] == [(1, EARLIER), (2, NEWEST)]
    mended = await training.ask(report("training.fact_corrected", correction(old, EARLIER | {"unit": TOWNSHIP}), system="old"))
    other = await training.ask(report("training.fact_corrected", correction(new, NEWEST, version=2), system="new"))
    assert (mended.outcome, other.outcome) == ("recorded", "recorded")
    training.restarted()
    assert (await training.ask(report(TYPE, NEWEST | {"guidance_kind": "finance"}, version=2))).outcome == "recorded"


async def test_what_a_correction_states_has_to_be_read_too_by_whoever_goes_on_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The original may be older than what is now said of it."""
    declare_two_versions(monkeypatch)
    training = await with_units(Counter("training"))
    old = report(TYPE, EARLIER, system="old")
    assert (await training.ask(old)).outcome == "recorded"
    before = await training.kept.wire_types()
    assert not any(name == f"{TYPE}.v2" for name in before)
    amendment = report("training.fact_corrected", correction(old, NEWEST | {"unit": TOWNSHIP}, version=2), system="old")
    assert (await training.ask(amendment)).outcome == "recorded"
    assert await training.kept.wire_types() - before == {"training.fact_corrected.v1", f"{TYPE}.v2"}


async def test_what_an_earlier_release_recorded_is_known_again_in_the_words_of_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its natural key was kept in the words of that release."""
    declare_two_versions(monkeypatch)
    training = await with_units(Counter("training"))
    old = report(TYPE, EARLIER, system="old")
    assert (await training.ask(old)).outcome == "recorded"
    store = training.kept
    assert isinstance(store, MemoryStore)
    (recorded,) = (row for row in store.record_rows if row.type == TYPE)
    then = Named.by(GuidanceGivenV1.model_validate(EARLIER), recorded.occurred).natural_digest
    assert then != recorded.natural
    store.record_rows[recorded.position - 1] = recorded._replace(natural=then)
    assert [finding async for finding in audit(store)] == []
    training.restarted()
    again = await training.ask(report(TYPE, NEWEST, system="new", version=2))
    assert (again.outcome, [flag.code for flag in again.flags]) == ("recorded", ["confirmation"])


@pytest.mark.parametrize(("data", "version", "code"), [(NEWEST, 1, "invalid"), (EARLIER, 2, "invalid"), (NEWEST, 3, "unknown_type")])
async def test_a_report_is_held_to_the_version_it_names(
    data: dict[str, Any], version: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    declare_two_versions(monkeypatch)
    training = await with_units(Counter("training"))
    answer = await training.ask(report(TYPE, data, version=version))
    assert (answer.outcome, answer.code) == ("refused", code), answer


def test_a_report_is_recognised_as_before_there_was_a_newer_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the content as its own version says it, in which what says nothing is left out."""

    def digests() -> list[tuple[bytes, bytes]]:
        told: tuple[dict[str, Any], ...] = (EARLIER, EARLIER | {"evidence": []}, EARLIER | {"topic": "policy"})
        found = [read(report(TYPE, data, id="r"), COUNTY, "training", b"key") for data in told]
        assert all(isinstance(each, Readable) for each in found), found
        return [(each.digest, each.as_sent) for each in found if isinstance(each, Readable)]

    with monkeypatch.context() as patch:
        declare_the_earlier_one_alone(patch)
        before = digests()
    declare_two_versions(monkeypatch)
    assert digests() == before
    assert (before[0][0] == before[1][0], before[0][0] == before[2][0]) == (True, False)


async def test_a_repayment_is_reported_and_corrected_in_either_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """As published: a bank's old system says how much was paid back (v1), a renewed one the principal and the interest apart (v2)."""
    finance = await with_units(Counter("finance"))
    loan = {"loan": "L1", "amount_fen": 500}
    applied = report("finance.loan_applied", loan | {"unit": VILLAGE, "loan_kind": "personal", "borrowers": [PERSON]}, by="bank")
    lent = report("finance.loan_disbursed", loan | {"tranche": 1}, by="bank")
    old = report(LoanRepaid.type, loan | {"receipt": "HK-1", "amount_fen": 300}, by="bank", system="old")
    new = report(LoanRepaid.type, {"loan": "L1", "receipt": "HK-2", "principal_fen": 200, "interest_fen": 9}, by="bank", version=2)
    assert [answer.outcome for answer in await finance.hand_in(applied, lent, old, new)] == ["recorded"] * 4
    again = report(LoanRepaid.type, {"loan": "L1", "receipt": "HK-1", "principal_fen": 300}, by="market", version=2)
    assert [flag.code for flag in (await finance.ask(again)).flags] == ["confirmation"], "what another system says in the newest version"
    for target, data, version in (
        (old, {"loan": "L1", "receipt": "HK-1", "principal_fen": 310, "interest_fen": 4}, 2),
        (new, {"loan": "L1", "receipt": "HK-2", "amount_fen": 190}, 1),
    ):
        amendment = report("finance.fact_corrected", correction(target, data, version=version), by="bank", system=target.system)
        assert (await finance.ask(amendment)).outcome == "recorded"
    above = report(LoanRepaid.type, {"loan": "L1", "receipt": "HK-3", "principal_fen": 1}, by="bank", version=2)
    assert [flag.code for flag in (await finance.ask(above)).flags] == ["above_lent"], "310 and 190 of 500 are paid back"
    assert [finding async for finding in audit(finance.kept)] == []
    written = [(record.version, record.data.get("amount_fen")) for record in await finance.records() if record.type == LoanRepaid.type]
    assert written == [(1, 300), (2, None), (2, None), (2, None)], "recorded as they came"


async def test_a_repayment_loads_no_whole_loan_for_what_its_versions_have_in_common() -> None:
    """Neither the loan nor the receipt had another name: what an earlier release kept is found by the same key."""
    finance = await with_units(Counter("finance"))
    loan = {"loan": "L1", "amount_fen": 500}
    applied = report("finance.loan_applied", loan | {"unit": VILLAGE, "loan_kind": "personal", "borrowers": [PERSON]}, by="bank")
    lent = report("finance.loan_disbursed", loan | {"tranche": 1}, by="bank")
    first = report(LoanRepaid.type, loan | {"receipt": "HK-1", "amount_fen": 300}, by="bank", system="old")
    assert [answer.outcome for answer in await finance.hand_in(applied, lent, first)] == ["recorded"] * 3
    for receipt, whole in (("HK-2", False), ("HK-1", True)):
        finance.restarted()
        told = report(LoanRepaid.type, {"loan": "L1", "receipt": receipt, "principal_fen": 10}, by="market", version=2)
        assert (await finance.ask(told)).outcome == "recorded"
        assert finance.writes._memory is not None
        assert finance.writes._memory.histories["loan:L1"].complete is whole, "a receipt seen before is compared with what is recorded"


async def test_the_repair_desk_puts_right_what_was_reported_in_an_earlier_version() -> None:
    finance = await with_units(Counter("finance"))
    wrong = report(LoanRepaid.type, {"loan": "L1", "receipt": "HK-1", "amount_fen": 0}, by="bank", system="old")
    assert (await finance.ask(wrong)).outcome == "refused"
    name = ReportKey(source_of(wrong), id_of(wrong))
    act = Act("act-1", "corrected", name, "office", "金额补正", (Change(path="data.amount_fen", value="300"),))
    acted = await finance.writes.repair(act)
    assert isinstance(acted, Acted), acted
    assert acted.row.outcome == "waiting", "for the loan"
    loan = {"loan": "L1", "amount_fen": 500}
    await finance.hand_in(
        report("finance.loan_applied", loan | {"unit": VILLAGE, "loan_kind": "personal", "borrowers": [PERSON]}, by="bank"),
        report("finance.loan_disbursed", loan | {"tranche": 1}, by="bank"),
    )
    (record,) = (record for record in await finance.records() if record.type == LoanRepaid.type)
    assert (record.version, record.data) == (1, {"loan": "L1", "receipt": "HK-1", "amount_fen": 300})


class UnitListedV1(UnitListed):
    """A unit's listing before there was another version of it."""

    version = 1


async def test_a_unit_fact_of_a_newer_version_is_kept_until_it_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service older than the registry goes on with the other units, and knows this one once it is as new; so with what amends it."""
    records = Records({COUNTY: None, TOWN: None})
    day = date(2020, 1, 1)
    for unit, id in ((LATER, "newer"), (VILLAGE_2, "mistaken")):
        records._record("registry", SOURCE, id, UnitListed.type, 2, day, day, {"code": unit, "name": unit})
    records.void(Told("registry", "mistaken", UnitListed(code=VILLAGE_2, name=VILLAGE_2)), known=day)
    training = Counter("training")
    await training.writes.unit_facts(records.of["registry"])
    here, newer, mistaken = (report("training.course_opened", COURSE | {"unit": unit, "course": unit}) for unit in (TOWN, LATER, VILLAGE_2))
    assert [answer.outcome for answer in await training.hand_in(here, newer, mistaken)] == ["recorded", "waiting", "waiting"]
    monkeypatch.setattr(UnitListed, "version", 2)
    monkeypatch.setattr(UnitListed, "earlier", (Earlier(UnitListedV1, ()),))
    monkeypatch.setitem(shared.contracts._BY_TYPE, (UnitListed.type, 2), UnitListed)
    training.restarted()
    assert (await training.ask(report("training.course_opened", COURSE | {"unit": LATER, "course": "C2"}))).outcome == "recorded"
    assert (await training.ask(report("training.course_opened", COURSE | {"unit": VILLAGE_2, "course": "C3"}))).code == "unit_unknown"
