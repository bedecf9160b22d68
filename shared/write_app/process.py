"""The process of a write service, on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from shared.contracts.base import Service
from shared.event_store.interface import EventStore
from shared.event_store.postgres import PostgresStore
from shared.rules import Rules
from shared.service_process import StoreUnreachable, run_service
from shared.settings import Settings
from shared.write_app.app import WriteApp, create_write_app
from shared.write_app.work import NewerRecords


@asynccontextmanager
async def postgres_store(settings: Settings, service: Service) -> AsyncIterator[EventStore]:
    """The event store of a service in operation. Raises StoreUnreachable."""
    try:
        store = await PostgresStore.open(settings.database_url, service, settings.county)
    except OSError as error:
        raise StoreUnreachable(f"无法连接数据库 / the database cannot be reached: {error}") from error
    try:
        yield store
    finally:
        await store.close()


def create_app(settings: Settings, rules: Rules[Any]) -> WriteApp:
    """The app of one write service on PostgreSQL. Nothing is connected before it is started."""
    return create_write_app(settings, rules, postgres_store)


def main(rules: Rules[Any]) -> NoReturn:
    """Run one write service until a signal ends it."""
    run_service(Settings, lambda settings: create_app(settings, rules), unusable=(NewerRecords,))
