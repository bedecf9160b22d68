"""A rebuild whose service or servers are killed while facts come in, and afterwards: it goes on, agrees, and no figure moves."""

import json
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.machine import Board, Command, Machine, figures, require_same

FACTS, SEED = 3000, 17
MOMENTS = random.Random(int(os.environ.get("KAIYE_FAULTS_SEED", "20260101")))
BACK_SECONDS_MAX = 60.0
UNITS = ("330127000000", "330127100000", "330127401000")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Board:
    with Machine(tmp_path_factory.mktemp("undisturbed"), facts=FACTS, seed=SEED).demo() as demo:
        return demo.board()


def killed(command: Command, *parts: str) -> list[tuple[str, float]]:
    """Kill one part after another at moments of chance."""
    moments = [(part, MOMENTS.uniform(0.5, 4)) for part in parts]
    for part, moment in moments:
        time.sleep(moment)
        command.kill(part)
    return moments


def boards(machine: Machine) -> list[Board]:
    """At the end of the plan's year, as a demonstration's board is, once the service is there."""
    until = time.monotonic() + BACK_SECONDS_MAX
    while machine.kaiye("units")[0]:
        assert time.monotonic() < until, machine.said
    return [figures(json.loads(machine.kaiye("board", "--unit", unit, "--as-of", "2025-12-31", "--json")[1])) for unit in UNITS]


def test_killed_while_facts_come_in_it_goes_on_and_no_figure_moves(undisturbed: Board, tmp_path: Path) -> None:
    machine = Machine(tmp_path, facts=FACTS, seed=SEED)
    with machine.demo() as demo, ThreadPoolExecutor() as pool:
        demo.running()
        time.sleep(MOMENTS.uniform(1, 3))
        rebuilding = pool.submit(machine.kaiye, "rebuild", "--json")
        moments = killed(demo, "indicators", "indicators")
        require_same(demo.board(), undisturbed, f"killed after {moments}\n{machine.said}")
        rebuilding.result()  # it may have ended with the demonstration
    with machine.up():
        code, said = machine.kaiye("rebuild", "--json")
        assert (code, json.loads(said)["stage"]) == (0, "switched"), f"killed after {moments}\n{machine.said}"
        require_same(boards(machine)[0], undisturbed, f"killed after {moments}\n{machine.said}")


def test_killed_at_every_stage_it_ends_as_if_it_never_was(tmp_path: Path) -> None:
    machine = Machine(tmp_path, facts=FACTS, seed=SEED)
    with machine.demo() as demo:
        demo.board()
    with machine.under_way() as command, ThreadPoolExecutor() as pool:
        before = boards(machine)
        rebuilding = pool.submit(machine.kaiye, "rebuild", "--json")
        while '"stage":"none"' in machine.kaiye("rebuild", "--status", "--json")[1]:
            assert not rebuilding.done(), machine.said
        moments = killed(command, "indicators", "postgres", "indicators", "nats-server", "indicators")
        code, said = rebuilding.result()
        assert code == 0, f"killed after {moments}\n{machine.said}"
        found = json.loads(said)
        assert (found["stage"], found["number"], found["retired"]) == ("switched", 1, 0)
        for ours, theirs in zip(boards(machine), before, strict=True):
            require_same(ours, theirs, f"killed after {moments}\n{machine.said}")
        assert machine.kaiye("rebuild", "--cancel")[0] == 2
        assert machine.doctor()[0] == 0
