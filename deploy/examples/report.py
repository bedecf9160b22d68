"""A department's system reports one fact and learns what became of it: `python -m deploy.examples.report kaiye-data`."""

import asyncio
import sys
from datetime import date
from pathlib import Path

from deploy.data_folder import DataFolder
from deploy.reaching import bus
from shared.client import ReportingClient
from shared.contracts.registry.entities import EntityRegistered, Founder


async def report(data: Path) -> None:
    """The market registration office (工商局) reports that an enterprise was founded."""
    running = DataFolder(data).running()  # address and credentials of what `kaiye up` runs there
    async with (
        bus(running) as nc,
        ReportingClient(nc, county=running.county, department="gsj", system="dengji", outbox=data / "dengji.outbox") as client,
    ):
        founded = EntityRegistered(
            unit="330127100201", entity="91330127MA2B1C0D18", name="临江竹木制品有限公司", entity_kind="enterprise",
            founders=(Founder(person="P0123456789ABCDEF", categories=("youth",)),), industry="C2041",
        )  # fmt: skip
        answer = await client.report(founded, id="dengji-2025-0001", day=date(2025, 3, 3))
    sys.stdout.write(f"{answer.outcome} {answer.position}: {answer.zh} / {answer.en}\n")


if __name__ == "__main__":
    asyncio.run(report(Path(sys.argv[1])))
