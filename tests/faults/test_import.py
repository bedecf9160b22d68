"""A hundred thousand rows imported (60,000 as .xls, which holds few more), one in twenty wrong, the import killed twice under way, once
with every server and service: nothing is lost, doubled, or kept in memory."""

import asyncio
import csv
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deploy.data_folder import Running
from deploy.spreadsheets.columns import columns_of
from deploy.spreadsheets.words import REASON
from shared.contracts import fact_class
from shared.event_store.postgres import PostgresStore
from tests.deploy.spreadsheets.filled import save_biff
from tests.faults.machine import KAIYE, PARTS, Machine
from tests.registry.persons.ids import resident_id

ROWS, ROWS_XLS = 100_000, 60_000
BAD_EVERY = 20
MEMORY_MB_MAX = 500
IMPORT_SECONDS_MAX = 1200.0
GIVEN = fact_class("training.guidance_given", 1)
HEADER = [column.zh for column in columns_of(GIVEN)]
AT = {column.key: place for place, column in enumerate(columns_of(GIVEN))}
WRONG: tuple[tuple[str, str, str], ...] = (
    ("unit", "330127999999", "330127999999"), ("occurred", "2025-02-30", "2025-02-30"), ("person", "33012719870412001X", "校验"),
    ("guidance_kind", "聊天", "聊天"), ("occurred", "2099-01-01", "晚于今天"),
)  # fmt: skip
"""What is wrong in turn: the column, what stands in it, and what the reason speaks of."""


def row(number: int) -> list[Any]:
    """A row about a person of its own."""
    cells: list[Any] = [None] * len(HEADER)
    born = f"{1950 + number // 1000 % 50}{1 + number // 50_000:02}12"
    told = {
        "occurred": f"2025-{1 + number % 12:02}-{1 + number % 28:02}", "person": resident_id(number % 1000, born=born),
        "unit": "330127101205", "guidance_kind": "政策咨询", "id": f"row-{number}",
    }  # fmt: skip
    if number % BAD_EVERY == 0:
        column, wrong, _ = WRONG[number // BAD_EVERY % len(WRONG)]
        told[column] = wrong
    for column, value in told.items():
        cells[AT[column]] = value
    return cells


def workbook(path: Path, rows: Iterator[list[Any]]) -> Path:
    book = openpyxl.Workbook(write_only=True)
    page: Any = book.create_sheet(GIVEN.zh)
    for each in rows:
        page.append(each)
    book.save(path)
    return path


def text(path: Path, rows: Iterator[list[Any]]) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def old_workbook(path: Path, rows: Iterator[list[Any]]) -> Path:
    return save_biff(path, {GIVEN.zh: list(rows)})


class Import:
    """`kaiye import` of a file, under way."""

    def __init__(self, machine: Machine, file: Path) -> None:
        words = ("import", file, "--type", GIVEN.type, "--department", "jyj", "--data", machine.data.path)
        self._said = file.with_suffix(".said")
        with self._said.open("wb") as said:
            self._process = subprocess.Popen((*KAIYE, *words), stdout=subprocess.DEVNULL, stderr=said)
        self.peak_mb = 0.0

    def ended(self, *, until: Callable[[], bool] = lambda: False) -> bool:
        """Watch it; kill it once `until` holds. Whether it ended by itself."""
        deadline = time.monotonic() + IMPORT_SECONDS_MAX
        while self._process.poll() is None:
            assert time.monotonic() < deadline, "the import does not end"
            self.peak_mb = max(self.peak_mb, _peak_mb(self._process.pid))
            if until():
                os.kill(self._process.pid, signal.SIGKILL)
                self._process.wait()
                return False
            time.sleep(0.2)
        return True

    @property
    def code(self) -> int:
        return self._process.wait()

    @property
    def said(self) -> str:
        return self._said.read_text()


def _peak_mb(pid: int) -> float:
    """The most memory the process and those that it started ever held, as the kernel counts it; 0 for what has just ended."""
    try:
        status, tasks = Path(f"/proc/{pid}/status").read_text(), list(Path(f"/proc/{pid}/task").glob("*/children"))
        started = [int(child) for task in tasks for child in task.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own = next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)
    return own + sum(map(_peak_mb, started))


def recorded(running: Running) -> list[str]:
    """The ids of all the import's records."""

    async def ask() -> list[str]:
        store = await PostgresStore.open(running.databases["training"], "training", running.county)
        try:
            return [row.id for row in await store.rows(0, 2 * ROWS) if row.source.endswith("/spreadsheet")]
        finally:
            await store.close()

    return asyncio.run(ask())


def how_many(running: Running) -> int:
    """How far the service's records go."""

    async def ask() -> int:
        store = await PostgresStore.open(running.databases["training"], "training", running.county)
        try:
            return (await store.head()).position
        finally:
            await store.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("name", "write", "rows"), [("指导.xlsx", workbook, ROWS), ("指导.csv", text, ROWS), ("指导.xls", old_workbook, ROWS_XLS)]
)
def test_a_hundred_thousand_rows_are_recorded_once_though_the_import_is_killed_twice(
    name: str, write: Callable[[Path, Iterator[list[Any]]], Path], rows: int, tmp_path: Path
) -> None:
    file = write(tmp_path / name, iter([HEADER, *map(row, range(rows))]))
    bad = [number for number in range(rows) if number % BAD_EVERY == 0]
    machine = Machine(tmp_path, facts=0, seed=0)
    with machine.under_way() as command:
        running, peaks = command.running(), []
        for share in (0.2, 0.6):
            cut_off = Import(machine, file)
            assert not cut_off.ended(until=lambda share=share: how_many(running) > share * rows), cut_off.said  # type: ignore[misc]
            peaks.append(cut_off.peak_mb)
            for part in PARTS if share > 0.5 else ():  # the second time with the whole machine, as it were
                assert command.kill(part)
        started = time.monotonic()
        last = Import(machine, file)
        assert last.ended()
        seconds = time.monotonic() - started
        assert last.code == 1, last.said
        assert f"{rows} 行：记录 {rows - len(bad)}、等待 0、退回 {len(bad)}" in last.said
        peak_mb = max(*peaks, last.peak_mb)
        print(f"{name}: {seconds:.1f} s after two kills, peak {peak_mb:.0f} MB")
        assert peak_mb < MEMORY_MB_MAX
        assert sorted(recorded(running)) == sorted(f"row-{number}" for number in range(rows) if number % BAD_EVERY)

    with closing(openpyxl.load_workbook(tmp_path / "指导-退回.xlsx", read_only=True)) as book:
        head, *back = [list(cells) for cells in book.worksheets[0].iter_rows(values_only=True)]
    assert head == [*HEADER, REASON]
    assert [cells[AT["id"]] for cells in back] == [f"row-{number}" for number in bad]
    for number, cells in zip(bad, back, strict=True):
        assert WRONG[number // BAD_EVERY % len(WRONG)][2] in str(cells[-1])
