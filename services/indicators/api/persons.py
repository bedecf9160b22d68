"""Persons in answers: of a pseudonym the first characters are shown, as in rosters, and a mark that tells persons apart. Pure.

The mark follows from the pseudonym and from what is asked: all pages of one answer show a person alike, another question shows the same
person otherwise. So marks join nothing across answers; the ids and positions of the facts beside them still do. A pseudonym is 80 random
bits: nobody finds it from its mark.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final, Protocol, TypeVar

import orjson

from services.indicators.answers import BadQuestionError

PSEUDONYM_SHOWN: Final = 4
"""So many characters of a pseudonym are shown."""
MARK_LENGTH: Final = 6
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PSEUDONYM: Final = re.compile(r"(?:(?<![0-9A-Za-z])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))P[0-9A-HJKMNP-TV-Z]{16}(?![0-9A-Za-z])")
"""In a text, which may quote JSON: there a line's end is written with a letter."""
_STRING: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
"""A string of a JSON document."""
_ASKED: Final = ("county", "unit", "id", "variant", "as_of", "known_at")
_UNSEEN: Final = "~"
"""Before the digest of a name that a place in an answer does not show."""
_LOOKED_THROUGH_AT_ONCE: Final = 10_000
UNKNOWN_PLACE: Final = "unknown_place"
PLACES_KEPT: Final = 1_000
"""So many places given last are remembered: whoever reads on page by page has nobody looked for anew."""


class Named(Protocol):
    """Something of an answer that has a place in it."""

    @property
    def name(self) -> str:
        """Its name."""


Subject = TypeVar("Subject", bound=Named)


def masked_answer(raw: bytes) -> bytes:
    """The JSON of an answer about a figure with every pseudonym in it masked, wherever it stands. One that is masked stays as it is."""
    said = orjson.loads(raw)
    moments = (said, *(said.get(name, {}) for name in ("before", "after")))
    asked = "|".join(str(each.get(name)) for each in moments for name in _ASKED)
    return _with_strings(raw, lambda text: _PSEUDONYM.sub(lambda found: masked_person(found[0], asked), text))


def masked_person(person: str, asked: str) -> str:
    """A pseudonym masked in the answer to something that was asked."""
    number = int.from_bytes(sha256(f"{asked}|{person}".encode()).digest()[:8])
    mark = "".join(_DIGITS[number >> 5 * place & 31] for place in range(MARK_LENGTH))
    return f"{person[:PSEUDONYM_SHOWN]}***{mark}"


def masked_text(text: str) -> str:
    """A text with the pseudonyms in it cut short, where nobody has to be told apart."""
    return _PSEUDONYM.sub(lambda found: f"{found[0][:PSEUDONYM_SHOWN]}***", text)


def masked_json(raw: bytes) -> bytes:
    """A JSON document with the pseudonyms in its texts cut short."""
    return _with_strings(raw, masked_text)


def persons_in(raw: bytes) -> frozenset[str]:
    """Every pseudonym in an answer."""
    return frozenset(person for text in _strings_of(raw) for person in _PSEUDONYM.findall(text))


class Places:
    """Places in answers to go on after: a person is not named there, masked or not, and another question has another place for it."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()

    def of(self, name: str, asked: str) -> str:
        """The place of a subject in the answer to something that was asked. It is remembered."""
        if not _PSEUDONYM.search(name):
            return name
        place = _place(name, asked)
        self._names[place] = name
        self._names.move_to_end(place)
        while len(self._names) > PLACES_KEPT:
            self._names.popitem(last=False)
        return place

    def name_at(self, place: str, asked: str, page: Callable[[str, int], Sequence[Subject]]) -> str:
        """The name of the subject at a place: remembered, or among those that `page` gives after one of them. Raises BadQuestionError
        where it is neither.
        """
        if not place.startswith(_UNSEEN):
            return place
        remembered = self._names.get(place)
        if remembered is not None and _place(remembered, asked) == place:
            return remembered
        last = ""
        while found := page(last, _LOOKED_THROUGH_AT_ONCE):
            for each in found:
                if _place(each.name, asked) == place:
                    return each.name
            last = found[-1].name
        raise BadQuestionError(
            UNKNOWN_PLACE, "上一页末尾的对象已不在其中，请从第一页重新查询",
            "the last subject of the page before counts no more: ask again from the first page",
        )  # fmt: skip


def _place(name: str, asked: str) -> str:
    return f"{_UNSEEN}{sha256(f'place|{asked}|{name}'.encode()).hexdigest()[:24]}"


def _with_strings(raw: bytes, said: Callable[[str], str]) -> bytes:
    """A JSON document with what its strings say said otherwise, and every other byte as it was."""

    def string(found: re.Match[str]) -> str:
        text = orjson.loads(found[0])
        otherwise = said(text)
        return found[0] if otherwise == text else orjson.dumps(otherwise).decode()

    return _STRING.sub(string, raw.decode()).encode()


def _strings_of(raw: bytes) -> Iterator[str]:
    return (orjson.loads(found[0]) for found in _STRING.finditer(raw.decode()))
