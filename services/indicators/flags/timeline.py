"""When a flag stands: from the known day on which the recorded facts became odd to the one on which they no longer were. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from services.indicators.flags.kinds import FlagKind, Found, Known, Place
from services.indicators.history import FOREVER, Chain
from shared.contracts.base import Fact, Subject


@dataclass(frozen=True, slots=True)
class Raised:
    """A flag as it reads from one known day to the day before another.

    `since` is the known day from which it stands without a break; what it reads may have changed meanwhile. `day` is the last day of the
    facts concerned: from then on they are at odds.
    """

    kind: FlagKind
    on: Chain
    others: tuple[Chain, ...]
    about: tuple[Subject, ...]
    unit: str | None
    park: str | None
    day: int
    since: int
    start: int
    end: int = FOREVER

    @property
    def place(self) -> Place:
        """Where the fact it is raised on is recorded."""
        return self.on.service, self.on.position


def raised(kind: FlagKind, subject: Subject, codes: frozenset[str], chains: Collection[Chain]) -> list[Raised]:
    """Every flag of a kind that a subject's history ever raises."""
    by_place = {(chain.service, chain.position): chain for chain in chains}
    finished: list[Raised] = []
    standing: dict[Place, Raised] = {}
    first = max((_first_known(chains, needed) for needed in kind.needs), default=0)
    for day in sorted({day for chain in chains for day in chain.known_days() if day >= first}):
        found = _united(kind.find(Known(subject, codes, list(by_place.values()), day)))
        finished += [replace(standing.pop(place), end=day) for place in standing.keys() - found.keys()]
        for place, each in found.items():
            now = _raised(kind, each, by_place, day)
            before = standing.get(place)
            if before is not None:
                if replace(now, since=before.since, start=before.start) == before:
                    continue
                finished.append(replace(before, end=day))
                now = replace(now, since=before.since)
            standing[place] = now
    return [*finished, *standing.values()]


def _first_known(chains: Iterable[Chain], needed: frozenset[type[Fact]]) -> int:
    return min((chain.known for chain in chains if type(chain.first.fact) in needed), default=FOREVER)


def _united(found: Iterable[Found]) -> dict[Place, Found]:
    """One flag per fact: whatever makes it odd is named together."""
    united: dict[Place, Found] = {}
    for each in found:
        place = each.on[2:]
        before = united.setdefault(place, each)
        if before is not each:
            others, about = {*before.others, *each.others}, dict.fromkeys((*before.about, *each.about))
            united[place] = each._replace(others=tuple(sorted(others)), about=tuple(about))
    return united


def _raised(kind: FlagKind, found: Found, by_place: dict[Place, Chain], known: int) -> Raised:
    return Raised(
        kind, by_place[found.on[2:]], tuple(by_place[other[2:]] for other in found.others), found.about, found.unit, found.park,
        max(order[0] for order in (found.on, *found.others)), known, known,
    )  # fmt: skip
