"""An exported file with one bit flipped anywhere is refused, and the place is named."""

from services.indicators.audit.records import End, Ends, check_history
from shared.contracts.base import SERVICES
from tests.indicators.audit.flips import every_flip_is_located
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY

PLACES = 400


def test_a_bit_flipped_at_any_of_400_places_is_located() -> None:
    lines = in_order(simulated(43, 1000))
    whole = check_history(lines, COUNTY)
    ends: Ends = {service: End(whole.positions[service], whole.hashes[service]) for service in SERVICES}
    every_flip_is_located(lines, ends, PLACES, seed=3)
