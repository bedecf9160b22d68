"""Resident ids exchanged for pseudonyms, before anything is reported: reports name persons by pseudonym alone."""

import asyncio
import time
from collections.abc import Sequence

import nats.errors
from nats.aio.client import Client

from shared import subjects
from shared.client.forbidden import Forbidden
from shared.contracts.outcomes import Reason
from shared.identification import IDS_MAX, Identified, IdentifyReply, IdentifyRequest, Refusal

ATTEMPT_SECONDS_MAX = 5.0
SILENCE_SECONDS_MAX = 30.0
"""How long nobody may answer; asking again is harmless, the same id has the same pseudonym."""
AGAIN_SECONDS = 0.5
WAIT_SECONDS_MAX = 60.0
"""What the registry says one has to wait longer for is left to people."""
ID_CHARACTERS_MAX = 64
"""A longer text is no id; it is cut off before it is sent, and refused as what it is."""


class IdentifyRefused(Exception):
    """The registry refuses to exchange anything; `reason` says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.zh} / {reason.en}")
        self.reason = reason


class NobodyIdentifies(Exception):
    """The registry does not answer; the message says so, in Chinese and English."""


async def identify(
    nc: Client, ids: Sequence[str], *, department: str, system: str, silence_seconds_max: float = SILENCE_SECONDS_MAX
) -> list[str | Reason]:  # fmt: skip
    """For each resident id, in order, the person's pseudonym; or, where what was given is no id, why.

    Asked under the name of one department's system, which the broker must let this user do. Where too many are asked for at once it
    waits as long as the registry says, but for no more than `WAIT_SECONDS_MAX`. Raises IdentifyRefused, NobodyIdentifies, and BusForbids
    where the broker does not let this user ask there, or hear what is replied.
    """
    found: list[str | Reason] = []
    for first in range(0, len(ids), IDS_MAX):
        request = IdentifyRequest(ids=tuple(id[:ID_CHARACTERS_MAX] for id in ids[first : first + IDS_MAX]))
        reply = await _reply(nc, subjects.identify(department, system), request, silence_seconds_max)
        found += [each.person if isinstance(each, Identified) else Reason(each.code, each.zh, each.en) for each in reply.persons]
    return found


async def exchange(nc: Client, subject: str, request: IdentifyRequest, *, seconds_max: float) -> IdentifyReply | Refusal:
    """What the registry replies, asked once. Raises nats' TimeoutError and NoRespondersError, and BusForbids."""
    asking = nc.request(subject, request.model_dump_json().encode(), timeout=seconds_max)
    reply = await Forbidden.of(nc).reply(subject, asking)
    shape = Refusal if subjects.ERROR_HEADER in (reply.headers or {}) else IdentifyReply
    return shape.model_validate_json(reply.data)


async def _reply(nc: Client, subject: str, request: IdentifyRequest, silence_seconds_max: float) -> IdentifyReply:
    heard = time.monotonic()
    while time.monotonic() - heard < silence_seconds_max:
        try:
            reply = await exchange(nc, subject, request, seconds_max=min(ATTEMPT_SECONDS_MAX, silence_seconds_max))
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        if isinstance(reply, IdentifyReply):
            return reply
        if reply.retry_after_seconds is None or reply.retry_after_seconds > WAIT_SECONDS_MAX:
            raise IdentifyRefused(Reason(reply.code, reply.zh, reply.en))
        await asyncio.sleep(reply.retry_after_seconds)
        if reply.code == "rate_limited":
            heard = time.monotonic()
    raise NobodyIdentifies(
        f"登记服务未在 {subject} 应答：请确认系统在运行，然后重试 / "
        f"the registry did not answer at {subject}: see that the system runs, then ask again"
    )
