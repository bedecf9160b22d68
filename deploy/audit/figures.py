"""Figures compared: the ledger at every unit, and boards over HTTP at some, with what the second engine makes of the records."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from deploy.audit.found import Audited, Checked, Difference, Different, NotCompared
from deploy.cli.board import fetch_boards
from deploy.data_folder import Running
from services.indicators.answers import Snapshot, ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.agreement import PAIRS_PER_KNOWN_DAY, Entries, Pair, difference, pairs
from services.indicators.audit.archive.reader import Archive
from services.indicators.audit.evidence import first_difference
from services.indicators.audit.folded import Recorded
from services.indicators.audit.recompute import Recomputed, recompute
from services.indicators.catalog import BENCHMARKS, CATALOG, measures_in
from services.indicators.evaluation.plan import Plan
from services.indicators.store import LedgerRows
from shared.contracts.base import SERVICES

Rows = frozenset[tuple[str, str]]
"""Rows of a board: (indicator, variant)."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries that serve, and of which measures they are today's figures."""

    rows: LedgerRows
    measures: frozenset[str]


async def compare_figures(running: Running, plan: Plan, recorded: Recorded, ledger: Ledger, audited: Audited) -> None:
    """Ledger and boards with the second engine's, known day by known day; ledger and facts are of one moment.

    Raises Different, Unreachable, duckdb's errors.
    """
    audited.positions = dict(recorded.positions)
    days = await asyncio.to_thread(_known_days, recorded)
    settled = min(max(known, default=date.min) for known in days.values())
    """Before this day nothing more can become known."""
    by = random.Random(audited.asked.seed)  # noqa: S311 - a choice of units, to be repeated
    known_days, known_days_max = set().union(*days.values()), -(-audited.asked.pairs // PAIRS_PER_KNOWN_DAY)
    occurred = set() if isinstance(recorded, Archive) else {record.occurred for record in recorded.readable}
    chosen = pairs(known_days, audited.asked.seed, known_days_max, occurred)[-audited.asked.pairs :]
    entries, aside = await asyncio.to_thread(Entries, ledger.rows), rows_read_off(audited.being_rebuilt)
    as_known = await asyncio.to_thread(recompute, recorded, plan, "duckdb")
    figures = boards = asked = 0
    for known_at, group in groupby(chosen, key=itemgetter(1)):
        snapshot, as_of_days = await asyncio.to_thread(as_known, known_at), [as_of for as_of, _ in group]
        recomputed = snapshot.balances
        assert isinstance(recomputed, Recomputed)
        await asyncio.to_thread(recomputed.compute, as_of_days)
        for as_of in as_of_days:
            figures += await asyncio.to_thread(_compare_ledger, entries, recomputed, ledger.measures, (as_of, known_at))
            units = _units(snapshot, as_of, audited.asked.units, by)
            asked += len(units)
            async with aclosing(fetch_boards(running, units, as_of, known_at)) as live:
                async for unit, answer in live:
                    anew = await asyncio.to_thread(_board, snapshot, unit, (as_of, known_at))
                    boards += same_board(orjson.loads(answer), orjson.loads(anew), aside, stable=known_at < settled)
            audited.pairs += 1
            audited.progress("账本与指标表 / ledger and boards", audited.pairs, len(chosen))
        await asyncio.to_thread(recomputed.close)
    audited.checked += [Checked("ledger", None, figures), Checked("board", None, boards)]
    if boards < asked:
        audited.not_compared.append(NotCompared(
            "board", asked - boards, "审计期间又有新记录，那一日的所知还会增加",
            "more was recorded during the audit, and more can become known on such a day",
        ))  # fmt: skip


def _known_days(recorded: Recorded) -> dict[str, set[date]]:
    """The days on which something became known, service by service."""
    found: dict[str, set[date]] = {service: set() for service in SERVICES}
    if isinstance(recorded, Archive):
        for number, day in recorded.connection.execute("SELECT DISTINCT service, known FROM stored").fetchall():
            found[SERVICES[number]].add(day)
    else:
        for record in recorded.records:
            found[record.service].add(record.known_day)
    return found


def _units(snapshot: Snapshot, as_of: date, some: int | None, by: random.Random) -> Sequence[str]:
    """The county and so many other units that there are on a day; none before there is a county."""
    there = sorted(code for code, unit in snapshot.trees.at(0).units.items() if unit.listed <= as_of.toordinal())
    county = [snapshot.plan.county] if snapshot.plan.county in there else []
    others = [code for code in there if code not in county]
    return [*county, *(others if some is None else by.sample(others, min(some - 1, len(others))))]


def _compare_ledger(entries: Entries, recomputed: Recomputed, measures: frozenset[str], pair: Pair) -> int:
    """How many figures are the same."""
    as_of, known_at = pair
    ours, theirs = (
        {key: parts for key, parts in amounts.items() if key[0] in measures}
        for amounts in (entries.at(as_of, known_at), recomputed.all_at(as_of))
    )
    found = difference(ours, theirs, as_of, known_at)
    if found is None:
        return len(ours)
    measure = found.measure if found.part is None else f"{found.measure} {found.part}"
    raise Different(Difference(
        "ledger", f"{found.unit} 的 {measure}，截至 {as_of}、以 {known_at} 所知：账本为 {found.built}，重算为 {found.recomputed}",
        f"{measure} of {found.unit} as of {as_of} as known on {known_at}: {found.built} by the ledger, {found.recomputed} recomputed",
        unit=found.unit, measure=measure, as_of=as_of, known_at=known_at,
    ))  # fmt: skip


def rows_read_off(measures: frozenset[str]) -> Rows:
    """The rows that are read off any of these measures, or compared with what is."""
    return frozenset(
        (indicator.id, variant.name) for indicator in CATALOG for variant in indicator.variants
        if any(measure.name in measures for measure in measures_in((variant, BENCHMARKS) if indicator.benchmarked else variant))
    )  # fmt: skip


def same_board(live: dict[str, Any], anew: dict[str, Any], aside: Rows = frozenset(), *, stable: bool) -> int:
    """1 when a live board is the one recomputed, 0 when newer records make them incomparable; none does where what was known on the day is
    stable. What is set aside is not compared. Raises Different.
    """
    if live["positions"] != anew["positions"]:
        if not stable:
            return 0
        for answer in (live, anew):
            del answer["positions"], answer["final"]
    for answer in (live, anew):
        answer["indicators"] = [row for row in answer["indicators"] if (row["id"], row["variant"]) not in aside]
    if live != anew:
        found = first_difference(live, anew, "indicators")
        unit, measure, one, other = found.unit, " ".join(found.row), found.given, found.recomputed
        as_of, known_at = (date.fromisoformat(anew[name]) for name in ("as_of", "known_at"))
        raise Different(Difference(
            "board", f"{unit} 的 {measure}，截至 {as_of}、以 {known_at} 所知：{found.field} 实时为 {one}，重算为 {other}",
            f"{measure} of {unit} as of {as_of} as known on {known_at}: {found.field} is {one} live, {other} recomputed",
            unit=unit, measure=measure, as_of=as_of, known_at=known_at,
        ))  # fmt: skip
    return 1


def _board(snapshot: Snapshot, unit: str, pair: Pair) -> bytes:
    as_of, known_at = pair
    return answer_bytes(board(snapshot, ask(snapshot, known_at, unit, as_of, known_at)))
