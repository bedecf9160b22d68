"""Whether everybody comes to the same: both engines at every measure and every unit, the boards, the independent oracle and the
evaluation, over one simulated county, late, corrected and voided facts among its own.
"""

import random
from collections.abc import Callable
from datetime import date
from itertools import groupby
from pathlib import Path

import orjson

from services.indicators.answers import Snapshot, ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.agreement import pairs
from services.indicators.audit.recompute import Recomputed, recompute
from services.indicators.audit.records import check_history
from services.indicators.catalog import MEASURES
from services.indicators.evaluation.county import County
from services.indicators.evaluation.evaluating import evaluation, read_given
from services.indicators.evaluation.shown import showing
from shared.contracts.common import FactCorrected, FactVoided, common_class
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import Asked, differences, oracle_of
from tests.indicators.simulated import simulated

COUNTIES = Path(__file__).parents[2] / "deploy" / "counties"
LATE_DAYS = 30


def agree_throughout(county: County, sheet: str, seed: int, facts: int, *, known_days: int, boards: int, oracle_every: int) -> int:
    """Fail where two come to something else. At so many known days, two (as of, known at) pairs each: both engines at every measure and
    unit; their boards and evaluations, byte for byte, at the county and so many other units; the oracle at one unit, and at every so
    manyth known day at the county. The number of pairs.
    """
    by, records = random.Random(seed), simulated(seed, facts, county)
    amended = {common_class(record.type) for record in records}
    assert {FactCorrected, FactVoided} <= amended
    assert any((record.known_day - record.occurred).days > LATE_DAYS for record in records)
    history = check_history(in_order(records), county.code)
    as_live, as_relational = (recompute(history, county.plan, engine) for engine in ("live", "duckdb"))
    oracle = oracle_of(county.plan, [orjson.loads(record.raw) for record in records])
    given = read_given(county.plan, county.plan_digest, (COUNTIES / sheet / "sheet.toml").read_text(), rehearsal=True)
    chains = showing(history.records)

    def on_board(snapshot: Snapshot, unit: str, as_of: date, known: date) -> bytes:
        return answer_bytes(board(snapshot, ask(snapshot, known, unit, as_of, known)))

    def evaluated(snapshot: Snapshot, unit: str, as_of: date, known: date) -> bytes:
        return answer_bytes(evaluation(snapshot, ask(snapshot, known, unit, as_of, known), given, chains))

    answers: tuple[Callable[[Snapshot, str, date, date], bytes], ...] = (on_board, evaluated)
    asked = pairs({record.known_day for record in records}, seed, known_days)
    for number, (known, on_days) in enumerate(groupby(asked, key=lambda pair: pair[1])):
        live, relational = as_live(known), as_relational(known)
        for as_of, _ in on_days:
            units = sorted(code for code, unit in live.trees.at(known.toordinal()).units.items() if unit.listed <= as_of.toordinal())
            for unit in units:
                for measure in MEASURES:
                    ours, theirs = (
                        each.balances.by_part(measure, unit, as_of.toordinal(), known.toordinal()) for each in (relational, live)
                    )
                    assert dict(ours) == dict(theirs), f"{measure} at {unit} as of {as_of} as known on {known}"
            for unit in {*units} & {county.code} | {*by.sample(units, min(len(units), boards))}:
                for answer in answers:
                    assert answer(relational, unit, as_of, known) == answer(live, unit, as_of, known), f"{answer.__name__} {unit} {as_of}"
            if units:
                assert differences(live, oracle, Asked(by.choice(units), as_of, known), by_board=True) == []
        if number % oracle_every == 0:
            assert differences(live, oracle, Asked(county.code, known, known), by_board=True) == []
        assert isinstance(relational.balances, Recomputed)
        relational.balances.close()
    return len(asked)
