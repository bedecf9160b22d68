"""After an older backup: which reports nobody holds any more."""

import asyncio
from copy import deepcopy

from services.training.rules import RULES as TRAINING
from shared.contracts.base import SERVICES
from shared.relay import forgotten
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker, connected
from tests.write_app.system import COUNTY, SECONDS_MAX, course, department, report, serving


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
