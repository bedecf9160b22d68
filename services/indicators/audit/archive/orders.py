"""What a service and the process that writes its archive say to each other: a line of JSON each, in turn.

The service says `Opening` and then `Batch` after `Batch` to the process's stdin; each is answered by an `Answer` on its stdout. The process
ends once it has told of trouble, and as soon as its stdin does.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Opening(BaseModel):
    """Which archive to write, and where its records are kept."""

    model_config = ConfigDict(frozen=True)
    folder: Path
    county: str
    store: str = Field(repr=False)
    """The indicators' database, with user and password."""


class Batch(BaseModel):
    """Which records to take in: those behind the archive's, up to a position of each service."""

    model_config = ConfigDict(frozen=True)
    upto: dict[str, int]
    undescribed: dict[str, list[int]]
    """Which of them no contract describes."""


class Answer(BaseModel):
    """Up to where the archive goes now, by service; or why it cannot be written, in Chinese and English."""

    model_config = ConfigDict(frozen=True)
    positions: dict[str, int] = {}
    trouble: str | None = None


def line(said: Opening | Batch | Answer) -> bytes:
    """Something said, as it goes through the pipe."""
    return said.model_dump_json().encode() + b"\n"
