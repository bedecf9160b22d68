"""How long what is posted may be: it is counted as it comes in, and no more is read than that."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.indicators.api.questions import SHEET_LENGTH_MAX

BYTES_PER_CHARACTER_MAX: Final = 12
"""What a character takes in JSON at most: two escapes."""
BODY_BYTES_MAX: Final = BYTES_PER_CHARACTER_MAX * SHEET_LENGTH_MAX + 10_000
"""No question is longer, whichever way its JSON is written."""


class BodyTooLong(HTTPException):
    """More is posted than any question has."""

    def __init__(self) -> None:
        super().__init__(413)


class BoundedBodies:
    """An application that is given so much of what is posted to it. Raises BodyTooLong where more comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_BYTES_MAX:
                raise BodyTooLong
            return message

        await self._app(scope, bounded, send)
