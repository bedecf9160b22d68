"""Reports sent to a running system: what became of each of them, and waiting until the figures follow."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar

import httpx
from nats.errors import ConnectionClosedError

from deploy.data_folder import Running
from deploy.seeds import User, reporting_as
from deploy.simulator import LISTED, RosterUnit, unit_reports
from shared.answers import Answer
from shared.client import OutgoingReport
from shared.contracts.envelope import Source
from shared.tasks import end

SILENCE_SECONDS_MAX = 60.0
"""Without any answer for so long, nobody is there who answers."""
FOLLOW_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.1

Told = TypeVar("Told")


class NobodyAnswers(Exception):
    """The bus or the service that decides is away; the message says so, in Chinese and English."""


class Heard(Protocol):
    """Whatever counts that of which it is known what became of it."""

    @property
    def heard(self) -> int:
        """How much so far."""


class Listing(Protocol):
    """Whatever has units to list: a county, or what was read of a roster's file."""

    @property
    def roster(self) -> Sequence[RosterUnit]:
        """名册."""


async def send(running: Running, reports: Sequence[OutgoingReport], by: User | None = None) -> list[Answer]:
    """Send a few reports and wait until each is answered: the answers, in the same order. Without `by` the administrator sends them.

    Sending the same again is harmless: the same content gets the same answer.
    Raises BusUnreachable when the bus does not answer at first, NobodyAnswers when nothing is heard for `SILENCE_SECONDS_MAX`, BusForbids
    when the broker does not let the user report one of them.
    """
    async with reporting_as(running, by) as client:

        async def reporting() -> list[Answer]:
            return await asyncio.gather(*(client.report(report) for report in reports))

        return await until_answered(reporting(), client.progress)


async def until_answered(reporting: Coroutine[Any, Any, Told], progress: Heard, tell: Callable[[], None] = lambda: None) -> Told:
    """Report to the end, telling now and then. Raises NobodyAnswers when nothing is heard for `SILENCE_SECONDS_MAX`."""
    sending = asyncio.create_task(reporting)
    heard, since = -1, time.monotonic()
    try:
        while not sending.done():
            await asyncio.wait([sending], timeout=LOOK_SECONDS)
            tell()
            if progress.heard != heard:
                heard, since = progress.heard, time.monotonic()
            elif time.monotonic() > since + SILENCE_SECONDS_MAX and not sending.done():
                raise NobodyAnswers(
                    f"{SILENCE_SECONDS_MAX:.0f} 秒内没有答复，{progress.heard} 条已答复；恢复后请再次运行同一命令 / "
                    f"no answer for {SILENCE_SECONDS_MAX:.0f} s, {progress.heard} are answered; run the same command again later"
                )
        return sending.result()
    except ConnectionClosedError as error:
        raise NobodyAnswers("消息总线已关闭连接 / the bus has closed the connection") from error
    finally:
        await end([sending])


async def list_units(running: Running, county: Listing, listed: date = LISTED) -> dict[str, Answer]:
    """Report units to the registry as its office would: the answers by the units' codes. Listing one again changes nothing.

    The units exist from the day `listed` on: unless told otherwise from long ago, because a county's units are older than the facts
    about them. Raises what `send` raises.
    """
    codes, reports = [], []
    for each in unit_reports(county, listed=listed):
        source = Source(running.county, each.department, each.system)
        codes.append(each.id.removeprefix("unit-"))
        reports.append(OutgoingReport(source, each.type, each.raw, each.id))
    return dict(zip(codes, await send(running, reports), strict=True))


def go_with(positions: dict[str, int], answer: Answer) -> None:
    """Move the position of an answer's service on to the answer's."""
    if answer.position is not None:
        service = answer.type.partition(".")[0]
        positions[service] = max(positions.get(service, 0), answer.position)


async def figures_follow(running: Running, answers: Iterable[Answer]) -> bool:
    """Wait until the figures follow from what was recorded, so that whoever asks next sees it. False after `FOLLOW_SECONDS_MAX`."""
    positions: dict[str, int] = {}
    for answer in answers:
        go_with(positions, answer)
    return await figures_reach(running, positions)


async def figures_reach(running: Running, positions: Mapping[str, int]) -> bool:
    """Wait until the figures are as far as these positions. False after `FOLLOW_SECONDS_MAX`, or where nobody can be asked."""
    if not positions:
        return True
    if not running.http_url:
        return False
    deadline = time.monotonic() + FOLLOW_SECONDS_MAX
    async with httpx.AsyncClient(base_url=running.http_url, timeout=FOLLOW_SECONDS_MAX, trust_env=False) as http:
        while time.monotonic() < deadline:
            try:
                taken: dict[str, int] = (await http.get("/health")).json()["positions"]
            except httpx.TransportError:  # it is being started again
                taken = {}
            if all(taken.get(service, 0) >= position for service, position in positions.items()):
                return True
            await asyncio.sleep(LOOK_SECONDS)
    return False
