"""The outbox: reports not yet answered, in one SQLite file that survives whatever happens to the process.

A report is committed to the disk before it is first sent and deleted once its answer is there; an answer nobody was told of yet stands
in its place. Whoever opens the file next sends what is left, and the same content gets the same answer: nothing is lost, nothing counts
twice.

One thread owns the connection, so that the event loop never waits for a disk, and commits together whatever was asked for meanwhile.
The file is locked as long as it is open (SQLite's exclusive locking); the lock goes with the process. What was deleted is wiped: SQLite
overwrites it (`secure_delete`), but copies of it stay behind where rows moved from page to page, and in the write-ahead log. So once
answers pause, or at least every `SWEEP_SECONDS`, the remaining reports are copied to a fresh table, the old one is dropped, which
overwrites its pages as a whole, and the log is cut to nothing.
"""

import asyncio
import hashlib
import os
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import ValidationError

from shared.answers import Answer, answer_bytes, parse_answer
from shared.client.outgoing import OutgoingReport
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Outcome
from shared.days import instant_from, instant_text

FORMAT: Final = 1
"""Grows when a newer kaiye writes something into the file that this one would misunderstand."""
APPLICATION: Final = int.from_bytes(b"kaiy")
"""What marks a SQLite file as an outbox."""
LINGER_SECONDS: Final = 0.05
"""How long what nobody waits for waits for more of its kind, to be committed together."""
QUIET_SECONDS: Final = 0.5
"""After so long without anything to do, what was deleted is wiped."""
SWEEP_SECONDS: Final = 10.0
"""While there is always something to do, it is wiped this often …"""
SWEEP_SHARE: Final = 0.05
"""… and seldom enough to take no more than this share of the time."""
BATCH_MAX: Final = 5000
PAGE: Final = 500
"""How many kept answers are read at a time."""

_REPORT = "(number INTEGER PRIMARY KEY, source TEXT, type TEXT, id TEXT, instant TEXT, raw BLOB, digest BLOB) STRICT"
_SCHEMA = (
    f"CREATE TABLE report {_REPORT}",
    "CREATE TABLE answer (number INTEGER PRIMARY KEY, source TEXT, id TEXT, outcome TEXT, body BLOB) STRICT",
    "CREATE INDEX waiting ON answer (source, id) WHERE outcome = 'waiting'",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {FORMAT}",
)
_SWEEP = (
    f"CREATE TABLE fresh {_REPORT}",
    "INSERT INTO fresh SELECT * FROM report ORDER BY number",
    "DROP TABLE report",
    "ALTER TABLE fresh RENAME TO report",
)
_PUT = "INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM report WHERE number = ?"
_KEEP = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)"
_REVISE = "UPDATE answer SET outcome = ?, body = ? WHERE source = ? AND id = ? AND outcome = 'waiting'"
_FORGET = "DELETE FROM answer WHERE number = ?"

Statement = tuple[str, tuple[Any, ...]]
Found = TypeVar("Found")


class OutboxError(Exception):
    """The outbox cannot do what it is for; the message says why and what helps, in Chinese and English. What it holds is untouched."""


class OutboxInUse(OutboxError):
    """Another process, or another client of this one, has it open."""


class OutboxFull(OutboxError):
    """The disk does not take what is to be kept: the report was not sent."""


class OutboxDamaged(OutboxError):
    """The file is no outbox, or not what was written to it."""


class OutboxNewer(OutboxError):
    """A newer kaiye wrote it."""


class KeptReport(NamedTuple):
    """A report without an answer, by its number."""

    number: int
    report: OutgoingReport


class KeptAnswer(NamedTuple):
    """An answer that is kept, by its report's number."""

    number: int
    answer: Answer


class _Write(NamedTuple):
    """Statements of one transaction."""

    statements: tuple[Statement, ...]
    done: "asyncio.Future[None] | None" = None
    """Whoever must know that it is on the disk. What nobody waits for is tried again until it succeeds."""


class _Read(NamedTuple):
    """A question to the file, answered after all that was asked for before it."""

    ask: Callable[[sqlite3.Connection], Any]
    found: "asyncio.Future[Any]"


class _Close(NamedTuple):
    done: "asyncio.Future[None]"


class Outbox:
    """Opened by `open`, used from one event loop, closed by `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left: list[KeptReport] = []
        """The reports without an answer when it was opened, in the order of their numbers."""
        self.newest = 0
        """The greatest number of anything in it."""
        self._loop = asyncio.get_running_loop()
        self._asked: queue.SimpleQueue[_Write | _Read | _Close] = queue.SimpleQueue()

    @classmethod
    async def open(cls, path: Path) -> "Outbox":
        """Open the file; a missing one is made, readable by the owner only. Raises OutboxError."""
        outbox = cls(path)
        opened: asyncio.Future[None] = outbox._loop.create_future()
        worker = threading.Thread(target=_Worker(outbox.path, outbox._loop, outbox._asked).run, args=(outbox, opened), daemon=True)
        worker.start()
        try:
            await asyncio.shield(opened)
        except asyncio.CancelledError:
            outbox._asked.put(_Close(outbox._loop.create_future()))
            raise
        return outbox

    def put(self, report: OutgoingReport) -> tuple[int, "asyncio.Future[None]"]:
        """Keep a report: its number, and a future that is done when it is on the disk, or raises OutboxError when it cannot be."""
        number = self._count(report.number)
        instant = instant_text(report.instant) if report.instant is not None else None
        row = (number, str(report.source), report.type, report.id, instant, report.raw)
        done: asyncio.Future[None] = self._loop.create_future()
        self._asked.put(_Write(((_PUT, (*row, _digest(row))),), done))
        return number, done

    def settle(self, number: int, answer: Answer | None = None) -> None:
        """Forget a report that is answered, and keep the answer in its place if one is given."""
        kept = () if answer is None else (_kept(number, answer),)
        self._asked.put(_Write(((_DELETE, (number,)), *kept)))

    def refused(self, number: int | None, answer: Answer) -> int:
        """Keep the refusal of a report that never stood here: the number it gets."""
        number = self._count(number)
        self._asked.put(_Write((_kept(number, answer),)))
        return number

    def revise(self, answer: Answer) -> None:
        """A later answer takes the place of those kept that say the same report waits."""
        self._asked.put(_Write(((_REVISE, (answer.outcome, answer_bytes(answer), answer.source, answer.id)),)))

    def forget(self, number: int) -> None:
        """The answer to this report was told."""
        self._asked.put(_Write(((_FORGET, (number,)),)))

    async def answers(self, after: int = 0) -> list[KeptAnswer]:
        """The kept answers with a number above `after`, in order, at most `PAGE` of them. Raises OutboxError."""
        rows = await self._ask(
            lambda file: file.execute("SELECT number, body FROM answer WHERE number > ? ORDER BY number LIMIT ?", (after, PAGE)).fetchall()
        )
        try:
            return [KeptAnswer(number, parse_answer(body)) for number, body in rows]
        except ValidationError as error:
            raise _damaged(self.path, "answer") from error

    async def every_answer(self) -> AsyncIterator[KeptAnswer]:
        """All kept answers by their numbers, read page by page. Raises OutboxError."""
        last = 0
        while page := await self.answers(after=last):
            for kept in page:
                yield kept
            last = page[-1].number

    async def outcomes(self) -> dict[Outcome, int]:
        """How many answers of each outcome are kept. Raises OutboxError."""
        return dict(await self._ask(lambda file: file.execute("SELECT outcome, count(*) FROM answer GROUP BY outcome").fetchall()))

    async def close(self) -> None:
        """Commit what is due, wipe what was deleted and let go of the file. Raises OutboxError when that fails: what was answered
        may then be sent again, which changes nothing.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        self._asked.put(_Close(done))
        await done

    def _count(self, number: int | None) -> int:
        number = self.newest + 1 if number is None else number
        self.newest = max(self.newest, number)
        return number

    async def _ask(self, question: Callable[[sqlite3.Connection], Found]) -> Found:
        found: asyncio.Future[Found] = self._loop.create_future()
        self._asked.put(_Read(question, found))
        return await found


class _Worker:
    """The thread that owns the connection."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop, asked: "queue.SimpleQueue[_Write | _Read | _Close]") -> None:
        self._path = path
        self._loop = loop
        self._asked = asked
        self._owed: list[_Write] = []
        """What could not be written and nobody waits for."""
        self._unswept = False
        self._next_sweep = 0.0

    def run(self, outbox: Outbox, opened: "asyncio.Future[None]") -> None:
        """Open, do what is asked until told to close."""
        try:
            file = self._open()
        except OutboxError as error:
            self._tell([opened], error)
            return
        try:
            outbox.left, outbox.newest = self._load(file)
        except OutboxError as error:
            file.close()
            self._tell([opened], error)
            return
        self._unswept = True  # whoever had it open before may have been killed
        self._tell([opened])
        while self._serve(file):
            pass

    def _serve(self, file: sqlite3.Connection) -> bool:
        """One batch of what is asked for, or the sweep when nothing is. False once it is closed."""
        try:
            batch = [self._asked.get(timeout=QUIET_SECONDS if self._unswept or self._owed else None)]
        except queue.Empty:
            with suppress(OutboxError):  # tried again before long, and told when it is closed
                self._write(file, [])
                self._sweep(file)
            return True
        urgent, until = False, time.monotonic() + LINGER_SECONDS
        with suppress(queue.Empty):
            while len(batch) < BATCH_MAX:
                urgent = urgent or not isinstance(batch[-1], _Write) or batch[-1].done is not None
                batch.append(self._asked.get(timeout=0.0 if urgent else max(0.0, until - time.monotonic())))
        if writes := [each for each in batch if isinstance(each, _Write)]:
            self._write_and_tell(file, writes)
        for each in batch:
            if isinstance(each, _Read):
                self._read(file, each)
            elif isinstance(each, _Close):
                self._close(file, each)
                return False
        if self._unswept and time.monotonic() > self._next_sweep:
            with suppress(OutboxError):
                self._sweep(file)
        return True

    def _open(self) -> sqlite3.Connection:
        """Raises OutboxError. A file that is no outbox, or a newer one, is not touched."""
        with suppress(OSError):  # SQLite says better what is wrong; an existing file is not opened: closing it would free its locks
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            file = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise _translated(self._path, error) from error
        try:
            file.execute("PRAGMA locking_mode = EXCLUSIVE")
            if self._is_new(file):
                file.execute("PRAGMA auto_vacuum = INCREMENTAL")
            for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY"):
                file.execute(f"PRAGMA {setting}")
            file.execute("BEGIN IMMEDIATE")
            if self._is_new(file):
                for statement in _SCHEMA:
                    file.execute(statement)
            file.execute("COMMIT")
            ((checked,),) = file.execute("PRAGMA quick_check(1)").fetchall()
            if checked != "ok":
                raise _damaged(self._path, checked.splitlines()[-1])
        except sqlite3.Error as error:
            file.close()
            raise _translated(self._path, error) from error
        except OutboxError:
            file.close()
            raise
        return file

    def _is_new(self, file: sqlite3.Connection) -> bool:
        """Whether nothing stands in it yet. Raises OutboxError when it is somebody else's."""
        ((application,),) = file.execute("PRAGMA application_id").fetchall()
        ((format_,),) = file.execute("PRAGMA user_version").fetchall()
        ((tables,),) = file.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if (application, format_, tables) == (0, 0, 0):
            return True
        if application != APPLICATION:
            raise OutboxDamaged(f"{self._path} 不是发件箱，请另给文件 / {self._path} is no outbox: name another file")
        if format_ > FORMAT:
            raise OutboxNewer(
                f"发件箱 {self._path} 由更新版本的 kaiye 写入（格式 {format_}，本版本最高 {FORMAT}），请用该版本打开；其中报告均在 / "
                f"the outbox {self._path} was written by a newer kaiye (format {format_}, this one knows up to {FORMAT}): "
                "open it with that one; its reports are all there"
            )
        return False

    def _load(self, file: sqlite3.Connection) -> tuple[list[KeptReport], int]:
        """The reports without an answer, and the greatest number. Raises OutboxError."""
        try:
            rows = file.execute("SELECT number, source, type, id, instant, raw, digest FROM report ORDER BY number").fetchall()
            ((newest,),) = file.execute(
                "SELECT max(number) FROM (SELECT number FROM report UNION ALL SELECT number FROM answer)"
            ).fetchall()
        except sqlite3.Error as error:
            raise _translated(self._path, error) from error
        return [self._kept_report(row[:-1], row[-1]) for row in rows], newest or 0

    def _kept_report(self, row: tuple[Any, ...], digest: bytes) -> KeptReport:
        if digest != _digest(row):
            raise _damaged(self._path, f"report {row[0]}")
        number, source, type_, id_, instant, raw = row
        at = instant_from(instant) if instant is not None else None
        return KeptReport(number, OutgoingReport(Source.parse(source), type_, raw, id_, at, number))

    def _write_and_tell(self, file: sqlite3.Connection, writes: list[_Write]) -> None:
        done = [each.done for each in writes if each.done is not None]
        try:
            self._write(file, writes)
        except OutboxError as error:
            self._owed += [each for each in writes if each.done is None]
            self._tell(done, error)
            with suppress(OutboxError):  # what only makes room may succeed by itself; else it is tried again
                self._write(file, [])
        else:
            self._tell(done)

    def _write(self, file: sqlite3.Connection, writes: list[_Write]) -> None:
        """Commit what is owed and these. Raises OutboxError, with nothing written."""
        due = [*self._owed, *writes]
        if not due:
            return
        self._transact(file, [statement for each in due for statement in each.statements])
        self._owed.clear()
        self._unswept = self._unswept or any(statement == _DELETE for each in due for statement, _ in each.statements)

    def _transact(self, file: sqlite3.Connection, statements: list[Statement]) -> None:
        try:
            file.execute("BEGIN IMMEDIATE")
            for statement, parameters in statements:
                file.execute(statement, parameters)
            file.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):  # SQLite may have done it by itself
                file.execute("ROLLBACK")
            raise _translated(self._path, error) from error

    def _sweep(self, file: sqlite3.Connection) -> None:
        """Wipe what was deleted (see above). Raises OutboxError."""
        if not self._unswept:
            return
        started = time.monotonic()
        try:
            self._transact(file, [(statement, ()) for statement in _SWEEP])
            try:
                file.executescript("PRAGMA incremental_vacuum")  # which, unlike `execute`, goes on to its end
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise _translated(self._path, error) from error
            self._unswept = False
        finally:
            ended = time.monotonic()
            self._next_sweep = ended + max(SWEEP_SECONDS, (ended - started) / SWEEP_SHARE)

    def _read(self, file: sqlite3.Connection, read: _Read) -> None:
        try:
            found = read.ask(file)
        except sqlite3.Error as error:
            self._tell([read.found], _translated(self._path, error))
        else:
            self._loop.call_soon_threadsafe(_settle, [read.found], None, found)

    def _close(self, file: sqlite3.Connection, close: _Close) -> None:
        failed: OutboxError | None = None
        try:
            self._write(file, [])
            self._sweep(file)
        except OutboxError as error:
            failed = error
        file.close()
        self._tell([close.done], failed)

    def _tell(self, futures: "list[asyncio.Future[None]]", error: OutboxError | None = None) -> None:
        if futures:
            self._loop.call_soon_threadsafe(_settle, futures, error, None)


def _settle(futures: "list[asyncio.Future[Any]]", error: OutboxError | None, found: Any) -> None:
    for future in futures:
        if future.done():  # whoever asked was cancelled
            continue
        if error is None:
            future.set_result(found)
        else:
            future.set_exception(error)


def _kept(number: int, answer: Answer) -> Statement:
    return _KEEP, (number, answer.source, answer.id, answer.outcome, answer_bytes(answer))


def _digest(row: tuple[Any, ...]) -> bytes:
    """Of everything in a row: SQLite would not notice a byte that changed within it."""
    *texts, raw = row
    return hashlib.blake2b(repr(texts).encode() + raw, digest_size=16).digest()


def _damaged(path: Path, what: str) -> OutboxDamaged:
    return OutboxDamaged(
        f"发件箱 {path} 已损坏（{what}），未作改动；请移走留存，用新文件重新上报其中可能未答复的报告：同一编号同一内容不会重复记录 / "
        f"the outbox {path} is damaged ({what}) and left as it is: move it away, and report with a new file again what may not be "
        "answered; the same id with the same content is never recorded twice"
    )


def _translated(path: Path, error: sqlite3.Error) -> OutboxError:
    """SQLite's error as what it means for an outbox."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return OutboxInUse(
            f"发件箱 {path} 正被另一程序使用；每个程序用各自的文件，或待其结束 / "
            f"another program is using the outbox {path}: give each its own file, or wait until that one has ended"
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return OutboxFull(
            f"发件箱 {path} 无法写入（{error}），该报告未发送、已有的都在；请腾出磁盘空间后重报 / "
            f"the outbox {path} cannot be written ({error}): the report was not sent, what it holds is all there; "
            "make room and report again"
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, str(error))
    return OutboxError(f"发件箱 {path} 无法使用（{error}）/ the outbox {path} cannot be used: {error}")
