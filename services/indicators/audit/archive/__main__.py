"""The process that writes an archive: `python -m services.indicators.audit.archive`, started by the indicators service, told by `orders`.

It is one of its own because DuckDB and Arrow take as much memory as the figures do. It ends with whoever started it: once nobody is left at
the other end of its stdin it is gone at once, and what it was about to write is removed by the next one.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread

import asyncpg
import duckdb
import pyarrow as pa

from services.indicators.audit.archive.index import BadArchive
from services.indicators.audit.archive.orders import Answer, Batch, Opening, line
from services.indicators.audit.archive.writer import ARRIVING, ArchiveBusy, ArchiveWriter, BrokenHistory
from services.indicators.store import LedgerStore
from shared.contracts.base import SERVICES

Orders = asyncio.Queue[bytes]


class Trouble(Exception):
    """Why nothing can be written, in Chinese and English."""


async def work(orders: Orders) -> None:
    """Write what is ordered, for ever. Raises Trouble, ArchiveBusy, BadArchive, BrokenHistory, OSError, duckdb's errors."""
    opening = Opening.model_validate_json(await orders.get())
    with ArchiveWriter.opened(opening.folder, opening.county) as writer:
        with _reading():
            store = await LedgerStore.open(opening.store, opening.county)
        while True:
            positions: dict[str, int] = {service: head.position for service, head in writer.index.heads.items()}
            _say(Answer(positions=positions))
            batch = Batch.model_validate_json(await orders.get())
            writer.append(await _records(store, positions, batch))


async def _records(store: LedgerStore, after: dict[str, int], batch: Batch) -> pa.Table:
    """The records of a batch, in the schema of `ARRIVING`."""
    tables = []
    for number, service in enumerate(SERVICES):
        upto, undescribed = batch.upto[service], set(batch.undescribed[service])
        with _reading():
            rows = await store.raws(service, after[service], upto, upto - after[service])
        told = [(number, position, raw, position not in undescribed) for position, raw in rows]
        columns = zip(*told, strict=True) if told else ((),) * len(ARRIVING)
        tables.append(pa.Table.from_arrays(list(map(pa.array, columns, ARRIVING.types)), schema=ARRIVING))
    return pa.concat_tables(tables)


@contextmanager
def _told(zh: str, en: str, *errors: type[Exception]) -> Iterator[None]:
    """Errors in words that say what is the matter. Raises Trouble."""
    try:
        yield
    except errors as error:
        raise Trouble(f"{zh}：{error} / {en}: {error}") from error


def _reading() -> AbstractContextManager[None]:
    return _told("指标库无法读取", "the indicators' store cannot be read", OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def _say(answer: Answer) -> None:
    sys.stdout.buffer.write(line(answer))
    sys.stdout.buffer.flush()


def _hear(orders: Orders, loop: asyncio.AbstractEventLoop) -> None:
    """Take orders until nobody gives any more."""
    for order in sys.stdin.buffer:
        loop.call_soon_threadsafe(orders.put_nowait, order)
    os._exit(0)


async def main() -> int:
    """Work until there is trouble."""
    orders: Orders = asyncio.Queue()
    Thread(target=_hear, args=(orders, asyncio.get_running_loop()), daemon=True).start()
    try:
        with _told("归档无法写入", "the archive cannot be written", OSError, duckdb.Error):
            await work(orders)
    except (Trouble, ArchiveBusy, BadArchive, BrokenHistory) as error:
        _say(Answer(trouble=str(error)))
    return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
