"""What is said on the bus to exchange resident ids for pseudonyms, and to tell the registry what to do about the links between them.

An id stands in a request and nowhere else: in no reply, no log line, no table, no stream. All of it is core request and reply.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.base import PersonId
from shared.contracts.exact import LINE

IDS_MAX = 1000
"""So many ids one request may hold."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdentifyRequest(_Said):
    """身份证号换取人员代码: resident ids as they were typed, to be exchanged for pseudonyms."""

    ids: Annotated[tuple[Annotated[str, StringConstraints(max_length=64)], ...], Field(min_length=1, max_length=IDS_MAX)]


class Refusal(_Said):
    """Why something was refused. It never repeats what was given."""

    code: str
    zh: str
    en: str
    retry_after_seconds: float | None = None
    """Set where asking the same again later helps."""


class Identified(_Said):
    """One person's pseudonym."""

    person: PersonId


class IdentifyReply(_Said):
    """For each id, in the order of the request, the pseudonym or why there is none. A request as a whole is refused with a `Refusal`."""

    persons: tuple[Identified | Refusal, ...]


Who = Annotated[str, StringConstraints(min_length=1, max_length=200), LINE]
Why = Annotated[str, StringConstraints(min_length=1, max_length=200), LINE]


class ErasePerson(_Said):
    """注销人员对应关系: forget which pseudonym belongs to a resident id. Facts and proofs stay; the id's next pseudonym is another one."""

    person: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """The resident id, or the pseudonym."""
    who: Who
    """The account on whose behalf."""
    reason: Why


class Erased(_Said):
    """The pseudonym that belongs to nobody any more."""

    person: PersonId


class RotateKey(_Said):
    """更换密钥: from now on links are made with a new key; those made with older ones are re-tagged when their person is next seen."""

    who: Who
    """The account on whose behalf."""
    reason: Why


class Rotated(_Said):
    """How it stands after a new key was taken into use."""

    version: int
    """The new key's."""
    left: dict[int, int]
    """How many persons are still tagged with the key of each older version."""
    dropped: tuple[int, ...]
    """The older versions that nobody was tagged with any more: their keys are gone."""


class ExportRoster(_Said):
    """花名册导出: a list of persons is taken out of the system unmasked."""

    who: Who
    """The account on whose behalf."""
    reason: Why
    persons: Annotated[int, Field(ge=0)]
    """How many."""


class Noted(_Said):
    """It is kept."""

    persons: int


Act = Literal["key_made", "key_rotated", "person_erased", "ids_exchanged", "roster_exported"]


class ListPersonActs(_Said):
    """人员代码操作记录: a page of what was done about persons' links, the oldest first."""

    act: Act | None = None
    after: Annotated[int, Field(ge=0)] = 0
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class PersonAct(_Said):
    """One act. Whom it concerned is not told."""

    number: int
    at: str
    """RFC 3339, UTC; of ids exchanged, when it was done last on that day."""
    act: Act
    who: str
    """The account, or the department and system that had ids exchanged: one line for each day."""
    reason: str
    key_version: int | None
    persons: int | None
    """How many persons it concerned: of ids exchanged those of each request, what is no id or the same person again not counted."""


class PersonActs(_Said):
    """A page; `next` is where the following one begins, null at the end."""

    acts: tuple[PersonAct, ...]
    next: int | None
