"""Both engines come to the same at full size: every measure at every unit, and the boards, at twenty (as of, known at) pairs and more over
several simulated counties of a hundred thousand facts, late, voided and corrected ones among them; and the oracle with them, which is slow:
at every pair at one unit, and for the county at some.
"""

import random
from itertools import groupby

import orjson
import pytest

from services.indicators.answers import ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.agreement import pairs
from services.indicators.audit.recompute import Recomputed, recompute
from services.indicators.audit.records import check_history
from services.indicators.catalog import MEASURES
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import Asked, differences, example_county, oracle_of
from tests.indicators.simulated import simulated

FACTS = 100_000
SEEDS = (21, 22, 23)
COUNTY_EVERY = 5
"""For the county the oracle is asked at one known day of so many."""


@pytest.mark.parametrize("seed", SEEDS)
def test_engines_agree_on_a_hundred_thousand_facts(seed: int) -> None:
    county, by = example_county(), random.Random(seed)
    records = simulated(seed, FACTS, county)
    history = check_history(in_order(records), county.code)
    as_live, as_relational = (recompute(history, county.plan, engine) for engine in ("live", "duckdb"))
    oracle = oracle_of(county.plan, [orjson.loads(record.raw) for record in records]) if seed == SEEDS[0] else None
    asked = pairs({record.known_day for record in records}, seed)
    assert len(asked) >= 20
    for number, (known, on_days) in enumerate(groupby(asked, key=lambda pair: pair[1])):
        live, relational = as_live(known), as_relational(known)
        for as_of, _ in on_days:
            units = {code for code, unit in live.trees.at(known.toordinal()).units.items() if unit.listed <= as_of.toordinal()}
            for unit in units:
                for measure in MEASURES:
                    ours, theirs = (
                        each.balances.by_part(measure, unit, as_of.toordinal(), known.toordinal()) for each in (relational, live)
                    )
                    assert dict(ours) == dict(theirs), f"{measure} at {unit} as of {as_of} as known on {known}"
            for unit in (*units & {county.code}, *by.sample(sorted(units), min(len(units), 5))):
                boards = [answer_bytes(board(each, ask(each, known, unit, as_of, known))) for each in (relational, live)]
                assert boards[0] == boards[1]
            if oracle is not None and units:
                assert differences(live, oracle, Asked(by.choice(sorted(units)), as_of, known), by_board=True) == []
        if oracle is not None and number % COUNTY_EVERY == 0:
            assert differences(live, oracle, Asked(county.code, known, known), by_board=True) == []
        assert isinstance(relational.balances, Recomputed)
        relational.balances.close()
