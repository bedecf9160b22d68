"""Resident ids made up for tests, with their check character by python-stdnum, and where they are found although they may not be."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from stdnum.cn.ric import calc_check_digit


def resident_id(number: int, *, region: str = "330127", born: str = "19870412") -> str:
    """The id of one of a thousand persons born that day in that region."""
    id17 = f"{region}{born}{number:03d}"
    return id17 + str(calc_check_digit(f"{id17}0"))


def old_form(id18: str) -> str:
    """The 15 digits that the same person had before."""
    return id18[:6] + id18[8:17]


def files_holding(sought: list[bytes], places: Iterable[Path]) -> list[Path]:
    """The files, in these places, that hold any of these. Servers may be at work on them."""
    found = []
    for file in (file for place in places for file in (place, *place.rglob("*")) if file.is_file()):
        with suppress(FileNotFoundError):  # gone meanwhile
            content = file.read_bytes()
            found += [file] if any(each in content for each in sought) else []
    return found
