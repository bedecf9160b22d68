"""Everybody comes to the same over simulated counties of some thousand facts; `make faults` asks so of a hundred thousand."""

from tests.indicators.agreeing import agree_throughout
from tests.indicators.comparing import example_county, second_county


def test_engines_oracle_and_evaluation_agree_on_a_simulated_county() -> None:
    assert agree_throughout(example_county(), "example", seed=11, facts=5000, known_days=3, boards=2, evaluations=2) >= 5


def test_engines_oracle_and_evaluation_agree_on_a_county_without_parks() -> None:
    assert agree_throughout(second_county(), "second", seed=12, facts=1500, known_days=1, boards=2, evaluations=2) == 2
