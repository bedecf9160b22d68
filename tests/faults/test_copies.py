"""Two copies of every service at once do no harm: two writers, two relays, two projectors."""

import json
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.embedded import free_port
from deploy.local import ServiceProcess, service_settings
from tests.faults.machine import SERVICES, Machine, require_same

FACTS, SEED = 3000, 13


def test_two_copies_of_every_service_change_no_figure(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    with Machine(tmp_path_factory.mktemp("alone"), facts=FACTS, seed=SEED).demo() as demo:
        alone = demo.board()
    machine = Machine(tmp_path, facts=FACTS, seed=SEED)
    with machine.demo() as demo, ExitStack() as copies:
        running = demo.running()
        second = []
        for name in SERVICES:
            settings = service_settings(machine.data, running, name, free_port())
            settings.pop("KAIYE_ARCHIVE", None)  # has one writer
            second.append(ServiceProcess(name, settings, machine.data.log(f"second-{name}")))
            copies.callback(second[-1].stop)
            second[-1].launch()
        demo.process.send_signal(signal.SIGSTOP)  # until the copies serve, so that they work on the same reports
        try:
            while not all(copy.ready() for copy in second):
                time.sleep(0.1)
        finally:
            demo.process.send_signal(signal.SIGCONT)
        require_same(demo.board(), alone, machine.said)
    with machine.up():
        code, said = machine.doctor("--json")
        assert code == 0, said
        assert {json.loads(line)["state"] for line in said.splitlines()} == {"healthy"}
