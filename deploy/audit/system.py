"""The audit of a running system, from its records to its figures, up to the first difference."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Final

import asyncpg
import nats.errors
import orjson

from deploy.audit.figures import Ledger, compare_figures
from deploy.audit.found import Audited, Difference, Different
from deploy.audit.published import compare_published
from deploy.audit.records import PAGE_RECORDS, compare_facts, compare_stream, compared_archive
from deploy.cli.board import ask
from deploy.data_folder import DataFolder, Running
from deploy.kept_documents import KeptDocuments
from deploy.local import INDICATORS
from deploy.reaching import DATABASE_AWAY, DatabaseUnreachable, bus
from services.indicators.audit.archive.reader import Archive, opened_archive
from services.indicators.audit.folded import Recorded
from services.indicators.audit.published import KeptEntries
from services.indicators.audit.records import BadRecords, End, Ends, check_history, up_to
from services.indicators.catalog import DEFINITIONS, JUDGED
from services.indicators.evaluation.county import load_county
from services.indicators.ledger import Balances
from services.indicators.store import LedgerStore, Moment, UnknownDefinition
from shared.bus import BusUnreachable
from shared.contracts.base import SERVICES
from shared.county_schema import county_schema
from shared.pools import close_pool

_ARCHIVE_AMISS: Final = frozenset({"archive_stopped", "archive_late"})
"""What the service says itself when its archive does not follow."""
FROM_STORE_MAX: Final = 50_000
"""So many records are read from the store, into memory, where the archive is not written that far yet; for more it is waited for."""
LOOK_SECONDS: Final = 1.0


async def audit(running: Running, folder: DataFolder, audited: Audited) -> None:
    """Compare everything. Raises Different, BusUnreachable, DatabaseUnreachable, Unreachable, FileProblems."""
    try:
        async with AsyncExitStack() as opened:
            nc = await opened.enter_async_context(bus(running))
            for service in SERVICES:
                await compare_stream(nc, running, service, audited)
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
    """Archive and figures: all facts of the moment count, which are read from the archive where it has come so far, else from the store."""
    serving = moment.versions.numbers("serving")
    positions: dict[str, int] = {service: position for service, (position, _) in moment.checkpoint.items()}
    archived = await archived_up_to(running, positions)
    audited.being_rebuilt = moment.versions.being_rebuilt(DEFINITIONS)
    ledger = Ledger(await store.rows(moment, serving.values()), frozenset(serving) - audited.being_rebuilt)
    plan = load_county(running.county_folder, JUDGED).plan
    with ExitStack() as opened:
        archive = await asyncio.to_thread(
            opened.enter_context, compared_archive(folder.archive, running.county, archived, positions, audited)
        )  # fmt: skip
        if not any(positions.values()):
            return
        recorded: Recorded
        if archive is not None and archive.positions == positions:
            recorded = archive
        elif archive is not None and all(archive.positions[service] >= position for service, position in positions.items()):
            ends = {service: End(position, hash_) for service, (position, hash_) in moment.checkpoint.items()}
            recorded = await asyncio.to_thread(opened.enter_context, opened_archive(folder.archive, running.county, ends))
        else:
            raws = [row["raw"] async for row in moment.connection.cursor(
                "SELECT raw FROM fact ORDER BY service, position", prefetch=PAGE_RECORDS
            )]  # fmt: skip
            try:
                recorded = await asyncio.to_thread(check_history, raws, running.county)
            except BadRecords as error:
                raise Different(Difference("facts", f"指标库：{error.zh}", f"the indicators' store: {error.en}")) from error

        def ended(meanwhile: ExitStack, ends: Ends) -> Recorded:
            if isinstance(recorded, Archive):
                return meanwhile.enter_context(opened_archive(folder.archive, running.county, ends))
            return up_to(recorded, ends)

        await compare_figures(running, plan, recorded, ledger, audited)
        entries = _kept_entries(store, moment, asyncio.get_running_loop())
        await asyncio.to_thread(compare_published, KeptDocuments(folder.published), recorded, ended, entries, audited)


def _kept_entries(store: LedgerStore, moment: Moment, loop: asyncio.AbstractEventLoop) -> KeptEntries:
    """What the ledger keeps of definitions that serve or have retired, for a thread beside the loop."""

    def entries(definitions: Mapping[str, str], positions: Mapping[str, int]) -> Balances | None:
        try:
            found = asyncio.run_coroutine_threadsafe(store.kept(moment, definitions), loop).result()
        except UnknownDefinition:
            return None
        goes_so_far = all(upto[service] >= position for upto in found.upto.values() for service, position in positions.items())
        return found.balances if goes_so_far else None

    return entries


async def archived_up_to(running: Running, positions: Mapping[str, int], from_store_max: int = FROM_STORE_MAX) -> dict[str, int] | None:
    """Up to where the service says its archive goes, None where it keeps none; of a large history not before it goes as far as what is
    audited. Raises Different where the service says that it does not follow.
    """
    while True:
        health = orjson.loads(await ask(running, "/health"))
        for finding in health["findings"]:
            if finding["code"] in _ARCHIVE_AMISS:
                raise Different(Difference("archive", finding["zh"], finding["en"]))
        archived: dict[str, int] | None = health["archived"]
        if archived is None or sum(positions.values()) <= from_store_max:
            return archived
        if all(archived[service] >= position for service, position in positions.items()):
            return archived
        await asyncio.sleep(LOOK_SECONDS)
