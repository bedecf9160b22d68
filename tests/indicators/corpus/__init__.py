"""The frozen corpus: what every measure posts for histories written down once, so that no output changes unnoticed.

A running system keeps the entries of a measure until its definition changes. So whoever makes a relation or a kind yield something else
for the same facts must raise its revision: the corpus tells when that was forgotten. `records.ndjson.gz` holds the histories, one record
a line without what follows from its place in the chain; `measures.txt` each measure, the digest of its definition, and that of its
entries. `python -m tests.indicators.corpus` writes both anew.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from services.indicators.catalog import DEFINITIONS, FOLDINGS, MEASURES
from services.indicators.projection import Projection
from shared.contracts.envelope import NO_HASH, Record, parse_record, record_bytes
from shared.days import instant_from
from tests.support.records import COUNTY

FOLDER = Path(__file__).parent
RECORDS, MEASURES_FILE = FOLDER / "records.ndjson.gz", FOLDER / "measures.txt"

Histories = dict[str, list[Record]]
"""Name → records, in the order in which they were recorded."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A measure: the digest of its definition, and that of all its entries over the corpus. Both hex."""

    definition: str
    entries: str


def computed(histories: Mapping[str, Sequence[Record]]) -> dict[str, Frozen]:
    """What every measure of the catalogue posts for these histories."""
    hashes = {name: sha256() for name in MEASURES}
    for history, records in sorted(histories.items()):
        projection = Projection(COUNTY, FOLDINGS)
        projection.load(records)
        posted: dict[str, list[str]] = defaultdict(list)
        for ((measure, unit, part), day, known), amount in projection.entries(projection.index.subjects(), FOLDINGS).items():
            posted[measure].append(repr((unit, part, day, known, amount)))
        for name, entries in posted.items():
            hashes[name].update("\n".join((history, *sorted(entries), "")).encode())
    return {name: Frozen(DEFINITIONS[name].digest, hashes[name].hexdigest()) for name in sorted(MEASURES)}


def changed(frozen: Mapping[str, Frozen], now: Mapping[str, Frozen]) -> list[str]:
    """The measures whose entries changed though their definition did not."""
    return [
        name for name in sorted(frozen.keys() & now.keys())
        if frozen[name].definition == now[name].definition and frozen[name].entries != now[name].entries
    ]  # fmt: skip


def stale(frozen: Mapping[str, Frozen], now: Mapping[str, Frozen]) -> list[str]:
    """The measures that are new, gone, or defined otherwise since the corpus was written."""
    return [
        name for name in sorted(frozen.keys() | now.keys())
        if name not in frozen or name not in now or frozen[name].definition != now[name].definition
    ]  # fmt: skip


def read_measures() -> dict[str, Frozen]:
    """What was frozen."""
    lines = [line.split() for line in MEASURES_FILE.read_text("utf-8").splitlines()]
    return {name: Frozen(definition, entries) for name, definition, entries in lines}


def write_measures(measures: Mapping[str, Frozen]) -> None:
    """Freeze what measures post."""
    lines = (f"{name} {frozen.definition} {frozen.entries}\n" for name, frozen in sorted(measures.items()))
    MEASURES_FILE.write_text("".join(lines), "utf-8")


def read_histories() -> Histories:
    """The frozen histories, each service's records a chain of their own again."""
    found: Histories = defaultdict(list)
    for line in gzip.decompress(RECORDS.read_bytes()).splitlines():
        fields: dict[str, Any] = orjson.loads(line)
        chain = found[fields.pop("history")]
        before = [record for record in chain if record.service == fields["type"].partition(".")[0]]
        raw = record_bytes(
            **fields | {"occurred": date.fromisoformat(fields["occurred"]), "recorded": instant_from(fields["recorded"])},
            position=len(before) + 1, prevhash=before[-1].hash if before else NO_HASH,
        )  # fmt: skip
        chain.append(parse_record(raw))
    return dict(found)


def write_histories(histories: Mapping[str, Iterable[Record]]) -> None:
    """Freeze histories."""
    lines = b"".join(_line(history, record) + b"\n" for history, records in sorted(histories.items()) for record in records)
    RECORDS.write_bytes(gzip.compress(lines, 9, mtime=0))


def _line(history: str, record: Record) -> bytes:
    body: dict[str, Any] = orjson.loads(record.raw)
    return orjson.dumps({
        "history": history, "source": record.source, "id": record.id, "type": record.type, "version": record.version,
        "occurred": body["occurred"], "recorded": body["time"], "data": body["data"],
    })  # fmt: skip
