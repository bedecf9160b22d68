"""A department's system reports one fact and learns what became of it: `python -m deploy.examples.report kaiye-data`."""

import asyncio
import sys
from datetime import date
from pathlib import Path

from deploy.data_folder import DataFolder
from deploy.reaching import bus
from shared.client import OutgoingReport, ReportingClient
from shared.contracts.envelope import Source, report_bytes


async def report(data: Path) -> None:
    """The market registration office (工商局) reports that an enterprise was founded."""
    running = DataFolder(data).running()  # address and credentials of what `kaiye up` runs there
    source = Source(running.county, department="gsj", system="dengji")
    raw = report_bytes(
        source=source, id="dengji-2025-0001", type="registry.entity_registered", occurred=date(2025, 3, 3),
        data={
            "unit": "330127100201", "entity": "91330127MA2B1C0D18", "name": "临江竹木制品有限公司", "entity_kind": "enterprise",
            "founders": [{"person": "P0123456789ABCDEF", "categories": ["youth"]}], "industry": "C2041",
        },
    )  # fmt: skip
    async with bus(running) as nc, ReportingClient(nc, county=running.county, department="gsj", system="dengji") as client:
        answer = await client.report(OutgoingReport(source, "registry.entity_registered", raw, id="dengji-2025-0001"))
    sys.stdout.write(f"{answer.outcome} {answer.position}: {answer.zh} / {answer.en}\n")


if __name__ == "__main__":
    asyncio.run(report(Path(sys.argv[1])))
