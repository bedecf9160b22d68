"""Tokens (令牌): what the HTTP door is opened with. Whoever issues one shows it once; what is kept is its SHA-256.

A token is 256 bits from the system's random source. That is why a plain SHA-256 is right and a slow hash (scrypt, Argon2) is not: those
make guessing a *password* expensive, and nobody guesses one of 2²⁵⁶ equally likely tokens, however fast; they would only make each
question expensive. For the same reason a digest found in a file opens nothing.
"""

import hashlib
import re
import secrets
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import StringConstraints

from shared.clock import today

PREFIX: Final = "kaiye_"
"""What every token begins with, so that whoever meets one where it should not be knows what it is."""
TOKEN_BYTES: Final = 32
TOKEN_DAYS: Final = 365
"""So long a token holds unless it is said otherwise."""

_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")

TokenDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of a token, in hex."""


def new_token() -> str:
    """A token that nobody had before."""
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def require_token(text: str) -> None:
    """Raises ValueError for what cannot be a token."""
    if _SHAPE.fullmatch(text) is None:
        raise ValueError("不是令牌 / not a token")


def digest_of(token: str) -> str:
    """What a token is known by."""
    return hashlib.sha256(token.encode()).hexdigest()


def last_day(days: int) -> date:
    """The last of so many days, of which today is the first."""
    return today() + timedelta(days=days - 1)
