"""Whether everybody comes to the same: both engines at every measure, the independent oracle at every row, at every unit, the boards and
the evaluations, over one simulated county, late, corrected and voided facts among its own.
"""

import random
from collections.abc import Callable
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
from tests.indicators.comparing import Asked, differences, differences_in_json, oracle_of
from tests.indicators.simulated import simulated

COUNTIES = Path(__file__).parents[2] / "deploy" / "counties"
LATE_DAYS = 30


def agree_throughout(
    county: County, sheet: str, seed: int, facts: int, *, known_days: int, boards: int | None, evaluations: int
) -> int:  # fmt: skip
    """Fail where two come to something else, at so many known days, two (as of, known at) pairs each. The number of pairs.

    At every unit there is: both engines at every measure, and the oracle at every row. At the county and so many other units (None: at
    all) also both engines' boards, byte for byte, and where the oracle says that each row stands; at so many, the evaluations.
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

    def on_board(snapshot: Snapshot, question: Asked) -> bytes:
        return answer_bytes(board(snapshot, ask(snapshot, known, question.unit, question.as_of, known)))

    def in_evaluation(snapshot: Snapshot, question: Asked) -> bytes:
        return answer_bytes(evaluation(snapshot, ask(snapshot, known, question.unit, question.as_of, known), given, chains))

    def alike(answer: Callable[[Snapshot, Asked], bytes], question: Asked) -> bytes:
        said = answer(live, question)
        assert answer(relational, question) == said, f"{answer.__name__} {question}"
        return said

    asked = pairs({record.known_day for record in records}, seed, known_days)
    for known, on_days in groupby(asked, key=lambda pair: pair[1]):
        live, relational = as_live(known), as_relational(known)
        for as_of, _ in on_days:
            units = sorted(code for code, unit in live.trees.at(known.toordinal()).units.items() if unit.listed <= as_of.toordinal())
            shown, evaluated = (
                {*units} & {county.code} | {*by.sample(units, min(len(units), len(units) if some is None else some))}
                for some in (boards, evaluations)
            )
            for unit in units:
                question, on = Asked(unit, as_of, known), (as_of.toordinal(), known.toordinal())
                for measure in MEASURES:
                    ours, theirs = relational.balances.by_part(measure, unit, *on), live.balances.by_part(measure, unit, *on)
                    assert dict(ours) == dict(theirs), f"{measure}: {question}"
                if unit in shown:
                    assert differences_in_json(orjson.loads(alike(on_board, question)), county.plan, oracle, question) == []
                else:
                    assert differences(live, oracle, question) == []
                if unit in evaluated:
                    alike(in_evaluation, question)
        assert isinstance(relational.balances, Recomputed)
        relational.balances.close()
    return len(asked)
