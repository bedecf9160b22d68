"""A broker of each test's own: it is killed and wiped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nats import Broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    server = Broker(tmp_path / "nats")
    server.start()
    yield server
    server.stop()
