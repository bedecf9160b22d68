"""The HTTP door does what its description says: requests made from `/openapi.json`, fitting it and not, against a county that runs."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.data_folder import DataFolder
from tests.deploy.test_cli import SECONDS_MAX, county_runs, run_kaiye

CONFIG = Path(__file__).with_name("schemathesis.toml")
LOOK_SECONDS = 20
"""For so long, divided among the endpoints."""


def test_nothing_is_answered_otherwise_than_described(tmp_path: Path) -> None:
    """Every status, header and body is a described one, what is described as wrong is refused, and nobody is let in without a token.

    `/changes` has no end, and is looked at elsewhere.
    """
    with county_runs(tmp_path / "data") as folder:
        token = run_kaiye("department", "add", "gsj", "--system", "dengji", "--data", folder).stdout.split()[1]
        done = subprocess.run(
            (
                Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run",
                f"{DataFolder(folder).running().http_url}/openapi.json", "--header", f"Authorization: Bearer {token}",
                "--exclude-path", "/changes", "--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1",
                "--max-time", str(LOOK_SECONDS), "--continue-on-failure", "--no-shrink", "--warnings", "off",
            ),
            cwd=tmp_path, env={**os.environ, "NO_PROXY": "127.0.0.1"}, capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "26 selected / 27 total" in done.stdout
