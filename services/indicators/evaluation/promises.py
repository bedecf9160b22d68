"""What was promised about the rows of a board, each promise with where it stands, in the plan's own order. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Final
from unicodedata import normalize

from services.indicators.answers import Board, Row, TargetAnswer
from services.indicators.catalog import Release
from services.indicators.evaluation.plan import DOCUMENTS, Plan, Target, promised_to
from services.indicators.words import VARIANTS_ZH, WINDOWS_ZH, part_zh

_NUMBER: Final = re.compile("[〇零一二三四五六七八九十百]+|[0-9]+")
_DIGITS: Final = str.maketrans("〇零一二三四五六七八九", "00123456789")
_SPOKEN: Final = re.compile("(?:([1-9])百)?(?:([1-9]?)(十)([1-9]?)|0([1-9]))?")
"""十, 二十三, 一百, 一百零五, 一百一十 and 一百二十三, the digits as figures."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise about one row. `name` is what people call the row, `window` when it is to be kept, `department` who answers for it."""

    name: str
    window: str
    department: str
    row: Row
    target: Target
    stands: TargetAnswer

    @property
    def value(self) -> Fraction | None:
        """What the figure is, to six places; None where it is unknown or there is nothing to judge yet."""
        return None if self.row.value is None else Fraction(self.row.value)

    @property
    def goal(self) -> Fraction | None:
        """What was promised; None where that is the national average and nobody published it."""
        return None if self.stands.value is None else Fraction(self.stands.value)

    @property
    def expected(self) -> Fraction | None:
        """What is due by now, where there is a line or a milestone."""
        return None if self.stands.expected is None else Fraction(self.stands.expected)


class Naming:
    """What people call the rows of a release, and the windows and departments of a plan: made once for all that is told by it."""

    def __init__(self, plan: Plan, release: Release) -> None:
        self.windows = WINDOWS_ZH | {"plan_year": "全年"} | {name: window.zh for name, window in plan.windows.items()}
        self.departments = {each.code: each.name for each in plan.departments}
        self._indicators = {each.id: each.zh for each in release.indicators}
        self._documents = {each.document: each.quote for each in plan.duties if each.document is not None}

    def row(self, row: tuple[str, str, str | None]) -> str:
        """What a row (id, variant, part) is called: its indicator, in brackets the variant and the part where it is one."""
        id, variant, part = row
        documents = self._documents if id == DOCUMENTS else {}
        called = None if part is None else part_zh(part, variant) or documents.get(part) or part
        said = "·".join(word for word in (VARIANTS_ZH.get(variant, variant), called) if word)
        return self._indicators[id] + (f"（{said}）" if said else "")


def promises(board: Board, plan: Plan, naming: Naming) -> list[Promise]:
    """All of a board, by the plan's clauses; those of one clause as the board has them."""
    return sorted(_promises(board, plan, naming), key=lambda each: clause_order(each.target.clause))


def _promises(board: Board, plan: Plan, naming: Naming) -> Iterator[Promise]:
    for row in board.indicators:
        if row.targets:
            on = row.effective_as_of or row.window.first
            promised = promised_to(plan, board.unit, row.id, row.variant, row.part, on=on)
            name, window = naming.row((row.id, row.variant, row.part)), naming.windows[row.window.name]
            for target, stands in zip(promised, row.targets, strict=True):
                yield Promise(name, window, naming.departments[target.department], row, target, stands)


def clause_order(clause: str) -> tuple[tuple[float, ...], str]:
    """By which clauses of a plan's own numbering are sorted: 二(五) before 二(十), 三(二) before 三(二)1.

    A number that cannot be read comes after those that can, a clause without any at the end. Two clauses are never in one place.
    """
    numbers = _NUMBER.findall(normalize("NFKC", clause))
    return tuple(map(_number, numbers)) or (inf,), clause


def _number(text: str) -> float:
    """七 is 7, 十 is 10, 一百二十 is 120, 二〇二五 is 2025 and １２ is 12; infinite where it is no number, such as 十十."""
    figures = text.translate(_DIGITS)
    if figures.isdecimal():
        return int(figures)
    spoken = _SPOKEN.fullmatch(figures)
    if spoken is None:
        return inf
    hundreds, tens, ten, units, single = spoken.groups()
    return 100 * int(hundreds or 0) + 10 * int(tens or bool(ten)) + int(units or single or 0)
