"""The template of one type of fact: a sheet with locked headers, drop-downs and text cells for codes, and a page of instructions."""

from io import BytesIO
from typing import Final

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from deploy.spreadsheets.cells import EXACT_DIGITS
from deploy.spreadsheets.columns import CellKind, Column, columns_of
from deploy.spreadsheets.words import CHOICES, INSTRUCTIONS
from shared.contracts import AnyFact
from shared.contracts.base import Placed

_ROWS_MAX: Final = 1_048_576
"""So many rows a sheet has, says Excel."""
_SEVERAL_ZH: Final = "；多个之间用“；”隔开"
_PROMPT_MAX: Final = 255
"""So many characters a prompt or an error may have, says Excel."""
_HEADER: Final = PatternFill("solid", fgColor="D9E2F3")
_REQUIRED: Final = PatternFill("solid", fgColor="FCE4D6")
_TEXT_FORMAT: Final = "@"
_KINDS_ZH: Final[dict[CellKind, str]] = {
    "text": "文字", "code": "编号：字母、数字、- 和 _，至多 64 位",
    "unit": "12 位统计用区划代码", "entity": "18 位统一社会信用代码，或 15 位旧注册号",
    "person": "18 位身份证号（15 位旧号、港澳台居民居住证号也可），导入时换成人员编号，原号不保存",
    "day": "日期，如 2010-05-20", "whole": "整数",
    "money": "金额，单位元，至多两位小数", "decimal": "数值，如 0.95 或 95%", "flag": "是 或 否", "choice": "从下拉列表选择",
}  # fmt: skip


def template(fact: type[AnyFact]) -> bytes:
    """The workbook, .xlsx."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = fact.zh
    _fill_in_sheet(book, sheet, columns_of(fact))
    _instructions(book.create_sheet(INSTRUCTIONS), fact)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _fill_in_sheet(book: Workbook, sheet: Worksheet, columns: tuple[Column, ...]) -> None:
    choices = book.create_sheet(CHOICES)
    choices.sheet_state = "hidden"
    for place, column in enumerate(columns, start=1):
        letter = get_column_letter(place)
        header = sheet.cell(1, place, column.zh + ("*" if column.required else ""))
        header.font, header.alignment = Font(bold=True), Alignment(wrap_text=True, horizontal="center", vertical="center")
        header.fill = _REQUIRED if column.required else _HEADER
        header.comment = Comment(_meaning(column), "kaiye")
        below = sheet.column_dimensions[letter]  # what a column says holds for every cell that is not written
        below.width = 22 if column.kind in {"unit", "entity", "person", "text"} else 14
        below.protection = Protection(locked=False)
        if column.kind not in {"whole", "money", "decimal"}:
            below.number_format = _TEXT_FORMAT  # a number would lose digits and leading zeros
        words = ["是", "否"] if column.kind == "flag" else [zh for zh, _ in column.choices]
        if words and not column.many:
            _validate(sheet, letter, _drop_down(choices, letter, place, words))
        elif words:
            _validate(sheet, letter, _prompt(column))
    sheet.row_dimensions[1].height = 36
    sheet.freeze_panes = "A2"
    sheet.protection.sheet = True  # the header only: all cells below are free, columns may be widened
    sheet.protection.insertRows = sheet.protection.deleteRows = sheet.protection.formatColumns = sheet.protection.sort = False


def _validate(sheet: Worksheet, letter: str, validation: DataValidation) -> None:
    """For the whole column below its header."""
    validation.add(f"{letter}2:{letter}{_ROWS_MAX}")
    sheet.add_data_validation(validation)


def _drop_down(choices: Worksheet, letter: str, place: int, words: list[str]) -> DataValidation:
    for row, word in enumerate(words, start=1):
        choices.cell(row, place, word)
    validation = DataValidation("list", formula1=f"'{CHOICES}'!${letter}$1:${letter}${len(words)}", allow_blank=True)
    validation.error = f"只能填：{'、'.join(words)}"[:_PROMPT_MAX]
    validation.errorTitle, validation.showErrorMessage = "不在可选项中", True
    return validation


def _prompt(column: Column) -> DataValidation:
    """What to type in a cell of several choices, beside the cell when it is chosen: no drop-down of Excel's takes more than one."""
    return DataValidation(showInputMessage=True, promptTitle="可填多项", prompt=_meaning(column)[:_PROMPT_MAX])


def _meaning(column: Column) -> str:
    several = column.many and column.kind == "choice"
    text = ("必填。" if column.required else "可不填。") + ("照下列词语填写" if several else _KINDS_ZH[column.kind])
    if column.many:
        text += _SEVERAL_ZH
    if column.choices:
        text += f"：{'、'.join(zh for zh, _ in column.choices)}"
    return text


def _instructions(sheet: Worksheet, fact: type[AnyFact]) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 90
    lines = [
        (f"{fact.zh} 填写说明", fact.type),
        ("一行一条", f"在“{fact.zh}”页从第 2 行起填写；表头不要改动，带 * 的列必填。"),
        ("代码", f"代码和证件号的列已设为文本格式。数字格式的单元格只保留前 {EXACT_DIGITS} 位，从别处粘贴时请选“只粘贴文本”。"),
        *([("单位或园区", "“所在单位代码”与“园区代码”至少填一项：填事实发生的最低一级单位。")] if issubclass(fact, Placed) else []),
        ("导入", "kaiye import 文件名。退回的行连同原因另存为一个表格，改好后再次导入即可；已记录的行再次导入不会重复。"),
        ("", ""),
        *((column.zh + ("*" if column.required else ""), _meaning(column)) for column in columns_of(fact)),
    ]
    for row, (name, text) in enumerate(lines, start=1):
        sheet.cell(row, 1, name).font = Font(bold=True, size=14 if row == 1 else 11)
        cell = sheet.cell(row, 2, text)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
