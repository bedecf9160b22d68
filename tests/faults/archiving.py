"""Writes the records of an export to an archive, a few at a time, from where it stands: `python -m tests.faults.archiving EXPORT ARCHIVE`.

A process of its own, so that it can be killed.
"""

import sys
from pathlib import Path

from services.indicators.audit.archive.writer import ArchiveWriter
from shared.contracts.envelope import parse_record
from tests.indicators.audit.archives import arriving
from tests.support.records import COUNTY

AT_ONCE = 20


def main(export: Path, folder: Path) -> None:
    """Write what is missing, and say each time how much there is."""
    records = [parse_record(line) for line in export.read_bytes().splitlines()]
    with ArchiveWriter.opened(folder, COUNTY) as writer:
        missing = [record for record in records if record.position > writer.index.heads[record.service].position]  # type: ignore[index]
        for start in range(0, len(missing), AT_ONCE):
            writer.append(arriving(missing[start : start + AT_ONCE]))
            print(len(records) - len(missing) + start + AT_ONCE, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
