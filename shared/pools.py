"""Giving a pool's connections back for good."""

import asyncio
from contextlib import suppress
from typing import Any, Final

CLOSE_SECONDS_MAX: Final = 5.0


async def close_pool(pool: Any) -> None:
    """Close every connection of asyncpg's pool; what is not given back after `CLOSE_SECONDS_MAX` is cut off, and its transaction undone.

    A query cancelled just as it ends can leave its connection waiting for ever for the word that it was cancelled (seen with asyncpg
    0.32.0): a service that stops would wait with it.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await pool.close()  # cancelled, it cuts off what is left
