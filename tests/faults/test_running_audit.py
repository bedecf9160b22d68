"""A running system of full size is audited: all is the same; and a bit changed anywhere in what its stores hold is located.

What it answers over HTTP is also what the independent oracle says of the facts it recorded: every row of every unit's board.
"""

import subprocess
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import orjson
import pytest

from deploy.cli.board import ask, fetch_boards
from deploy.data_folder import DataFolder
from services.indicators.audit.agreement import pairs
from services.indicators.catalog import JUDGED
from services.indicators.evaluation.county import load_county
from shared.contracts.common import FactCorrected, FactVoided, common_class
from shared.contracts.envelope import parse_record
from tests.deploy.test_audit_command import flip_stored_bits
from tests.deploy.test_cli import KAIYE, kaiye_runs, run_kaiye
from tests.indicators.comparing import Asked, differences_in_json, oracle_of

FACTS = "100000"
SEEDS = (7, 8)
PLACES = 200
SECONDS_MAX = 3600.0


@pytest.fixture(scope="module", params=SEEDS)
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("full") / "data"
    played = (*KAIYE, "demo", "--once", "--facts", FACTS, "--seed", str(request.param), "--json", "--data", folder)
    subprocess.run(played, check=True, capture_output=True, timeout=SECONDS_MAX)
    with kaiye_runs("up", "--data", folder) as process:
        yield folder
        process.terminate()
        process.wait(SECONDS_MAX)


def test_a_running_system_is_the_same_throughout_at_twenty_pairs(folder: Path) -> None:
    done = subprocess.run(
        (*KAIYE, "audit", "--pairs", "20", "--json", "--data", folder), capture_output=True, timeout=SECONDS_MAX, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    found = orjson.loads(done.stdout)
    assert (found["pairs"], found["all_the_same"], found["difference"]) == (20, True, None)


async def test_every_board_over_http_is_what_the_oracle_says_at_twenty_pairs(folder: Path, tmp_path: Path) -> None:
    running = DataFolder(folder).running()
    done = run_kaiye("facts", "--export", tmp_path / "facts.jsonl", "--data", folder)
    assert done.returncode == 0, done.stderr
    records = sorted(map(parse_record, (tmp_path / "facts.jsonl").read_bytes().splitlines()), key=attrgetter("recorded"))
    assert {FactCorrected, FactVoided} <= {common_class(record.type) for record in records}
    plan = load_county(running.county_folder, JUDGED).plan
    oracle = oracle_of(plan, [orjson.loads(record.raw) for record in records])
    compared = 0
    for as_of, known_at in pairs({record.known_day for record in records}, seed=1, known_days=14):
        listed = orjson.loads(await ask(running, "/units", {"as_of": as_of.isoformat(), "known_at": known_at.isoformat()}))
        units = [unit["code"] for unit in listed["units"]]
        async for unit, board in fetch_boards(running, units, as_of, known_at):
            assert differences_in_json(orjson.loads(board), plan, oracle, Asked(unit, as_of, known_at)) == []
        compared += len(units) > 1
    assert compared >= 20


async def test_a_bit_changed_at_any_of_200_places_in_what_is_stored_of_facts_is_located(folder: Path) -> None:
    await flip_stored_bits(DataFolder(folder).running(), PLACES // len(SEEDS), seed=2)
