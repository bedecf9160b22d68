"""However records come in, flags are those of the facts: pages, interleavings of services, and questions in between change nothing."""

import random
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.catalog import FOLDINGS
from services.indicators.flags.book import FlagBook
from services.indicators.flags.timeline import Raised
from services.indicators.projection import Projection
from shared.contracts.finance import LoanApplied
from tests.indicators.comparing import interleaved
from tests.indicators.flags.oddities import oddities
from tests.indicators.flags.telling import Story, loaded
from tests.indicators.histories import History, histories
from tests.indicators.test_oracle_agreement import SLOW, THOROUGH
from tests.support.records import COUNTY, VILLAGE, person

Read = set[tuple[object, ...]]


def read(book: FlagBook, known: int) -> Read:
    """The flags that stand as known on a day, as plain values."""
    return {_read(flag) for flag in book.standing(known)}


def _read(flag: Raised) -> tuple[object, ...]:
    others = frozenset((other.service, other.position) for other in flag.others)
    return flag.kind.code, flag.place, others, frozenset(flag.about), flag.unit, flag.park, flag.day, flag.since


@settings(max_examples=2000 if THOROUGH else 150, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(st.one_of(oddities(), histories()))
def test_flags_asked_for_in_between_are_those_of_the_whole_history(history: History) -> None:
    rng = random.Random(history.seed)
    records = interleaved(history.records, rng)
    projection = Projection(COUNTY, FOLDINGS)
    book = FlagBook(projection.index)
    while records:
        count = rng.randint(1, 12)
        book.touch(projection.fold(records[:count]).chains)
        records = records[count:]
        if rng.random() < 0.5:
            book.catch_up(rng.randint(0, 40))
    assert book.catch_up(100_000)

    whole = loaded(history.records)
    fresh = FlagBook(whole.index)
    chains = list(whole.index.chains())
    rng.shuffle(chains)
    fresh.touch(chains)
    assert fresh.catch_up(100_000)
    for day in history.records.known_days:
        assert read(book, day.toordinal()) == read(fresh, day.toordinal())


@settings(max_examples=1000 if THOROUGH else 80, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(st.one_of(oddities(), histories()))
def test_what_becomes_known_later_changes_no_flag_as_known_before(history: History) -> None:
    days = history.records.known_days
    known = random.Random(history.seed).choice(days)
    books = []
    for upto in (known, days[-1]):
        projection = loaded(record for record in history.records if record.known_day <= upto)
        books.append(FlagBook(projection.index))
        books[-1].touch(projection.index.chains())
        assert books[-1].catch_up(100_000)
    early, late = books
    assert read(early, known.toordinal()) == read(late, known.toordinal())


def test_so_many_histories_are_looked_into_at_once() -> None:
    story = Story()
    for number in range(20):
        applied = LoanApplied(loan=f"L{number}", loan_kind="personal", borrowers=(person(1),), amount_fen=100, unit=VILLAGE)
        story.add("2025-03-01", applied)
    book = FlagBook(index := loaded(story).index)
    book.touch(index.chains())
    turns = 1
    while not book.catch_up(10):
        turns += 1
    assert turns >= 4
    assert len(list(book.standing(date(2025, 3, 1).toordinal()))) == 20
