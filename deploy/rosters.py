"""A roster (花名册): the persons who count in a figure, one per line, for WPS and Excel. Pure.

Persons are known by pseudonym alone, and of that a list shows the first characters: enough to tell lines apart. Whole pseudonyms, by
which a department can find its own people again, stand only in a roster that is recorded as unmasked.
"""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Final

from deploy.cli.explain_file import BOM, cell
from deploy.cli.tables import Json
from services.indicators.api.flags import masked
from shared.contracts.base import subject_of

COLUMNS: Final = (
    "序号 number", "人员代码 person", "度量 measure", "数额 amount", "计入单位 at", "计入地点 places", "部分 parts", "自 since",
    "事实 facts", "报送部门 departments",
)  # fmt: skip


def persons_of(subjects: Iterable[Json]) -> list[Json]:
    """The persons among the subjects of a figure, in order of their pseudonyms."""
    return sorted((each for each in subjects if each["kind"] == "person"), key=lambda each: (each["subject"], each["measure"]))


def number_of(persons: Iterable[Json]) -> int:
    """How many different persons they are."""
    return len({each["subject"] for each in persons})


def roster(persons: Iterable[Json], *, unmasked: bool) -> bytes:
    """The file."""
    file = StringIO(newline="")
    file.write(BOM)
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for number, each in enumerate(persons, start=1):
        shown = each["subject"] if unmasked else masked(subject_of("person", each["subject"])).removeprefix("person:")
        counting = each["counting"]
        writer.writerow([cell(value) for value in (
            number, shown, each["measure"], each["amount"], each["at"],
            _each(one["park"] or one["unit"] for one in counting), _each(one["part"] for one in counting),
            _each(one["since"] for one in counting), len(each["facts"]), _each(fact["department"] for fact in each["facts"]),
        )])  # fmt: skip
    return file.getvalue().encode()


def file_name(unit: str, id: str, variant: str, as_of: str, *, unmasked: bool) -> str:
    """单位_报表_期间."""
    return f"{unit}_{'花名册' if unmasked else '花名册（脱敏）'}-{id}.{variant}_{as_of}.csv"


def _each(texts: Iterable[str | None]) -> str:
    return "；".join(dict.fromkeys(text for text in texts if text is not None))
