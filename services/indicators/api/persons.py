"""Persons in answers: of a pseudonym the first characters are shown, as in rosters, and a mark that tells persons apart. Pure.

The mark follows from the pseudonym and from what is asked: all pages of one answer show a person alike, another question shows the same
person otherwise, so that answers cannot be laid side by side. Nobody finds the pseudonym from it, which is 80 random bits.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, Protocol, TypeVar

import orjson

from services.indicators.answers import BadQuestionError

PSEUDONYM_SHOWN: Final = 4
"""So many characters of a pseudonym are shown."""
MARK_LENGTH: Final = 6
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PSEUDONYM: Final = re.compile(r"(?<![0-9A-Za-z])P[0-9A-HJKMNP-TV-Z]{16}(?![0-9A-Za-z])")
_ASKED: Final = ("county", "unit", "id", "variant", "as_of", "known_at")
_UNSEEN: Final = "~"
"""Before the digest of a name that a place in an answer does not show."""
_LOOKED_THROUGH_AT_ONCE: Final = 10_000


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Subject = TypeVar("Subject", bound=_Named)


def masked_answer(raw: bytes) -> bytes:
    """The JSON of an answer about a figure with every pseudonym in it masked, wherever it stands. One that is masked stays as it is."""
    said = orjson.loads(raw)
    moments = (said, *(said.get(name, {}) for name in ("before", "after")))
    asked = "|".join(str(each.get(name)) for each in moments for name in _ASKED)
    return _PSEUDONYM.sub(lambda found: masked_person(found[0], asked), raw.decode()).encode()


def masked_person(person: str, asked: str) -> str:
    """A pseudonym masked in the answer to something that was asked."""
    number = int.from_bytes(sha256(f"{asked}|{person}".encode()).digest()[:8])
    mark = "".join(_DIGITS[number >> 5 * place & 31] for place in range(MARK_LENGTH))
    return f"{person[:PSEUDONYM_SHOWN]}***{mark}"


def masked_text(text: str) -> str:
    """A text with the pseudonyms in it cut short, where nobody has to be told apart."""
    return _PSEUDONYM.sub(lambda found: f"{found[0][:PSEUDONYM_SHOWN]}***", text)


def persons_in(raw: bytes) -> frozenset[str]:
    """Every pseudonym in an answer."""
    return frozenset(_PSEUDONYM.findall(raw.decode()))


def place_of(name: str) -> str:
    """The name of a subject as a place to go on after: persons are not named there, masked or not."""
    return f"{_UNSEEN}{_digest(name)}" if _PSEUDONYM.search(name) else name


def name_at(place: str, page: Callable[[str, int], Sequence[Subject]]) -> str:
    """The name of the subject at a place, among those that `page` gives after one of them. Raises BadQuestionError where it is gone."""
    if not place.startswith(_UNSEEN):
        return place
    last = ""
    while found := page(last, _LOOKED_THROUGH_AT_ONCE):
        for each in found:
            if _digest(each.name) == place.removeprefix(_UNSEEN):
                return each.name
        last = found[-1].name
    raise BadQuestionError(
        "unknown_place", "上一页末尾的对象已不在其中，请从第一页重新查询",
        "the last subject of the page before counts no more: ask again from the first page",
    )  # fmt: skip


def _digest(name: str) -> str:
    return sha256(f"place|{name}".encode()).hexdigest()[:24]
