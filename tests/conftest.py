"""What every test may ask for, and the mark by which tests on real servers are found (`pytest -m real_servers`)."""

import os

import pytest
from hypothesis import settings

from tests.support.servers import clean_nats_url, database, fresh_database, nats_url, postgres_dsn

__all__ = ["clean_nats_url", "database", "fresh_database", "nats_url", "postgres_dsn"]

settings.register_profile("ci", derandomize=True)  # a build fails for what was changed, not for luck; elsewhere examples are fresh
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands on the shared servers can run on containers too."""
    for item in items:
        if isinstance(item, pytest.Function) and {"nats_url", "postgres_dsn"} & set(item.fixturenames):
            item.add_marker("real_servers")
