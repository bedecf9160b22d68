"""Programs of queries run by DuckDB, as many queries at the same time as there are connections: most of them are too small to keep more
than one processor busy.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from graphlib import TopologicalSorter
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from services.indicators.audit.relational.derivations import DERIVATIONS
from services.indicators.audit.relational.program import Compiled

T = TypeVar("T")


def run(connections: Sequence[duckdb.DuckDBPyConnection], steps: Compiled) -> None:
    """Run a program on connections to one database: its tables are there afterwards. Steps that do not wait for one another run at the
    same time, as many as there are connections. Raises duckdb's errors.
    """
    after: dict[int, set[int]] = {}
    last_made: dict[str, int] = {}
    last_read: dict[str, list[int]] = {}
    for turn, (_, makes, reads, *_) in enumerate(steps):
        after[turn] = {last_made[name] for name in (*reads, *makes) if name in last_made}
        after[turn].update(reader for name in makes for reader in last_read.get(name, ()))
        for name in reads:
            last_read.setdefault(name, []).append(turn)
        last_made.update(dict.fromkeys(makes, turn))
    together(connections, after, lambda connection, turn: _step(connection, steps[turn]))


def together(
    connections: Sequence[duckdb.DuckDBPyConnection],
    after: Mapping[T, Collection[T]],
    work: Callable[[duckdb.DuckDBPyConnection, T], None],
) -> None:
    """Do pieces of work, the keys of `after`, each after those of them it waits for and on a connection of its own while it lasts. Of those
    that wait for nothing any more the one goes first on which the longest chain of others waits, by their number; of several the one named
    first.
    """
    with _one_thread_each(connections):
        _together(connections, after, work)


@contextmanager
def _one_thread_each(connections: Sequence[duckdb.DuckDBPyConnection]) -> Iterator[None]:
    """While queries run side by side each has the one thread it is called from: handing a small query's parts from thread to thread costs
    more than it gains. A million facts are read and recomputed in a tenth less processor time.
    """
    if len(connections) == 1:
        yield
        return
    ((threads,),) = connections[0].execute("SELECT current_setting('threads')").fetchall()
    connections[0].execute("SET threads = 1")
    try:
        yield
    finally:
        connections[0].execute(f"SET threads = {threads}")


def _together(
    connections: Sequence[duckdb.DuckDBPyConnection],
    after: Mapping[T, Collection[T]],
    work: Callable[[duckdb.DuckDBPyConnection, T], None],
) -> None:
    order, chains = TopologicalSorter(after), _chains(after)
    order.prepare()
    free = list(connections)
    waiting: set[T] = set()
    running: dict[Future[None], tuple[T, duckdb.DuckDBPyConnection]] = {}
    with ThreadPoolExecutor(len(connections)) as pool:
        while order.is_active():
            waiting.update(order.get_ready())
            while waiting and free:
                piece, connection = max((each for each in after if each in waiting), key=chains.__getitem__), free.pop()
                waiting.remove(piece)
                running[pool.submit(work, connection, piece)] = piece, connection
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                piece, connection = running.pop(done)
                done.result()
                free.append(connection)
                order.done(piece)


def _chains(after: Mapping[T, Collection[T]]) -> Mapping[T, int]:
    """How many pieces wait for one another from each on, along the longest way."""
    found = dict.fromkeys(after, 1)
    for piece in reversed(tuple(TopologicalSorter(after).static_order())):
        for before in after[piece]:
            found[before] = max(found[before], found[piece] + 1)
    return found


def _step(connection: duckdb.DuckDBPyConnection, step: list[Any]) -> None:
    kind, (name, *_), _, query, *more = step
    match kind:
        case "keep":
            connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS {query}')
        case "repeat":
            body, renewed = more
            while connection.execute(query).fetchone():
                for each in body:
                    _step(connection, each)
                for made, becomes in renewed:
                    connection.execute(f'DROP TABLE "{becomes}"')
                    connection.execute(f'ALTER TABLE "{made}" RENAME TO "{becomes}"')
        case "derive":
            function, schema = more
            rows = DERIVATIONS[function](connection.sql(query).to_arrow_table().to_pylist())
            columns = [pa.array([row[at] for row in rows], _NATIVE[of]) for at, (_, of) in enumerate(schema)]
            connection.register("derived", pa.table(columns, names=[column for column, _ in schema]))
            connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM derived')  # noqa: S608
            connection.unregister("derived")
        case _:
            raise AssertionError(kind)


_NATIVE = {"string": pa.string(), "int64": pa.int64(), "date": pa.date32()}
"""Arrow's types by Ibis's names."""
