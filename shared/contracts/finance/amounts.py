"""What the facts about money share."""

from typing import Annotated

from pydantic import Field

from shared.contracts.exact import Whole

Amount = Annotated[Whole, Field(ge=1, le=10**15)]
"""An amount that moved, in integer fen (分): never zero."""
