"""Every flag is the independent oracle's too: over troublesome small histories and simulated counties, as known on many days."""

import random
from datetime import date

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.flags.book import FlagBook
from shared.contracts.base import SERVICES
from tests.indicators.flags.oddities import oddities
from tests.indicators.flags.telling import loaded
from tests.indicators.histories import History, histories
from tests.indicators.simulated import simulated
from tests.indicators.test_oracle_agreement import SLOW, THOROUGH
from tests.support.oracle.flags import Place, claimed_twice, odd

JOBS = "job_claimed_twice"


def found(book: FlagBook, known: date) -> dict[str, set[Place]]:
    """The facts on which a flag of each kind stands."""
    raised: dict[str, set[Place]] = {}
    for flag in book.standing(known.toordinal()):
        if flag.kind.code != JOBS:
            raised.setdefault(flag.kind.code, set()).add((SERVICES[flag.on.service], flag.on.position))
    return raised


def found_twice(book: FlagBook, known: date) -> set[str]:
    """The persons whose job is claimed twice."""
    flags = (flag for flag in book.standing(known.toordinal()) if flag.kind.code == JOBS)
    return {subject.partition(":")[2] for flag in flags for subject in flag.about if subject.startswith("person:")}


@settings(max_examples=4000 if THOROUGH else 300, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(st.one_of(oddities(), oddities(), histories()))
def test_small_troublesome_histories_are_odd_where_the_oracle_says_so(history: History) -> None:
    book = FlagBook(index := loaded(history.records).index)
    book.touch(index.chains())
    assert book.catch_up(100_000)
    for known in history.records.known_days:
        assert found(book, known) == odd(history.records.json, known), known
        assert found_twice(book, known) == claimed_twice(history.records.json, known), known


def test_a_simulated_county_is_odd_where_the_oracle_says_so() -> None:
    records = simulated(13, 6_000)
    json = [orjson.loads(record.raw) for record in records]
    book = FlagBook(index := loaded(records).index)
    book.touch(index.chains())
    assert book.catch_up(1_000_000)
    days = sorted({record.known_day for record in records})
    kinds: set[str] = set()
    for known in (days[-1], *random.Random(7).sample(days, 2)):
        assert found(book, known) == odd(json, known), known
        assert found_twice(book, known) == claimed_twice(json, known), known
        kinds |= found(book, known).keys()
    assert kinds >= {"confirmation", "contradiction", "orphaned", "loan_without_entity", "trained_after_founding"}, "too small to be odd"
