from collections.abc import Sequence
from pathlib import Path

import pytest

import deploy
from deploy.simulator import SimulatedReport, simulate
from services.indicators.evaluation.county import County, load_county

YEAR = 2025
SEED = 20250101


@pytest.fixture(scope="package")
def county() -> County:
    assert deploy.__file__ is not None
    return load_county(Path(deploy.__file__).parent / "counties" / "example")


@pytest.fixture(scope="package")
def full_size(county: County) -> Sequence[SimulatedReport]:
    """The whole story of the size its yearly numbers are meant for."""
    return tuple(simulate(county.roster, county.plan, SEED, 60_000))
