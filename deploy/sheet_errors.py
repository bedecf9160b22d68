"""Cells that have no value: how they look, and how many of them are told. And what whoever reads a workbook says of one it cannot read."""

import re
from typing import Final

WITHOUT_VALUE_MAX: Final = 1_000_000
"""So many cells without a value are told of a sheet; where more are, telling any is of no use."""
_ERROR: Final = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)|(?:Err|错误):[0-9]{3}")


class TooManyWithoutValue(Exception):
    """More cells than can be told have no value."""


class Unreadable(Exception):
    """The file is no workbook that can be read; the message says why."""


def is_error(text: str) -> bool:
    """Whether it is what spreadsheets show in a cell whose formula has no value; texts made from them hold it too."""
    return _ERROR.fullmatch(text.strip()) is not None


def require_few(count: int) -> None:
    """Raises TooManyWithoutValue for so many cells without a value."""
    if count > WITHOUT_VALUE_MAX:
        raise TooManyWithoutValue
