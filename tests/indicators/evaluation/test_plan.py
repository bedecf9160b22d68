"""What a plan says on a day: windows, targets that change, targets passed down in letters."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.plan import Plan, targets_of, unit_targets_of, windows_of
from services.indicators.evaluation.status import Goal, Milestone, Window
from tests.indicators.evaluation.support import target, written

TOWNSHIP, OTHER, PARK = "330127100000", "330127101000", "330127401000"


def values(plan: Plan, day: date, indicator: str = "loans", variant: str = "default") -> list[Decimal | str]:
    return [found.value for found in targets_of(plan, indicator, variant, on=day)]


def test_the_two_windows_of_every_plan_follow_from_its_year() -> None:
    assert windows_of(checked_plan(written(year=2024))) == {
        "plan_year": Window("plan_year", date(2024, 1, 1), date(2024, 12, 31)),
        "two_years": Window("two_years", date(2024, 1, 1), date(2025, 12, 31)),
    }


def test_other_windows_are_as_written() -> None:
    plan = checked_plan(written('[windows.autumn]\nzh = "期"\nfrom = 2025-09-01\nto = 2025-11-30\n'))
    assert windows_of(plan)["autumn"] == Window("autumn", date(2025, 9, 1), date(2025, 11, 30))


def test_a_target_belongs_to_its_own_variant_and_part() -> None:
    plan = checked_plan(written(
        target("loans", 500), target("loans", 9, variant="persons", clause="四(八)"), target("loans", 7, part="bank", clause="四(九)")
    ))  # fmt: skip
    day = date(2025, 6, 30)
    assert values(plan, day) == [500]
    assert values(plan, day, variant="persons") == [9]
    assert [found.value for found in targets_of(plan, "loans", part="bank", on=day)] == [7]
    assert values(plan, day, indicator="trained") == []


def test_one_row_may_carry_two_targets_from_two_clauses() -> None:
    plan = checked_plan(written(target("loans", 500), target("loans", 400, clause="二(二)")))
    assert values(plan, date(2025, 1, 1)) == [500, 400]


def test_a_changed_target_holds_from_its_day_and_earlier_days_keep_the_earlier_one() -> None:
    plan = checked_plan(written(target("loans", 600, effective="2025-07-01"), target("loans", 500)))
    assert values(plan, date(2025, 6, 30)) == [500]
    assert values(plan, date(2025, 7, 1)) == [600]
    assert values(plan, date(2026, 1, 1)) == [600]


def test_a_target_becomes_a_goal_in_exact_fractions() -> None:
    text = target("activity_index", "0.20", deadline="2025-12-01", milestones='[{ day = 2025-06-30, value = "0.105" }]')
    (found,) = targets_of(checked_plan(written(text)), "activity_index", on=date(2025, 6, 1))
    assert found.goal() == Goal(">=", Fraction(1, 5), date(2025, 12, 1), (Milestone(date(2025, 6, 30), Fraction(21, 200)),))


def test_a_target_that_is_the_benchmark_takes_its_value_when_judged() -> None:
    (found,) = targets_of(checked_plan(written(target("enterprise_growth", "benchmark"))), "enterprise_growth", on=date(2025, 6, 1))
    assert found.goal() == Goal(">=", None)
    assert found.goal(Fraction(1, 8)) == Goal(">=", Fraction(1, 8))


def letters(indicator: str, parts: dict[str, int], extra: str = "") -> str:
    lines = "\n".join(f'{unit} = "{value}"' for unit, value in parts.items())
    return (
        f'[[decomposition]]\nindicator = "{indicator}"\nover = "townships_and_parks"\nkind = "additive"\n{extra}\n'
        f"[decomposition.parts]\n{lines}\n"
    )


def test_a_unit_has_the_targets_its_letter_names_and_no_others() -> None:
    plan = checked_plan(written(target("loans", 500), target("trained", 10), letters("loans", {TOWNSHIP: 300, PARK: 200})))
    day = date(2025, 6, 30)
    (found,) = unit_targets_of(plan, PARK, "loans", on=day)
    assert found.value == 200
    assert (found.op, found.clause) == (">=", "四(七)")
    assert unit_targets_of(plan, OTHER, "loans", on=day) == ()
    assert unit_targets_of(plan, PARK, "trained", on=day) == ()


def test_letters_change_from_a_day_as_targets_do() -> None:
    plan = checked_plan(written(
        target("loans", 500), letters("loans", {TOWNSHIP: 500}), letters("loans", {TOWNSHIP: 100, PARK: 400}, "effective = 2025-07-01")
    ))  # fmt: skip
    assert [found.value for found in unit_targets_of(plan, TOWNSHIP, "loans", on=date(2025, 6, 30))] == [500]
    assert [found.value for found in unit_targets_of(plan, TOWNSHIP, "loans", on=date(2025, 7, 1))] == [100]
    assert unit_targets_of(plan, PARK, "loans", on=date(2025, 6, 30)) == ()
