"""What the broker lets the user of a connection neither publish nor hear.

It tells so of the connection and of a subject, and of no message: whoever waits for what follows from a message waits for ever, unless
somebody listens to its complaints.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from nats.aio.client import Client

from shared.contracts.outcomes import Reason
from shared.tasks import end

_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)

Told = TypeVar("Told")


class BusForbids(Exception):
    """The broker forbids this user what it tried; `reason` says what, and what helps."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.reason = Reason("forbidden", zh, en)


class PublishForbidden(BusForbids):
    """It may not publish to `subject`, which the library gives in small letters."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"消息总线不允许本用户在 {subject} 发布：请确认所用密钥属于该部门与系统，且有此权限",
            f"the bus does not let this user publish to {subject}: see that the key is that of this department and system, and may do so",
        )
        self.subject = subject


class HearingForbidden(BusForbids):
    """It may not hear `subject`, which the library gives in small letters: no answer or reply will come."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"消息总线不允许本用户接收 {subject}，得不到答复：请确认所用密钥属于该部门与系统，应答前缀（KAIYE_NATS_INBOX）与签发时一致",
            f"the bus does not let this user hear {subject}, so that nothing is answered: see that the key is that of this department and "
            "system, and that the reply prefix (KAIYE_NATS_INBOX) is the one it was issued with",
        )
        self.subject = subject


class Forbidden:
    """What is forbidden on one connection, from the first time that somebody asks for it: `Forbidden.of`."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._complain = nc._error_cb  # noqa: SLF001 - the library has no way to give it another one later
        self._listeners: set[Callable[[PublishForbidden | HearingForbidden], None]] = set()
        self._inbox = f"{nc.new_inbox().rpartition('.')[0]}.".lower()
        self._deaf: tuple[HearingForbidden, int] | None = None
        """Why no reply comes, and since which reconnect: the library subscribes to its inbox once in the life of a connection."""

    @classmethod
    def of(cls, nc: Client) -> "Forbidden":
        """That of a connection, whoever made it; its own callback for errors hears everything as before."""
        heard_by = getattr(nc._error_cb, "__self__", None)  # noqa: SLF001
        if isinstance(heard_by, cls):
            return heard_by
        forbidden = cls(nc)
        nc._error_cb = forbidden._hear  # noqa: SLF001
        return forbidden

    @contextmanager
    def told_to(self, listener: Callable[[PublishForbidden | HearingForbidden], None]) -> Iterator[None]:
        """Tell of whatever is forbidden meanwhile. What the listener raises, the connection's own callback for errors hears."""
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    async def reply(self, subject: str, asking: Coroutine[Any, Any, Told]) -> Told:
        """What is replied to a question at `subject`. Raises BusForbids as soon as the broker forbids the question or the reply, and
        whatever asking raises.
        """
        question, because = asyncio.create_task(asking), list[BusForbids]()

        def told(error: PublishForbidden | HearingForbidden) -> None:
            if error is self._no_reply or (isinstance(error, PublishForbidden) and error.subject == subject.lower()):
                because.append(error)
                question.cancel()

        if self._no_reply is not None:
            told(self._no_reply)
        try:
            with self.told_to(told):
                await asyncio.wait((question,))
        finally:
            await end([question])
        if because and question.cancelled():
            raise because[0]
        return question.result()

    @property
    def _no_reply(self) -> HearingForbidden | None:
        """Why no reply comes, since the connection was made last."""
        return self._deaf[0] if self._deaf is not None and self._deaf[1] == self._nc.stats["reconnects"] else None

    async def _hear(self, complaint: Exception) -> None:
        await self._complain(complaint)
        if (said := _VIOLATION.search(str(complaint))) is not None:
            error = (PublishForbidden if said[1].lower() == "publish" else HearingForbidden)(said[2].lower())
            if isinstance(error, HearingForbidden) and error.subject.startswith(self._inbox):
                self._deaf = error, self._nc.stats["reconnects"]
            for listener in tuple(self._listeners):
                try:
                    listener(error)
                except Exception as failed:  # noqa: BLE001 - it would end the library's reader: nothing would be heard any more
                    await self._complain(failed)
