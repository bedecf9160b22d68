"""A hundred thousand bad reports of every kind: each is answered, none is recorded, and no server or service falls over any of them."""

import asyncio
import os
from pathlib import Path

from tests.end_to_end.hostile import KINDS, hand_in, too_large
from tests.faults.machine import Machine

BAD = 100_000
SEED = int(os.environ.get("KAIYE_FAULTS_SEED", "20260101"))
"""Another seed makes other reports."""


def test_a_hundred_thousand_bad_reports_fell_nobody(tmp_path: Path) -> None:
    machine = Machine(tmp_path, facts=0, seed=0)
    with machine.under_way() as up:
        before = up.pids()
        assert None not in before.values()
        sent = asyncio.run(hand_in(up.running(), seed=SEED, bad=BAD))
        assert sent.total() - sent["good"] == BAD
        assert min(sent[kind.name] for kind in KINDS) > BAD // len(KINDS) // 2
        asyncio.run(too_large(up.running()))
        assert up.pids() == before, machine.said
        assert machine.doctor()[0] == 0
