"""A roster as people keep it: what is understood, what is refused, and where it says so."""

from pathlib import Path

import openpyxl
import pytest

from deploy.roster_file import RosterFile, cell_name, read_roster, understood_code
from deploy.sheet_files import BadSheetFile
from services.indicators.evaluation.county import load_county

COUNTY = "330127000000"
EXAMPLE = Path(__file__).parents[2] / "deploy" / "counties" / "example"
HEADER = "code,name,kind,urban_rural_class\n"
ABOVE = "330127000000,安岭县,county,\n330127100000,云溪镇,township,\n"


def _csv(folder: Path, text: str, encoding: str = "utf-8") -> RosterFile:
    file = folder / "roster.csv"
    file.write_bytes(text.encode(encoding))
    return read_roster(file, COUNTY)


def _refusals(found: RosterFile) -> list[tuple[int, str | None, str]]:
    return [(note.row, note.cell, note.en) for note in found.refused]


def test_the_examples_roster_reads_as_the_county_reads_it() -> None:
    found = read_roster(EXAMPLE / "roster.csv", COUNTY)
    assert tuple(found.roster) == load_county(EXAMPLE).roster
    assert (found.understood, found.refused) == ([], [])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_however_a_spreadsheet_saved_it(tmp_path: Path, encoding: str, line_end: str) -> None:
    found = _csv(tmp_path, (HEADER + ABOVE).replace("\n", line_end), encoding)
    assert [unit.name for unit in found.roster] == ["安岭县", "云溪镇"]
    assert [note.en for note in found.understood] == (["the file is read as GBK."] if encoding == "gb18030" else [])


def test_excel_is_read_with_codes_as_numbers_or_text_and_columns_in_chinese(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("序号", "单位名称", "代码", "类型", "城乡分类代码"), (1, "安岭县", 330127000000, "县", None),
        (2, "云溪镇", "330127100000", "乡镇", ""), (3, "王家村", 330127100201, "行政村", 220), (None, None, None, None, None),
        (4, "李家村", 3301271002, "行政村", 220),
    ):  # fmt: skip
        sheet.append(row)
    book.save(tmp_path / "名册.xlsx")
    found = read_roster(tmp_path / "名册.xlsx", COUNTY)
    assert [(unit.code, unit.name, unit.kind, unit.urban_rural_class) for unit in found.roster] == [
        ("330127000000", "安岭县", "county", None), ("330127100000", "云溪镇", "township", None),
        ("330127100201", "王家村", "village", "220"),
    ]  # fmt: skip
    assert _refusals(found) == [(6, "C6", "what 12 digits '3301271002' was cannot be known.")]


def test_a_cell_is_named_as_it_stands_where_the_sheet_begins_in_a_later_column(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ((None, "代码", "名称"), (None, "12", "云溪镇")):
        sheet.append(row)
    book.save(tmp_path / "名册.xlsx")
    assert [(row, cell) for row, cell, _ in _refusals(read_roster(tmp_path / "名册.xlsx", COUNTY))] == [(2, "B2")]


@pytest.mark.parametrize(
    ("county", "text", "code"),
    [
        (COUNTY, "330127100201", "330127100201"), (COUNTY, "３３０１２７１００２０１", "330127100201"),
        (COUNTY, " 3301 2710 0201 ", "330127100201"), (COUNTY, "'330127100201", "330127100201"), (COUNTY, "330127100201.0", "330127100201"),
        (COUNTY, "330127", "330127000000"), (COUNTY, "330127100", "330127100000"), (COUNTY, "3.30127E+11", None), (COUNTY, "", None),
        (COUNTY, "33012710020", None), (COUNTY, "3301271002011", None), (COUNTY, "三三零一二七", None),
        ("030127000000", "30127100201", "030127100201"), ("000127000000", "127100201", "000127100201"),
    ],
)  # fmt: skip
def test_a_code_is_understood_only_when_one_code_is_possible(county: str, text: str, code: str | None) -> None:
    assert understood_code(text, county) == code


def test_what_is_read_otherwise_is_said_and_what_is_wrong_is_refused_by_cell(tmp_path: Path) -> None:
    found = _csv(
        tmp_path,
        HEADER + ABOVE + "３３０１２７１０００００,石门镇,township,\n330127100201,王家村,village,220\n330127100202,,village,220\n"
        "330127100203,李家村,park,220\n330127100204,赵家村,village,999\n330128100201,外县村,village,220\n"
        "330127105201,孤村,village,220\n330127100201,王家村,village,220\n330127100201,另一村,village,220\n",
    )  # fmt: skip
    assert [(note.row, note.cell) for note in found.understood] == [(4, "A4"), (11, "A11")]
    assert [(row, cell) for row, cell, _ in _refusals(found)] == [
        (4, "A4"), (6, "B6"), (7, "C7"), (8, "D8"), (9, "A9"), (10, "A10"), (12, "A12"),
    ]  # fmt: skip
    assert {unit.name for unit in found.roster} == {"安岭县", "云溪镇", "王家村"}
    assert str(found.refused[-1]) == (
        "第 12 行 A12：代码 330127100201 与第 5 行重复。 / row 12, A12: the code 330127100201 stands in row 5 already."
    )  # fmt: skip


def test_what_lies_in_a_unit_that_is_listed_already_needs_no_row_for_it(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("code,name\n330127100209,新村\n")
    assert _refusals(read_roster(file, COUNTY)) == [(2, "A2", "330127100209 lies in 330127100000, which is not listed.")]
    listed = frozenset({"330127000000", "330127100000"})
    assert [unit.kind for unit in read_roster(file, COUNTY, listed).roster] == ["village"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.csv", None, "cannot be read"), ("none.xlsx", None, "cannot be read"), ("broken.xlsx", b"no workbook", "cannot be read"),
        ("huge.csv", b"code,name\n" + b"x" * 200_000, "is no CSV that can be read"), ("empty.csv", b"", "is empty"),
        ("columns.csv", b"number,kind\n", "names no column code, name"),
        ("bytes.csv", b"\xff\xfe\x00\xd8", "no text in UTF-8, UTF-16 or GBK"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_roster_is_named(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadSheetFile, match=said):
        read_roster(tmp_path / name, COUNTY)


def test_cells_are_named_as_spreadsheets_name_them() -> None:
    assert [cell_name(column, 7) for column in (0, 25, 26, 51, 52, 701, 702)] == ["A7", "Z7", "AA7", "AZ7", "BA7", "ZZ7", "AAA7"]


def test_an_error_in_a_cell_is_named_and_the_other_rows_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADER.strip().split(","), [COUNTY, "安岭县"], ["330127100000", "=B9"], ["#REF!", "溪口镇"], ["330127102000", "石桥镇"]):
        sheet.append(row)
    book.save(tmp_path / "roster.xlsx")
    found = read_roster(tmp_path / "roster.xlsx", COUNTY)
    assert [unit.name for unit in found.roster] == ["安岭县", "石桥镇"]
    assert [(note.row, note.cell) for note in found.refused] == [(3, "B3"), (4, "A4")]
    assert all("没有算出值" in note.zh for note in found.refused)
