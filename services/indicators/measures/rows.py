"""Rows: what relations yield and measures select.

A *relation* turns a subject's facts in force into dated rows with named attributes: an event has its day, a span also the first day it no
longer holds. A measure selects rows by predicates, which are data (field, operator, value) and never callables, so that a second
engine can evaluate the same declaration.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, cast

from services.indicators.history import FOREVER, View
from services.indicators.places import UnitTree
from shared.contracts.base import Fact

SubjectKind = Literal[
    "person", "entity", "loan", "venue", "case", "unit", "surveys", "answer", "statistic", "benchmark", "occasion", "voucher",
    "internship", "green_channel", "platform", "policy", "project", "rectification", "association", "checklist_item",
    "duty",
]  # fmt: skip
"""Whose history a relation reads. An `answer` is one respondent's to one survey; `surveys` are all of a county; a `statistic` is one
series of one place; a `voucher` is one movement of a fund's money (the fund itself would have every movement for its history)."""

K = TypeVar("K")
V = TypeVar("V")

Shape = Literal["event", "span"]


class Row(NamedTuple):
    """One row: it holds from `day` to the day before `until`, where its unit and park say. `order` is its place in history order."""

    day: int
    unit: str | None
    park: str | None
    attributes: Mapping[str, Any]
    until: int = FOREVER
    order: tuple[Any, ...] = ()


Operator = Literal["=", "!=", ">=", "<=", "in"]


@dataclass(frozen=True, slots=True)
class Predicate:
    """`field operator value`. A row that lacks the field, or has None there, satisfies only `= None`."""

    field: str
    operator: Operator
    value: Any

    def test(self) -> Callable[[Mapping[str, Any]], bool]:
        """Tells of a row's attributes whether they satisfy the predicate."""
        field, value = self.field, self.value
        match self.operator:
            case "=":
                return lambda attributes: bool(attributes.get(field) == value)
            case "!=":
                return lambda attributes: (found := attributes.get(field)) is not None and bool(found != value)
            case ">=":
                return lambda attributes: (found := attributes.get(field)) is not None and bool(found >= value)
            case "<=":
                return lambda attributes: (found := attributes.get(field)) is not None and bool(found <= value)
            case "in":
                return lambda attributes: (found := attributes.get(field)) is not None and found in value


def where(**equal: Any) -> tuple[Predicate, ...]:
    """Predicates of equality, the most frequent kind: `where(entity_kind="enterprise")`."""
    return tuple(Predicate(field, "=", value) for field, value in equal.items())


@dataclass(frozen=True, slots=True)
class Select:
    """The rows of a relation that satisfy all predicates."""

    relation: str
    where: tuple[Predicate, ...] = ()

    def chosen(self) -> "Chosen":
        """Gives the rows the selection names, of any subject."""
        relation, tests = self.relation, [predicate.test() for predicate in self.where]
        match tests:
            case []:
                return lambda rows: rows.all(relation)
            case [test]:
                return lambda rows: [row for row in rows.all(relation) if test(row.attributes)]
            case _:
                return lambda rows: [row for row in rows.all(relation) if all(test(row.attributes) for test in tests)]


HelpAtFounding = Literal["none", "helped", "successful_start"]
"""Of an entity: no founder had H on or before its registration; one had; one had, and founded nothing before it (成功创业)."""


@dataclass(slots=True)
class Context:
    """What a relation is given: the subject's identifier (and any other code it was ever known by), its facts in force, the units as
    known on the same day, and how an entity was helped at its founding as known on it.
    """

    subject: str
    codes: frozenset[str]
    view: View
    tree: UnitTree
    help_at_founding: Callable[[str], HelpAtFounding]


class Derived(Fact):
    """Nothing that anybody reports: among the facts a relation reads it stands for what follows from others' histories."""

    follows_from: ClassVar[tuple[type[Fact], ...]]


@dataclass(frozen=True, slots=True)
class Relation:
    """A named relation: whose history it reads, whether its rows are events or spans, what they carry, and how they follow from facts.

    `revision` goes into every definition's digest: it must rise whenever `rows` yields something else for the same facts.
    """

    name: str
    subject: SubjectKind
    shape: Shape
    attributes: Mapping[str, str]
    rows: Callable[["Rows"], Iterable[Row]]
    revision: int
    meaning: str
    reads: tuple[type[Fact], ...]
    """The types of fact its rows follow from: a fact of another type never changes them."""
    requires: tuple[type[Fact], ...]
    """Without a fact of one of these types that names the subject itself there are no rows."""

    @property
    def facts(self) -> frozenset[type[Fact]]:
        """Every type of reported fact its rows follow from, through others' histories as well."""
        return frozenset(
            type_ for read in self.reads for type_ in (read.follows_from if issubclass(read, Derived) else (read,))
        )  # fmt: skip


class Rows:
    """The rows of one subject at one known day, each relation computed once and only when asked for."""

    __slots__ = ("_found", "_shared", "context", "relations")

    def __init__(self, context: Context, relations: Mapping[str, Relation]) -> None:
        self.context = context
        self.relations = relations
        self._found: dict[str, list[Row]] = {}
        self._shared: dict[Any, Any] = {}

    def shared(self, compute: Callable[["Rows", K], V], key: K) -> V:
        """What several relations need of the same history, computed once: `compute(self, key)`."""
        place = compute, key
        if place not in self._shared:
            self._shared[place] = compute(self, key)
        return cast(V, self._shared[place])

    def all(self, relation: str) -> list[Row]:
        """All rows of a relation in history order."""
        found = self._found.get(relation)
        if found is None:
            found = self._found[relation] = list(self.relations[relation].rows(self))
        return found


Chosen = Callable[[Rows], list[Row]]
"""The rows of a selection."""
