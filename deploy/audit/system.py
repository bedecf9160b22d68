"""The audit of a running system, from its records to its figures, up to the first difference."""

import asyncio
from contextlib import AsyncExitStack, ExitStack

import asyncpg
import nats.errors

from deploy.audit.figures import Ledger, compare_figures
from deploy.audit.found import Audited
from deploy.audit.published import compare_published
from deploy.audit.records import PAGE_RECORDS, compare_facts, compare_stream, compared_archive
from deploy.data_folder import DataFolder, Running
from deploy.kept_documents import KeptDocuments
from deploy.local import INDICATORS
from deploy.reaching import DATABASE_AWAY, DatabaseUnreachable, bus
from services.indicators.audit.archive.reader import Archive, opened_archive
from services.indicators.audit.folded import Recorded
from services.indicators.audit.records import Ends, check_history, up_to
from services.indicators.catalog import DEFINITIONS, JUDGED
from services.indicators.evaluation.county import load_county
from services.indicators.store import LedgerStore, Moment
from shared.bus import BusUnreachable
from shared.contracts.base import SERVICES
from shared.county_schema import county_schema
from shared.pools import close_pool


async def audit(running: Running, folder: DataFolder, audited: Audited) -> None:
    """Compare everything. Raises Different, BusUnreachable, DatabaseUnreachable, Unreachable, FileProblems."""
    try:
        async with AsyncExitStack() as opened:
            nc = await opened.enter_async_context(bus(running))
            for service in SERVICES:
                audited.hashes[service] = await compare_stream(nc, running, service, audited)
            settings = {"search_path": county_schema(running.county), "default_transaction_read_only": "on"}
            pool = await asyncpg.create_pool(running.databases[INDICATORS], min_size=1, max_size=1, server_settings=settings)
            opened.push_async_callback(close_pool, pool)
            store = LedgerStore(pool, running.county)
            async with store.moment() as moment:
                await compare_facts(moment, audited)
                await _compare_rest(running, folder, store, moment, audited)
    except nats.errors.Error as error:
        raise BusUnreachable(f"消息总线没有应答 / the bus does not answer: {error!r}") from error
    except DATABASE_AWAY as error:
        raise DatabaseUnreachable(error) from error


async def _compare_rest(running: Running, folder: DataFolder, store: LedgerStore, moment: Moment, audited: Audited) -> None:
    """Archive and figures: those of the archive where there is one, which holds all but the last minute's records, else of the facts."""
    serving = moment.versions.numbers("serving")
    positions = {service: position for service, (position, _) in moment.checkpoint.items()}
    audited.being_rebuilt = moment.versions.being_rebuilt(DEFINITIONS)
    ledger = Ledger(await store.rows(moment, serving.values()), frozenset(serving) - audited.being_rebuilt, positions)
    plan = load_county(running.county_folder, JUDGED).plan
    with ExitStack() as opened:
        recorded: Recorded | None = await asyncio.to_thread(
            opened.enter_context, compared_archive(folder.archive, running.county, audited)
        )  # fmt: skip
        if recorded is None:
            raws = [row["raw"] async for row in moment.connection.cursor(
                "SELECT raw FROM fact ORDER BY service, position", prefetch=PAGE_RECORDS
            )]  # fmt: skip
            recorded = await asyncio.to_thread(check_history, raws, running.county)

        def ended(ends: Ends) -> Recorded:
            if isinstance(recorded, Archive):
                return opened.enter_context(opened_archive(folder.archive, running.county, ends))
            return up_to(recorded, ends)

        await compare_figures(running, plan, recorded, ledger, audited)
        await asyncio.to_thread(compare_published, KeptDocuments(folder.published), recorded, ended, audited)
