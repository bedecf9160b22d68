"""`kaiye demo --once` tells a whole history, and what it leaves behind is answered like the independent oracle answers its records."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from deploy.data_folder import NothingRuns, Running
from deploy.simulator import simulate, unit_reports
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Source
from shared.county_schema import county_schema
from tests.faults.machine import SERVERS, Machine
from tests.indicators.comparing import Asked, differences_in_json, example_county, oracle_of

FACTS, SEED = 1500, 2
QUESTIONS = 30
ANSWER_SECONDS_MAX = 30.0
END_SECONDS_MAX = 10.0
"""How long a part may take to be gone once the command that started it has ended."""

BOARD = ["county", "unit", "as_of", "known_at", "final", "positions", "indicators"]
ROW = [
    "id", "variant", "part", "clause", "unit_of_measure", "window", "effective_as_of", "numerator", "denominator", "value", "expected",
    "targets", "status", "benchmark", "baseline", "n", "incomplete", "note", "definition",
]  # fmt: skip
ONLY_WHERE_IT_APPLIES = ["margin", "period_end"]
"""The last fields of a row; those of them that mean nothing to it are left out."""
INSIDE = {
    "window": ["name", "from", "to"],
    "targets": ["op", "value", "clause", "expected", "status"],
    "benchmark": ["value", "status"],
    "baseline": ["value", "status"],
}


class Played:
    """A demonstration that was played to its end."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder, facts=FACTS, seed=SEED)
        with self.machine.demo() as demo:
            demo.running()
            parts = demo.parts()
            self.printed = demo.printed().decode()
        self.said = self.machine.said
        self.left = still_running(parts)

    @property
    def board(self) -> dict[str, Any]:
        """The board it printed."""
        found: dict[str, Any] = json.loads(self.printed)
        return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("end_to_end"))


def test_it_prints_one_json_document_and_ends_all_it_started(played: Played) -> None:
    assert played.left == []
    assert played.printed.count("\n") == 1, played.printed[:1000]
    assert played.printed.endswith("}\n")
    board = played.board
    assert list(board) == BOARD
    assert list(board["positions"]) == list(SERVICES)
    for row in board["indicators"]:
        name = f"{row['id']}.{row['variant']}"
        assert list(row) == [*ROW, *(field for field in ONLY_WHERE_IT_APPLIES if field in row)], name
        for field, expected in INSIDE.items():
            for inner in row[field] if isinstance(row[field], list) else [row[field] or dict.fromkeys(expected)]:
                assert list(inner) == expected, f"{name} {field}"


async def test_its_folder_is_carried_on_and_answered_like_the_oracle(played: Played, tmp_path: Path) -> None:
    machine = played.machine
    with machine.up() as running:
        parts = psutil.Process(running.pid).children(recursive=True)
        assert {*SERVERS} <= {part.name() for part in parts}
        await require_whole_history(played, running)  # before any figure: a short history would agree just as well
        file = tmp_path / "facts.ndjson"
        assert machine.kaiye("facts", "--export", str(file)) == (0, ""), machine.said
        records = [json.loads(line) for line in file.read_bytes().splitlines()]
        require_agreement(played.board, running, records)
    assert still_running(parts) == [], machine.said  # `up` has ended on Ctrl-C by now, with exit code 0
    with pytest.raises(NothingRuns):
        machine.data.running()


async def require_whole_history(played: Played, running: Running) -> None:
    """Every report of the history, dirt included, was sent and has its answer."""
    history = list(simulate(example_county().roster, example_county().plan, SEED, FACTS))
    assert len(history) == FACTS
    assert any(report.dirt != "clean" for report in history)
    counted = re.search(r"(\d+) reports: (\d+) recorded, (\d+) waiting, (\d+) refused", played.said)
    assert counted, f"it does not say how the reports fared\n{played.said}"
    sent, recorded, waiting, refused = map(int, counted.groups())
    assert sent == recorded + waiting + refused == FACTS

    answered, outcomes = await _answers(running)
    unreadable = {report.raw for report in history if report.dirt == "malformed"}
    assert unreadable, "nothing of the history is malformed: another seed says more"
    readable = {
        (str(Source(running.county, report.department, report.system)), report.id)
        for report in (*unit_reports(example_county()), *history)
        if report.raw not in unreadable
    }
    assert readable <= answered, f"without an answer: {sorted(readable - answered)}"
    others = sorted(answered - readable)  # what cannot be read is answered under a digest only the service can make
    assert len(others) == len(unreadable), f"{len(unreadable)} reports cannot be read; answered beside the readable ones: {others}"
    assert outcomes.keys() == {"recorded", "waiting", "refused"}, outcomes


async def _answers(running: Running) -> tuple[set[tuple[str, str]], Counter[str]]:
    """What the three services have answered, by source and id, and how many answers there are of each outcome."""
    answered: set[tuple[str, str]] = set()
    outcomes: Counter[str] = Counter()
    for service in SERVICES:
        connection = await asyncpg.connect(running.databases[service], timeout=ANSWER_SECONDS_MAX)
        try:
            rows = await connection.fetch(
                f"SELECT source, id, outcome FROM {county_schema(running.county)}.report", timeout=ANSWER_SECONDS_MAX
            )
        finally:
            await connection.close(timeout=ANSWER_SECONDS_MAX)
        answered |= {(row["source"], row["id"]) for row in rows}
        outcomes.update(row["outcome"] for row in rows)
    return answered, outcomes


def require_agreement(printed: dict[str, Any], running: Running, records: list[dict[str, Any]]) -> None:
    """The boards of the running system are the oracle's, to the last shown digit, and the board that was printed is still the same."""
    plan = example_county().plan
    oracle = oracle_of(plan, records)
    different: list[str] = []
    refused = 0
    with httpx.Client(base_url=running.http_url, headers=running.http_headers, timeout=ANSWER_SECONDS_MAX, trust_env=False) as http:
        last = Asked(printed["unit"], date.fromisoformat(printed["as_of"]), date.fromisoformat(printed["known_at"]))
        now = _board(http, last)
        assert now is not None
        assert now["indicators"] == printed["indicators"], "carrying the folder on changed figures"
        assert len(records) == sum(now["positions"].values())
        for asked in (last, *questions(records, last)):
            board = _board(http, asked)
            refused += board is None
            different += differences_in_json(board, plan, oracle, asked)
    assert not different, f"{len(different)} rows differ, on seed {SEED}:\n" + "\n".join(different)
    assert refused < QUESTIONS / 2, f"{refused} of {QUESTIONS} questions were refused: they do not say enough"


def _board(http: httpx.Client, asked: Asked) -> dict[str, Any] | None:
    """The board as the HTTP door gives it; None when the question has no answer."""
    answer = http.get("/board", params={"unit": asked.unit, "as_of": str(asked.as_of), "known_at": str(asked.known_at)})
    assert answer.status_code in (200, 400, 404), f"{asked}: {answer.status_code} {answer.text}"
    found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return found


def questions(records: list[dict[str, Any]], last: Asked) -> Iterator[Asked]:
    """Random units, the county and those with reports of their own more often, as of and as known on random days of the history."""
    rng = random.Random(SEED)
    listed = sorted({record["data"]["code"] for record in records if record["type"].startswith("registry.unit_listed.")})
    busy = sorted({record["data"]["unit"] for record in records if "unit" in record["data"]})
    first = min(date.fromisoformat(record["occurred"]) for record in records if "unit" in record["data"])
    for _ in range(QUESTIONS):
        unit = rng.choice((last.unit, rng.choice(listed), rng.choice(busy), rng.choice(busy)))
        known_at = first + timedelta(days=rng.randint(0, (last.known_at - first).days))
        back = timedelta(days=rng.choice((0, rng.randint(0, 60), rng.randint(0, 600))))
        yield Asked(unit, known_at - back, known_at)


def still_running(parts: list[psutil.Process]) -> list[str]:
    """Those of the processes that outlive the command which started them."""
    _, alive = psutil.wait_procs(parts, timeout=END_SECONDS_MAX)
    return [f"{part.pid} {part.name()}" for part in alive]
