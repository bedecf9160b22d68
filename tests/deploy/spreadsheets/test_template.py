"""What a clerk finds in a template: every row free to be filled in, choices offered or told, and a small file."""

from io import BytesIO
from typing import Final

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from deploy.spreadsheets.columns import columns_of, reportable
from deploy.spreadsheets.template import template
from deploy.spreadsheets.words import CHOICES, INSTRUCTIONS
from shared.contracts import AnyFact

LAST_ROW: Final = 1_048_576
"""Of a sheet, in Excel."""
BYTES_MAX: Final = 30_000


@pytest.mark.parametrize("fact", reportable(), ids=lambda fact: fact.type)
def test_every_row_can_be_filled_in_and_choices_are_offered_or_told(fact: type[AnyFact]) -> None:
    written = template(fact)
    assert len(written) < BYTES_MAX
    book = load_workbook(BytesIO(written))
    sheet, meanings = book[fact.zh], {row[0].value: row[1].value for row in book[INSTRUCTIONS].iter_rows(max_col=2)}
    assert sheet.protection.sheet
    assert sheet.max_row == 1, "no row is written that nobody filled in"
    for place, column in enumerate(columns_of(fact), start=1):
        letter = get_column_letter(place)
        assert sheet[f"{letter}1"].protection.locked
        below = sheet.column_dimensions[letter]
        assert not below.protection.locked
        assert (below.number_format == "@") == (column.kind not in {"whole", "money", "decimal"})
        found = [each for each in sheet.data_validations.dataValidation if f"{letter}2:{letter}{LAST_ROW}" == str(each.sqref)]
        meaning = str(meanings[column.zh + ("*" if column.required else "")])
        words = [zh for zh, _ in column.choices]
        assert [each.type for each in found] == ([None] if column.many and words else ["list"] if words or column.kind == "flag" else [])
        assert ("下拉" in meaning) == (bool(words) and not column.many)
        for each in found:
            if column.many:
                assert (each.showInputMessage, each.prompt) == (True, meaning)
                assert "“；”" in meaning
                assert all(word in meaning for word in words)
            else:
                assert each.showErrorMessage
                assert each.formula1 == f"'{CHOICES}'!${letter}$1:${letter}${len(words) or 2}"
