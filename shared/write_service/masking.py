"""Resident ids (GB 11643) where none may be: found in free text, masked in bytes that are kept (PIPL; domain: personal data).

No contract has a field for one. A *valid* 18-digit id (real day of birth, right check character) gets a report refused; in kept bytes
everything that merely has the shape is masked, 15-digit ids of the old kind too.
"""

import re
from datetime import date

_BIRTHDAY = rb"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_SHAPE_18 = re.compile(rb"(?<![0-9])[1-9][0-9]{5}(?:18|19|20)[0-9]{2}" + _BIRTHDAY + rb"[0-9]{3}[0-9Xx](?![0-9])")
_SHAPE_15 = re.compile(rb"(?<![0-9])[1-9][0-9]{5}[0-9]{2}" + _BIRTHDAY + rb"[0-9]{3}(?![0-9])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = b"10X98765432"
_DIGITS_AS_ZERO = bytes(0x30 if 0x30 <= byte <= 0x39 or byte in b"Xx" else 0x2E for byte in range(256))
_RUN_OF_18 = b"0" * 18


def has_resident_id(text: bytes) -> bool:
    """Whether the UTF-8 text holds a valid 18-digit resident id, of a citizen or of a holder of a residence permit (81, 82, 83)."""
    if _RUN_OF_18 not in text.translate(_DIGITS_AS_ZERO):  # ten times as fast as the pattern, and nearly always the end of it
        return False
    return any(_valid(found.group()) for found in _SHAPE_18.finditer(text))


def mask(text: bytes) -> bytes:
    """The text with everything that looks like a resident id replaced: the first six digits (the region) stay, the rest is stars."""
    masked = _SHAPE_18.sub(lambda found: found.group()[:6] + b"*" * 12, text)
    return _SHAPE_15.sub(lambda found: found.group()[:6] + b"*" * 9, masked)


def mask_text(text: str) -> str:
    """`mask` for a text."""
    return mask(text.encode("utf-8", "backslashreplace")).decode()


def _valid(id18: bytes) -> bool:
    try:
        date(int(id18[6:10]), int(id18[10:12]), int(id18[12:14]))
    except ValueError:
        return False
    total = sum(weight * (digit - 0x30) for weight, digit in zip(_WEIGHTS, id18, strict=False))
    return _CHECKS[total % 11] == id18[17:].upper()[0]
