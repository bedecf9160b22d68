"""Bad reports of every kind against a running system: each is answered, none is recorded, nobody falls; `tests/faults` has many more."""

import asyncio
from pathlib import Path

from tests.end_to_end.hostile import KINDS, hand_in, too_large
from tests.faults.machine import Machine

BAD, SEED = 2000, 31


def test_bad_reports_are_all_answered_and_the_good_ones_among_them_recorded(tmp_path: Path) -> None:
    machine = Machine(tmp_path, facts=0, seed=0)
    with machine.under_way() as up:
        before = up.pids()
        assert None not in before.values()
        sent = asyncio.run(hand_in(up.running(), seed=SEED, bad=BAD))
        asyncio.run(too_large(up.running()))
        assert sent.keys() == {"good", *(kind.name for kind in KINDS)}
        assert up.pids() == before, machine.said
        assert machine.doctor()[0] == 0
