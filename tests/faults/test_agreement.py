"""Both engines and the independent oracle come to the same at full size: every measure, every row of the board and how it is judged, at
every unit, and the evaluation, at twenty (as of, known at) pairs and more over several simulated counties of a hundred thousand facts,
late, voided and corrected ones among them.
"""

import pytest

from tests.indicators.agreeing import agree_throughout
from tests.indicators.comparing import example_county, second_county

FACTS = 100_000


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_engines_oracle_and_evaluation_agree_on_a_hundred_thousand_facts(seed: int) -> None:
    assert agree_throughout(example_county(), "example", seed, FACTS, known_days=10, boards=None, evaluations=5) >= 20


def test_engines_oracle_and_evaluation_agree_in_a_county_without_parks() -> None:
    assert agree_throughout(second_county(), "second", 24, FACTS, known_days=10, boards=None, evaluations=5) >= 20
