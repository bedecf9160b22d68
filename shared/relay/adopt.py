"""Adopting the stream's tail: what an older backup of the store lacks is taken back from the stream, chained record by record."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from nats.aio.client import Client

from shared import subjects
from shared.contracts.base import Service
from shared.contracts.envelope import Record, parse_record
from shared.relay.findings import RelayFinding, StoreBehind, describe
from shared.relay.relay import Relay
from shared.relay.store import AppendAdopted, Head, RecordStore
from shared.stream_look import StreamLook

PAGE = 500
PAGE_SECONDS_MAX = 10.0


class AdoptionRefused(Exception):
    """Nothing was adopted; the message says why in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """The records taken back: positions `first` to `last`, both included."""

    service: Service
    first: int
    last: int
    state: Literal["adopted"] = "adopted"


async def adopt(nc: Client, store: RecordStore, append: AppendAdopted, *, county: str, service: Service) -> Adopted:
    """Verify the chain from the store's head through the stream's last record, then append it.

    A running service records nothing meanwhile and goes on afterwards.

    Raises AdoptionRefused when the store is not behind (there is nothing to adopt, or a fork) or a link of the chain is wrong, and
    BusUnreachable when the stream cannot be read on.
    """
    finding: RelayFinding = await Relay(nc, store, county=county, service=service).check()
    if not isinstance(finding, StoreBehind):
        zh, en = describe(finding)
        raise AdoptionRefused(f"无可取回的记录（{zh}）/ nothing to adopt ({en})")
    head = await store.head()
    stream = subjects.recorded_stream(county, service)
    async for _ in _tail(nc, stream, head, service, finding.in_stream):
        pass  # the whole tail is verified before any of it is appended
    async for page in _tail(nc, stream, head, service, finding.in_stream):
        await append(page)
    return Adopted(service, head.position + 1, finding.in_stream)


async def _tail(nc: Client, stream: str, head: Head, service: Service, last: int) -> AsyncIterator[list[Record]]:
    """The stream's records after the head in pages, every link verified."""
    position, hash_ = head.position, head.hash
    look = StreamLook(nc, stream, after=position)
    while position < last:
        messages = await look.page(min(PAGE, last - position), wait_seconds=PAGE_SECONDS_MAX)
        if not messages:
            raise AdoptionRefused(f"{stream}：第 {position} 条之后读取中断 / reading stopped after record {position}")
        page = []
        for message in messages:
            record = _linked(message.data, message.sequence, hash_, service)
            position, hash_ = record.position, record.hash
            page.append(record)
        yield page


def _linked(raw: bytes, sequence: int, prevhash: str, service: Service) -> Record:
    try:
        record = parse_record(raw)
    except ValueError as error:
        raise AdoptionRefused(f"第 {sequence} 条无法读取 / record {sequence} is unreadable: {error}") from error
    if record.position != sequence or record.service != service:
        itself = f"{record.service} {record.position}"
        raise AdoptionRefused(f"第 {sequence} 条自称 {itself} / record {sequence} calls itself {itself}")
    if record.prevhash != prevhash:
        raise AdoptionRefused(
            f"第 {sequence} 条与前一条不相连，链断开 / record {sequence} does not link to the one before it: the chain is broken"
        )
    return record
