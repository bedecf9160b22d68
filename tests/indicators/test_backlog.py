"""Histories folded by and by while pages of records come in: what is built is what all of it comes to at once, wherever the slices fall."""

import random
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from services.indicators.backlog import Backlog
from services.indicators.catalog import FOLDINGS
from services.indicators.projection import Projection
from services.indicators.versions import EVERY_SUBJECT, NO_SUBJECT
from shared.contracts.registry import EntityCodeReplaced
from tests.indicators.comparing import interleaved
from tests.indicators.histories import History, histories
from tests.indicators.test_oracle_agreement import SLOW, THOROUGH
from tests.indicators.test_projection import entries_of, guided, registered
from tests.support.records import COUNTY, Records, entity


class Built:
    """A projection whose histories are folded anew into `entries`, a few subjects at a time."""

    def __init__(self, records: list[Any]) -> None:
        self.projection = Projection(COUNTY, FOLDINGS)
        self.projection.load(records)
        self.backlog = Backlog()
        self.backlog.begin_folding(self.projection.index.subjects())
        self.folded = NO_SUBJECT
        self.entries: Counter[Any] = Counter()

    def fold_some(self, subjects: int) -> None:
        while subjects and (subject := self.backlog.next()) is not None:
            if self.projection.index.canonical(subject) == subject:
                self.add(self.projection.entries([subject], FOLDINGS))
                self.folded, subjects = subject, subjects - 1
        if subjects:
            self.folded = EVERY_SUBJECT

    def take(self, records: list[Any]) -> None:
        page = self.projection.fold(records, self.folded)
        self.add(page.built)
        self.backlog.taken(page)

    def add(self, entries: Any) -> None:
        for key, amount in entries.items():
            self.entries[key] += amount

    def require_whole(self) -> None:
        self.fold_some(10**9)
        assert {key: amount for key, amount in self.entries.items() if amount} == entries_of(self.projection)


@settings(max_examples=2000 if THOROUGH else 100, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(histories())
def test_no_fact_is_lost_or_counted_twice(history: History) -> None:
    by = random.Random(history.seed)
    records = interleaved(history.records, by)
    at = by.randint(0, len(records))
    built = Built(records[:at])
    while at < len(records):
        built.fold_some(by.choice((0, 0, 1, 2, 5)))
        page = by.randint(1, 12)
        built.take(records[at : at + page])
        at += page
    built.require_whole()


@pytest.mark.parametrize("folded", range(14))
def test_an_entity_that_turns_out_to_be_one_folded_already_is_counted_once(folded: int) -> None:
    records = Records()
    records.add("2024-03-01", registered(1, 1))
    records.add("2024-03-02", registered(2, 2))
    records.add("2024-03-03", guided(1))
    pages = [list(records)]
    replaced = records.add("2024-03-04", EntityCodeReplaced(entity=entity(2), new_code=entity(1)))
    pages.append(list(records))
    records.void(replaced, known="2024-03-05")
    pages.append(list(records))
    built = Built(pages[0])
    for before, after in pairwise(pages):
        built.fold_some(folded)
        built.take([record for record in after if record not in before])
    built.require_whole()
