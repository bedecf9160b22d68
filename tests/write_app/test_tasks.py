"""Tasks end when they are to end."""

import asyncio

import pytest

from shared import tasks
from shared.tasks import end, finish


async def test_a_loop_that_lost_its_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_SECONDS", 0.01)
    reply: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    replied = asyncio.Event()

    async def asks_and_goes_on() -> None:
        await asyncio.wait_for(reply, timeout=20)  # as the NATS client waits for a reply
        replied.set()
        await asyncio.Event().wait()

    asking = asyncio.create_task(asks_and_goes_on())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reply.set_result(None)  # the reply and the end come together
    async with asyncio.timeout(20):
        await end([asking])
    assert replied.is_set(), "the cancellation was not dropped: this test shows nothing"
    assert asking.cancelled()


async def test_whatever_tasks_end_with_is_left_to_their_owners() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    async def runs() -> None:
        await asyncio.Event().wait()

    failed, running = asyncio.create_task(fails()), asyncio.create_task(runs())
    await asyncio.sleep(0)
    await end([failed, running])
    assert str(failed.exception()) == "broken"
    assert running.cancelled()


@pytest.mark.parametrize("fails", [False, True])
async def test_what_must_not_be_cut_short_is_done_to_its_end(fails: bool) -> None:
    go_on = asyncio.Event()
    done = False

    async def work() -> None:
        nonlocal done
        await go_on.wait()
        done = True
        if fails:
            raise ValueError("broken")

    finishing = asyncio.create_task(finish(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        finishing.cancel()
    await asyncio.sleep(0)
    assert not finishing.done()
    go_on.set()
    with pytest.raises(ValueError if fails else asyncio.CancelledError):
        await finishing
    assert done
    await finish(asyncio.sleep(0))
