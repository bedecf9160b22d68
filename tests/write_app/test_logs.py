"""Log lines for programs."""

import json
import subprocess
import sys

PROGRAM = """
from shared.logs import configure_logs, logger
configure_logs("INFO", "json")
def meet(report):
    raise ValueError("a rule met a bug")
try:
    meet("11010119900307" + "1234")
except ValueError:
    logger("x").exception("went wrong")
"""


def test_a_traceback_says_where_and_what_but_not_what_variables_held() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stderr
    assert json.loads(said)["exception"][0]["exc_value"] == "a rule met a bug"
    assert '"name": "meet"' in said
    assert "110101199003071234" not in said
