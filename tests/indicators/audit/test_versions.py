"""A type in two versions, corrected in either: both engines, the oracle, an archive and a bundle read the same facts."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import duckdb
import pytest
from pydantic import AfterValidator, BaseModel

import shared.contracts
from services.indicators.answers import Row, Snapshot, ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.archive.reader import is_of_these_contracts, opened_archive
from services.indicators.audit.archive.sets import contracts_digest
from services.indicators.audit.duck import envelopes, record_batch, said
from services.indicators.audit.evidence import make_bundle, verify_bundle
from services.indicators.audit.folded import Recorded
from services.indicators.audit.published import in_force
from services.indicators.audit.recompute import recompute
from services.indicators.audit.records import History, check_history
from services.indicators.catalog import MEASURES, digest_of
from services.indicators.evaluation.plan import Plan
from shared.contracts import read_fact
from shared.contracts.base import Fact, PersonId
from shared.contracts.exact import Whole
from shared.contracts.finance import InstalmentDue, LoanApplied, LoanDisbursed, LoanRepaid
from shared.contracts.registry import EvaluationPublished
from shared.contracts.training import GuidanceGiven
from shared.contracts.versions import Earlier, Given, Renamed, Reworded
from tests.indicators.audit.archives import write
from tests.indicators.audit.test_bundle import KEY, PLAN, written
from tests.indicators.audit.test_recompute import in_order, say
from tests.indicators.comparing import Asked, differences, example_county, oracle_of
from tests.support.records import COUNTY, SOURCE, TOWN, VILLAGE, Records, Told, person
from tests.support.versions import declare_two_versions

TYPE = GuidanceGiven.type
DAY = date(2025, 3, 1)


@pytest.fixture(autouse=True)
def contracts() -> Iterator[None]:
    """Whatever was derived from the contracts is derived anew."""
    yield
    contracts_digest.cache_clear()


def two_versions(patch: pytest.MonkeyPatch) -> None:
    declare_two_versions(patch)
    contracts_digest.cache_clear()


def earlier(number: int, topic: str = "policy", unit: str = VILLAGE) -> dict[str, Any]:
    return {"unit": unit, "person": person(number), "topic": topic, "counsellor": "第三组"}


def told() -> Records:
    """Four persons guided, three of them as the earlier version says it: one is corrected in it, one in the newest, one said again."""
    records = Records()
    ids = [say(records, TYPE, earlier(number, "legal")) for number in (1, 2, 3)]
    now = GuidanceGiven(person=person(4), guidance_kind="law", unit=TOWN)
    records.add("2025-03-01", now)
    again = GuidanceGiven(person=person(3), guidance_kind="law", programme="ybc", unit=VILLAGE)
    records.add("2025-03-01", again, source=f"/{COUNTY}/other/system")
    for id, data in (
        (ids[0], {"data": earlier(1, "legal", TOWN)}),
        (ids[1], {"version": 2, "data": now.model_dump(mode="json", exclude_none=True)}),
    ):
        fact = Told("training", id, now)
        correction = {"source": fact.source, "id": id, "reason": "录错", "occurred": "2025-03-01", **data}
        records._record("training", fact.source, f"c-{id}", "training.fact_corrected", 1, date(2025, 3, 2), date(2025, 3, 2), correction)
    records.close("2025-03-02")
    return records


def on_board(history: Recorded, engine: Any, unit: str) -> bytes:
    known = history.last_known_day
    snapshot = recompute(history, example_county().plan, engine)(known)
    return answer_bytes(board(snapshot, ask(snapshot, known, unit)))


def read_live(records: Records, plan: Plan) -> tuple[History, Snapshot, dict[tuple[str, str], Row]]:
    """Records that are all read, the live figures on their last known day, and the whole rows of the county's board."""
    history = check_history(in_order(list(records)), COUNTY)
    assert history.unreadable == []
    known = history.last_known_day
    live = recompute(history, plan, "live")(known)
    rows = {(row.id, row.variant): row for row in board(live, ask(live, known)).indicators if row.part is None}
    return history, live, rows


def test_engines_oracle_archive_and_bundle_read_both_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_versions(monkeypatch)
    records, plan = told(), example_county().plan
    history, live, rows = read_live(records, plan)
    known = history.last_known_day
    assert (rows["guided", "default"].value, rows["guided", "person_times"].value) == ("3", "3"), "the second is now said of the fourth"
    oracle = oracle_of(plan, records.json)
    write(tmp_path / "archive", COUNTY, list(records))
    with opened_archive(tmp_path / "archive", COUNTY) as archive:
        assert is_of_these_contracts(archive)
        archive.check_derivation()
        for unit in (COUNTY, TOWN, VILLAGE):
            assert differences(live, oracle, Asked(unit, known, known), by_board=True) == []
            assert on_board(history, "duckdb", unit) == on_board(history, "live", unit)
    with opened_archive(tmp_path / "archive", COUNTY) as archive:
        assert on_board(archive, "duckdb", COUNTY) == on_board(history, "live", COUNTY)
    folder = written(tmp_path / "bundle", make_bundle(history, PLAN, known, known, KEY))
    verdict = verify_bundle(folder)
    assert (verdict.fault, verdict.difference, verdict.figures > 0) == (None, None, True)


def lent() -> Records:
    """A loan of 600 in two instalments; repayments are told in version 1, corrected in 2, the other way round, and told again in 2."""
    records = Records()
    records.add("2025-01-05", LoanApplied(loan="L1", loan_kind="personal", borrowers=(person(1),), amount_fen=600, unit=VILLAGE))
    records.add("2025-01-10", LoanDisbursed(loan="L1", tranche=1, amount_fen=600))
    for number, due in ((1, date(2025, 2, 1)), (2, date(2025, 2, 20))):
        records.add("2025-01-10", InstalmentDue(loan="L1", number=number, due=due, principal_fen=300))
    ids = [say(records, LoanRepaid.type, {"loan": "L1", "receipt": receipt, "amount_fen": 100}) for receipt in ("R1", "R2")]
    newest = records.add("2025-03-01", LoanRepaid(loan="L1", receipt="R3", principal_fen=90, interest_fen=7, instalment=1))
    records.add("2025-03-01", LoanRepaid(loan="L1", receipt="R2", principal_fen=100), source=f"/{COUNTY}/other/system")
    for id, data in (
        (ids[0], {"version": 2, "data": {"loan": "L1", "receipt": "R1", "principal_fen": 120, "interest_fen": 5}}),
        (newest.id, {"data": {"loan": "L1", "receipt": "R3", "amount_fen": 80, "instalment": 2}}),
    ):
        correction = {"source": SOURCE, "id": id, "reason": "录错", "occurred": "2025-03-01", **data}
        records._record("finance", SOURCE, f"c-{id}", "finance.fact_corrected", 1, date(2025, 3, 2), date(2025, 3, 2), correction)
    records.close("2025-03-02")
    return records


def test_repayments_in_either_version_are_the_same_figures_to_every_reader(tmp_path: Path) -> None:
    """By the published contracts: 120 and 100 without an instalment fill the first, 80 go to the second: 300 of 600 are repaid."""
    records, plan = lent(), example_county().plan
    history, _, rows = read_live(records, plan)
    known = history.last_known_day
    recovery = rows["loan_recovery", "default"]
    assert (recovery.numerator, recovery.denominator, recovery.incomplete) == ("300", "600", 0)
    oracle = oracle_of(plan, records.json)
    write(tmp_path / "archive", COUNTY, list(records))
    with opened_archive(tmp_path / "archive", COUNTY) as archive:
        archive.check_derivation()
        for day in (date(2025, 3, 1), known):
            assert differences(recompute(history, plan, "live")(day), oracle, Asked(VILLAGE, day, day), by_board=True) == []
        assert on_board(archive, "duckdb", VILLAGE) == on_board(history, "live", VILLAGE)
    verdict = verify_bundle(written(tmp_path / "bundle", make_bundle(history, PLAN, known, known, KEY)))
    assert (verdict.fault, verdict.difference, verdict.figures > 0) == (None, None, True)


def test_an_archive_of_before_the_newer_version_is_of_other_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "archive", COUNTY, list(Records()))
    two_versions(monkeypatch)
    with opened_archive(tmp_path / "archive", COUNTY) as archive:
        assert not is_of_these_contracts(archive)


def test_what_reads_a_type_of_several_versions_is_of_another_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: digest_of.__wrapped__(measure) for name, measure in MEASURES.items()}
    two_versions(monkeypatch)
    now = {name: digest_of.__wrapped__(measure) for name, measure in MEASURES.items()}
    assert {"guided", "guidance_sessions"} <= {name for name in MEASURES if now[name] != before[name]}
    assert now["new_enterprises"] == before["new_enterprises"]


def test_what_a_newer_release_published_is_left_out_of_what_can_be_reproduced() -> None:
    records = Records()
    said = {"unit": COUNTY, **EvaluationPublished.example}
    for id, version, number in (("e-1", 1, "one"), ("e-2", 2, "two")):
        records._record("registry", SOURCE, id, EvaluationPublished.type, version, DAY, DAY, {**said, "evaluation": number})
    void = {"source": SOURCE, "id": "e-1", "reason": "作废", "by": "newer"}
    assert [fact.evaluation for _, fact in in_force(records, EvaluationPublished)] == ["one"]
    records._record("registry", SOURCE, "v-1", "registry.fact_voided", 1, DAY, DAY, void)
    assert in_force(records, EvaluationPublished) == []


class _FounderV1(BaseModel):
    person: PersonId


class _Founder(_FounderV1):
    share: Whole = 100


class _Earlier(Fact):
    """Nearly all of it may be left out."""

    type = "training.synthetic"
    about = "person"
    natural_key = ("person",)
    zh = "合成"
    person: PersonId
    word: Literal["a", "b"] = "a"
    note: str | None = None
    founders: tuple[_FounderV1, ...] = ()
    groups: tuple[Literal["p", "q", "r"], ...] = ()


class _Between(_Earlier):
    version = 2
    place: str = "甲地"


class _Newest(Fact):
    """Other names, words and defaults, and fields that are neither text nor optional."""

    type = "training.synthetic"
    version = 3
    about = "person"
    natural_key = ("person",)
    zh = "合成"
    earlier = (
        Earlier(_Earlier, ()),
        Earlier(_Between, (
            Renamed("word", "kind"), Reworded("kind", (("a", "x"),)), Given("times", 3), Given("since", "2020-01-01"),
            Renamed("place", "where"), Renamed("groups", "kinds"), Reworded("kinds", (("p", "s"), ("r", "q"))),
        )),
    )  # fmt: skip
    person: PersonId
    where: str
    kind: Literal["x", "b"] = "b"
    note: str = "无"
    founders: tuple[_Founder, ...] = ()
    kinds: Annotated[tuple[Literal["s", "q"], ...], AfterValidator(lambda said: tuple(sorted(set(said))))] = ()
    times: Whole
    since: date
    more: Whole = 7


SYNTHETIC: tuple[tuple[int, dict[str, Any]], ...] = (
    (1, {}), (1, {"word": "b", "note": None}),
    (1, {"word": "a", "note": "甲", "founders": [{"person": person(2)}], "groups": ["r", "p", "q"]}),
    (2, {}), (2, {"place": "乙地", "word": "b", "groups": ["p"]}), (3, {"where": "丙地", "times": 1, "since": "2025-01-01"}),
    (3, {"where": "丙地", "kind": "x", "times": 2, "since": "2025-01-01", "founders": [{"person": person(2), "share": 40}], "more": 8}),
)  # fmt: skip


def test_both_engines_give_what_an_earlier_version_leaves_out_the_same_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (1, 2, 3):
        monkeypatch.setitem(shared.contracts._BY_TYPE, (_Newest.type, version), _Newest)
    records = Records()
    for number, (version, data) in enumerate(SYNTHETIC):
        said_of = {"person": person(1), **data}
        records._record("training", SOURCE, f"s-{number}", _Newest.type, version, DAY, DAY, said_of)
    rows = [(1, record.position, record.raw) for record in records if record.type == _Newest.type]
    with duckdb.connect() as connection:
        connection.register("arriving", record_batch(rows))
        connection.execute(f"CREATE TABLE record AS {envelopes('arriving')}")
        relation = connection.sql(f"SELECT * FROM ({said(_Newest, 'record')}) ORDER BY position")
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        told = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert {name: types[name] for name in ("kind", "note", "times", "since", "more")} == {
        "kind": "VARCHAR", "note": "VARCHAR", "times": "BIGINT", "since": "DATE", "more": "BIGINT",
    }  # fmt: skip
    for (version, data), row in zip(SYNTHETIC, told, strict=True):
        fact = cast(object, read_fact(_Newest.type, version, {"person": person(1), **data}))
        assert isinstance(fact, _Newest)
        for name in ("person", "where", "kind", "note", "times", "since", "more"):
            assert row[name] == getattr(fact, name), (version, data, name)
        assert tuple(row["kinds"]) == fact.kinds, (version, data)
        assert row["founders"] == [founder.model_dump() for founder in fact.founders], (version, data)
