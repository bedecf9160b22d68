"""A published evaluation computed anew from the facts up to its positions, whatever came after; and what is said when it cannot be."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from services.indicators.answers import ask
from services.indicators.audit.definitions import definitions, read_declarations
from services.indicators.audit.published import Finding, KeptEntries, Publication, publications, reproduce
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import End, Ends, History, check_history
from services.indicators.catalog import (
    BENCHMARKS,
    CATALOG,
    DEFINITIONS,
    MEASURES,
    TODAY,
    Release,
    Variant,
    digest_of,
    figure_digest,
    with_measures,
)
from services.indicators.catalog.duties import DUTY_STANDINGS
from services.indicators.evaluation.evaluating import evaluation, read_given
from services.indicators.evaluation.evaluation import Evaluation, ScoredItem, evaluation_bytes
from services.indicators.evaluation.scoring import definitions_of
from services.indicators.evaluation.shown import showing
from services.indicators.measures.declarations import as_data
from services.indicators.measures.rows import Select, where
from services.indicators.reading import Amounts
from shared.contracts.base import SERVICES
from shared.contracts.common import COMMON_VERSION, DayClosed, common_type, day_closed_id, system_source
from shared.contracts.envelope import record_bytes
from shared.contracts.registry import EvaluationPublished, StoodAt
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import example_county
from tests.indicators.earlier import EARLIER, REGISTRATIONS
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY, Records

FOLDER = Path(__file__).parents[3] / "deploy" / "counties" / "example"
PLAN, SHEET = ((FOLDER / name).read_bytes() for name in ("plan.toml", "sheet.toml"))
LINES = in_order(simulated(6, 900, example_county()))
AS_OF = KNOWN = date(2025, 10, 8)


class Kept(NamedTuple):
    """A published evaluation and what was kept with it."""

    publication: Publication
    files: dict[str, bytes]

    def found(self, lines: list[bytes] = LINES, entries: KeptEntries | None = None) -> Finding:
        return reproduce(self.publication, self.files.get, lambda ends: check_history(lines, COUNTY, ends), "live", entries)


def history(ends: Ends | None = None) -> History:
    return check_history(LINES, COUNTY, ends)


def up_to_that_day() -> History:
    last = {record.service: record.position for record in history().records if record.known_day <= KNOWN}
    return history({service: End(position) for service, position in last.items()})


@pytest.fixture(scope="module")
def published() -> Kept:
    """An evaluation as of an autumn day, published on it: half of what is recorded in all came later."""
    return published_by(TODAY)


def published_by(release: Release, lines: list[bytes] | None = None) -> Kept:
    plan, recorded = example_county().plan, check_history(lines, COUNTY) if lines is not None else up_to_that_day()
    snapshot = recompute(recorded, plan, "live", release)(KNOWN)
    given = read_given(plan, sha256(PLAN).hexdigest(), SHEET.decode(), rehearsal=True, release=release)
    found = evaluation(snapshot, ask(snapshot, KNOWN, None, AS_OF, KNOWN), given, showing(recorded.records))
    files = {sha256(content).hexdigest(): content for content in (evaluation_bytes(found), PLAN, SHEET, definitions(release))}
    digest, plan_digest, sheet_digest, declarations_digest = files
    fact = EvaluationPublished(
        evaluation="KP-1", rehearsal=True, sheet=found.sheet.name, as_of=AS_OF, known_at=KNOWN, digest=digest,
        plan_digest=plan_digest, sheet_digest=sheet_digest, definitions=found.definitions, positions=StoodAt(**found.positions),
        declarations_digest=declarations_digest,
    )  # fmt: skip
    return Kept(Publication(1, fact), files)


def test_the_second_engine_comes_to_the_same_bytes_whatever_arrived_since(published: Kept) -> None:
    assert sum(published.publication.fact.positions.model_dump().values()) < len(LINES)  # type: ignore[union-attr]
    found = reproduce(published.publication, published.files.get, history, "duckdb")
    assert (found.outcome, found.item) == ("same", None), found.en


@pytest.mark.parametrize("engine", ["live", "duckdb"])
def test_what_an_earlier_release_published_comes_out_the_same_by_the_declarations_kept_with_it(published: Kept, engine: Engine) -> None:
    then = published_by(EARLIER)
    changed = [item.id for item, was in zip(items(published), items(then), strict=True) if item != was]
    assert {"new-enterprises", "media-campaigns"} <= set(changed)
    found = reproduce(then.publication, then.files.get, history, engine)
    assert (found.outcome, found.item) == ("same", None), found.en
    assert {"new_enterprises/default", "media_campaigns/default", "contests/default"} <= set(found.others)
    assert "not today's: new_enterprises/default" in found.en
    assert reproduce(published.publication, published.files.get, history, engine).others == ()


def test_what_was_declared_otherwise_and_cannot_be_followed_is_named() -> None:
    """Nothing was kept, as earlier releases did; or another revision of what a measure reads decided its figures."""
    judged_alike = (today if was.id == "contests" else was for was, today in zip(EARLIER.indicators, CATALOG, strict=True))
    then = published_by(Release(tuple(judged_alike), BENCHMARKS))
    fact = then.publication.fact
    assert fact.declarations_digest is not None
    unkept = Kept(Publication(1, fact.model_copy(update={"declarations_digest": None})), then.files).found()
    assert unkept.outcome == "other_definitions"
    assert "media-campaigns, " in unkept.en
    assert "new-enterprises" in unkept.en


def test_what_cannot_be_followed_is_read_off_the_entries_that_the_ledger_keeps_of_then() -> None:
    """Another revision of what a measure reads decided its figures."""
    closed = closing()
    then = published_by(EARLIER, closed)
    fact = then.publication.fact
    assert fact.declarations_digest is not None
    names = digest_of(REGISTRATIONS), figure_digest(row("new_enterprises", EARLIER).figure)
    others = then.files[fact.declarations_digest]
    for digest in names:
        assert digest.encode() in others
        others = others.replace(digest.encode(), sha256(digest.encode()).hexdigest().encode())
    again = sha256(others).hexdigest()
    published = Evaluation.model_validate_json(then.files[fact.digest])
    unknown = sha256(names[1].encode()).hexdigest()
    items_ = [
        defined(item, unknown) if item.figure is not None and item.figure.definition == names[1] else item for item in published.items
    ]  # fmt: skip
    rows = [(item.figure.indicator, item.figure.variant, item.figure.definition) for item in items_ if item.figure is not None]
    definitions_ = definitions_of(rows, DEFINITIONS[DUTY_STANDINGS.name].digest)
    document = evaluation_bytes(published.model_copy(update={"items": items_, "definitions": definitions_}))
    told = fact.model_copy(
        update={"declarations_digest": again, "digest": sha256(document).hexdigest(), "definitions": definitions_}
    )  # fmt: skip
    kept = Kept(Publication(1, told), {**then.files, again: others, told.digest: document})
    found = kept.found(closed)
    assert (found.outcome, found.item, "media" in found.en) == ("other_definitions", "new-enterprises", False)

    balances = recompute(check_history(closed, COUNTY), example_county().plan, "live", EARLIER)(KNOWN).balances
    asked: list[tuple[Mapping[str, str], Mapping[str, int]]] = []

    def entries(definitions: Mapping[str, str], positions: Mapping[str, int]) -> Amounts:
        asked.append((definitions, positions))
        return balances

    read_off = kept.found(closed, entries)
    assert (read_off.outcome, "the same, bit for bit" in read_off.en) == ("kept_entries", True), read_off.en
    ((by, positions),) = asked
    assert by["new_enterprises"] == sha256(names[0].encode()).hexdigest()
    assert by["media_campaigns"] == DEFINITIONS["media_campaigns"].digest
    assert positions == published.positions
    assert kept.found(closed, lambda *_: None).outcome == "other_definitions"
    todays = recompute(check_history(closed, COUNTY), example_county().plan, "live")(KNOWN).balances
    otherwise = kept.found(closed, lambda *_: todays)
    assert (otherwise.outcome, otherwise.item) == ("different", "new-enterprises")


def defined(item: ScoredItem, definition: str) -> ScoredItem:
    assert item.figure is not None
    return item.model_copy(update={"figure": item.figure.model_copy(update={"definition": definition})})


def closing() -> list[bytes]:
    """What was recorded up to the known day, which every service then closed."""
    found: list[bytes] = []
    for service in SERVICES:
        records = [record for record in history().records if record.service == service and record.known_day <= KNOWN]
        found += [record.raw for record in records]
        found.append(record_bytes(
            source=str(system_source(COUNTY, service)), id=day_closed_id(KNOWN), type=common_type(DayClosed, service),
            version=COMMON_VERSION, occurred=KNOWN, recorded=datetime(2025, 10, 8, 17, tzinfo=UTC), position=len(records) + 1,
            prevhash=records[-1].hash, data={"day": str(KNOWN)},
        ))  # fmt: skip
    return found


def test_a_claim_of_another_definition_excuses_nothing(published: Kept) -> None:
    """The declarations are kept, and say which definitions there were."""
    fact = published.publication.fact
    evaluation_ = Evaluation.model_validate_json(published.files[fact.digest])
    first = next(item for item in evaluation_.items if item.figure is not None)
    for changed, wanted in (
        ({"items": [defined(first, "f" * 64) if item is first else item for item in evaluation_.items]}, "the definition of item"),
        ({"definitions": "f" * 64}, "digest of definitions"),
        ({"verdict": "passed" if evaluation_.verdict != "passed" else "vetoed"}, "but not verdict"),
        ({"items": evaluation_.items[1:]}, "its items are not those of the sheet"),
        ({"as_of": date(2025, 9, 30)}, "does not name the as_of"),
    ):
        other = evaluation_.model_copy(update=changed)
        if "items" in changed and "the definition of" not in wanted:
            figures = [(each.figure.indicator, each.figure.variant, each.figure.definition) for each in other.items if each.figure]
            other = other.model_copy(update={"definitions": definitions_of(figures, DEFINITIONS[DUTY_STANDINGS.name].digest)})
        content = evaluation_bytes(other)
        told = fact.model_copy(update={"digest": sha256(content).hexdigest(), "definitions": other.definitions})
        found = Kept(Publication(1, told), {**published.files, told.digest: content}).found()
        assert (found.outcome, wanted in found.en) == ("different", True), found.en
    spaced = published.files[fact.digest] + b" "
    told = fact.model_copy(update={"digest": sha256(spaced).hexdigest()})
    assert "is not written as" in Kept(Publication(1, told), {**published.files, told.digest: spaced}).found().en


def test_declarations_never_become_queries_and_never_stop_the_audit(published: Kept) -> None:
    fact = published.publication.fact
    assert fact.declarations_digest is not None
    kept = orjson.loads(published.files[fact.declarations_digest])
    named = "x' AS measure) SELECT 1; COPY (SELECT 42) TO '/nowhere'; --"
    measure = replace(MEASURES["new_enterprises"], name=named)
    injected = kept | {"measures": kept["measures"] | {named: {"definition": digest_of(measure), **as_data(measure)}}}
    assert named not in read_declarations(orjson.dumps(injected)).release.measures
    for measure in (
        replace(REGISTRATIONS, part="nothing_there"), replace(REGISTRATIONS, rows=Select("registration", where(nothing_there="x"))),
    ):  # fmt: skip
        content = definitions(Release(tuple(with_measures(each, {measure.name: measure}) for each in CATALOG), BENCHMARKS))
        told = fact.model_copy(update={"declarations_digest": sha256(content).hexdigest()})
        found = Kept(Publication(1, told), {**published.files, told.declarations_digest or "": content}).found()
        assert found.outcome == "different", "its items do not have the definitions that were kept"
    unread: tuple[object, ...] = (
        kept | {"measures": {"a": {"kind": "Counted"}}}, kept | {"indicators": 5}, kept | {"measures": {"5": {"definition": 5, "rows": 5}}},
        [[]], "deep",
    )  # fmt: skip
    for said in unread:
        content = orjson.dumps(said) if said != "deep" else b"[" * 100_000
        told = fact.model_copy(update={"declarations_digest": sha256(content).hexdigest()})
        found = Kept(Publication(1, told), {**published.files, told.declarations_digest or "": content}).found()
        assert found.outcome in ("unreproducible", "different"), said


def test_what_a_release_knows_nothing_of_is_passed_over_and_not_taken_for_followed(published: Kept) -> None:
    """A later release may say more of a row, or of an indicator, than this one can read."""
    kept = orjson.loads(definitions())
    kept["indicators"][0]["variants"][0]["rounded"] = True
    kept["indicators"][1]["audience"] = "all"
    by = read_declarations(orjson.dumps(kept))
    first, second = CATALOG[:2]
    assert by.unfollowed == {(first.id, first.variants[0].name), *((second.id, each.name) for each in second.variants)}
    assert by.release.indicators == CATALOG


def test_what_is_no_list_of_declarations_is_said(published: Kept) -> None:
    fact = published.publication.fact
    for content in (b"{}", b"none", b"[]"):
        digest = sha256(content).hexdigest()
        told = fact.model_copy(update={"declarations_digest": digest})
        found = Kept(Publication(1, told), {**published.files, digest: content}).found()
        assert (found.outcome, "cannot compute by the declarations" in found.en) == ("unreproducible", True)


def items(kept: Kept) -> list[ScoredItem]:
    return Evaluation.model_validate_json(kept.files[kept.publication.fact.digest]).items


def row(id: str, release: Release) -> Variant:
    (found,) = (each.variants[0] for each in release.indicators if each.id == id)
    return found


def test_a_kept_file_that_was_changed_or_lost_is_named(published: Kept) -> None:
    for digest in published.files:
        changed = Kept(published.publication, {**published.files, digest: published.files[digest] + b"\n"}).found()
        assert (changed.outcome, digest in changed.en, "was changed" in changed.en) == ("different", True, True)
        lost = {other: content for other, content in published.files.items() if other != digest}
        gone = Kept(published.publication, lost).found()
        assert "is not there" in gone.en
        assert ("考评结果" in gone.zh, "the evaluation" in gone.en) == (digest == published.publication.fact.digest,) * 2


def test_another_score_is_named_by_its_item(published: Kept) -> None:
    digest = published.publication.fact.digest
    forged = published.files[digest].replace(b'"score":"8.00"', b'"score":"8.01"', 1)
    assert forged != published.files[digest]
    again = sha256(forged).hexdigest()
    fact = published.publication.fact.model_copy(update={"digest": again})
    found = Kept(Publication(1, fact), {**published.files, again: forged}).found()
    assert found.outcome == "different"
    assert found.item is not None
    assert "published 8.01" in found.en


def test_facts_that_end_before_its_positions_or_were_changed_are_no_ground_for_it(published: Kept) -> None:
    assert "ends at position" in published.found(LINES[: len(LINES) // 3]).en
    middle = len(LINES) // 3
    edited = [*LINES[:middle], LINES[middle].replace(b'"occurred":"20', b'"occurred":"19'), *LINES[middle + 1 :]]
    assert "does not follow the one before it" in published.found(edited).en


def test_what_does_not_say_what_it_follows_from_cannot_be_computed_anew(published: Kept) -> None:
    fact = published.publication.fact.model_copy(update={"positions": None})
    assert Kept(Publication(1, fact), published.files).found().outcome == "unreproducible"


def test_publications_are_read_as_last_corrected_without_the_voided_ones(published: Kept) -> None:
    records = Records()
    fact = published.publication.fact
    first = records.add("2025-10-08", fact)
    records.add("2025-10-08", fact.model_copy(update={"evaluation": "KP-2"}))
    again = records.add("2025-10-09", fact.model_copy(update={"rehearsal": False}))
    assert [each.fact.rehearsal for each in publications(list(records)) if each.number == "KP-1"] == [True]
    records.void(first, known=date(2025, 10, 10))
    assert [(each.number, each.fact.rehearsal) for each in publications(list(records))] == [("KP-2", True), ("KP-1", False)]
    records.correct(again, "2025-10-09", fact.model_copy(update={"as_of": date(2025, 9, 30)}), known=date(2025, 10, 11))
    assert [each.fact.as_of for each in publications(list(records)) if each.number == "KP-1"] == [date(2025, 9, 30)]
