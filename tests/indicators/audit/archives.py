"""Archives of records, written a batch at a time."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from services.indicators.audit.archive.writer import ARRIVING, ArchiveWriter
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record

Undescribed = Collection[tuple[str, int]]


def arriving(records: Iterable[Record], undescribed: Undescribed = ()) -> pa.Table:
    """Records as an archive takes them in, one service's after another's; those undescribed by service and position."""
    rows = [
        (SERVICES.index(record.service), record.position, record.raw, (record.service, record.position) not in undescribed)
        for record in sorted(records, key=lambda record: SERVICES.index(record.service))
    ]
    columns = zip(zip(*rows, strict=True), ARRIVING.types, strict=True)
    return pa.Table.from_arrays([pa.array(column, of) for column, of in columns], schema=ARRIVING)


def write(folder: Path, county: str, records: Sequence[Record], *, batches: int = 1, undescribed: Undescribed = ()) -> None:
    """Write records, in the order in which they were recorded, behind those that are there."""
    with ArchiveWriter.opened(folder, county) as writer:
        missing = [record for record in records if record.position > writer.index.heads[record.service].position]  # type: ignore[index]
        size = max(1, -(-len(missing) // batches))
        for start in range(0, len(missing), size):
            writer.append(arriving(missing[start : start + size], undescribed))
