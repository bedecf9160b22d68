"""Histories folded by and by while pages of records come in: what is built is what all of it comes to at once, wherever the slices fall."""

import random
from collections import Counter
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings

import shared.contracts
from services.indicators.backlog import Backlog
from services.indicators.catalog import FOLDINGS
from services.indicators.projection import Projection
from services.indicators.versions import EVERY_SUBJECT, NO_SUBJECT
from shared.contracts.base import EntityCode
from shared.contracts.registry import EntityCodeReplaced
from shared.contracts.registry.entities import AboutEntity
from shared.contracts.versions import Earlier, Renamed
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


class EntityCodeReplacedV1(AboutEntity):
    """换码, under another name for the new code."""

    type = "registry.entity_code_replaced"
    natural_key = ("entity", "later")
    zh = "市场主体换码"
    example: ClassVar[dict[str, Any]] = {"entity": "330127600012345", "later": "92330127MA2KX0022K"}

    later: EntityCode


@pytest.mark.parametrize("folded", range(14))
@pytest.mark.parametrize("corrected", [False, True])
def test_so_is_one_of_which_an_earlier_version_of_the_contract_says_so(
    folded: int, corrected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EntityCodeReplaced, "version", 2)
    monkeypatch.setattr(EntityCodeReplaced, "earlier", (Earlier(EntityCodeReplacedV1, (Renamed("later", "new_code"),)),))
    monkeypatch.setitem(shared.contracts._BY_TYPE, (EntityCodeReplaced.type, 2), EntityCodeReplaced)
    records = Records()
    records.add("2024-03-01", registered(1, 1))
    records.add("2024-03-02", registered(2, 2))
    records.add("2024-03-03", guided(1))
    built = Built(list(records))
    taken = list(records)
    built.fold_some(folded)
    replaced = EntityCodeReplacedV1(entity=entity(2), later=entity(9 if corrected else 1))
    told = records.add("2024-03-04", replaced)
    if corrected:
        records.correct(told, "2024-03-04", EntityCodeReplacedV1(entity=entity(2), later=entity(1)), known="2024-03-05")
    built.take([record for record in records if record not in taken])
    built.require_whole()
