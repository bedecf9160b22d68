"""How commands reach the parts of a running system, and what it looks like when one is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from nats.aio.client import Client

from deploy.data_folder import Running
from deploy.nats.accounts import ADMINISTRATOR, inbox_of
from shared.bus import connect
from shared.settings import Settings

DATABASE_AWAY = (
    OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)  # fmt: skip
"""What asyncpg raises while PostgreSQL is gone or coming back; the internal error when the connection is cut in the midst of a query."""


class DatabaseUnreachable(Exception):
    """The database does not answer; the message says so in Chinese and English."""

    def __init__(self, because: BaseException) -> None:
        super().__init__(f"数据库无法连接 / the database cannot be reached: {because!r}")


@asynccontextmanager
async def bus(running: Running, *, name: str = "kaiye", seed: str | None = None, inbox: str | None = None) -> AsyncIterator[Client]:
    """A connection to the bus of a running system, as its administrator, or as the user of another seed and reply prefix.

    `name` is for those who watch the bus. Raises BusUnreachable.
    """
    # What runs on this machine is reached by what its folder says of it, whatever the environment says of another bus.
    ours: dict[str, Any] = {"nats_certificates": None, "nats_credentials": None} if running.http_url else {}
    settings = Settings(county=running.county, nats_url=running.nats_url, database_url="", **ours)
    if running.nats_seeds:
        seed, inbox = seed or running.nats_seeds[ADMINISTRATOR], inbox or inbox_of(ADMINISTRATOR)
    if seed is not None and inbox is not None:
        settings = settings.model_copy(update={"nats_nkey_seed": seed, "nats_inbox": inbox})
    nc = await connect(settings, name=name)
    try:
        yield nc
    finally:
        await nc.close()
