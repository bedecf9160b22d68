"""Identifiers as the departments' systems write them: pseudonyms, entity codes with their check characters, unit codes that never were."""

from datetime import date
from random import Random

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _CROCKFORD for b in _CROCKFORD)

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_VALUE = {character: value for value, character in enumerate(_USCC)}
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_VALUE = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_SPREADSHEET_EPOCH = date(1899, 12, 30).toordinal()
_NUMBERS = 31**6
_STRIDE = 340_282_367
"""Coprime to 31, so that counting in these strides visits every organisation number once before it repeats."""


def pseudonym(random: Random) -> str:
    """A person's random pseudonym: `P` and 80 random bits in Crockford's base 32."""
    bits = random.getrandbits(80)
    pairs = _PAIRS
    return (
        "P" + pairs[bits & 1023] + pairs[bits >> 10 & 1023] + pairs[bits >> 20 & 1023] + pairs[bits >> 30 & 1023]
        + pairs[bits >> 40 & 1023] + pairs[bits >> 50 & 1023] + pairs[bits >> 60 & 1023] + pairs[bits >> 70]
    )  # fmt: skip


def check_character(code: str) -> str:
    """The 18th character of a unified social credit code (GB 32100) with these first 17."""
    value = _VALUE
    return _USCC[-sum(value[c] * w for c, w in zip(code, _USCC_WEIGHTS, strict=True)) % 31]


def _organisation_check(number: str) -> str:
    value = 11 - sum(_ORGANISATION_VALUE[c] * w for c, w in zip(number, _ORGANISATION_WEIGHTS, strict=True)) % 11
    return "X" if value == 10 else "0" if value == 11 else str(value)


def _registration_check(number: str) -> str:
    """The 15th digit of a registration number: ISO 7064 MOD 11,10."""
    product = 10
    for digit in number:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


class EntityCodes:
    """Hands out codes of entities, none twice."""

    def __init__(self, random: Random, county: str) -> None:
        self._district = county[:6]
        self._next = random.randrange(_NUMBERS)
        self._registration = random.randrange(10**6)

    def unified(self, *, enterprise: bool) -> str:
        """统一社会信用代码: 91 for an enterprise, 92 for an individual business."""
        self._next = rest = (self._next + _STRIDE) % _NUMBERS
        letters = ""
        for _ in range(6):
            rest, digit = divmod(rest, 31)
            letters += _USCC[digit]
        number = "MA" + letters
        code = ("91" if enterprise else "92") + self._district + number + _organisation_check(number)
        return code + check_character(code)

    def registration_number(self) -> str:
        """工商注册号: the 15-digit number (GS 15-2006) an entity had before it was given a unified code."""
        self._registration += 1
        number = f"{self._district}6{self._registration:07d}"
        return number + _registration_check(number)


def with_wrong_check(code: str) -> str:
    """The code as a clerk mistypes it: its check character is another one."""
    return code[:17] + _USCC[(_VALUE[code[17]] + 7) % 31]


_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def full_width(code: str) -> str:
    """The code as a Chinese input method writes its digits (全角)."""
    return code.translate(_FULL_WIDTH)


def without_zeros(id: str) -> str:
    """A running number such as `jiuye-00000012` after a spreadsheet took its last part for a number."""
    system, _, number = id.rpartition("-")
    return f"{system}-{int(number)}"


def spreadsheet_day(day: int) -> int:
    """A day (an ordinal) as the number that spreadsheets show for it: 1 January 1900 is 1, and 29 February 1900 is believed in."""
    return day - _SPREADSHEET_EPOCH


def unknown_unit(random: Random, county: str) -> str:
    """A well-formed code of a village in this county that no roster lists (township numbers stay far below 350)."""
    return f"{county[:6]}{350 + random.randrange(50)}{300 + random.randrange(99)}"
