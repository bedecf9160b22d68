"""What the relay finds when it compares a service's stream with its store, and what follows from it. Pure.

The store is the truth and the stream its delivery. L is the stream's last sequence, P the store's last position; both were read in
this order, so that a stream that is ahead is really ahead. Records are chained, so equal hashes at one position mean equal prefixes.
"""

from dataclasses import dataclass
from typing import Literal

from shared.contracts.base import Service
from shared.contracts.envelope import NO_HASH


@dataclass(frozen=True, slots=True)
class StreamSeen:
    """A stream as found: its first and last sequence and how many messages it holds."""

    first: int
    last: int
    messages: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The hashes at the last position both can have, min(L, P). `in_stream` is None when the stream holds no message there."""

    position: int
    in_stream: str | None
    in_store: str


NOTHING_COMPARED = Compared(0, NO_HASH, NO_HASH)
"""Where one of the two is empty, the empty prefix is equal."""


@dataclass(frozen=True, slots=True)
class Healthy:
    """The stream is a prefix of the store (equal, or the rest is being published)."""

    service: Service
    in_stream: int
    in_store: int
    state: Literal["healthy"] = "healthy"


@dataclass(frozen=True, slots=True)
class Refilled:
    """The stream was missing, purged or had holes, and is made anew and filled from the store."""

    service: Service
    in_stream: int
    in_store: int
    damage: Literal["missing", "incomplete"]
    state: Literal["refilled"] = "refilled"


@dataclass(frozen=True, slots=True)
class StoreBehind:
    """The stream holds more than the store: the store came back from an older backup. Recording has stopped; see `adopt`."""

    service: Service
    in_stream: int
    in_store: int
    state: Literal["store_behind"] = "store_behind"


@dataclass(frozen=True, slots=True)
class Forked:
    """Stream and store hold different records at one position: two histories exist. Recording has stopped; a person must decide."""

    service: Service
    position: int
    in_stream: str
    """The hash of the stream's record there."""
    in_store: str
    """The hash of the store's record there."""
    state: Literal["forked"] = "forked"


RelayFinding = Healthy | Refilled | StoreBehind | Forked


def judge(service: Service, stream: StreamSeen | None, in_store: int, compared: Compared) -> RelayFinding:
    """What the comparison means. `stream` is None when there is no stream of that name."""
    if stream is None:
        return Refilled(service, 0, in_store, "missing")
    if compared.in_stream is not None and compared.in_stream != compared.in_store:
        return Forked(service, compared.position, compared.in_stream, compared.in_store)
    if stream.last > in_store:  # before any damage to the stream is mended: its tail is the only copy there is
        return StoreBehind(service, stream.last, in_store)
    if stream.last and (stream.first != 1 or stream.messages != stream.last):
        return Refilled(service, stream.last, in_store, "incomplete")
    return Healthy(service, stream.last, in_store)


def may_record(finding: RelayFinding | None) -> bool:
    """Whether the service may record. Not before the first comparison (None), not while there may be two histories."""
    match finding:
        case Healthy() | Refilled():
            return True
        case StoreBehind() | Forked() | None:
            return False


def describe(finding: RelayFinding) -> tuple[str, str]:
    """The finding for people, in Chinese and English, with what to do."""
    match finding:
        case Healthy(service, in_stream, in_store):
            zh, en = f"正常，已发布 {in_stream}/{in_store}", f"healthy, {in_stream} of {in_store} records published"
        case Refilled(service, _, in_store, damage):
            word_zh, word_en = {"missing": ("缺失", "missing"), "incomplete": ("不完整", "incomplete")}[damage]
            zh = f"记录流{word_zh}，由服务按库重建并补发 {in_store} 条"
            en = f"the stream is {word_en}; the service makes it anew and refills {in_store} records from its store"
        case StoreBehind(service, in_stream, in_store):
            zh = f"已停止记录：库中仅 {in_store} 条，流中有 {in_stream} 条，数据库恢复自较旧的备份。kaiye doctor --adopt 可取回其余记录"
            en = (
                f"recording has stopped: the store holds {in_store} records, the stream {in_stream}; the database came back from an older "
                "backup. `kaiye doctor --adopt` takes the rest back"
            )
        case Forked(service, position, in_stream_hash, in_store_hash):
            hashes = f"{in_stream_hash[:12]}… ≠ {in_store_hash[:12]}…"
            zh = f"已停止记录：第 {position} 条在记录流中与库中不同（{hashes}），出现了两份历史，须由人员裁定"
            en = f"recording has stopped: record {position} differs between stream and store ({hashes}); a person must decide which holds"
    return f"{service}：{zh}", f"{service}: {en}"
