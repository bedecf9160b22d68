r"""Resident ids (GB 11643) where none may be: found in free text, masked in bytes that are kept (PIPL; domain: personal data).

No contract has a field for one. A *valid* 18-digit id (real day of birth, right check character) gets a report refused; in kept bytes
everything that merely has the shape is masked, 15-digit ids of the old kind too.

Spellings. Text is looked at as a reader would see it: JSON's `\uXXXX` undone and NFKC-normalised (full-width digits), whether or not
the JSON as a whole can be read. Every 18 characters of a longer run of digits count, for an id may be glued to a telephone number.
Up to three separators (blanks, line breaks, hyphens, dots, underscores) between two digits are looked through, but such an id starts
where a group of digits starts: a village's code, a day and a number in a row are none. `330127-20100301-0001` still is one if its last
digit happens to fit: nobody can tell.

Entity codes. A code (GB 32100) may be a valid resident id by chance. What is, alone and whole, the value of one of `ENTITY_FIELDS` and
has the right check character of GB 32100 does not count as a resident id. That is decided by the text of the JSON alone, so that the
client, which parses no contract, and the write service decide alike. Kept bytes are masked without that exception.
"""

import re
from datetime import date
from unicodedata import normalize

from pydantic import TypeAdapter, ValidationError

from shared.contracts.base import EntityCode

ENTITY_FIELDS = ("entity", "new_code", "entities")
"""The fields of contracts that hold an EntityCode, or a list of them."""

_BIRTHDAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_UNBROKEN = re.compile(rf"(?=([1-9][0-9]{{5}}(?:18|19|20)[0-9]{{2}}{_BIRTHDAY}[0-9]{{3}}[0-9Xx]))")
_GAP = r"(?:[\s._\-\xad\xb7\u200b-\u200d\u2010-\u2015\u2212]|\\[nrt]){0,3}"
_BROKEN = re.compile(rf"(?<![0-9])(?=([1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9Xx]))")
_SHAPE_15 = re.compile(rf"(?<![0-9])[1-9][0-9]{{5}}[0-9]{{2}}{_BIRTHDAY}[0-9]{{3}}(?![0-9])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_DIGITS_AS_ZERO = bytes(0x30 if 0x30 <= byte <= 0x39 or byte in b"Xx" else 0x2E for byte in range(256))
_OF_GAPS = b" \t\r\n._-\\nrt" + "\xad\xb7\u200b\u200c\u200d\u2010\u2011\u2012\u2013\u2014\u2015\u2212".encode()
_RUN_OF_18, _RUN_OF_15 = b"0" * 18, b"0" * 15
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ENTITY = re.compile(rf'(?<!\\)"(?:{"|".join(ENTITY_FIELDS)})"\s*:\s*(?:"[0-9A-Z]*"|\[[\s",0-9A-Z]*\])')
_QUOTED_CODE = re.compile(r'"([0-9]{17}[0-9X])"')
_ENTITY_CODE: TypeAdapter[str] = TypeAdapter(EntityCode)


def has_resident_id(text: bytes) -> bool:
    """Whether the UTF-8 text holds a valid 18-digit resident id, of a citizen or of a holder of a residence permit (81, 82, 83)."""
    if not _may_hold(text, _RUN_OF_18):
        return False
    seen = normalize("NFKC", _unescaped(text.decode("utf-8", "surrogateescape")))
    seen = _ENTITY.sub(lambda field: _QUOTED_CODE.sub(_without_entity_code, field.group()), seen)
    return any(_valid(id18) for _, id18 in _shapes_18(seen))


def mask(text: bytes) -> bytes:
    """The text with everything that looks like a resident id replaced: the first six digits (the region) stay, the rest is stars."""
    if not _may_hold(text, _RUN_OF_15):
        return text
    plain = text.decode("utf-8", "surrogateescape")
    for form in (plain, _unescaped(plain), normalize("NFKC", _unescaped(plain))):  # the closest to what came that shows them all
        masked = _starred(form)
        if not _looks_like_one(normalize("NFKC", _unescaped(masked))):
            break
    return text if masked == plain else masked.encode("utf-8", "surrogateescape")


def mask_text(text: str) -> str:
    """`mask` for a text."""
    return mask(text.encode("utf-8", "backslashreplace")).decode()


def _may_hold(text: bytes, run: bytes) -> bool:
    """Whether there are that many digits in a row at all: many times as fast as the patterns, and nearly always the end of it."""
    if b"\\u" in text:
        text = _unescaped(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if not text.isascii():
        text = normalize("NFKC", text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return run in text.translate(_DIGITS_AS_ZERO, _OF_GAPS)


def _unescaped(text: str) -> str:
    """JSON's escapes undone, but for those that the text of a JSON string cannot do without."""
    return _ESCAPE.sub(_character, text) if "\\u" in text else text


def _character(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    needed = character in '"\\' or character < " " or 0xD800 <= ord(character) <= 0xDFFF
    return escape[0] if needed else character


def _without_entity_code(quoted: re.Match[str]) -> str:
    try:
        _ENTITY_CODE.validate_python(quoted[1])
    except ValidationError:
        return quoted[0]
    return '""'


def _shapes_18(text: str) -> list[tuple[list[int], str]]:
    """Everything with the shape of an 18-digit id: where its characters stand, and the id without separators."""
    found = [(list(range(*match.span(1))), match[1]) for match in _UNBROKEN.finditer(text)]
    for match in _BROKEN.finditer(text):
        places = [place for place in range(*match.span(1)) if text[place] in "0123456789Xx"]
        id18 = "".join(text[place] for place in places)
        if _UNBROKEN.match(id18):
            found.append((places, id18))
    return found


def _starred(text: str) -> str:
    seen = "".join(character if character.isascii() else _like(character) for character in text)
    characters, looked = list(text), list(seen)
    for places, _ in _shapes_18(seen):
        for place in places[6:]:
            characters[place] = looked[place] = "*"
    for match in _SHAPE_15.finditer("".join(looked)):
        characters[match.start() + 6 : match.end()] = "*" * 9
    return "".join(characters)


def _like(character: str) -> str:
    """The character in its NFKC form, if that is one character."""
    form = normalize("NFKC", character)
    return form if len(form) == 1 else character


def _looks_like_one(text: str) -> bool:
    return bool(_shapes_18(text)) or _SHAPE_15.search(text) is not None


def _valid(id18: str) -> bool:
    try:
        date(int(id18[6:10]), int(id18[10:12]), int(id18[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, id18, strict=False))
    return _CHECKS[total % 11] == id18[17].upper()
