"""Ending tasks for certain."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

CANCEL_AGAIN_SECONDS = 1.0
"""How long a cancelled task may take to let go of what it holds before it is cancelled once more."""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and return once all of them have ended, however they ended: their results and errors are for their owners to ask.

    To cancel once is not enough: before Python 3.12 `asyncio.wait_for`, by which the NATS client waits for every reply, drops a
    cancellation that arrives together with what it waited for, and a loop that was to end goes on for ever.
    """
    ending = list(tasks)
    left = {task for task in ending if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*ending, return_exceptions=True)  # their errors count as looked at


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Do to its end what must not be cut short, however often the caller is cancelled meanwhile. Raises the cancellation afterwards,
    unless the work raised something itself.
    """
    task, cancelled = asyncio.create_task(work), False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
