"""The repair desks of the write services asked over the bus: what waits or was refused is listed, shown, and dealt with.

Whoever acts names the act, so asking again, where no reply came, does nothing twice.
"""

import asyncio
import time
from typing import Final, TypeVar

import nats.errors
from nats.aio.client import Client
from pydantic import BaseModel

from shared import subjects
from shared.client.forbidden import Forbidden
from shared.contracts.base import Service
from shared.contracts.outcomes import Reason
from shared.identification import Refusal
from shared.repair import READS_ONLY, Asker, Call, Correct, Dismiss, Done, Found, KeptPage, ListKept, Resubmit, ShowKept

ATTEMPT_SECONDS_MAX: Final = 10.0
SILENCE_SECONDS_MAX: Final = 30.0
"""How long nobody may answer."""
AGAIN_SECONDS: Final = 0.5

Reply = TypeVar("Reply", bound=BaseModel)


class RepairRefused(Exception):
    """The service refuses; `reason` says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.zh} / {reason.en}")
        self.reason = reason


class NobodyRepairs(Exception):
    """The service does not answer; the message says so, in Chinese and English."""


class RepairDesks:
    """The desks of a county's services, asked by one user of its bus.

    Every call raises RepairRefused, NobodyRepairs, and BusForbids where the broker does not let this user ask or, said since the desks were
    made, hear what is replied: make them before anything else is asked on the connection.
    """

    def __init__(self, nc: Client, asker: Asker, *, silence_seconds_max: float = SILENCE_SECONDS_MAX) -> None:
        self._nc = nc
        self._forbidden = Forbidden.of(nc)
        self._asker = asker
        self._silence_seconds_max = silence_seconds_max

    async def list(self, service: Service, asked: ListKept) -> KeptPage:
        """A page of the reports that wait or were refused."""
        return await self._ask(service, "list", asked, KeptPage)

    async def show(self, service: Service, asked: ShowKept) -> Found:
        """Everything kept about the reports under one id."""
        return await self._ask(service, "show", asked, Found)

    async def resubmit(self, service: Service, asked: Resubmit) -> Done:
        """Decide it again."""
        return await self._ask(service, "resubmit", asked, Done)

    async def correct(self, service: Service, asked: Correct) -> Done:
        """Report a corrected copy in its place."""
        return await self._ask(service, "correct", asked, Done)

    async def dismiss(self, service: Service, asked: Dismiss) -> Done:
        """Have it pursued no more."""
        return await self._ask(service, "dismiss", asked, Done)

    async def _ask(self, service: Service, call: Call, asked: BaseModel, shape: type[Reply]) -> Reply:
        if not self._asker.may(call):  # the broker would let the question vanish
            raise RepairRefused(READS_ONLY)
        subject = subjects.repair(service, call, *self._asker)
        body = asked.model_dump_json(exclude_none=True).encode()
        deadline = time.monotonic() + self._silence_seconds_max
        refusal: Refusal | None = None
        while (left := deadline - time.monotonic()) > 0:
            try:
                asking = self._nc.request(subject, body, timeout=min(ATTEMPT_SECONDS_MAX, left))
                reply = await self._forbidden.reply(subject, asking)
            except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
                await asyncio.sleep(min(AGAIN_SECONDS, left))
                continue
            if subjects.ERROR_HEADER not in (reply.headers or {}):
                return shape.model_validate_json(reply.data)
            refusal = Refusal.model_validate_json(reply.data)
            if refusal.retry_after_seconds is None:
                raise RepairRefused(Reason(refusal.code, refusal.zh, refusal.en))
            await asyncio.sleep(min(refusal.retry_after_seconds, left))
        if refusal is not None:
            raise NobodyRepairs(f"{refusal.zh} / {refusal.en}")
        raise NobodyRepairs(
            f"{service} 服务未应答：请确认系统在运行，然后重试 / {service} did not answer: see that the system runs, then ask again"
        )
