"""Reading a plan file: text → plan, or everything that is wrong in it with its line, its clause and the fix."""

from typing import Final

from services.indicators.evaluation import plan as shapes
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.plan_check import check_plan
from services.indicators.evaluation.problems import Problem
from services.indicators.evaluation.toml_file import keys_of, locate, read_toml

PLAN_FILE: Final = "plan.toml"
_KEYS: Final = keys_of(
    Plan, shapes.Span, shapes.Phase, shapes.ReportingPeriod, shapes.Department, shapes.PlanMilestone, shapes.Target, shapes.Reference,
    shapes.Duty, shapes.Decomposition,
)  # fmt: skip


def read_plan(text: str) -> tuple[Plan | None, tuple[Problem, ...]]:
    """The plan as far as it can be read, and what is wrong in it. No plan without a problem."""
    plan, problems = read_toml(text, Plan, _KEYS)
    return plan, problems if plan is None else locate(check_plan(plan), text)
