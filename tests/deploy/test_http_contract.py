"""The HTTP door does what its description says: requests made from `/openapi.json`, fitting it and not, against a county that runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.data_folder import DataFolder
from tests.deploy.test_cli import SECONDS_MAX, county_runs, run_kaiye

CONFIG = Path(__file__).with_name("schemathesis.toml")
LOOK_SECONDS = 20
"""For so long each time, divided among the endpoints."""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a county that runs."""
    with county_runs(tmp_path_factory.mktemp("county") / "data") as folder:
        yield folder


@pytest.mark.parametrize(
    ("department", "system", "role", "only", "selected"),
    [
        ("gsj", "dengji", "department", (), 26),
        ("chuangjianban", "duban", "office", ("--include-method", "GET"), 17),
        ("kaoping", "kaohe", "evaluator", ("--include-method", "GET"), 17),
    ],
)
def test_nothing_is_answered_otherwise_than_described(
    county: Path, tmp_path: Path, department: str, system: str, role: str, only: tuple[str, ...], selected: int
) -> None:
    """Every status, header and body is a described one, what is described as wrong is refused, and nobody is let in without a token.

    `/changes` has no end, and is looked at elsewhere. What needs a role is only read: it is the same door that a department reports at.
    """
    added = run_kaiye("department", "add", department, "--system", system, "--role", role, "--data", county)
    token = added.stdout.split()[1]
    done = subprocess.run(
        (
            Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run",
            f"{DataFolder(county).running().http_url}/openapi.json", "--header", f"Authorization: Bearer {token}",
            *only, "--exclude-path", "/changes", "--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1",
            "--max-time", str(LOOK_SECONDS), "--continue-on-failure", "--no-shrink", "--warnings", "off",
        ),
        cwd=tmp_path, env={**os.environ, "NO_PROXY": "127.0.0.1"}, capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{selected} selected / 27 total" in done.stdout
