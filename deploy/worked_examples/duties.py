"""三(一), 三(五), 四, 五, 六: worked examples of duties and documents."""

from datetime import date
from typing import Any

from deploy.worked_examples.example import TOWN, Example, Given
from deploy.worked_examples.facts import on, then
from services.indicators.evaluation.plan import Duty
from shared.contracts.registry import DutyAccepted, DutyEvidenced


def _owed(id: str, due: str, system: str, **owing: Any) -> Duty:
    words = {"clause": "三", "quote": "工作任务", "evidence": "文件"}
    return Duty.model_validate({"id": id, "due": date.fromisoformat(due), "system": system, **words, **owing})


def _done(duty: str, evidenced: str, accepted: str, **owing: str) -> tuple[Given, Given]:
    """Shown on one day, accepted on another."""
    facts = (DutyEvidenced, evidenced), (DutyAccepted, accepted)
    shown, taken = (on(when, shape.model_validate({"duty": duty, **owing})) for shape, when in facts)
    return shown, taken


_DUTIES = (
    _owed("leading_group", "2025-02-28", "organisation", department="rsj"),
    _owed("plans", "2025-03-15", "organisation", units="townships_and_parks"),
    _owed("relief", "2025-08-31", "policy", departments=("kjj", "ghj")),
    _owed("documents_owed.site_rules", "2025-08-31", "policy", department="ghj"),
    _owed("documents_owed.ybc", "2025-12-31", "services", department="rsj"),
)
_GIVEN = (
    *_done("leading_group", "2025-02-20", "2025-02-26", department="rsj"), *_done("plans", "2025-03-16", "2025-03-16", unit=TOWN),
    *_done("relief", "2025-05-01", "2025-05-02", department="kjj"),
    *_done("documents_owed.site_rules", "2025-08-20", "2025-08-31", department="ghj"),
    *_done("documents_owed.ybc", "2025-12-31", "2026-01-01", department="rsj"),
)  # fmt: skip

DUTIES = (
    Example(
        "duties",
        _GIVEN,
        (
            then("default", "0/0", as_of="2025-02-27"),
            then("default", "1/1", "rsj leading_group", as_of="2025-02-28"),
            then("default", "1/5", "rsj leading_group", as_of="2025-03-15"),
            then("default", "2/5", "rsj leading_group, 甲乡 plans", as_of="2025-03-16"),
            then("default", "4/9", "rsj leading_group, 甲乡 plans, kjj relief, ghj site_rules"),
            then("default", "1/1", "甲乡 plans", unit=TOWN),
            then("by_department", "1/2", "leading_group ÷ leading_group ybc", part="rsj"),
            then("by_department", "1/2", "site_rules ÷ site_rules relief", part="ghj"),
            then("by_system", "2/5", "rsj leading_group, 甲乡 plans", part="organisation"),
            then("by_system", "2/3", "kjj relief, ghj site_rules", part="policy"),
            then("by_system", "0/1", "÷ rsj ybc", part="services"),
        ),
        duties=_DUTIES,
    ),
    Example(
        "documents_owed",
        _GIVEN,
        (
            then("default", "0", part="site_rules", as_of="2025-08-30"),
            then("default", "1", part="site_rules", as_of="2025-08-31"),
            then("default", "1", part="site_rules"),
            then("default", "0", part="ybc"),
        ),
        duties=_DUTIES,
    ),
)  # fmt: skip
