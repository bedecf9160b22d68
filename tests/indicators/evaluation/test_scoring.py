"""Every rule of a scoring sheet at its edges, the sums, and the lists that follow."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.answers import BaselineAnswer, BenchmarkAnswer, Board, Row, TargetAnswer, WindowAnswer
from services.indicators.api.duties import DutyRow
from services.indicators.api.questions import answer_bytes
from services.indicators.catalog import JUDGED, TODAY
from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.duties import State
from services.indicators.evaluation.evaluation import Evaluation, ScoredItem
from services.indicators.evaluation.scoring import Inputs, evaluate
from services.indicators.evaluation.sheet_file import checked_sheet
from services.indicators.evaluation.shown import Shown, showing, shown
from services.indicators.evaluation.status import Status
from shared.contracts.base import Evidence
from shared.contracts.registry import DutyEvidenced
from tests.indicators.evaluation.support import item, sheet, target, written
from tests.support.records import COUNTY, PARK, TOWN, Records

DUTY = (
    '[[duties]]\nid = "plans"\nclause = "六(一)"\nquote = "将工作实施方案报县创建办公室"\nunits = "townships_and_parks"\ndue = 2025-03-15\n'
    'evidence = "实施方案"\nsystem = "services"\n'
)
PLAN = checked_plan(
    written(
        target("loans", 500), target("survival_1y", "0.80"), target("loan_recovery", "0.05", variant="overdue", op="<="),
        target("employment_contribution", "benchmark"), target("plans_submitted", 24, deadline="2025-03-15"), DUTY,
    ),
    JUDGED,
)  # fmt: skip
YEAR_END, AUTUMN = date(2025, 12, 31), date(2025, 9, 30)
NOTHING_SHOWN: Shown = {}
RATES = ("survival_1y", "employment_contribution", "loan_recovery", "activity_index")

ACCEPTED: tuple[State, bool] = ("accepted", False)
LATE: tuple[State, bool] = ("late", True)
OPEN: tuple[State, bool] = ("evidenced", False)
OVERDUE: tuple[State, bool] = ("evidenced", True)


def row(id: str = "loans", value: str | None = None, of: tuple[int, int] | None = None, status: Status = "missed", **keys: Any) -> Row:
    """A row of the board as of the year's end, `of` numerator and denominator; `status` is that of its first target, where it has one."""
    variant = keys.pop("variant", "default")
    targets = PLAN.targets_by_row.get((id, variant, None), ())
    on, baseline, benchmark = keys.pop("on", YEAR_END), keys.pop("baseline", None), keys.pop("benchmark", None)
    if of is not None:
        value = value or f"{of[0] / of[1]:.6f}"
    return Row(
        id=id, variant=variant, part=keys.pop("part", None), clause="四(七)", unit_of_measure="ratio" if id in RATES else "persons",
        window=WindowAnswer("plan_year", date(2025, 1, 1), YEAR_END), effective_as_of=on, numerator=str(of[0]) if of else value,
        denominator=str(of[1]) if of else None, value=value, expected=None,
        targets=[TargetAnswer(">=", None, "四(七)", None, status) for _ in targets], status=status if targets else "shown",
        benchmark=benchmark, baseline=baseline, n=0, incomplete=0, note="", definition="d1", **keys,
    )  # fmt: skip


def owing(*states: tuple[State, bool]) -> list[DutyRow]:
    """Who owes the duty `plans`, by state and whether late."""
    return [
        DutyRow(
            duty="plans", clause="六(一)", quote="报", system="services", evidence="实施方案", party=party, name=party,
            due=date(2025, 3, 15), state=state, since=None, late=late,
        )
        for party, (state, late) in zip((TOWN, PARK, "330127102000", "330127402000"), states, strict=False)
    ]  # fmt: skip


def evaluated(
    text: str, *rows: Row, duties: Sequence[DutyRow] = (), as_of: date = YEAR_END, unit: str = COUNTY, shown_: Shown = NOTHING_SHOWN
) -> Evaluation:  # fmt: skip
    board = Board(
        county=COUNTY, unit=unit, as_of=as_of, known_at=as_of, final=True, positions={"registry": 1, "training": 2, "finance": 3},
        indicators=list(rows),
    )  # fmt: skip
    given_ = Inputs(
        board, duties, PLAN, "a" * 64, checked_sheet(text, PLAN, JUDGED), "b" * 64, rehearsal=True, shown=shown_, release=TODAY
    )  # fmt: skip
    return evaluate(given_)


def one(rule: str, keys: dict[str, str], *rows: Row, duties: Sequence[DutyRow] = (), as_of: date = YEAR_END) -> ScoredItem:
    apart = rule in ("bonus", "veto")
    points = None if rule == "veto" else 10
    items = [item(rule, points, **keys), *([item("threshold", id="other")] if apart else [])]
    return evaluated(sheet(*items), *rows, duties=duties, as_of=as_of).items[0]


MET, MISSED = BenchmarkAnswer("0.420000", "met"), BenchmarkAnswer("0.420000", "missed")
FIGURES: dict[str, tuple[str, dict[str, str], Row, str, str]] = {
    # What it is: rule, keys of the item, the row, outcome, score.
    "threshold just met": ("threshold", {}, row(value="500", status="met"), "full", "10.00"),
    "threshold just missed": ("threshold", {}, row(value="499"), "none", "0.00"),
    "on schedule": ("threshold", {}, row(value="380", status="on_schedule", on=AUTUMN), "not_due", "0.00"),
    "behind": ("threshold", {}, row(value="370", status="behind", on=AUTUMN), "none", "0.00"),
    "before the window": ("threshold", {}, row(status="not_due", on=None), "not_due", "0.00"),
    "unknown": ("threshold", {}, row(status="unknown"), "unknown", "0.00"),
    "deadline to come": ("threshold", {"indicator": "plans_submitted"}, row("plans_submitted", "20", status="not_due"), "not_due", "0.00"),
    "own number just met": ("threshold", {"reach": "600"}, row(value="600", status="met"), "full", "10.00"),
    "own number just missed": ("threshold", {"reach": "600"}, row(value="599", status="met"), "none", "0.00"),
    "own number on its line": ("threshold", {"reach": "400"}, row(value="299", status="behind", on=AUTUMN), "not_due", "0.00"),
    "own number below its line": ("threshold", {"reach": "400"}, row(value="298", status="behind", on=AUTUMN), "none", "0.00"),
    "proportional rounds down": ("proportional", {}, row(value="499"), "part", "9.98"),
    "proportional, nearly all": ("proportional", {"reach": "100000"}, row(value="99999"), "part", "9.99"),
    "proportional of nothing": ("proportional", {}, row(value="0"), "none", "0.00"),
    "proportional below nothing": ("proportional", {}, row(value="-5"), "none", "0.00"),
    "a third": ("proportional", {"reach": "300"}, row(value="100"), "part", "3.33"),
    "tiered full": ("tiered", {"half": "250"}, row(value="500", status="met"), "full", "10.00"),
    "tiered half": ("tiered", {"half": "250"}, row(value="250"), "part", "5.00"),
    "tiered none": ("tiered", {"half": "250"}, row(value="249"), "none", "0.00"),
    "half to the last member": ("tiered", {"indicator": "survival_1y", "half": "0.666667"}, row("survival_1y", of=(2, 3)), "none", "0.00"),
    "half of a ceiling": ("tiered", {"indicator": "loan_recovery", "variant": "overdue", "half": "0.10"},
                          row("loan_recovery", of=(1, 10), variant="overdue"), "part", "5.00"),
    "above a ceiling's half": ("tiered", {"indicator": "loan_recovery", "variant": "overdue", "half": "0.10"},
                               row("loan_recovery", of=(11, 100), variant="overdue"), "none", "0.00"),
    "deduct": ("deduct", {"each": "2"}, row(value="496"), "part", "2.00"),
    "deduct the last point": ("deduct", {"each": "2"}, row(value="495"), "none", "0.00"),
    "deduct no more than there is": ("deduct", {"each": "2"}, row(value="10"), "none", "0.00"),
    "bonus": ("bonus", {"reach": "600"}, row(value="600", status="met"), "full", "10.00"),
    "bonus not reached": ("bonus", {"reach": "600"}, row(value="599", status="met"), "none", "0.00"),
    "bonus not reached yet": ("bonus", {"reach": "600"}, row(value="5", status="behind", on=AUTUMN), "not_due", "0.00"),
    "at least the benchmark": ("benchmark", {"indicator": "employment_contribution"},
                               row("employment_contribution", of=(42, 100), benchmark=MET, status="met"), "full", "10.00"),
    "below the benchmark": ("benchmark", {"indicator": "employment_contribution"},
                            row("employment_contribution", of=(41, 100), benchmark=MISSED), "none", "0.00"),
    "no benchmark": ("benchmark", {"indicator": "employment_contribution"},
                     row("employment_contribution", of=(41, 100), benchmark=BenchmarkAnswer(None, "no_benchmark"), status="unknown"),
                     "unknown", "0.00"),
    "no benchmark as the target": ("threshold", {"indicator": "employment_contribution"},
                                   row("employment_contribution", of=(41, 100), benchmark=BenchmarkAnswer(None, "no_benchmark"),
                                       status="unknown"), "unknown", "0.00"),
    "nothing to hold against the benchmark": ("benchmark", {"indicator": "employment_contribution"},
                                              row("employment_contribution", benchmark=BenchmarkAnswer("0.420000", None), status="unknown"),
                                              "unknown", "0.00"),
    "below the benchmark of what still grows": ("benchmark", {"indicator": "activity_index", "department": "rsj"},
                                                row("activity_index", of=(1, 10), benchmark=BenchmarkAnswer("0.2", "behind"), on=AUTUMN),
                                                "not_due", "0.00"),
    "better than the year before": ("baseline", {}, row(value="501", baseline=BaselineAnswer("500", "met")), "full", "10.00"),
    "a tie with the year before": ("baseline", {}, row(value="500", baseline=BaselineAnswer("500", "met")), "none", "0.00"),
    "worse than the year before": ("baseline", {}, row(value="499", baseline=BaselineAnswer("500", "missed")), "none", "0.00"),
    "not yet better than the year before": ("baseline", {}, row(value="499", baseline=BaselineAnswer("500", "behind"), on=AUTUMN),
                                            "not_due", "0.00"),
    "no year before": ("baseline", {}, row(value="499", baseline=BaselineAnswer(None, "unknown")), "unknown", "0.00"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_at_the_edges_of_a_rule(name: str) -> None:
    rule, keys, found, outcome, score = FIGURES[name]
    scored = one(rule, keys, found, as_of=found.effective_as_of or date(2024, 12, 31))
    assert (scored.outcome, scored.score) == (outcome, score), scored.reason_en
    lost = Decimal(0) if outcome == "not_due" or rule == "bonus" else 10 - Decimal(score)
    assert Decimal(scored.lost) == lost
    assert scored.reason_zh
    assert scored.reason_en


@pytest.mark.parametrize(("rule", "keys", "states", "outcome", "score"), [
    ("threshold", {}, [ACCEPTED, ACCEPTED], "full", "10.00"),
    ("threshold", {}, [ACCEPTED, LATE], "none", "0.00"),
    ("threshold", {}, [ACCEPTED, OPEN], "not_due", "0.00"),
    ("threshold", {}, [], "not_applicable", "0.00"),
    ("proportional", {}, [ACCEPTED, LATE, OVERDUE], "part", "3.33"),
    ("tiered", {}, [ACCEPTED, LATE], "part", "5.00"),
    ("tiered", {}, [LATE, OVERDUE], "none", "0.00"),
    ("deduct", {"each": "3"}, [ACCEPTED, LATE, OVERDUE], "part", "4.00"),
    ("deduct", {"each": "5"}, [LATE, OVERDUE, OVERDUE], "none", "0.00"),
    ("veto", {}, [OVERDUE], "none", "0.00"),
])  # fmt: skip
def test_a_duty_at_the_edges_of_a_rule(rule: str, keys: dict[str, str], states: list[tuple[State, bool]], outcome: str, score: str) -> None:
    scored = one(rule, {"duty": "plans", **keys}, row(value="500", status="met"), duties=owing(*states))
    assert (scored.outcome, scored.score) == (outcome, score), scored.reason_en


@pytest.mark.parametrize(("states", "english"), [
    ([OVERDUE], "0 of 1 who owes it had it accepted by 2025-03-15, 1 was late (0 accepted since)"),
    ([ACCEPTED, LATE, OVERDUE], "1 of 3 who owe it had it accepted by 2025-03-15, 2 were late (1 accepted since)"),
])  # fmt: skip
def test_one_who_owes_a_duty_is_spoken_of_in_the_singular(states: list[tuple[State, bool]], english: str) -> None:
    assert one("threshold", {"duty": "plans"}, row(value="500", status="met"), duties=owing(*states)).reason_en == english


def test_who_is_still_late_puts_it_right_and_who_was_late_only_loses_points() -> None:
    found = evaluated(sheet(item("proportional", duty="plans")), duties=owing(ACCEPTED, LATE, OVERDUE))
    assert [(each.party, each.state, each.by) for each in found.rectifications] == [("330127102000", "missed", date(2026, 1, 30))]
    assert [(each.item, each.lost) for each in found.gaps] == [("one", "6.67")]
    (evidence,) = found.evidence[0].items
    assert [(each.party, each.late) for each in evidence.shown] == [(TOWN, False), (PARK, True), ("330127102000", True)]


def test_the_evidence_index_names_the_documents_that_were_shown() -> None:
    shown_ = {("plans", PARK): (Evidence(document="园〔2025〕3号", sha256="a" * 64), Evidence(document="会议纪要"))}
    found = evaluated(sheet(item("threshold", duty="plans")), duties=owing(ACCEPTED, ACCEPTED), shown_=shown_)
    ((town, park),) = ([each.references for each in item_.shown] for item_ in found.evidence[0].items)
    assert (town, [(each.document, each.sha256) for each in park]) == ([], [("园〔2025〕3号", "a" * 64), ("会议纪要", None)])


def test_what_is_shown_goes_by_what_was_known_and_in_force() -> None:
    records = Records()

    def shows(*documents: str) -> DutyEvidenced:
        return DutyEvidenced(duty="plans", unit=TOWN, evidence=tuple(Evidence(document=each) for each in documents))

    first = records.add("2025-03-01", shows("甲", "乙"))
    records.add("2025-03-05", shows("乙", "丙"))
    records.correct(first, "2025-03-02", shows("丁"), known="2025-04-01")
    records.void(first, known="2025-05-01")
    everything, chains = [*records], showing(records)
    last = max(record.position for record in everything if record.service == "registry")
    for as_of, known, position, documents in (
        ("2025-03-04", "2025-03-31", last, "甲乙"), ("2025-03-05", "2025-03-31", last, "甲乙丙"), ("2025-03-01", "2025-04-01", last, ""),
        ("2025-03-05", "2025-04-01", last, "丁乙丙"), ("2025-03-05", "2025-05-01", last, "乙丙"),
        ("2025-03-05", "2025-05-01", last - 1, "丁乙丙"),
    ):  # fmt: skip
        found = shown(chains, date.fromisoformat(as_of), date.fromisoformat(known), position)
        assert "".join(each.document for each in found.get(("plans", TOWN), ())) == documents, (as_of, known)


MANY = sheet(
    item("threshold", 4, id="met"), item("proportional", "2.5", id="behind", indicator="new_enterprises", reach="100", department="gsj"),
    item("benchmark", 2, id="unknown", indicator="employment_contribution"), item("threshold", "1.5", id="open", duty="plans"),
    item("threshold", 1, id="absent", indicator="incubator_area", reach="5", department="rsj"), item("bonus", 3, id="more", reach="500"),
    item("veto", None, id="veto", indicator="survival_1y"), points=11,
)  # fmt: skip
ENTERPRISES = row("new_enterprises", "30", status="shown", on=AUTUMN)
NO_BENCHMARK = row("employment_contribution", of=(1, 5), benchmark=BenchmarkAnswer(None, "no_benchmark"), status="unknown", on=AUTUMN)


def many(survival: Row) -> Evaluation:
    return evaluated(MANY, row(value="500", status="met", on=AUTUMN), ENTERPRISES, NO_BENCHMARK, survival, duties=owing(OPEN), as_of=AUTUMN)


def test_points_add_up_and_what_is_left_out_is_shown_apart() -> None:
    found = many(row("survival_1y", of=(4, 5), status="met", on=AUTUMN))
    assert [each.outcome for each in found.items] == ["full", "part", "unknown", "not_due", "not_applicable", "full", "full"]
    assert (found.points, found.attainable, found.score, found.lost) == ("11.00", "8.50", "4.75", "3.75")
    assert (found.bonus, found.not_due, found.not_applicable, found.share) == ("3.00", "1.50", "1.00", "0.911765")
    assert found.verdict == "passed"
    assert [(each.item, each.lost) for each in found.gaps] == [("unknown", "2.00"), ("behind", "1.75")]
    assert [(each.item, each.state, each.by) for each in found.rectifications] == [
        ("behind", "behind", YEAR_END), ("unknown", "unknown", date(2025, 10, 30)),
    ]  # fmt: skip
    (system,) = found.systems
    assert (system.points, system.attainable, system.score, system.bonus) == ("11.00", "8.50", "4.75", "3.00")


@pytest.mark.parametrize(("survival", "verdict", "vetoes"), [
    (row("survival_1y", of=(79, 100), status="behind", on=AUTUMN), "vetoed", ["veto"]),
    (row("survival_1y", status="unknown", on=AUTUMN), "undecided", []),
    (row("survival_1y", status="not_due", on=AUTUMN), "passed", []),
])  # fmt: skip
def test_a_veto_decides_alone_and_one_that_cannot_be_told_lets_nothing_pass(survival: Row, verdict: str, vetoes: list[str]) -> None:
    found = many(survival)
    assert (found.verdict, found.vetoes) == (verdict, vetoes)


def test_nothing_due_is_undecided() -> None:
    found = evaluated(sheet(item("threshold")), row(status="not_due", on=None), as_of=date(2024, 12, 31))
    assert (found.verdict, found.share, found.attainable, found.not_due) == ("undecided", None, "0.00", "10.00")


def test_a_units_board_without_its_own_target_leaves_the_item_out() -> None:
    found = evaluated(sheet(item("threshold")), row(value="5", status="shown"), unit=TOWN)
    assert found.items[0].outcome == "not_applicable"
    assert found.verdict == "undecided"


@given(values=st.lists(st.integers(0, 700), min_size=1, max_size=8), points=st.lists(st.integers(1, 5000), min_size=8, max_size=8))
def test_sums_are_sums_of_what_is_shown(values: list[int], points: list[int]) -> None:
    worth = [Decimal(each) / 100 for each in points[: len(values)]]
    parts = [f"330127{number:03d}000" for number in range(100, 100 + len(values))]
    items = [
        item(
            "proportional", str(full), id=f"i{part}", indicator="associations", variant="by_township", part=part, reach="499",
            department="rsj",
        )
        for part, full in zip(parts, worth, strict=True)
    ]  # fmt: skip
    rows = [row("associations", str(value), variant="by_township", part=part) for part, value in zip(parts, values, strict=True)]
    found = evaluated(sheet(*items, points=str(sum(worth))), *rows)
    assert Decimal(found.score) == sum(Decimal(each.score) for each in found.items)
    assert Decimal(found.lost) == sum(Decimal(each.lost) for each in found.gaps)
    assert Decimal(found.attainable) == Decimal(found.score) + Decimal(found.lost) == sum(worth)
    for each, value, full in zip(found.items, values, worth, strict=True):
        exact = full * min(value, 499) / 499
        assert 0 <= exact - Decimal(each.score) < Decimal("0.01")
        assert (Decimal(each.score) == full) == (value >= 499)


def test_the_same_inputs_give_the_same_bytes() -> None:
    survival = row("survival_1y", of=(4, 5), status="met", on=AUTUMN)
    assert answer_bytes(many(survival)) == answer_bytes(many(survival))
