"""What stands in the outbox is there until it is answered, and then nothing of it is; whoever cannot use the file learns why."""

import asyncio
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.answers import Answer
from shared.client.outbox import QUIET_SECONDS, KeptReport, Outbox, OutboxDamaged, OutboxError, OutboxFull, OutboxInUse, OutboxNewer
from shared.client.outgoing import OutgoingReport
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Outcome
from tests.support.disks import no_file_larger_than

SOURCE = Source("990101000000", "employment", "hr")


def outgoing(number: int, raw: bytes = b"{}") -> OutgoingReport:
    return OutgoingReport(SOURCE, "training.course_closed", raw, f"r-{number}", datetime(2009, 3, 1, 8, tzinfo=UTC))


def answer(id: str, outcome: Outcome = "refused", revision: int = 1) -> Answer:
    return Answer(str(SOURCE), id, "training.course_closed", revision, outcome, outcome, "答", "answer", None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hr.outbox"


async def put(outbox: Outbox, report: OutgoingReport) -> int:
    number, kept = outbox.put(report)
    await kept
    return number


async def left(path: Path) -> list[KeptReport]:
    outbox = await Outbox.open(path)
    await outbox.close()
    return outbox.left


async def test_what_is_not_answered_is_left_for_whoever_opens_it_next(path: Path) -> None:
    outbox = await Outbox.open(path)
    for number in (1, 2, 3):
        assert await put(outbox, outgoing(number)) == number
    outbox.settle(2)
    await outbox.close()
    again = await Outbox.open(path)
    assert again.left == [KeptReport(number, outgoing(number)._replace(number=number)) for number in (1, 3)]
    for kept in again.left:
        again.settle(kept.number)
    assert await put(again, outgoing(4)) == 4
    again.settle(4)
    await again.close()
    assert await left(path) == []
    assert _mode(path) == 0o600


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_nothing_of_an_answered_report_stays_in_the_file(path: Path) -> None:
    """SQLite leaves copies behind where rows move between pages: many sizes, answered in any order, make them move."""
    rng = random.Random(1)
    outbox, alive, last = await Outbox.open(path), set[int](), 0
    for _ in range(60):
        kept = []
        for _ in range(rng.randint(0, 60)):
            last += 1
            raw = b"MARK%08d." % last * rng.choice((1, 5, 30, 90, 700))
            number, done = outbox.put(outgoing(last, raw))
            alive.add(number)
            kept.append(done)
        await asyncio.gather(*kept)
        for number in rng.sample(sorted(alive), rng.randint(0, len(alive))):
            outbox.settle(number)
            alive.remove(number)
    await outbox.answers()
    await asyncio.sleep(4 * QUIET_SECONDS)  # it stays open: a program that runs for months wipes too
    assert _marks(path) == alive
    await outbox.close()
    assert _marks(path) == alive


def _marks(path: Path) -> set[int]:
    """The reports of which anything stands in the outbox."""
    return {int(number) for number in re.findall(rb"MARK(\d{8})\.", content(path))}


def content(path: Path) -> bytes:
    """The file and its log, read by another process: closing it in this one would free its lock."""
    return subprocess.run(("sh", "-c", f"cat '{path}'*"), capture_output=True, check=True).stdout


async def test_answers_are_kept_until_they_are_told(path: Path) -> None:
    outbox = await Outbox.open(path)
    for number in (1, 2, 3):
        await put(outbox, outgoing(number))
        outbox.settle(number, answer(f"r-{number}", "waiting" if number == 3 else "refused"))
    outbox.refused(9, answer("r-9"))
    outbox.revise(answer("r-3", "recorded", revision=2))
    outbox.revise(answer("r-1", "recorded", revision=2))  # which does not wait
    outbox.forget(2)
    await outbox.close()
    again = await Outbox.open(path)
    assert [(number, said.outcome) for number, said in await again.answers()] == [(1, "refused"), (3, "recorded"), (9, "refused")]
    assert await again.outcomes() == {"refused": 2, "recorded": 1}
    assert (again.left, again.newest) == ([], 9)
    await again.close()


async def test_a_second_user_is_refused(path: Path) -> None:
    outbox = await Outbox.open(path)
    with pytest.raises(OutboxInUse, match=r"正被另一程序使用.+ / another program is using the outbox"):
        await Outbox.open(path)
    assert _refused_elsewhere(path)
    await put(outbox, outgoing(1))
    await outbox.close()
    assert len(await left(path)) == 1


def _refused_elsewhere(path: Path) -> bool:
    """Whether another process is refused it too."""
    program = (
        "import asyncio, pathlib, sys\nfrom shared.client.outbox import Outbox, OutboxInUse\n"
        "try: asyncio.run(Outbox.open(pathlib.Path(sys.argv[1])))\nexcept OutboxInUse: sys.exit(42)"
    )
    return subprocess.run((sys.executable, "-c", program, path), check=False).returncode == 42


async def test_a_full_disk_refuses_what_is_new_and_keeps_the_rest(path: Path) -> None:
    outbox = await Outbox.open(path)
    kept = [await put(outbox, outgoing(number, b"x" * 1000)) for number in range(20)]
    with no_file_larger_than(200_000):
        with pytest.raises(OutboxFull, match=r"无法写入.+请腾出磁盘空间后重报 / .+make room and report again"):
            await put(outbox, outgoing(21, b"y" * 250_000))
        outbox.settle(kept[0])
        await outbox.answers()
    late = await put(outbox, outgoing(22))
    await outbox.close()
    assert [each.number for each in await left(path)] == [*kept[1:], late]


async def test_what_was_answered_while_the_disk_was_full_is_deleted_once_it_is_not(path: Path) -> None:
    outbox = await Outbox.open(path)
    kept = [await put(outbox, outgoing(number)) for number in range(3)]
    with no_file_larger_than(0):
        outbox.settle(kept[0])
        outbox.settle(kept[1], answer("r-1"))
        await outbox.answers()
    await outbox.close()
    again = await Outbox.open(path)
    assert [each.number for each in again.left] == kept[2:]
    assert [each.number for each in await again.answers()] == [kept[1]]
    await again.close()


def _zero_a_page(path: Path) -> None:
    found = path.read_bytes()
    path.write_bytes(found[:8192] + bytes(4096) + found[12288:])


def _change_a_byte(path: Path) -> None:
    before, _, after = path.read_bytes().rpartition(b"INTACT")
    path.write_bytes(before + b"INTECT" + after)


def _replace_by_text(path: Path) -> None:
    path.write_text("an outbox\n" * 1000)


def _replace_by_another_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE report (number)")
    other.close()


@pytest.mark.parametrize("harm", [_zero_a_page, _change_a_byte, _replace_by_text, _replace_by_another_database])
async def test_a_damaged_file_is_named_and_left_as_it_is(path: Path, harm: Callable[[Path], None]) -> None:
    outbox = await Outbox.open(path)
    for number in range(50):
        await put(outbox, outgoing(number, b"INTACT" * 100))
    await outbox.close()
    harm(path)
    found = _bytes(path)
    with pytest.raises(OutboxDamaged, match=r"(已损坏.+ / .+is damaged .+ left as it is|不是发件箱.+ / .+is no outbox)"):
        await Outbox.open(path)
    assert _bytes(path) == found


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_file_of_a_newer_version_is_not_touched(path: Path) -> None:
    await put(outbox := await Outbox.open(path), outgoing(1))
    await outbox.close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 2")
    file.close()
    found = _bytes(path)
    with pytest.raises(OutboxNewer, match=r"由更新版本的 kaiye 写入（格式 2.+ / .+newer kaiye"):
        await Outbox.open(path)
    assert _bytes(path) == found


async def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    for bad in (tmp_path, tmp_path / "none" / "hr.outbox"):
        with pytest.raises(OutboxError, match=r"无法使用.+cannot be used"):
            await Outbox.open(bad)
