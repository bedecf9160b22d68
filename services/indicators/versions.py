"""By which definition each measure's entries were computed, and how a rebuild brings forth others beside those that serve. Pure.

A *version* of a measure is all of its entries computed by one definition from the facts up to the checkpoint. While one serves, another may
be built beside it: subject by subject, in code-point order, so that "every subject up to here" says what is folded already. When all
are, the second engine must agree; then, in one commit, the built versions serve and those they replace retire.

    begun → folding → verifying → switched
               │          ├────→ disagrees      nothing is switched: begin again or cancel
               └──────────┴────→ cancelled      what was built is dropped

A version is *building*, then *serving*, then *retired*: its entries stay for evaluations that name its definition. What nobody will ask
for again is *dropped*, and gone once its entries are. A version by an earlier release's definition serves until its successor does, where
this release can follow it (`services.indicators.previous`); else it retires at once, and its measure has no figures until then.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

VersionState = Literal["building", "serving", "retired", "dropped"]
Stage = Literal["none", "folding", "verifying", "disagrees", "switched", "cancelled"]
FOLLOWING: Final[tuple[VersionState, ...]] = ("serving", "building")
"""The versions that every page of records adds to."""
UNDER_WAY: Final[frozenset[Stage]] = frozenset({"folding", "verifying"})
ENDED: Final[frozenset[Stage]] = frozenset({"none", "switched", "cancelled"})
NO_SUBJECT: Final = ""
"""Before every subject in code-point order."""
EVERY_SUBJECT: Final = "~"
"""After every subject in code-point order: their kinds are lower-case words."""


class RebuildUnderWay(Exception):
    """A rebuild is under way; another one begins when it has ended or was cancelled."""


class NothingToCancel(Exception):
    """No rebuild is under way, and none has stopped for a difference."""


class OtherDefinitions(Exception):
    """Another release derives the ledger by its own definitions: what this one would add would not fit. In Chinese and English."""

    def __init__(self) -> None:
        super().__init__(
            "账本已按其他版本的指标定义重算，本程序不再写入 / the ledger is derived by other definitions now: this release must not write"
        )


class Definition(NamedTuple):
    """What a measure's entries are computed by: the digest of all that decides them, and the declaration, written as text."""

    digest: str
    declaration: str


@dataclass(frozen=True, slots=True)
class Version:
    """All entries of a measure computed by one definition. `upto`: a retired one follows from the records up to these positions only."""

    number: int
    measure: str
    definition: str
    """Its digest."""
    state: VersionState
    upto: Mapping[str, int] | None = None
    declaration: str | None = None
    """As text; None for what earlier releases did not write down."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the second engine comes to something else: one measure at one unit, as of a day, as known on a day."""

    measure: str
    unit: str
    part: str | None
    as_of: str
    known_at: str
    built: int
    recomputed: int


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The rebuild under way, or what became of the last one. Every subject up to `folded` has its entries in the built versions."""

    number: int = 0
    stage: Stage = "none"
    measures: tuple[str, ...] = ()
    folded: str = NO_SUBJECT
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """Every version there is, in the order of their numbers, and the rebuild. `last`: the highest number given; none is given twice."""

    of: Mapping[int, Version]
    last: int = 0
    rebuild: Rebuild = Rebuild()

    @property
    def folded(self) -> str:
        """Every subject up to this one has its entries in the versions being built, so that pages go on from there."""
        return NO_SUBJECT if self.rebuild.stage in ENDED else self.rebuild.folded

    def in_state(self, state: VersionState) -> Iterator[Version]:
        """The versions in a state, in the order of their numbers."""
        return (each for each in self.of.values() if each.state == state)

    def numbers(self, state: Literal["building", "serving"]) -> dict[str, int]:
        """Measure → the number of its version in a state of which it has one at most."""
        return {version.measure: version.number for version in self.in_state(state)}

    def being_rebuilt(self, definitions: Mapping[str, Definition]) -> frozenset[str]:
        """The measures of which nothing serves by today's definition yet: they have no figures, or those of a previous definition."""
        return frozenset(definitions) - {each.measure for each in self.in_state("serving") if fits(each, definitions)}

    def require_fit(self, definitions: Mapping[str, Definition], previous: Container[int] = ()) -> None:
        """Raise OtherDefinitions unless a release with these definitions, which can follow these previous versions too, can follow every
        version that follows the records.
        """
        if any(each.number not in previous and not fits(each, definitions) for state in FOLLOWING for each in self.in_state(state)):
            raise OtherDefinitions


def fits(version: Version, definitions: Mapping[str, Definition]) -> bool:
    """Whether a version is by today's definition of its measure."""
    return version.measure in definitions and definitions[version.measure].digest == version.definition


def opened(found: Versions, definitions: Mapping[str, Definition], positions: Mapping[str, int], previous: Container[int] = ()) -> Versions:
    """What a release with these definitions makes of what it finds, at these positions of the records.

    A previous version that it can follow (`previous`) goes on serving; any other one by another definition retires, and what was being
    built by one is dropped. Measures without a version by today's definition are built; before the first record there is nothing to
    build, and they serve at once.
    """
    anything = any(positions.values())
    changed = []
    for each in found.of.values():
        if fits(each, definitions):
            continue
        if each.state == "building":
            changed.append(replace(each, state="dropped"))
        elif each.state == "serving" and not (anything and each.number in previous):
            changed.append(replace(each, state="retired", upto=dict(positions)))
    settled = _with(found, changed)
    building = settled.numbers("building").keys()
    missing = definitions.keys() - building - {each.measure for each in settled.in_state("serving") if fits(each, definitions)}
    if not anything:
        return _added(settled, missing, definitions, "serving")
    if missing:
        return _begun(_dropped(settled, "building"), missing | building, definitions)
    return settled if building or found.rebuild.stage in ENDED else replace(settled, rebuild=replace(found.rebuild, stage="cancelled"))


def begun(found: Versions, measures: AbstractSet[str], definitions: Mapping[str, Definition]) -> Versions:
    """Begin to build these measures anew, of which there is one at least. Raises RebuildUnderWay."""
    if found.rebuild.stage in UNDER_WAY:
        raise RebuildUnderWay
    return _begun(_dropped(found, "building"), measures, definitions)


def folded(found: Versions, upto: str) -> Versions:
    """Every subject up to this one is folded; all of them are once it is EVERY_SUBJECT."""
    assert found.rebuild.stage == "folding"
    stage: Stage = "verifying" if upto == EVERY_SUBJECT else "folding"
    return replace(found, rebuild=replace(found.rebuild, folded=upto, stage=stage))


def disagreed(found: Versions, difference: Difference) -> Versions:
    """The second engine comes to something else: what serves goes on serving."""
    assert found.rebuild.stage == "verifying"
    return replace(found, rebuild=replace(found.rebuild, stage="disagrees", difference=difference))


def switched(found: Versions, positions: Mapping[str, int]) -> Versions:
    """What was built serves from these positions on. What it replaces retires, or is dropped where it is by the same definition."""
    assert found.rebuild.stage == "verifying"
    serving = {each.measure: each for each in found.in_state("serving")}
    changed = []
    for built in found.in_state("building"):
        changed.append(replace(built, state="serving"))
        replaced = serving.get(built.measure)
        if replaced is not None and replaced.definition == built.definition:
            changed.append(replace(replaced, state="dropped"))
        elif replaced is not None:
            changed.append(replace(replaced, state="retired", upto=dict(positions)))
    return replace(_with(found, changed), rebuild=replace(found.rebuild, stage="switched"))


def cancelled(found: Versions) -> Versions:
    """What was built is dropped. Raises NothingToCancel."""
    if found.rebuild.stage in ENDED:
        raise NothingToCancel
    return replace(_dropped(found, "building"), rebuild=replace(found.rebuild, stage="cancelled"))


def forgotten(found: Versions) -> Versions:
    """Nobody will ask for what has retired."""
    return _dropped(found, "retired")


def swept(found: Versions, gone: Container[int]) -> Versions:
    """The entries of these dropped versions are gone, and so are they."""
    return replace(found, of={number: each for number, each in found.of.items() if number not in gone})


def _begun(found: Versions, measures: AbstractSet[str], definitions: Mapping[str, Definition]) -> Versions:
    rebuild = Rebuild(found.rebuild.number + 1, "folding", tuple(sorted(measures)))
    return replace(_added(found, measures, definitions, "building"), rebuild=rebuild)


def _added(found: Versions, measures: AbstractSet[str], definitions: Mapping[str, Definition], state: VersionState) -> Versions:
    new = [
        Version(found.last + 1 + at, name, definitions[name].digest, state, declaration=definitions[name].declaration)
        for at, name in enumerate(sorted(measures))
    ]  # fmt: skip
    return replace(_with(found, new), last=found.last + len(new))


def _dropped(found: Versions, state: VersionState) -> Versions:
    return _with(found, [replace(each, state="dropped") for each in found.in_state(state)])


def _with(found: Versions, changed: Iterable[Version]) -> Versions:
    return replace(found, of={**found.of, **{each.number: each for each in changed}})
