"""Every template's columns carry every field of the fact, whatever the spreadsheet program made of the cells."""

import csv
import struct
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import orjson
import pytest

from deploy.sheet_files import BadSheetFile
from deploy.spreadsheets.cells import BadCell, Person, read_cell
from deploy.spreadsheets.columns import Column, columns_of, read_header, reportable
from deploy.spreadsheets.drafts import Draft, Fault, draft_of, report_of
from deploy.spreadsheets.returned import forget_unfinished, write_returned
from deploy.spreadsheets.rows import opened, survey
from deploy.spreadsheets.template import template
from deploy.spreadsheets.words import REASON
from shared.client import OutgoingReport
from shared.contracts import AnyFact, fact_class, parse_fact
from shared.contracts.base import shape_in
from shared.contracts.envelope import Source
from tests.deploy.spreadsheets.filled import cell_of, save, save_biff, save_open_document

COUNTY = "330127000000"
SOURCE = Source(COUNTY, "employment", "spreadsheet")
ENROLLED = fact_class("training.trainee_enrolled", 1)
REGISTERED = fact_class("registry.entity_registered", 1)
RESIDENT_ID = "11010519491231002X"


def drafts(path: Path, fact: type[AnyFact] | None = None) -> list[Draft | tuple[Fault, ...]]:
    with opened(path, fact) as sheets:
        return [draft_of(sheet, row, cells, COUNTY) for sheet in sheets for row, cells in sheet.rows]


def only_report(path: Path) -> tuple[int, dict[str, Any]]:
    """The row and the report of the one row of a file with one sheet."""
    with opened(path, None) as sheets:
        (sheet,) = sheets
        ((number, cells),) = sheet.rows
        draft = draft_of(sheet, number, cells, COUNTY)
        assert isinstance(draft, Draft), draft
        report = report_of(sheet, draft, SOURCE, {})
    assert isinstance(report, OutgoingReport), report
    said = orjson.loads(report.raw)
    return number, said


@pytest.mark.parametrize("fact", reportable(), ids=lambda fact: fact.type)
def test_what_stands_in_a_template_comes_out_as_the_fact(fact: type[AnyFact], tmp_path: Path) -> None:
    columns = columns_of(fact)
    assert len({column.zh for column in columns}) == len(columns)
    row = [cell_of(column, "2010-05-20", fact.example) for column in columns]
    (tmp_path / "empty.xlsx").write_bytes(template(fact))
    header = next(openpyxl.load_workbook(tmp_path / "empty.xlsx")[fact.zh].iter_rows(values_only=True))
    path = save(tmp_path / "filled.xlsx", {fact.zh: [header, row]})
    number, said = only_report(path)
    assert (said["occurred"], said["type"], number) == ("2010-05-20", f"{fact.type}.v{fact.version}", 2)
    assert parse_fact(fact.type, fact.version, said["data"]) == parse_fact(fact.type, fact.version, fact.example)


@pytest.mark.parametrize(("version", "amount"), [(1, "金额（元）"), (2, "归还本金（元）")])
def test_a_file_made_for_an_earlier_version_is_reported_in_that_version(version: int, amount: str, tmp_path: Path) -> None:
    """A clerk keeps last year's template."""
    fact = fact_class("finance.loan_repaid", 2)
    shape = shape_in(fact, version)
    columns = columns_of(shape)
    assert amount in [column.zh for column in columns]
    row = [cell_of(column, "2010-05-20", shape.example) for column in columns]
    path = save(tmp_path / "filled.xlsx", {fact.zh: [[column.zh for column in columns], row]})
    _, said = only_report(path)
    assert (said["type"], said["data"]) == (f"finance.loan_repaid.v{version}", shape.example)


def test_a_file_that_fits_no_version_is_held_to_the_one_it_is_nearest_to(tmp_path: Path) -> None:
    """Each row is told what it lacks in that version's words; where it is as near to several, in the newest one's."""
    fact = fact_class("finance.loan_repaid", 2)
    for header, lacking in ((["日期", "贷款编号", "金额（元）"], "还款凭证号"), (["日期", "贷款编号", "还款凭证号"], "归还本金（元）")):
        path = save(tmp_path / f"{lacking}.xlsx", {fact.zh: [header, ["2010-05-20", "L-1", "7"]]})
        (faults,) = drafts(path)
        assert isinstance(faults, tuple)
        assert [fault.zh for fault in faults] == [f"缺少{lacking}"]


def column(kind: str, **more: Any) -> Column:
    return Column("x", "列", kind, required=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("day", "2010年5月20日", "2010-05-20"),
        ("day", "2010.5.20", "2010-05-20"), ("day", 40318.0, "2010-05-20"),
        ("day", "40318", "2010-05-20"), ("day", "２０１０／５／２０", "2010-05-20"),
        ("day", datetime(2010, 5, 20, tzinfo=UTC), "2010-05-20"),
        ("day", date(2010, 5, 20), "2010-05-20"), ("day", "20100520", "2010-05-20"),
        ("unit", 330127101003.0, "330127101003"), ("unit", "３３０１２７１０１００３", "330127101003"),
        ("unit", "330127101", "330127101000"),
        ("entity", " 91330127ma2b1c0d18 ", "91330127MA2B1C0D18"), ("code", "'C2010-07", "C2010-07"), ("code", 7.0, "7"),
        ("person", "11010519491231002x", Person(RESIDENT_ID)), ("person", "1101 0519 4912 3100 2X", Person(RESIDENT_ID)),
        ("person", "130503670401001", Person("130503670401001")), ("person", "P0123456789ABCDEF", "P0123456789ABCDEF"),
        ("money", "35,000.00元", 3500000), ("money", 12.34, 1234), ("money", 0.07, 7), ("decimal", "95%", "0.95"),
        ("decimal", 0.95, "0.95"),
        ("whole", "１，２００", 1200), ("flag", "√", True), ("flag", "不合格", False), ("text", " 临江竹木 ", "临江竹木"),
        ("text", "  ", None),
    ],
)  # fmt: skip
def test_what_can_only_have_been_meant_one_way_is_understood(kind: str, cell: Any, value: Any) -> None:
    assert read_cell(column(kind), cell, COUNTY) == value


@pytest.mark.parametrize(
    ("kind", "cell", "words"),
    [
        ("person", 110105194912310020.0, "设为文本"), ("entity", "9.13301E+17", r"科学计数法（9\.13301E\+17）"),
        ("unit", "3.30127E+11", "科学计数法"), ("person", "3.30127E+17", "科学计数法"),
        ("code", datetime(2010, 7, 1, tzinfo=UTC), "设为文本"),
        ("day", "2010-02-30", "^没有 2010-02-30 这一天 / there is no day 2010-02-30$"), ("day", "20101301", "没有 20101301 这一天"),
        ("day", 12.0, "不是日期"), ("unit", "33012", "12 位"), ("whole", 1.5, "整数"),
        ("money", "1.005", "不足一分"), ("flag", "可能", "是 或 否"), ("person", "张三", "身份证号"), ("decimal", "NaN", "不是数字"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_named(kind: str, cell: Any, words: str) -> None:
    with pytest.raises(BadCell, match=words):
        read_cell(column(kind), cell, COUNTY)


def test_a_header_is_found_below_titles_and_groups_may_be_more_than_the_template_has(tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {"市场主体登记": [
        ["2010年5月登记台账"], [],
        ["日期 *", "统一社会信用代码", "名称", "市场主体类型", "行业代码", "所在单位代码", "创业者5身份证号", "备注"],
        [40318, "91330127MA2B1C0D18", "临江竹木", "企业", "C2041", 330127101205, RESIDENT_ID, "=1+1"],
    ]})  # fmt: skip
    (draft,) = drafts(path)
    assert isinstance(draft, Draft), draft
    assert (draft.row, draft.occurred, draft.persons) == (4, "2010-05-20", {RESIDENT_ID: 6})
    assert draft.data["founders"] == [{"person": Person(RESIDENT_ID)}]
    assert RESIDENT_ID not in repr(draft.data)


def test_gbk_text_is_read_and_what_is_neither_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    text = "日期,培训班编号,身份证号,所在单位代码,人员类别\n2010/5/20,C2010-07,P0123456789ABCDEF,330127101003,妇女、返乡农民工\n"
    for encoding in ("gb18030", "utf-8-sig"):
        path.write_text(text, encoding=encoding)
        (draft,) = drafts(path, ENROLLED)
        assert isinstance(draft, Draft), draft
        assert draft.data["categories"] == ["woman", "returning_migrant"]
    path.write_bytes(b"\xff\xff\xff")
    with pytest.raises(BadSheetFile, match="UTF-8"):
        drafts(path, ENROLLED)
    path.write_text("日期,身份证号\n")
    with pytest.raises(BadSheetFile, match="--type"):
        survey(path, None)


def test_every_fault_of_a_row_is_told_and_its_cell_marked_in_what_is_returned(tmp_path: Path) -> None:
    header = [column.zh for column in columns_of(ENROLLED)]
    at = {column.key: place for place, column in enumerate(columns_of(ENROLLED))}
    row: list[Any] = [None] * len(header)
    row[at["occurred"]], row[at["person"]], row[at["unit"]], row[at["categories"]] = "2010-02-30", "=HYPERLINK(1)", "330127101003", "妇女"
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, ["2010-05-20"], row])
    found = drafts(path, ENROLLED)[1]
    assert not isinstance(found, Draft)
    assert {fault.at for fault in found} == {at["occurred"], at["course"], at["person"]}
    write_returned(path, ENROLLED, {"x": {3: found}}, tmp_path / "back.xlsx")
    back = openpyxl.load_workbook(tmp_path / "back.xlsx")["x"]
    head, only = list(back.iter_rows())
    assert [cell.value for cell in head] == [*header, REASON]
    assert [cell.value or None for cell in only[:-1]] == row
    assert {place for place, cell in enumerate(only) if cell.fill.fgColor.rgb == "FFFFC7CE"} == {fault.at for fault in found}
    assert "缺少培训班编号" in str(only[-1].value)
    assert only[at["person"]].data_type == "s"


@pytest.mark.parametrize("name", ["创业培训[1].csv", "a" * 40 + ".csv", "甲:乙.csv"])
def test_whatever_was_typed_into_a_file_of_whatever_name_comes_back_to_those_who_may_read_it(name: str, tmp_path: Path) -> None:
    path, back = tmp_path / name, tmp_path / "back.xlsx"
    path.write_text("日期,身份证号,备注\n2010-02-30,1\x0b2\x01,=1+1\n")
    path.chmod(0o600)
    write_returned(path, ENROLLED, {path.stem: {2: (Fault(0, "不对", "wrong"),)}}, back)
    assert back.stat().st_mode & 0o777 == 0o600
    (page,) = openpyxl.load_workbook(back)
    assert len(page.title) <= 31
    assert [cell.value for cell in list(page.iter_rows())[1]] == ["2010-02-30", "12", "=1+1", "不对 / wrong"]


def test_a_workbook_that_would_fill_the_memory_is_named_and_not_opened(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"], book.active["XFD1048576"] = "日期", " "
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(BadSheetFile, match="spans 1048576 rows and 16384 columns"):
        drafts(tmp_path / "far.xlsx", ENROLLED)
    with ZipFile(tmp_path / "bomb.xlsx", "w", ZIP_DEFLATED, compresslevel=1) as parts, parts.open("xl/sharedStrings.xml", "w") as part:
        for _ in range(513):
            part.write(bytes(1 << 20))
    with pytest.raises(BadSheetFile, match="too large once unpacked"):
        drafts(tmp_path / "bomb.xlsx", ENROLLED)
    (tmp_path / "none.xlsx").write_bytes(b"PK")
    with pytest.raises(BadSheetFile, match="cannot be read"):
        drafts(tmp_path / "none.xlsx", ENROLLED)


@pytest.mark.parametrize("suffix", ["xls", "et"])
def test_a_workbook_of_the_years_before_2007_that_claims_any_extent_is_named_and_ends_nobody(suffix: str, tmp_path: Path) -> None:
    path = save_biff(tmp_path / f"x.{suffix}", {"x": [["日期"], ["2010-05-20"]]})
    true = struct.pack("<HHIIHHH", 0x0200, 14, 0, 2, 0, 1, 0)  # [MS-XLS] 2.4.90: the rows and columns there are
    raw = path.read_bytes()
    assert raw.count(true) == 1
    path.write_bytes(raw.replace(true, struct.pack("<HHIIHHH", 0x0200, 14, 0, 0xFFFF_FFFE, 0, 0xFFFE, 0)))
    with pytest.raises(BadSheetFile, match=f"x.{suffix} takes more than 2 GiB of memory or 10 minutes of processor time, or it"):
        drafts(path, ENROLLED)
    far = save_biff(tmp_path / f"far.{suffix}", {"x": [["日期"], ["2010-05-20"]] + [[]] * 20_000 + [[None] * 255 + [" "]]})
    assert len(drafts(far, ENROLLED)) == 1, "what is empty is passed over"


@pytest.mark.parametrize(
    ("rows", "sentence"), [(1 << 20, "Cell limit exceeded"), (6_000, "takes more than 2 GiB of memory")], ids=["refused", "too large"]
)
def test_an_open_document_of_a_few_bytes_that_means_a_hundred_million_cells_is_named(rows: int, sentence: str, tmp_path: Path) -> None:
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
    row = f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'
    save_open_document(tmp_path / "x.ods", {"x": row})
    with pytest.raises(BadSheetFile, match=sentence):
        drafts(tmp_path / "x.ods", ENROLLED)


def test_what_comes_back_takes_no_other_files_place_and_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    path, back = tmp_path / "x.csv", tmp_path / "back.xlsx"
    path.write_text("日期,身份证号\n2010-02-30,1\n")
    faults = {"x": {2: (Fault(0, "不对", "wrong"),)}}
    back.write_text("mended")
    with pytest.raises(FileExistsError):
        write_returned(path, ENROLLED, faults, back)
    assert back.read_text() == "mended"
    left, others = tmp_path / f".back.xlsx.{'0' * 16}.part", tmp_path / f".other.xlsx.{'0' * 16}.part"
    for each in (left, others):
        each.write_bytes(b"")
    forget_unfinished(back)
    assert sorted(tmp_path.iterdir()) == sorted([path, back, others])


def test_every_kind_of_cell_comes_back_as_it_was(tmp_path: Path) -> None:
    header = ["日期", "身份证号", "<&\"'备注>", "x", "y"]
    row = [datetime(2010, 5, 20, 7, 30), "<a&b>", " a\nb ", 0.1, 12]  # noqa: DTZ001 - spreadsheets know no zones
    other: list[Any] = [date(2010, 5, 20), True, time(7, 30), timedelta(hours=30), 123456789012345]
    path = save(tmp_path / "x.xlsx", {"x": [header, row, other, [None, "空"]]})
    write_returned(path, ENROLLED, {"x": dict.fromkeys((2, 3, 4), (Fault(1, "不对", "wrong"),))}, tmp_path / "back.xlsx")
    (was, back) = (openpyxl.load_workbook(file).worksheets[0] for file in (path, tmp_path / "back.xlsx"))
    for before, after in zip(was.iter_rows(), back.iter_rows(), strict=True):
        for one, other_ in zip(before, after[:-1], strict=True):
            assert (one.value, type(one.value)) == (other_.value, type(other_.value))
    assert back.freeze_panes == "A2"
    with opened(path, ENROLLED) as was_sheets, opened(tmp_path / "back.xlsx", ENROLLED) as back_sheets:
        (before_,), (after_,) = list(was_sheets), list(back_sheets)
        assert [cells for _, cells in before_.rows] == [cells[:-1] for _, cells in after_.rows]


def test_names_nobody_knows_are_told_apart_and_so_is_a_column_that_stands_twice() -> None:
    found = read_header(
        REGISTERED, ["备注", "日期", "创业者2人员类别", "创业成本", "创业成本(元)", "编号", "编号(可不填)", "创业成本（万元）", REASON]
    )
    assert [column.key for column in found.columns.values()] == ["occurred", "founders.2.categories", "start_up_cost_fen", "id"]
    assert (found.unknown, found.twice) == (("备注", "编号", "创业成本（万元）"), ("创业成本(元)",))
