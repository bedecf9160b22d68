r"""Resident ids (GB 11643) where none may be: found in free text, masked in bytes that are kept (PIPL; domain: personal data).

No contract has a field for one. A *valid* 18-digit id (real day of birth, right check character) and a *plausible* one of the old 15
digits (a province's code, a real day of birth) get a report refused; in kept bytes everything that merely has the shape is masked.

Spellings. Text is looked at as a reader would see it: JSON's `\uXXXX` undone, every character in its NFKC form (full-width digits) and
every decimal digit of whichever script (Arabic, Devanagari, …: `int()` reads them) and every Chinese one (〇一二…, 零壹贰…) as the ASCII
one, whether or not the JSON as a whole can be read. Up to three separators (blanks, line breaks, hyphens, dots, underscores, stars)
between two digits are looked through, and every 18 digits of a longer run count, for an id may be glued to a telephone number. Characters
that show nothing (joiners, selectors, the keycap around a digit) are looked through in any number; what they part is also read as parted,
for they may stand between two numbers. With separators in it, what starts within a group of digits is looked at only if it is valid, and
does not get a report refused if it starts behind six digits of its group: that is a unit's code with a day and a number behind it.
`330127-20100301-0001` is an id if its last digit happens to fit: nobody can tell. Slashes, colons, commas, equals signs and the like
(`_WIDE`) part numbers of a list as well as the groups of one: what has them in it must begin and end with a group.

Old ids. They have no check character, so other numbers of 15 digits may look like one. They are looked for unbroken, or parted where
region, year, month, day and number meet. These are none, even where one was meant: what stands within a longer code or digest (beside it
eight letters and digits, one a digit or all of them hexadecimal); the decimals of `0.…`; twelve digits with three behind a separator, which
is a unit's code and a running number (330127400201-001); what the numbers of a JSON list make together; a number of no province or no day.
They were given until 1999, and who was born before 1930 founds nothing: a year up to 29 is taken for one of this century, in a number that
begins with a county and a day (330127 250301 001). From 2030 on such a number cannot be told from the id of somebody born a century before,
and is refused. What is called a registration number (工商注册号) directly before it (注册号, 执照编号, a JSON field of that name) is none.

Entity codes. A code (GB 32100) may be a valid resident id by chance. What is, alone and whole, the value of one of `ENTITY_FIELDS` and has
the right check character of GB 32100 or, with 15 digits, the right check digit of a registration number (GS 15-2006), does not count as a
resident id: of ten old ids typed there nine are found. That is decided by the text of the JSON alone, so that the client, which parses no
contract, and the write service decide alike. Kept bytes are masked without any of these exceptions.

Cost. A text without enough digits in a row is passed after one look at its bytes; any other takes time in proportion to its length.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import decimal, normalize

from pydantic import TypeAdapter, ValidationError

from shared.contracts.base import EntityCode
from shared.resident_id import born_on_a_day, check_character

ENTITY_FIELDS = ("entity", "new_code", "entities")
"""The fields of contracts that hold an EntityCode, or a list of them."""

_BIRTHDAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_SHAPE_18 = re.compile(rf"(?=([1-9][0-9]{{5}}(?:18|19|20)[0-9]{{2}}{_BIRTHDAY}[0-9]{{3}}[0-9Xx]))".encode())
_WIDE = r"/\\:;,|~+=()\u2044\u2215\u3001\u3002"
"""Separators that also stand between the numbers of a list."""
_UNSEEN = (
    r"\xad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20f0\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\U000e0000-\U000e0fff"
)
"""Characters that show nothing of their own: joiners, marks of direction, selectors of a form, what is drawn around a digit (a keycap)."""
_ONE_UNSEEN = re.compile(f"[{_UNSEEN}]")
_BETWEEN = rf"\s\x00-\x1f\x7f-\x9f._\-\xb7\u2010-\u2015\u2212{_WIDE}{_UNSEEN}"
_GAP = rf"(?:\\[nrt/]|[{_BETWEEN}*]){{0,3}}+"
_WIDE_GAP = re.compile(rf"[{_WIDE}](?<!\\)|\\(?![nrt])")
_SHAPE_15 = re.compile(
    rf"(?<![0-9])([1-9][0-9]{{5}}){_GAP}([0-9]{{2}}){_GAP}(0[1-9]|1[0-2]){_GAP}(0[1-9]|[12][0-9]|3[01]){_GAP}([0-9]{{3}})(?![0-9])"
)
_NUMBERED_UNIT = re.compile(rf"[0-9]{{12}}{_GAP}[0-9]{{3}}")
"""The code of a unit and a running number behind it (330127400201-001), if there is a separator."""
_WITHIN_A_CODE = re.compile(r"(?=[0-9A-Za-z]{8})(?:[0-9A-Fa-f]{8}|[A-Za-z]{0,7}[0-9][0-9A-Za-z]*)")
"""What stands beside the digits of a digest or of a longer code, and not a name or a word."""
_PROVINCES = frozenset(
    map(str, (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82))
)  # fmt: skip
"""The first two digits of the regions (GB/T 2260)."""
_BORN_YEAR_MIN = 30
"""The earliest year in a 15-digit id that gets a report refused: 1930."""
_REGISTRATION = re.compile(r'(?:注册(?:号码?|编号)|执照(?:号码?|编号)?)[为是:"“\\\s(]{0,6}\Z')
"""What says that the number behind it is a registration number."""
_FRACTION = re.compile(r"(?<![0-9])0\.\Z")
"""What says that the digits behind it are those of a fraction."""
_RUN = re.compile(rf"[0-9](?:{_GAP}[0-9])*+(?:{_GAP}[Xx])?")
_STARS = re.compile(rf"\*(?:(?:\\[nrt/]|[{_BETWEEN}]){{0,3}}+\*){{8}}")
"""What masking leaves of the shortest id, with its separators."""
_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789Xx")
_DIGITS_OR_STAR = frozenset("0123456789*")
_REGION = 6
"""How many digits of an id tell the region."""
_ESCAPE = re.compile(r"\\u(?:([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|([0-9a-fA-F]{4}))")
_ENTITY = re.compile(rf'(?<!\\)"(?:{"|".join(ENTITY_FIELDS)})"\s*:\s*(?:"[0-9A-Z]*"|\[[\s",0-9A-Z]*\])')
_NUMBERS_LISTED = re.compile(r'("(?:[^"\\]|\\.)*+"?)|\[[-+.eE0-9,\s]*+\]', re.DOTALL)
"""A JSON string, or a list of numbers outside strings."""
_QUOTED_CODE = re.compile(r'"([0-9]{15}|[0-9]{17}[0-9X])"')
_ENTITY_CODE: TypeAdapter[str] = TypeAdapter(EntityCode)

_CHINESE_DIGITS = {
    ord(character): str(value)
    for value, alike in enumerate(("〇零○◯", "一壹弌幺", "二贰貳弍", "三叁叄參参弎", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖"))
    for character in alike
}
_CHINESE_DIGIT = re.compile(f"[{''.join(map(chr, _CHINESE_DIGITS))}]")
_OTHER_DIGITS = {code: str(value) for code in range(0x80, 0x20000) if (value := decimal(chr(code), None)) is not None}
"""The decimal digits of every script, none of which lies beyond the supplementary plane."""
_COMPATIBLE = _OTHER_DIGITS | {
    code: form
    for codes in (range(0x80, 0x3400), range(0xF900, 0x10000), range(0x1D400, 0x1D800), range(0x1F100, 0x1F200), range(0x1FBF0, 0x1FBFA))
    for code in codes
    if (form := normalize("NFKC", chr(code))) != chr(code)
}
"""The digits, and the NFKC forms of what may stand for a digit, an X or a separator. One by one: whole texts may cost a quadratic time."""
_COMPATIBLE_ONE = {code: form for code, form in _COMPATIBLE.items() if len(form) == 1}
"""Those that leave every character at its place."""
_LIKE_DIGITS = bytes({*b"0123456789Xx\xc2\xcb\xcc\xcd\xce\xd8\xe1\xe2\xe3\xef\xf0\xf3\x85\x89\x8a\x8b\x8d\x8f\x91\x92", *(
    chr(code).encode()[0] for code in _OTHER_DIGITS
)})  # fmt: skip
"""Digits, and the bytes of UTF-8 with which characters like digits and separators begin, or those for two digits go on."""
_AS_ZERO = bytes(0x30 if byte in _LIKE_DIGITS else 0x2E for byte in range(256))
_LEFT_OUT = bytes({*range(0x20), *b" ._-\\/:;,|~+=*()nrt\x7f", *range(0x80, 0xC0)} - {*_LIKE_DIGITS})
_RUN_OF_18, _RUN_OF_15 = b"0" * 18, b"0" * 15


def has_resident_id(text: bytes) -> bool:
    """Whether the UTF-8 text holds a resident id: a valid one of 18 digits, of a citizen or of a holder of a residence permit (81, 82,
    83), or a plausible one of the old 15.
    """
    plain = _unescaped_if_it_may_hold_one(text)
    if plain is None:
        return False
    seen = _ENTITY.sub(lambda field: _QUOTED_CODE.sub(_without_entity_code, field.group()), plain.translate(_COMPATIBLE))
    return any(
        any(found.valid and not found.behind_six for found in _found_18(form))
        or any(map(_plausible, _SHAPE_15.finditer(_NUMBERS_LISTED.sub(_told_apart, form))))
        for form in _forms(seen)
    )


def mask(text: bytes) -> bytes:
    """The text with everything that looks like a resident id replaced: the first six digits (the region) stay, the rest is stars."""
    unescaped = _unescaped_if_it_may_hold_one(text)
    if unescaped is None:
        return text
    plain = text.decode("utf-8", "surrogateescape")
    for form in (plain, unescaped, unescaped.translate(_COMPATIBLE)):  # the closest to what came that shows them all
        masked = _starred(form)
        if not _looks_like_one(_unescaped(masked).translate(_COMPATIBLE)):
            break
    return text if masked == plain else masked.encode("utf-8", "surrogateescape")


def is_masked(text: bytes) -> bool:
    """Whether something in what is kept was masked."""
    return _STARS.search(_ONE_UNSEEN.sub("", text.decode("utf-8", "surrogateescape"))) is not None


def mask_text(text: str) -> str:
    """`mask` for a text."""
    return mask(text.encode("utf-8", "backslashreplace")).decode()


def _unescaped_if_it_may_hold_one(text: bytes) -> str | None:
    """The text with JSON's escapes undone; None if there are not enough digits in a row at all: nearly always, and known at once."""
    if text.isascii() and b"\\u" not in text:
        return text.decode() if _RUN_OF_15 in text.translate(_AS_ZERO, _LEFT_OUT) else None
    unescaped = _unescaped(text.decode("utf-8", "surrogateescape"))
    looked = _CHINESE_DIGIT.sub("0", unescaped).encode("utf-8", "surrogateescape")
    return unescaped if _RUN_OF_15 in looked.translate(_AS_ZERO, _LEFT_OUT) else None


def _unescaped(text: str) -> str:
    """JSON's escapes undone, but for those that the text of a JSON string cannot do without."""
    return _ESCAPE.sub(_character, text) if "\\u" in text else text


def _character(escape: re.Match[str]) -> str:
    high, low, plain = escape.groups()
    if plain is None:
        return chr(0x10000 + (int(high, 16) - 0xD800 << 10) + int(low, 16) - 0xDC00)
    character = chr(int(plain, 16))
    needed = character in '"\\' or character < " " or 0xD800 <= ord(character) <= 0xDFFF
    return escape[0] if needed else character


def _without_entity_code(quoted: re.Match[str]) -> str:
    try:
        code = _ENTITY_CODE.validate_python(quoted[1])
    except ValidationError:
        return quoted[0]
    return '""' if len(code) == 18 or _is_registration_number(code) else quoted[0]


def _is_registration_number(code: str) -> bool:
    """Whether the last of the 15 digits checks the others: GS 15-2006, by ISO 7064 MOD 11,10."""
    product = 10
    for digit in code[:14]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (product + int(code[14])) % 10 == 1


def _told_apart(listed: re.Match[str]) -> str:
    """A string as it is; a list of numbers with what no number goes on behind."""
    return listed[0] if listed[1] is not None else listed[0].replace(",", "]")


class _Found(NamedTuple):
    """Something with the shape of an 18-digit id."""

    places: list[int]
    """Where its characters stand."""
    valid: bool
    behind_six: bool
    """Whether it has separators and exactly six digits of its first group stand before it."""


def _found_18(text: str) -> Iterator[_Found]:
    """Everything that may be an 18-digit id: valid, or of its shape and either without separators or starting with a group of digits."""
    for run in _RUN.finditer(text):
        digits = run[0].encode().translate(None, _NO_DIGITS)
        places: list[int] = []
        for match in _SHAPE_18.finditer(digits) if len(digits) >= len(_RUN_OF_18) else ():
            places = places or [place for place in range(*run.span()) if text[place] in "0123456789Xx"]
            first, last = match.span(1)
            valid, unbroken = _valid(match[1]), places[last - 1] - places[first] == last - first - 1
            before = _digits_before(text, places[first])
            within_groups = before or text[places[last - 1] + 1 : places[last - 1] + 2] in _DIGITS_OR_STAR
            if within_groups and not unbroken and _WIDE_GAP.search(text, places[first], places[last - 1]):
                continue
            if valid or unbroken or not before:
                yield _Found(places[first:last], valid, not unbroken and before == _REGION)


def _digits_before(text: str, place: int) -> int:
    """How many digits, up to seven, stand directly before; a star counts as one, for the masked text of an id begins no group."""
    return next((count for count in range(_REGION + 1) if place <= count or text[place - count - 1] not in _DIGITS_OR_STAR), _REGION + 1)


def _plausible(found: re.Match[str]) -> bool:
    """Whether what has the shape of a 15-digit id is one, as far as can be told."""
    text, (first, last) = found.string, found.span()
    region, year, month, day, _number = found.groups()
    if region[:2] not in _PROVINCES or int(year) < _BORN_YEAR_MIN or not born_on_a_day(f"{region}19{year}{month}{day}"):
        return False
    if last - first > len(_RUN_OF_15) and _NUMBERED_UNIT.fullmatch(found[0]):
        return False
    if _WITHIN_A_CODE.fullmatch(text, max(0, first - 8), first) or _WITHIN_A_CODE.match(text, last, last + 8):
        return False
    return _FRACTION.search(text, max(0, first - 3), first) is None and _REGISTRATION.search(text, max(0, first - 12), first) is None


def _forms(text: str) -> Iterator[str]:
    """The readings of a text, each as it is and without what shows nothing: a digit may be on either side of it, or two numbers."""
    for read in _readings(text):
        yield read
        if (shown := _ONE_UNSEEN.sub("", read)) != read:
            yield shown


def _readings(text: str) -> Iterator[str]:
    """A text as it is and, if that differs, with Chinese digits as others: the last character of a name (张三) may be one."""
    yield text
    if (read := text.translate(_CHINESE_DIGITS)) != text:
        yield read


def _starred(text: str) -> str:
    characters = list(text)
    for seen in _readings(text.translate(_COMPATIBLE_ONE)):
        shown = [place for place, character in enumerate(seen) if not _ONE_UNSEEN.match(character)]
        for places in (range(len(seen)), shown) if len(shown) < len(seen) else (shown,):
            looked = ["*" if characters[place] == "*" else seen[place] for place in places]
            for found in _found_18("".join(looked)):
                for at in found.places[_REGION:]:
                    characters[places[at]] = looked[at] = "*"
            for match in _SHAPE_15.finditer("".join(looked)):
                for at in (at for group in (2, 3, 4, 5) for at in range(*match.span(group))):
                    characters[places[at]] = "*"
    return "".join(characters)


def _looks_like_one(text: str) -> bool:
    return any(any(True for _ in _found_18(form)) or _SHAPE_15.search(form) is not None for form in _forms(text))


def _valid(id18: bytes) -> bool:
    return born_on_a_day(id18) and check_character(id18) == id18.upper()[17]
