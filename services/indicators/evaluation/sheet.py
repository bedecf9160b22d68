"""The scoring sheet (考评标准) as data: which items earn how many points by which rule, over the plan's five systems.

One TOML file, read by `sheet_file.read_sheet`; what must be consistent within it and beside the plan and the catalogue: `sheet_check`.
What the rules mean, point for point: `rules`.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.indicators.evaluation.plan import Clause, DepartmentCode, Number, RowName, System, Words

SHEET_FILE: Final = "sheet.toml"
POINT_PLACES: Final = 2
"""Points are exact decimals of so many places; a part of an item's points is rounded down to them, so that nobody is given all the points
for less than all that was asked, and sums are sums of what is shown."""

Rule = Literal["threshold", "proportional", "tiered", "deduct", "bonus", "veto", "benchmark", "baseline"]
"""How an item earns its points: `rule_words.RULES` says it of each."""
APART: Final[frozenset[Rule]] = frozenset({"bonus", "veto"})
"""The rules whose items are no part of the sheet's total."""
COMPARING: Final[frozenset[Rule]] = frozenset({"benchmark", "baseline"})
"""The rules that hold a figure against others' figures, not against a number."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScoredSystem(_Part):
    """体系: one of the plan's five systems and the points that its items add up to."""

    system: System
    name: Words
    points: Number


class Item(_Part):
    """考评项目: one line of the sheet, about a row of the board (`indicator`, `variant`, `part`) or a duty of the plan file (`duty`).

    `reach` is the figure for all the points; without it the plan's own target of the row. `half` is the figure for half of them (tiered).
    `each` are the points lost for each that is missing (deduct). `department` answers for it; without it who answers for the target, or
    whoever owes the duty. `evidence` names the documents to be shown (佐证材料).
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    system: System
    clause: Clause
    zh: Words
    en: Words
    rule: Rule
    points: Number | None = None
    indicator: RowName | None = None
    variant: RowName = "default"
    part: Words | None = None
    duty: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = None
    reach: Number | None = None
    half: Number | None = None
    each: Number | None = None
    department: DepartmentCode | None = None
    evidence: Words


class Sheet(_Part):
    """A scoring sheet. `points` is what its systems add up to, bonuses and vetoes apart.

    `pass_share` is the part of the attainable points from which on the evaluation is passed (达标线); `rectify_days` is how many days
    after the as-of day what was missed has to be put right (整改期限).
    """

    name: Words
    points: Number
    pass_share: Number
    rectify_days: Annotated[int, Field(ge=1, le=366)]
    systems: tuple[ScoredSystem, ...]
    items: tuple[Item, ...]
