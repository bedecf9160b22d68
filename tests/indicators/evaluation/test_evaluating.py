"""The counties' own sheets: read without a problem, complete, and evaluated from the facts of a simulated county by both engines alike."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from services.indicators.answers import Snapshot, ask
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.recompute import recompute
from services.indicators.audit.records import check_history
from services.indicators.catalog import JUDGED
from services.indicators.evaluation.county import County, file_digest
from services.indicators.evaluation.evaluating import evaluation, read_given
from services.indicators.evaluation.plan import System
from services.indicators.evaluation.sheet import APART, Rule
from services.indicators.evaluation.sheet_file import checked_sheet
from services.indicators.evaluation.shown import showing
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import example_county, second_county
from tests.indicators.simulated import simulated

COUNTIES = Path(__file__).parents[3] / "deploy" / "counties"
EXAMPLE, SECOND = ((COUNTIES / name / "sheet.toml").read_bytes().decode() for name in ("example", "second"))


def test_the_example_sheet_is_complete() -> None:
    sheet = checked_sheet(EXAMPLE, example_county().plan, JUDGED)
    scored = [item for item in sheet.items if item.rule not in APART]
    assert len(scored) >= 63
    assert {system.system for system in sheet.systems} == set(get_args(System))
    assert {item.rule for item in sheet.items} == set(get_args(Rule))
    assert sum((item.points or Decimal(0) for item in scored), Decimal(0)) == sheet.points == 1000
    plan = example_county().plan
    about = {(item.indicator, item.variant, item.part) for item in sheet.items}
    assert {target.row for target in plan.targets} - about == set()
    shown = {item.duty for item in sheet.items}
    assert [duty.id for duty in plan.duties if duty.id not in shown and ("documents_owed", "default", duty.document) not in about] == []


@pytest.mark.parametrize(("county", "sheet", "facts"), [(example_county(), EXAMPLE, 1200), (second_county(), SECOND, 600)])
def test_both_engines_evaluate_to_the_same_bytes(county: County, sheet: str, facts: int) -> None:
    history = check_history(in_order(simulated(5, facts, county)), county.code)
    last, year = history.last_known_day, county.plan.year
    given = read_given(county.plan, county.plan_digest, sheet, rehearsal=True)

    chains = showing(history.records)

    def bytes_of(snapshot: Snapshot, unit: str, as_of: date, known: date) -> bytes:
        return answer_bytes(evaluation(snapshot, ask(snapshot, last, unit, as_of, known), given, chains))

    live, relational = recompute(history, county.plan, "live"), recompute(history, county.plan, "duckdb")
    town = next(unit.code for unit in county.roster if unit.kind == "township")
    outcomes: Counter[str] = Counter()
    for as_of, known in ((date(year, 9, 30), date(year, 10, 8)), (date(year, 12, 31), last)):
        here, there = live(known), relational(known)
        for unit in (county.code, town):
            found = bytes_of(here, unit, as_of, known)
            assert found == bytes_of(here, unit, as_of, known) == bytes_of(there, unit, as_of, known)
        outcomes.update(item.outcome for item in evaluation(here, ask(here, last, None, as_of, known), given, chains).items)
    assert outcomes.keys() >= {"full", "part", "none", "not_due"}


def test_an_evaluation_says_what_it_stands_on() -> None:
    county = example_county()
    history = check_history(in_order(simulated(5, 600, county)), county.code)
    snapshot = recompute(history, county.plan, "live")(history.last_known_day)
    question = ask(snapshot, history.last_known_day)
    given = read_given(county.plan, county.plan_digest, EXAMPLE, rehearsal=False)
    first = evaluation(snapshot, question, given, [])
    assert first.positions == history.positions
    assert (first.sheet.digest, first.plan.digest) == (file_digest(EXAMPLE), county.plan_digest)
    other = evaluation(snapshot, question, read_given(county.plan, county.plan_digest, EXAMPLE + "\n", rehearsal=False), [])
    assert other == first.model_copy(update={"sheet": other.sheet})
    earlier = replace(question, as_of=question.as_of - timedelta(days=400))
    assert evaluation(snapshot, earlier, given, []).definitions == first.definitions
