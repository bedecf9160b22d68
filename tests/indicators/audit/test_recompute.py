"""Both engines come to the same amounts for every measure at every unit, and to the same board, at many (as of, known at) pairs."""

import random
from collections.abc import Sequence
from datetime import date, timedelta

from services.indicators.answers import ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import check_history
from services.indicators.catalog import MEASURES
from services.indicators.evaluation.county import County
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.contracts.registry import MeetingHeld
from tests.indicators.comparing import example_county, second_county
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY, Records


def in_order(records: Sequence[Record]) -> list[bytes]:
    """Records as a file has them: by service and position."""
    return [record.raw for record in sorted(records, key=lambda record: (SERVICES.index(record.service), record.position))]


def agree(county: County, seed: int, facts: int, pairs: int) -> None:
    by = random.Random(seed)
    history = check_history(in_order(simulated(seed, facts, county)), county.code)
    last, year = history.last_known_day, county.plan.year
    edges = [date(year, 1, 1), date(year, 3, 15), date(year, 3, 16), date(year, 12, 31), date(year + 1, 1, 1), last]
    as_live, as_relational = recompute(history, county.plan, "live"), recompute(history, county.plan, "duckdb")
    for _ in range(pairs):
        known = min(last, by.choice(edges) + timedelta(days=by.choice((0, 1, 45))))
        as_of = min(known, by.choice(edges))
        relational, live = as_relational(known), as_live(known)
        units = live.trees.at(known.toordinal()).units
        day, on = as_of.toordinal(), known.toordinal()
        for unit in units:
            for measure in MEASURES:
                ours, theirs = (each.balances.by_part(measure, unit, day, on) for each in (relational, live))
                assert dict(ours) == dict(theirs), f"{measure} at {unit} as of {as_of} as known on {known}"
        for unit in (county.code, *by.sample([code for code, each in units.items() if each.exists(day)], 3)):
            relational_board, live_board = (answer_bytes(board(each, ask(each, last, unit, as_of, known))) for each in (relational, live))
            assert relational_board == live_board


def test_both_engines_agree_on_a_simulated_county() -> None:
    agree(example_county(), seed=11, facts=5000, pairs=5)


def test_both_engines_agree_on_a_county_without_parks() -> None:
    agree(second_county(), seed=12, facts=1500, pairs=2)


def test_what_no_contract_here_describes_marks_both_boards_alike() -> None:
    records = Records()
    records.add("2025-03-01", MeetingHeld(unit=COUNTY, meeting="m1", title="领导小组会议", meeting_kind="leading_group"))
    records.something_else("registry", "meeting_streamed", known="2025-03-02")
    records.something_else("registry", "meeting_held", known="2025-03-03")
    history = check_history(in_order(list(records)), COUNTY)
    assert len(history.unreadable) == 2
    known = history.last_known_day
    as_shown = []
    engines: tuple[Engine, ...] = ("live", "duckdb")
    for engine in engines:
        snapshot = recompute(history, example_county().plan, engine)(known)
        as_shown.append(answer_bytes(board(snapshot, ask(snapshot, known))))
    assert as_shown[0] == as_shown[1]
    assert b'"incomplete":2' in as_shown[0]
