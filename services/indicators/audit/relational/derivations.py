"""What a program derives row by row, because each step depends on the one before: few rows, plain functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


def oldest_codes(replaced: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(code, the oldest code of its entity) of every code that replaced another or was replaced, from replacements in history order.

    Of codes that replaced one another, in whatever direction, the first one replaced stands for the entity.
    """
    groups: dict[str, list[str]] = {}
    for each in replaced:
        old, new = (groups.setdefault(code, [code]) for code in (each["entity"], each["new_code"]))
        if old is not new:
            old += new
            groups.update(dict.fromkeys(new, old))
    return [(code, group[0]) for code, group in groups.items()]


DERIVATIONS: dict[str, Callable[[Iterable[Mapping[str, Any]]], Sequence[tuple[Any, ...]]]] = {"oldest_codes": oldest_codes}
"""The functions a program may name."""
