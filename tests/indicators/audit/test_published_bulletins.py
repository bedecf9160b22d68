"""A published bulletin made anew from the facts up to its positions, whatever came after; and what is said when it cannot be."""

from datetime import date
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import pytest

from services.indicators.answers import Snapshot, ask
from services.indicators.audit.definitions import definitions, read_declarations
from services.indicators.audit.published_bulletins import (
    BulletinFinding,
    PublishedBulletin,
    first_difference,
    published_bulletins,
    reproduce_bulletin,
)
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.catalog import figure_digest, indicator
from services.indicators.evaluation.bulletin import bulletin, bulletin_bytes, definitions_of
from services.indicators.evaluation.promises import Naming
from shared.contracts.registry import DocumentPublished, StoodAt
from tests.indicators.audit.test_published import AS_OF, KNOWN, LINES, PLAN, history, up_to_that_day
from tests.indicators.comparing import example_county
from tests.indicators.earlier import EARLIER
from tests.support.records import COUNTY, Records

TOWN, PARK = "330127100000", "330127401000"


class Kept(NamedTuple):
    """A published bulletin and what was kept with it."""

    fact: DocumentPublished
    files: dict[str, bytes]

    def found(self, engine: Engine = "live", /, **changes: object) -> BulletinFinding:
        fact = self.fact.model_copy(update=changes)
        return reproduce_bulletin(PublishedBulletin(1, fact), self.files.get, history, engine)

    def rewritten(self, old: str, new: str) -> "Kept":
        """The same with other words, recorded and kept as if they had always been so."""
        text = self.files[self.fact.digest].decode()
        assert old in text
        content = text.replace(old, new, 1).encode()
        digest = sha256(content).hexdigest()
        return Kept(self.fact.model_copy(update={"digest": digest}), {**self.files, digest: content})


@pytest.fixture(scope="module")
def made() -> dict[str, Kept]:
    """Bulletins as of an autumn day on the county, a township and a park, published on it: half of what is recorded came later."""
    snapshot = recompute(up_to_that_day(), example_county().plan, "live")(KNOWN)
    return {unit: _published(snapshot, unit) for unit in (COUNTY, TOWN, PARK)}


def _published(snapshot: Snapshot, unit: str) -> Kept:
    found = bulletin(snapshot, ask(snapshot, KNOWN, unit, AS_OF, KNOWN), sha256(PLAN).hexdigest())
    content = bulletin_bytes(found)
    declarations = definitions(snapshot.release)
    digest, plan_digest, declarations_digest = (sha256(each).hexdigest() for each in (content, PLAN, declarations))
    fact = DocumentPublished(
        document=f"TB-{unit}", document_kind="bulletin", as_of=AS_OF, known_at=KNOWN, digest=digest, plan_digest=plan_digest,
        definitions=found.definitions, positions=StoodAt(**found.positions), unit=None if unit == PARK else unit,
        park=unit if unit == PARK else None, declarations_digest=declarations_digest,
    )  # fmt: skip
    return Kept(fact, {digest: content, plan_digest: PLAN, declarations_digest: declarations})


@pytest.mark.parametrize("unit", [COUNTY, TOWN, PARK])
@pytest.mark.parametrize("engine", ["duckdb", "live"])
def test_either_engine_comes_to_the_same_bytes_whatever_arrived_since(made: dict[str, Kept], unit: str, engine: Engine) -> None:
    assert sum(made[unit].fact.positions.model_dump().values()) < len(LINES)  # type: ignore[union-attr]
    found = made[unit].found(engine)
    assert (found.outcome, found.line) == ("same", None), found.en


@pytest.mark.parametrize("engine", ["duckdb", "live"])
def test_what_an_earlier_release_published_comes_out_the_same_by_the_declarations_kept_with_it(
    made: dict[str, Kept], engine: Engine
) -> None:  # fmt: skip
    then = _published(recompute(up_to_that_day(), example_county().plan, "live", EARLIER)(KNOWN), COUNTY)
    assert then.fact.digest != made[COUNTY].fact.digest
    found = then.found(engine)
    assert (found.outcome, found.line) == ("same", None), found.en
    assert "not today's: new_enterprises/default" in found.en
    assert {"new_enterprises/default", "media_campaigns/default", "contests/default"} <= set(found.others)
    assert made[COUNTY].found(engine).others == ()
    assert then.found(engine, declarations_digest=made[COUNTY].fact.declarations_digest).outcome == "different"


def test_what_cannot_be_followed_is_told_and_excuses_nobody_who_claims_it(made: dict[str, Kept]) -> None:
    fact, files = made[COUNTY]
    digest = figure_digest(indicator("trained").variants[0].figure)
    assert fact.declarations_digest is not None
    others = files[fact.declarations_digest].replace(digest.encode(), b"0" * 64)
    by = read_declarations(others)
    assert by.unfollowed == {("trained", "default")}
    definitions_ = definitions_of(example_county().plan, Naming(example_county().plan, by.written), by.rows)
    kept = made[COUNTY].rewritten(fact.definitions or "", definitions_)
    changed = sha256(others).hexdigest()
    kept = Kept(kept.fact.model_copy(update={"declarations_digest": changed}), {**kept.files, changed: others})
    assert kept.found(definitions=definitions_).outcome == "other_definitions"
    assert kept.found().outcome == "different"
    claimed = made[COUNTY].rewritten(fact.definitions or "", "f" * 64)
    found = claimed.found(definitions="f" * 64)
    assert (found.outcome, "not that of the declarations" in found.en) == ("different", True)


def test_a_kept_file_that_was_changed_or_lost_is_named(made: dict[str, Kept]) -> None:
    fact, files = made[TOWN]
    for digest, named in (
        (fact.digest, "the bulletin"), (fact.plan_digest, "plan.toml"), (fact.declarations_digest, "the declarations"),
    ):  # fmt: skip
        assert digest is not None
        changed = Kept(fact, {**files, digest: files[digest] + b"\n"}).found()
        assert (changed.outcome, changed.en) == ("different", f"the kept file {digest} ({named}) was changed")
        lost = Kept(fact, {other: content for other, content in files.items() if other != digest}).found()
        assert (lost.outcome, lost.en) == ("different", f"the kept file {digest} ({named}) is not there")


def test_the_first_line_that_differs_is_named(made: dict[str, Kept]) -> None:
    forged = made[TOWN].rewritten("- 创业培训人数：完成 ", "- 创业培训人数：完成 9")
    found = forged.found()
    lines = forged.files[forged.fact.digest].decode().split("\n")
    assert found.line is not None
    assert lines[found.line - 1].startswith("- 创业培训人数：完成 9")
    assert found.outcome == "different"
    assert found.zh.startswith(f"第 {found.line} 行：公布“- 创业培训人数：完成 9")
    assert f'line {found.line}: published "- 创业培训人数：完成 9' in found.en
    assert 'made anew "- 创业培训人数：完成 ' in found.en


def test_another_unit_day_or_position_than_was_recorded_is_a_difference(made: dict[str, Kept]) -> None:
    assert (made[TOWN].found(unit=COUNTY).outcome, made[TOWN].found(unit=COUNTY).line) == ("different", 1)
    assert made[TOWN].found(as_of=date(2025, 9, 1)).line == 3
    assert "there is no unit" in made[TOWN].found(unit="330127999000").en
    beyond = made[TOWN].fact.positions.model_copy(update={"registry": 10**6})  # type: ignore[union-attr]
    assert "ends at position" in made[TOWN].found(positions=beyond).en


@pytest.mark.parametrize("unsaid", ["positions", "plan_digest", "definitions", "declarations_digest"])
def test_what_does_not_say_what_it_follows_from_cannot_be_made_anew(made: dict[str, Kept], unsaid: str) -> None:
    assert made[TOWN].found(**{unsaid: None}).outcome == "unreproducible"


def test_a_text_in_another_form_is_none_that_is_made_here(made: dict[str, Kept]) -> None:
    found = made[TOWN].rewritten("kaiye.bulletin/1", "kaiye.bulletin/0").found()
    assert (found.outcome, "kaiye.bulletin/1" in found.en) == ("unreproducible", True)


def test_bulletins_are_read_as_last_corrected_without_the_voided_ones_and_other_documents(made: dict[str, Kept]) -> None:
    records, fact = Records(), made[TOWN].fact
    first = records.add("2025-10-08", fact)
    records.add("2025-10-08", fact.model_copy(update={"document": "TB-2"}))
    records.add("2025-10-08", fact.model_copy(update={"document": "JD-1", "document_kind": "progress_table"}))
    again = records.add("2025-10-09", fact.model_copy(update={"as_of": date(2025, 10, 1)}))
    named = partial(map, lambda each: (each.number, each.fact.as_of))
    assert list(named(published_bulletins(list(records)))) == [(fact.document, AS_OF), ("TB-2", AS_OF)]
    records.void(first, known=date(2025, 10, 10))
    assert list(named(published_bulletins(list(records)))) == [("TB-2", AS_OF), (fact.document, date(2025, 10, 1))]
    records.correct(again, "2025-10-09", fact.model_copy(update={"as_of": date(2025, 9, 30)}), known=date(2025, 10, 11))
    assert (fact.document, date(2025, 9, 30)) in named(published_bulletins(list(records)))


def test_the_first_difference_is_where_one_text_goes_on_too() -> None:
    assert first_difference("a\nb\n", "a\nb\n") is None
    assert first_difference("a\nb\n", "a\nc\n") == 2
    assert first_difference("a\n", "a\nb\n") == 2
    assert first_difference("a\n\n", "a\n") == 3
