"""Which entities were founded with help, as known on each day: derived once per entity, rather than once per job in it.

Help at a founding follows from everything its founders' help and foundings follow from. Like the entries of a subject it is a pure
function of the set of those facts.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from services.indicators.history import Chain, View, in_force
from services.indicators.ledger import Seen, Trees, as_of, new_days
from services.indicators.measures.rows import Context, HelpAtFounding, Rows
from services.indicators.relations import RELATIONS
from services.indicators.relations.lives import lives
from services.indicators.relations.persons import help_at_founding
from services.indicators.subjects import FOUNDING, Index, founded_by, founding, touched
from shared.contracts.base import Subject, subject_of

Steps = Sequence[tuple[int, frozenset[tuple[str, HelpAtFounding]]]]
"""From each of these known days on: which of an entity's codes stand for one founded with help, and how; none before the first."""


class Foundings:
    """The foundings with help of one county, before and after the page in hand."""

    def __init__(self, index: Index, county: str) -> None:
        self._index = index
        self._no_units = Trees(county).at(0)
        self._steps: dict[Subject, Steps] = {}
        self._before: dict[Subject, Steps] = {}
        """What the page in hand changed, as it was."""

    def take(self, chains: Iterable[Chain], seen: Seen) -> set[Subject]:
        """Take in a page's chains, which the index holds already: the entities for which they change anything."""
        self._before = {}
        concerned: set[Subject] = set()
        for chain in chains:
            if type(chain.first.fact) in FOUNDING:
                for subject in touched(self._index, chain):
                    if subject.startswith("person:"):
                        concerned |= founded_by(self._index, subject)
        return {entity for entity in concerned if self._renew(entity, seen)}

    def rename(self, code: Subject) -> None:
        """A code turns out to be another's: what is known of it is known of both."""
        for each in (code, self._index.canonical(code)):
            self._steps.pop(each, None)

    def help_at(self, code: str, known: int, *, before: bool = False) -> HelpAtFounding:
        """How the entity with this (oldest) code was helped at its founding, as known on a day, after or before the page in hand."""
        steps = self.steps(self._index.canonical(subject_of("entity", code)), before=before)
        index = bisect_right(steps, known, key=_day)
        return dict(steps[index - 1][1]).get(code, "none") if index else "none"

    def steps(self, entity: Subject, *, before: bool = False) -> Steps:
        """All there is to know of an entity."""
        if before and entity in self._before:
            return self._before[entity]
        found = self._steps.get(entity)
        if found is None:
            found = self._steps[entity] = self._derive(entity, founding(self._index, entity), 0, ())
        return found

    def _renew(self, entity: Subject, seen: Seen) -> bool:
        chains = founding(self._index, entity)
        fresh = new_days(chains, seen)
        if not fresh:
            return False
        before = self._steps.get(entity)
        if before is None:
            before = self._derive(entity, as_of(chains, seen), 0, ())
        first = min(fresh)
        after = self._derive(entity, chains, first, [step for step in before if step[0] < first])
        self._steps[entity] = after
        if after == before:
            return False
        self._before[entity] = before
        return True

    def _derive(self, entity: Subject, chains: Sequence[Chain], first: int, earlier: Steps) -> Steps:
        """What these chains come to on the known days from `first` on, after what they came to earlier."""
        steps = list(earlier)
        codes = self._index.codes(entity)
        for known in sorted({day for chain in chains for day in chain.known_days() if day >= first}):
            rows = Rows(Context("", codes, View(in_force(chains, known)), self._no_units, _never), RELATIONS)
            own = (life for life in lives(rows).values() if life.code in codes)
            helped = frozenset((life.code, help) for life in own if (help := help_at_founding(rows, life)) != "none")
            if helped != (steps[-1][1] if steps else frozenset()):
                steps.append((known, helped))
        return tuple(steps)


def _day(step: tuple[int, frozenset[tuple[str, HelpAtFounding]]]) -> int:
    return step[0]


def _never(code: str) -> HelpAtFounding:
    raise AssertionError(f"{code}: what is being derived is asked for")
