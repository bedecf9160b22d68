"""Golden files: the exact bytes of one record of every shape that is ever stored.

Stored records are never rewritten, so a golden file never changes: a contract that reads differently gets a new version.
`python -m tests.contracts.golden` writes the files of new shapes and touches no existing one.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from shared.contracts.envelope import record_bytes
from shared.contracts.reference import Event, events, example_report

FOLDER = Path(__file__).parent / "golden"
RECORDED = datetime(2010, 5, 21, 1, 2, 3, 456789, tzinfo=UTC)
PREVHASH = "a3" * 32
POSITION = 42


def golden_path(event: Event) -> Path:
    """The golden file of one shape."""
    return FOLDER / f"{event.name}.json"


def golden_bytes(event: Event) -> bytes:
    """The record of an event's example, as it would be stored."""
    report = example_report(event)
    return record_bytes(
        source=report["source"],
        id=report["id"],
        type=event.type_name,
        version=event.version,
        occurred=date.fromisoformat(report["occurred"]),
        recorded=RECORDED,
        position=POSITION,
        prevhash=PREVHASH,
        data=event.example,
    )


def write_new() -> list[Path]:
    """Write the golden files that do not exist yet, and say which."""
    FOLDER.mkdir(exist_ok=True)
    new = [event for event in events() if not golden_path(event).exists()]
    for event in new:
        golden_path(event).write_bytes(golden_bytes(event))
    return [golden_path(event) for event in new]


if __name__ == "__main__":
    for path in write_new():
        sys.stdout.write(f"{path}\n")
