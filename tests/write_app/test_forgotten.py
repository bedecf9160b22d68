"""After an older backup: which reports nobody holds any more."""

import asyncio
import importlib
from contextlib import nullcontext
from copy import deepcopy

import pytest
from nats.aio.client import Client

from services.training.rules import RULES as TRAINING
from shared import subjects
from shared.answers import Answer, answer_bytes
from shared.bus import BusUnreachable, answered_config
from shared.contracts.base import SERVICES
from shared.relay import forgotten
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker, connected
from tests.write_app.system import COUNTY, SECONDS_MAX, course, department, report, serving

forgetting = importlib.import_module("shared.relay.forgotten")


async def test_what_waited_or_was_refused_since_the_backup_must_be_reported_again(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    waits = report(
        "w-1", "training.guidance_given",
        {"unit": "990101001001", "person": "P0123456789ABCDEF", "categories": [], "guidance_kind": "policy"},
    )  # fmt: skip
    before = report("b-1", "training.guidance_given", {"person": "nobody"})
    refused = report("f-1", "training.guidance_given", {"person": "nobody"})
    async with serving(broker, TRAINING, store), department(broker) as client:
        assert (await asyncio.wait_for(client.report(before), SECONDS_MAX)).outcome == "refused"
        backup = MemoryStore("training", COUNTY)
        backup.report_rows = deepcopy(store.report_rows)
        assert (await asyncio.wait_for(client.report(course(1)), SECONDS_MAX)).outcome == "recorded"
        assert (await asyncio.wait_for(client.report(waits), SECONDS_MAX)).outcome == "waiting"
        assert (await asyncio.wait_for(client.report(refused), SECONDS_MAX)).outcome == "refused"
    async with connected(broker) as nc:
        others = [MemoryStore(service, COUNTY) for service in SERVICES if service != "training"]
        found = [each async for each in forgotten(nc, [backup, *others], county=COUNTY)]
        assert [(each.service, each.answer.id, each.answer.outcome) for each in found] == [
            ("training", "w-1", "waiting"), ("training", "f-1", "refused"),
        ]  # fmt: skip
        assert [each async for each in forgotten(nc, [store, *others], county=COUNTY)] == []


async def answered(nc: Client, *ids: str, **changes: bool) -> None:
    """The answers to these reports of one department, one after the other: each was refused."""
    js = nc.jetstream()
    await js.add_stream(answered_config(COUNTY), **changes)
    for id in ids[:-1]:
        await nc.publish(*_answer(id))
    await js.publish(*_answer(ids[-1]), timeout=30)


def _answer(id: str) -> tuple[str, bytes]:
    answer = Answer(f"/{COUNTY}/hr/main", id, "training.course_opened", 1, "refused", "invalid", "无效", "invalid", None)
    return subjects.answered(COUNTY, "hr", "main", id), answer_bytes(answer)


async def test_what_was_answered_thousands_of_times_hides_nothing_behind_it(nc: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "PAGE_SECONDS_MAX", 1.0)
    await answered(nc, "first", *["often"] * 30_000, "last")
    found = [each.answer.id async for each in forgotten(nc, [MemoryStore("training", COUNTY)], county=COUNTY)]
    assert found == ["first", "often", "last"]


async def test_answers_that_are_all_too_old_to_be_kept_are_none(nc: Client) -> None:
    await answered(nc, "first", "last", deny_purge=False)
    await nc.jetstream().purge_stream(subjects.answered_stream(COUNTY))
    assert [each async for each in forgotten(nc, [MemoryStore("training", COUNTY)], county=COUNTY)] == []


async def test_whoever_could_not_read_every_answer_is_told(nc: Client, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "PAGE", 2)
    monkeypatch.setattr(forgetting, "PAGE_SECONDS_MAX", 0.5)
    await answered(nc, *(f"r-{number}" for number in range(5)))
    for gone in (False, True):
        found = forgotten(nc, [MemoryStore("training", COUNTY)], county=COUNTY)
        assert [(await anext(found)).answer.id for _ in range(2)] == ["r-0", "r-1"]
        if gone:
            await nc.jetstream().delete_stream(subjects.answered_stream(COUNTY))
        with (
            nullcontext() if gone else broker.standing_still(),
            pytest.raises(BusUnreachable, match="became shorter" if gone else "too slow"),
        ):
            await anext(found)
