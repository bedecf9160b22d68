"""Archives: a byte flipped anywhere is found and its file named; a writer killed at any moment loses nothing and writes nothing twice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.indicators.audit.archive.index import INDEX, BadArchive, read_index
from services.indicators.audit.archive.reader import opened_archive
from tests.indicators.audit.archives import write
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY

PLACES = 200
KILLS = 12


def test_a_byte_flipped_at_any_of_200_places_is_found_in_its_file(tmp_path: Path) -> None:
    by, folder = random.Random(1), tmp_path / "archive"
    write(folder, COUNTY, simulated(41, 5000), batches=10)
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".parquet", ".jsonl"}]
    sizes = [path.stat().st_size for path in files]
    for path in [*by.choices(files, k=PLACES // 2), *by.choices(files, weights=sizes, k=PLACES // 2)]:
        raw = path.read_bytes()
        at = by.randrange(len(raw))
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << by.randrange(8)]) + raw[at + 1 :])
        with pytest.raises(BadArchive) as caught, opened_archive(folder, COUNTY):
            pass
        assert path.relative_to(folder).as_posix() in str(caught.value), f"byte {at} of {path}"
        path.write_bytes(raw)
    with opened_archive(folder, COUNTY) as archive:
        archive.check_derivation()


def test_a_writer_killed_at_any_moment_loses_nothing_and_writes_nothing_twice(tmp_path: Path) -> None:
    by, folder, export = random.Random(2), tmp_path / "archive", tmp_path / "facts.jsonl"
    records = simulated(42, 1200)
    export.write_bytes(b"".join(record.raw + b"\n" for record in records))
    command = (sys.executable, "-m", "tests.faults.archiving", export, folder)
    written = kills = 0
    while kills < KILLS and written < len(records):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(by.randrange(1, 5)):
                written = int(process.stdout.readline() or written)
            time.sleep(by.random() * 0.1)
            process.kill()
        kills += 1
        with opened_archive(folder, COUNTY) as archive:
            kept = list(archive.raws())
        assert len(kept) >= min(written, len(records)), "what was said to be written is there"
        assert in_order(records[: len(kept)]) == kept
    subprocess.run(command, check=True, capture_output=True)
    with opened_archive(folder, COUNTY) as archive:
        assert list(archive.raws()) == in_order(records)
        archive.check_derivation()
        archive.database()
    listed = {file.path for file in read_index((folder / INDEX).read_bytes()).files}
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")} == listed
    assert not list(folder.rglob("*.part"))
