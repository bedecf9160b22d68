"""Records compared: event stores with streams, and what the indicators service and the archive hold of them."""

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import asyncpg
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from deploy.audit.found import Audited, Checked, Difference, Different, NotCompared, of_record
from deploy.data_folder import Running
from services.indicators.audit.archive.index import INDEX, BadArchive
from services.indicators.audit.archive.reader import Archive, is_of_these_contracts, opened_archive
from services.indicators.store import Moment
from shared import subjects
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import NO_HASH, Record, parse_record
from shared.county_schema import county_schema
from shared.event_store.interface import RecordRow
from shared.event_store.statements import RECORD_ROWS, UNIT_FACTS
from shared.stream_look import StreamLook
from shared.stream_reader import StreamMessage
from shared.unit_directory import UnitDirectory
from shared.write_service.audit import Derived

PAGE_RECORDS: Final = 1_000
STREAM_SECONDS_MAX: Final = 15.0
"""How long a stream may take to give what its store holds already."""


async def compare_stream(nc: Client, running: Running, service: Service, audited: Audited) -> None:
    """A service's event store with its stream, record by record, each with what it is stored beside, and the unit facts it keeps with
    the registry's, which is compared first. Raises Different, BusUnreachable.
    """
    stream = subjects.recorded_stream(running.county, service)
    in_stream = await _last_sequence(nc, stream)
    hashes: list[bytes] = []
    async with AsyncExitStack() as opened:
        connection = await asyncpg.connect(running.databases[service], server_settings={"search_path": county_schema(running.county)})
        opened.push_async_callback(connection.close)
        await opened.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
        head, head_hash, followed = await connection.fetchrow("SELECT position, hash, followed FROM head")
        if in_stream > head:
            raise of_record("stream", service, head + 1, "在记录流中有，事件库中没有", "is in the stream and not in the event store")
        look, derived, directory = StreamLook(nc, stream), Derived(), UnitDirectory()
        page: list[StreamMessage] = []
        async for row in connection.cursor(RECORD_ROWS, 0, None, prefetch=PAGE_RECORDS):
            position = len(hashes) + 1
            record = _sound(RecordRow(*row), derived, service, position)
            page = page or (await look.page(PAGE_RECORDS, wait_seconds=STREAM_SECONDS_MAX))[::-1]
            if not page or page[-1].sequence != position:
                raise of_record("stream", service, position, "在记录流中缺少", "is missing in the stream", record)
            if page.pop().data != record.raw:
                raise of_record("stream", service, position, "在记录流与事件库中不同", "is another in stream and event store", record)
            hashes.append(bytes.fromhex(record.hash))
            if service == "registry" and directory.concerns(record):
                directory.take(record)
                audited.unit_facts[position] = record.raw
            if position % PAGE_RECORDS == 0 or position == head:
                audited.progress(f"事件库与记录流 / store and stream: {service}", position, head)
        if (len(hashes), hashes[-1].hex() if hashes else NO_HASH) != (head, head_hash):
            raise of_record("stream", service, head, "与事件库的 head 不符", "is not what the head of the event store says")
        audited.hashes[service] = hashes
        await _compare_units(connection, service, head if service == "registry" else followed, audited)
    audited.checked.append(Checked("stream", service, len(hashes)))
    if derived.unread:
        audited.not_compared.append(NotCompared(
            "stream", derived.unread, f"{service} 中更新版本才能读取的记录：所述对象与自然键两列",
            f"records of {service} that only a newer release can read: the columns of their subject and natural key",
        ))  # fmt: skip


async def _compare_units(connection: Any, service: Service, followed: int, audited: Audited) -> None:
    """The unit facts that a service has taken over, up to a position of the registry. Raises Different."""
    known = len(audited.hashes["registry"])
    kept = {position: raw async for position, raw in connection.cursor(UNIT_FACTS) if position <= known}
    recorded = {position: raw for position, raw in audited.unit_facts.items() if position <= followed}
    for position in sorted(kept.keys() | recorded.keys()):
        if kept.get(position) != recorded.get(position):
            raise of_record(
                "stream", "registry", position, f"与 {service} 所存的单位事实不同", f"is another among the unit facts that {service} keeps"
            )


def _sound(row: RecordRow, derived: Derived, service: Service, position: int) -> Record:
    """The record of a row of an event store, with which everything else in the row and all before it agrees. Raises Different."""
    if row.position != position:
        raise of_record("stream", service, position, "在事件库中缺少", "is missing in the event store")
    for zh, en in derived.problems(row):
        raise of_record("stream", service, position, f"在事件库中有误：{zh}", f"is not sound in the event store: {en}", derived.record)
    assert derived.record is not None, "what cannot be read is not sound"
    return derived.record


async def _last_sequence(nc: Client, stream: str) -> int:
    try:
        return (await nc.jetstream().stream_info(stream)).state.last_seq
    except NotFoundError:
        return 0


def _read(raw: bytes) -> Record | None:
    try:
        return parse_record(raw)
    except ValueError:
        return None


async def compare_facts(moment: Moment, audited: Audited) -> None:
    """The facts that the indicators service took in with the records, up to its checkpoint. Raises Different."""
    for number, service in enumerate(SERVICES):
        position, hash_ = moment.checkpoint[service]
        hashes, taken = audited.hashes[service], 0
        query = "SELECT position, raw FROM fact WHERE service = $1 ORDER BY position"
        async for row in moment.connection.cursor(query, number, prefetch=PAGE_RECORDS):
            taken += 1
            if row["position"] != taken:
                raise of_record("facts", service, taken, "在指标库中缺少", "is missing in the indicators' store")
            if taken <= len(hashes) and sha256(row["raw"]).digest() != hashes[taken - 1]:
                record = _read(row["raw"])
                raise of_record("facts", service, taken, "在指标库与记录流中不同", "is another in indicators' store and stream", record)
            if taken % PAGE_RECORDS == 0 or taken == position:
                audited.progress(f"指标库 / indicators' store: {service}", taken, position)
        if taken != position or (0 < position <= len(hashes) and hash_ != hashes[position - 1].hex()):
            raise of_record("facts", service, position, "与指标库的检查点不符", "is not what the indicators' checkpoint says")
        audited.checked.append(Checked("facts", service, taken))


@contextmanager
def compared_archive(
    folder: Path, county: str, archived: Mapping[str, int] | None, moment: Mapping[str, int], audited: Audited
) -> Iterator[Archive | None]:
    """The archive, compared with the records; None where there is none, or where another release wrote its sets. Raises Different.

    `archived`: up to where it goes as the service says, None where the service keeps none; `moment`: the positions that are audited.
    """
    if archived is None:
        audited.not_compared.append(NotCompared("archive", 0, "服务未开启归档", "the service keeps no archive"))
    if not (folder / INDEX).exists():
        for service in SERVICES:
            _require_archived(service, 0, archived)
        if archived is not None:
            _note_waiting(dict.fromkeys(SERVICES, 0), moment, audited)
        yield None
        return
    with _opened(folder, county) as archive:
        for service in SERVICES:
            _require_archived(service, archive.positions[service], archived)
        _compare_archive(archive, audited)
        if archived is not None:
            _note_waiting(archive.positions, moment, audited)
        ours, records = is_of_these_contracts(archive), sum(archive.positions.values())
        if ours:
            archive.check_derivation()
        else:
            audited.not_compared.append(NotCompared(
                "archive", records, "归档的各事实表由另一版本写成", "another release wrote the archive's tables of facts"
            ))  # fmt: skip
        audited.checked.append(Checked("archive", None, records))
        yield archive if ours else None


def _require_archived(service: Service, position: int, archived: Mapping[str, int] | None) -> None:
    """Raises Different where the archive does not go as far as the service says."""
    said = (archived or {}).get(service, 0)
    if position < said:
        raise of_record(
            "archive", service, position + 1, f"服务说已写入归档（到第 {said} 条），归档文件夹中却没有",
            f"is in the archive (which goes to {said}), says the service, and is not in the archive's folder",
        )  # fmt: skip


def _note_waiting(positions: Mapping[str, int], moment: Mapping[str, int], audited: Audited) -> None:
    waiting = sum(max(0, moment[service] - positions[service]) for service in SERVICES)
    if waiting:
        audited.not_compared.append(NotCompared(
            "archive", waiting, "尚未到写入归档的时候", "records that are not due to be written to the archive yet"
        ))  # fmt: skip


@contextmanager
def _opened(folder: Path, county: str) -> Iterator[Archive]:
    try:
        with opened_archive(folder, county) as archive:
            yield archive
    except BadArchive as error:
        zh, _, en = str(error).partition(" / ")
        raise Different(Difference("archive", f"归档：{zh}", f"the archive: {en}")) from error


def _compare_archive(archive: Archive, audited: Audited) -> None:
    for number, service in enumerate(SERVICES):
        hashes = audited.hashes[service]
        with archive.connection.cursor() as cursor:
            cursor.execute("SELECT position, hash FROM stored WHERE service = ? ORDER BY position", [number])
            while rows := cursor.fetchmany(PAGE_RECORDS):
                for position, hash_ in rows:
                    if position <= len(hashes) and bytes.fromhex(hash_) != hashes[position - 1]:
                        raise of_record("archive", service, position, "在归档与记录流中不同", "is another in archive and stream")
                audited.progress(f"归档 / archive: {service}", rows[-1][0], archive.positions[service])
