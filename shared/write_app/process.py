"""The process of a write service: settings, logs, event loop, exit code.

Exit codes: 0 stopped by a signal, 1 ended by an error (a supervisor starts it anew), 2 settings that cannot be used, 3 bus or store
out of reach at the start.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import uvloop
from pydantic import ValidationError

from shared.bus import BusUnreachable
from shared.contracts.base import Service
from shared.event_store.interface import EventStore
from shared.event_store.postgres import PostgresStore
from shared.logs import configure_logs
from shared.rules import Rules
from shared.settings import Settings
from shared.write_app.app import WriteApp, create_write_app
from shared.write_app.http import PortTaken

BAD_SETTINGS, OUT_OF_REACH = 2, 3


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


class StoreUnreachable(Exception):
    """Nothing answers at the database's address; the message says so in Chinese and English."""


def create_app(settings: Settings, rules: Rules[Any]) -> WriteApp:
    """The app of one write service on PostgreSQL. Nothing is connected before it is started."""
    return create_write_app(settings, rules, postgres_store)


def main(rules: Rules[Any]) -> NoReturn:
    """Run one write service until a signal ends it."""
    try:
        settings = Settings()
    except ValidationError as error:
        problems = "; ".join(f"KAIYE_{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}" for problem in error.errors())
        sys.stderr.write(f"设置有误 / the settings cannot be used: {problems}\n")
        sys.exit(BAD_SETTINGS)
    configure_logs(settings.log_level, settings.log_format)
    try:
        uvloop.run(create_app(settings, rules).run())
    except (BusUnreachable, StoreUnreachable, PortTaken) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(OUT_OF_REACH)
    sys.exit(0)
