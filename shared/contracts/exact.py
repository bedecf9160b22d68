"""Values exactly as the published schemas write them: what would have to be read into them is refused.

A record keeps the bytes that were reported, for ever and for every reader. A `true` taken for 1 here would be another value to
whoever reads the record with other eyes.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Strict, WithJsonSchema

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_CONTROLS = r"\x00-\x08\x0B-\x1F\x7F-\x9F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF"
"""Characters that move a screen's cursor, show nothing, or turn the order of others around."""
_LINES = re.compile(rf"[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*")
LINE_PATTERN = rf"^[^\t\n{_CONTROLS}]*[^\s{_CONTROLS}][^\t\n{_CONTROLS}]*$"
"""What `LINE` demands, for a schema that is to tell it."""


def _day(value: object) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no day {value} / 没有 {value} 这一天") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("a day is written YYYY-MM-DD / 日期应写作 YYYY-MM-DD")


def _number(value: object) -> object:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    raise ValueError('a number is written 0.95 or "0.95" / 数值应写作 0.95 或 "0.95"')


def _readable(text: str) -> str:
    if _LINES.fullmatch(text) is None:
        raise ValueError("a text needs a visible character and has no control characters / 文字须有可见字符，且不得含控制字符")
    return text


def _readable_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("a text of one line / 文字不得换行")
    return _readable(text)


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day as `YYYY-MM-DD` and in no other spelling."""
Whole = Annotated[int, Strict()]
"""A whole number: no text, no truth value, no 5.0."""
Flag = Annotated[bool, Strict()]
"""true or false."""
NUMBER = BeforeValidator(_number)
"""For a `Decimal`: a JSON number, or its digits as text."""
LINES = AfterValidator(_readable)
"""Something to read, over several lines or one: a visible character at least, and no control characters."""
LINE = AfterValidator(_readable_line)
"""The same on one line."""


def as_set(zh: str, en: str, key: Callable[[Any], Any] | None = None) -> AfterValidator:
    """For a tuple that is a *set* of some things: the order in which they are named makes no other content. Refuses one named twice."""

    def check(members: tuple[Any, ...]) -> tuple[Any, ...]:
        keys = [key(member) if key else member for member in members]
        if len(set(keys)) < len(keys):
            raise ValueError(f"a {en} is named twice / {zh}重复")
        return tuple(sorted(members, key=key))

    return AfterValidator(check)
