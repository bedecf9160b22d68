"""The answer to a report as it stands on the bus: what became of it, and why, in Chinese and English.

Published to `answered.<county>.<department>.<system>.<id>`. A later answer to the same report has a higher `revision`; the same
content reported again gets the same answer again.
"""

from dataclasses import dataclass

import orjson
from pydantic import TypeAdapter

from shared.contracts.outcomes import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the report `id` of `source`."""

    source: str
    id: str
    type: str
    """What the report said it was (`registry.entity_registered`); empty when that could not be read."""
    revision: int
    outcome: Outcome
    code: str
    """For programs: `recorded`, or the code of the reason why it waits or was refused."""
    zh: str
    en: str
    position: int | None
    """Where it is recorded; None when it is not."""
    flags: tuple[Reason, ...] = ()
    """What is odd about a recorded fact."""


_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def answer_bytes(answer: Answer) -> bytes:
    """The answer's JSON."""
    return orjson.dumps(answer)


def parse_answer(raw: bytes) -> Answer:
    """Read an answer's JSON. Raises pydantic's ValidationError when it is none."""
    return _ANSWER.validate_json(raw)
