"""Balances give the plain sum of what was taken in, however much there is and whenever it is read."""

import random
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.indicators.ledger import Balances

UNIT = "330127100000"
PARTS = (None, "a", "b", "c")
DAYS = st.integers(1, 12)
Entry = tuple[str | None, int, int, int]
"""(part, day, known day, amount)."""

entries = st.lists(st.tuples(st.sampled_from(PARTS), DAYS, DAYS, st.integers(-3, 2**53 + 1)), max_size=80)


def _summed(taken: Sequence[Entry], day: int, known: int) -> Mapping[str | None, int]:
    sums = {part: sum(amount for of, on, seen, amount in taken if of == part and on <= day and seen <= known) for part in PARTS}
    return {part: amount for part, amount in sums.items() if amount}


@given(entries, st.sets(st.integers(0, 80)), DAYS, DAYS)
def test_each_part_is_the_sum_up_to_the_day_of_what_was_known_by_then(taken: list[Entry], reads: set[int], day: int, known: int) -> None:
    balances = Balances()
    for count, (part, on, seen, amount) in enumerate(taken):
        if count in reads:
            assert balances.by_part("jobs", UNIT, day, known) == _summed(taken[:count], day, known)
        balances.add(("jobs", UNIT, part), on, seen, amount)
    assert balances.by_part("jobs", UNIT, day, known) == _summed(taken, day, known)
    assert balances.by_part("jobs", UNIT, 12, 12) == _summed(taken, 12, 12)


@given(entries, DAYS, DAYS)
def test_every_entry_is_still_there_after_reading(taken: list[Entry], day: int, known: int) -> None:
    balances = Balances()
    for part, on, seen, amount in taken:
        balances.add(("jobs", UNIT, part), on, seen, amount)
    balances.by_part("jobs", UNIT, day, known)
    given_back = sorted(((part, on, seen, amount) for (_, _, part), on, seen, amount in balances), key=str)
    assert given_back == sorted(taken, key=str)


def test_a_dropped_measure_is_forgotten_and_no_other() -> None:
    balances = Balances()
    for measure in ("jobs", "persons"):
        balances.add((measure, UNIT, None), 1, 1, 5)
    balances.drop(["jobs"])
    assert balances.by_part("jobs", UNIT, 2, 2) == {}
    assert balances.by_part("persons", UNIT, 2, 2) == {None: 5}
    assert balances.size == 1


def test_among_thousands_of_entries_those_are_found_that_became_known_later() -> None:
    numbers = random.Random(7)
    taken: list[Entry] = []
    balances = Balances()
    for count in range(1, 20_001):
        day = numbers.randint(1, 900)
        seen = day + (numbers.randint(0, 9) if numbers.random() < 0.98 else numbers.randint(0, 400))
        taken.append((numbers.choice(PARTS), day, seen, numbers.randint(-3, 9)))
        part, on, seen, amount = taken[-1]
        balances.add(("jobs", UNIT, part), on, seen, amount)
        if count % 5000 == 0:
            for day, known in ((1, 1), (300, 300), (300, 299), (900, 300), (300, 900), (450, 470), (900, 1300)):
                assert balances.by_part("jobs", UNIT, day, known) == _summed(taken, day, known)
