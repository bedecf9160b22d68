"""A program of queries: what the second engine runs, written down once and the same for every question.

Relations and measures are expressions over the tables of facts; what several of them need is kept in a table of its own. Building and
compiling expressions costs far more than running them on a county, so they are compiled ahead: what is asked (as known on which day, at
the end of which days) stands in tables as well. A program is a sequence of steps that make tables, some of them repeated until they
change nothing any more.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, assert_never

import ibis
from ibis.expr.operations import UnboundTable
from ibis.expr.types import Table

T = TypeVar("T")
State = dict[str, Table]


@dataclass(frozen=True, slots=True)
class Keep:
    """Make a table of what a query gives."""

    name: str
    query: Table


@dataclass(frozen=True, slots=True)
class Repeat:
    """While a query gives any row, make `renewed` tables out of the tables they then replace."""

    condition: Table
    body: "Steps"
    renewed: tuple[tuple[str, str], ...]
    """(the table that was made, the table it becomes)."""


@dataclass(frozen=True, slots=True)
class Derive:
    """Make a table by a plain function of a query's rows, which are few: for what has to be taken one after the other."""

    name: str
    query: Table
    function: str
    schema: tuple[tuple[str, str], ...]


Steps = tuple["Step", ...]
Step = Keep | Repeat | Derive


class Writing:
    """A program being written. Tables have the names they are kept by."""

    def __init__(self, archive: Mapping[str, Table]) -> None:
        self._archive = archive
        self._steps: list[Step] = []
        self._names: set[str] = set(archive)

    @property
    def steps(self) -> Steps:
        """The program as it stands."""
        return tuple(self._steps)

    def table(self, name: str) -> Table:
        """A table of the archive. Raises KeyError when there is none."""
        return self._archive[name]

    def keep(self, name: str, query: Table) -> Table:
        """A table of what a query gives, computed once and read from now on. Where the name is taken it gets a number."""
        name = self._free(name)
        self._steps.append(Keep(name, query))
        return ibis.table(query.schema(), name=name)

    def repeat(self, start: State, condition: Callable[[State], Table], step: Callable[[State], State]) -> State:
        """Tables that a step renews out of themselves as long as a condition of them has any row."""
        state = {name: self.keep(name, query) for name, query in start.items()}
        made, body = self._aside(lambda: {name: self.keep(f"next_{name}", query) for name, query in step(state).items()})
        self._steps.append(Repeat(condition(state), body, tuple((made[name].get_name(), state[name].get_name()) for name in made)))
        return state

    def derive(self, name: str, query: Table, function: str, schema: Mapping[str, str]) -> Table:
        """A table of what a function of `DERIVATIONS` makes of a query's few rows."""
        name = self._free(name)
        self._steps.append(Derive(name, query, function, tuple(schema.items())))
        return ibis.table(schema, name=name)

    def _aside(self, write: Callable[[], T]) -> tuple[T, Steps]:
        """What is written apart from the program so far, and its steps."""
        outer, self._steps = self._steps, []
        made = write()
        steps, self._steps = tuple(self._steps), outer
        return made, steps

    def _free(self, name: str) -> str:
        free, number = name, 1
        while free in self._names:
            number += 1
            free = f"{name}_{number}"
        self._names.add(free)
        return free


Compiled = list[Any]
"""Steps as plain data. Each names its kind, the tables it makes anew and those it reads: `["keep", [name], reads, sql]`,
`["repeat", [becomes, …], reads, sql, steps, [[made, becomes], …]]`, `["derive", [name], reads, sql, function, [[column, type], …]]`.
"""


def sql(query: Table, dialect: str) -> str:
    """A query as text, always the same: columns left out stand in order, which the compiler takes from a set."""
    text = str(ibis.to_sql(query, dialect=dialect, pretty=False))
    return _LEFT_OUT.sub(lambda found: f"{found[1]} ({', '.join(sorted(found[2].split(', ')))})", text)


_LEFT_OUT = re.compile(r"(EXCLUDE|EXCEPT) \(([^()]*)\)")


def compiled(steps: Steps, dialect: str = "duckdb") -> Compiled:
    """A program in some dialect of SQL, as plain data."""
    return list(_compiled(steps, dialect))


def _compiled(steps: Steps, dialect: str) -> Iterator[list[Any]]:
    for step in steps:
        reads = sorted(_reads(step))
        match step:
            case Keep(name=name, query=query):
                yield ["keep", [name], reads, sql(query, dialect)]
            case Repeat(condition=condition, body=body, renewed=renewed):
                names = [becomes for _, becomes in renewed]
                yield ["repeat", names, reads, sql(condition.limit(1), dialect), compiled(body, dialect), [list(pair) for pair in renewed]]
            case Derive(name=name, query=query, function=function, schema=schema):
                yield ["derive", [name], reads, sql(query, dialect), function, [list(column) for column in schema]]
            case _:
                assert_never(step)


def _reads(step: Step) -> set[str]:
    """The tables that a step reads and does not make itself."""
    match step:
        case Keep(query=query) | Derive(query=query):
            return _named(query)
        case Repeat(condition=condition, body=body):
            return _named(condition) | _read_by(body)
        case _:
            assert_never(step)


def _read_by(steps: Steps) -> set[str]:
    made: set[str] = set()
    read: set[str] = set()
    for step in steps:
        read |= _reads(step) - made
        if not isinstance(step, Repeat):
            made.add(step.name)
    return read


def _named(query: Table) -> set[str]:
    return {table.name for table in query.op().find(UnboundTable)}
