"""A department's program that reports so many courses: for tests that kill it. `python -m tests.client.reporter NATS OUTBOX COUNT`."""

import asyncio
import sys
from pathlib import Path

import nats

from shared.client import ReportingClient
from tests.write_app.system import COUNTY, course


async def _quiet(error: Exception) -> None:
    """The broker is killed on purpose."""


async def main(address: str, outbox: Path, count: int) -> None:
    nc = await nats.connect(address, error_cb=_quiet, reconnect_time_wait=0.05, max_reconnect_attempts=-1)
    async with ReportingClient(nc, county=COUNTY, outbox=outbox, resend_seconds=1.0, under_way_max=500) as client:
        progress = await client.report_many(course(number) for number in range(count))
    await nc.close()
    assert (progress.recorded, progress.refused) == (count + progress.taken_over, 0), progress


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
