"""Guidance: every session is recorded."""

from datetime import date

from services.training.rules import RULES
from shared.contracts.base import natural_key_of
from shared.contracts.training import GuidanceGiven
from tests.support.given import Given, recorded

MAY = date(2010, 5, 4)
POLICY = GuidanceGiven(unit="330127101003", person="P0123456789ABCDEF", guidance_kind="policy")
FINANCE = POLICY.model_copy(update={"guidance_kind": "finance", "programme": "ybc"})


def test_a_session_is_recorded() -> None:
    assert Given(RULES).when(POLICY, MAY) == recorded()


def test_a_second_session_is_recorded() -> None:
    assert Given(RULES, [(POLICY, MAY)]).when(FINANCE, MAY) == recorded()


def test_sessions_of_another_kind_or_day_are_other_sessions() -> None:
    keys = {natural_key_of(POLICY, MAY), natural_key_of(FINANCE, MAY), natural_key_of(POLICY, date(2010, 5, 5))}
    assert len(keys) == 3
