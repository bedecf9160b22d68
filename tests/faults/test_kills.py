"""kill −9 of any server or service during a demonstration, at any moment, changes no figure."""

import os
import random
import time
from pathlib import Path

import pytest

from tests.faults.machine import PARTS, Board, Machine, require_same

FACTS, SEED = 3000, 11
MOMENTS = random.Random(int(os.environ.get("KAIYE_FAULTS_SEED", "20260101")))
"""When and what is killed. Another seed drills other moments; a failure names the moment."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Board:
    with Machine(tmp_path_factory.mktemp("undisturbed"), facts=FACTS, seed=SEED).demo() as demo:
        return demo.board()


@pytest.mark.parametrize("part", PARTS)
def test_killing_one_part_twice_changes_no_figure(part: str, undisturbed: Board, tmp_path: Path) -> None:
    machine = Machine(tmp_path, facts=FACTS, seed=SEED)
    killed = []
    with machine.demo() as demo:
        demo.running()
        for _ in range(2):
            moment = MOMENTS.uniform(0, 1.5)
            time.sleep(moment)
            if demo.kill(part):
                killed.append(moment)
        require_same(demo.board(), undisturbed, f"{part} was killed after {killed}\n{machine.said}")
    assert killed, "the demonstration was over before anything could be killed"


def test_killing_one_thing_after_another_changes_no_figure(undisturbed: Board, tmp_path: Path) -> None:
    machine = Machine(tmp_path, facts=FACTS, seed=SEED)
    killed = []
    with machine.demo() as demo:
        demo.running()
        for _ in range(8):
            moment, part = MOMENTS.uniform(0, 1.5), MOMENTS.choice(PARTS)
            time.sleep(moment)
            if demo.kill(part):
                killed.append((moment, part))
        require_same(demo.board(), undisturbed, f"killed: {killed}\n{machine.said}")
    assert len(killed) > 2, "the demonstration was over before much could be killed"


def test_a_demonstration_that_was_killed_itself_is_carried_on(undisturbed: Board, tmp_path: Path) -> None:
    machine = Machine(tmp_path, facts=FACTS, seed=SEED)
    with machine.demo() as demo:
        demo.running()
        time.sleep(MOMENTS.uniform(0.2, 2))
        demo.process.kill()
        demo.process.wait()
    with machine.up():
        assert machine.doctor()[0] == 0
    with machine.demo() as demo:
        require_same(demo.board(), undisturbed, machine.said)
