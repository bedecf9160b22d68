"""A running system of full size is audited: all is the same; and a bit changed anywhere in what its stores hold is located."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from deploy.data_folder import DataFolder
from tests.deploy.test_audit_command import flip_stored_bits
from tests.deploy.test_cli import KAIYE, kaiye_runs

FACTS = "20000"
PLACES = 200
SECONDS_MAX = 1800.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("full") / "data"
    played = (*KAIYE, "demo", "--once", "--facts", FACTS, "--seed", "7", "--json", "--data", folder)
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


async def test_a_bit_changed_at_any_of_200_places_in_what_is_stored_of_facts_is_located(folder: Path) -> None:
    await flip_stored_bits(DataFolder(folder).running(), PLACES, seed=2)
