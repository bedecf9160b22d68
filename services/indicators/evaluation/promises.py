"""What was promised about the rows of a board, each promise with where it stands, in the plan's own order. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.indicators.answers import Board, Row, TargetAnswer
from services.indicators.catalog import Release
from services.indicators.evaluation.plan import DOCUMENTS, Plan, Target, promised_to
from services.indicators.words import VARIANTS_ZH, WINDOWS_ZH, part_zh

_DIGITS: Final = "零一二三四五六七八九"
_NUMBER: Final = re.compile(f"[十{_DIGITS}]+|[0-9]+")


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


def promises(board: Board, plan: Plan, release: Release) -> list[Promise]:
    """All of a board that a release answered, by the plan's clauses; those of one clause as the board has them."""
    return sorted(_promises(board, plan, release), key=lambda each: clause_order(each.target.clause))


def _promises(board: Board, plan: Plan, release: Release) -> Iterator[Promise]:
    windows = WINDOWS_ZH | {"plan_year": "全年"} | {name: window.zh for name, window in plan.windows.items()}
    departments = {each.code: each.name for each in plan.departments}
    for row in board.indicators:
        if row.targets:
            on = row.effective_as_of or row.window.first
            promised = promised_to(plan, board.unit, row.id, row.variant, row.part, on=on)
            name, window = row_name((row.id, row.variant, row.part), plan, release), windows[row.window.name]
            for target, stands in zip(promised, row.targets, strict=True):
                yield Promise(name, window, departments[target.department], row, target, stands)


def row_name(row: tuple[str, str, str | None], plan: Plan, release: Release) -> str:
    """What people call a row (id, variant, part): its indicator, in brackets the variant and the part where it is one."""
    id, variant, part = row
    documents = {each.document: each.quote for each in plan.duties if each.document is not None} if id == DOCUMENTS else {}
    called = None if part is None else part_zh(part, variant) or documents.get(part) or part
    said = "·".join(word for word in (VARIANTS_ZH.get(variant, variant), called) if word)
    zh = next(each.zh for each in release.indicators if each.id == id)
    return zh + (f"（{said}）" if said else "")


def clause_order(clause: str) -> tuple[int, ...]:
    """By which clauses of a plan's own numbering are sorted: 二(五) before 二(十), 三(二) before 三(二)1."""
    return tuple(map(_number, _NUMBER.findall(clause)))


def _number(text: str) -> int:
    """Up to 99: 七 is 7, 十 is 10, 二十三 is 23."""
    if text.isascii():
        return int(text)
    tens, ten, units = text.rpartition("十")
    if not ten:
        return int("".join(str(_DIGITS.index(digit)) for digit in units))
    return 10 * (_DIGITS.index(tens[-1]) if tens else 1) + (_DIGITS.index(units[-1]) if units else 0)
