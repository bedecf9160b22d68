"""Spreadsheets as they are left by people in a hurry: what is not read is named, no id is repeated, and the cell at fault is marked."""

import csv
import fcntl
import os
import resource
import struct
from contextlib import closing
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from xlwt.CompoundDoc import XlsDoc

from deploy.roster_file import cell_name
from deploy.sheet_biff import Biff
from deploy.sheet_files import BadSheetFile, csv_rows
from deploy.sheet_opendocument import without_value
from deploy.sheet_reading import CPU_SECONDS_MAX, MEMORY_BYTES_MAX, ReaderEnded, Workbook
from deploy.spreadsheets.columns import columns_of
from deploy.spreadsheets.drafts import Draft, Fault, draft_of, filed, refused_persons, report_of
from deploy.spreadsheets.returned import forget_unfinished, write_returned
from deploy.spreadsheets.rows import Sheet, opened, survey
from deploy.spreadsheets.template import template
from deploy.spreadsheets.words import REASON
from deploy.spreadsheets.writing import Said, WorkbookWriter
from shared.answers import Answer
from shared.client import OutgoingReport
from shared.contracts import AnyFact, fact_class
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Reason
from shared.write_service import reasons
from tests.deploy.spreadsheets.filled import save, save_biff, save_open_document
from tests.registry.persons.ids import resident_id

COUNTY, VILLAGE = "330127000000", "330127101205"
SOURCE = Source(COUNTY, "jyj", "spreadsheet")
GIVEN = fact_class("training.guidance_given", 1)
REGISTERED = fact_class("registry.entity_registered", 1)
HEADER = [column.zh for column in columns_of(GIVEN)]
ID, PSEUDONYM = resident_id(7), "P0123456789ABCDEF"


def given(**told: Any) -> list[Any]:
    """A row of guidance given, with some cells otherwise, by the columns' keys."""
    said = {"occurred": "2026-05-20", "person": PSEUDONYM, "guidance_kind": "政策咨询", "unit": VILLAGE} | told
    return [said.get(column.key) for column in columns_of(GIVEN)]


def read(path: Path, fact: type[AnyFact] | None = None) -> list[tuple[Sheet, Draft | tuple[Fault, ...]]]:
    with opened(path, fact) as sheets:
        return [(sheet, draft_of(sheet, row, cells, COUNTY)) for sheet in sheets for row, cells in sheet.rows]


def one(path: Path, fact: type[AnyFact] | None = None) -> tuple[Sheet, Draft]:
    ((sheet, draft),) = read(path, fact)
    assert isinstance(draft, Draft), draft
    return sheet, draft


def faults(path: Path, fact: type[AnyFact] | None = None) -> tuple[Fault, ...]:
    ((_, found),) = read(path, fact)
    assert not isinstance(found, Draft), found
    return found


@pytest.mark.parametrize("key", [column.key for column in columns_of(GIVEN) if column.key != "person"])
@pytest.mark.parametrize("form", ["{}", "证件{}号", " {}", "２{}"])
def test_an_id_in_any_other_column_is_repeated_nowhere(key: str, form: str, tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(**{key: form.format(ID)})]})
    found = faults(path)
    assert {fault.at for fault in found} == {HEADER.index(next(column.zh for column in columns_of(GIVEN) if column.key == key))}
    assert not any(ID[:10] in fault.zh + fault.en for fault in found), found
    write_returned(path, None, {GIVEN.zh: {2: found}}, tmp_path / "back.xlsx")
    reason = openpyxl.load_workbook(tmp_path / "back.xlsx")[GIVEN.zh].cell(2, len(HEADER) + 1).value
    assert ID[:10] not in str(reason)


def test_an_id_that_a_stray_quote_put_elsewhere_is_repeated_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "创业指导.csv"
    path.write_text(f'日期,身份证号,指导类别,所在单位代码\n"2026-05-20,{ID},政策咨询,{VILLAGE}\n2026-05-21,{ID},政策咨询,{VILLAGE}\n')
    assert not any(ID[:10] in fault.zh + fault.en for fault in faults(path))
    with pytest.raises(BadSheetFile) as refused:
        survey(save(tmp_path / f"{ID}.xlsx", {f"{ID}": [["甲", "乙"]]}), None)
    assert ID[:10] not in str(refused.value)


def test_a_sheet_that_is_copied_or_whose_columns_tell_is_read_and_any_other_is_named(tmp_path: Path) -> None:
    sheets = {GIVEN.zh: [HEADER, given()], f"{GIVEN.zh} (2)": [HEADER, given()], "五月": [["五月台账"], HEADER, given()], "空": [],
              "联系人": [["姓名", "电话"], ["张三", "1"]], "填写说明": [["说明"]]}  # fmt: skip
    path = save(tmp_path / "two.xlsx", sheets)
    assert [sheet.title for sheet, _ in read(path)] == [GIVEN.zh, f"{GIVEN.zh} (2)", "五月"]
    looked = survey(path, None)
    assert [each.title for each in looked.sheets] == ["联系人"]
    assert not looked.columns
    assert looked.types == {GIVEN.type}


@pytest.mark.parametrize(
    "header", [("日期", "载体编号", "建筑面积"), ("日期", "所在单位代码", "政策编号", "政策名称", "政策类别")], ids=["venue", "policy"]
)
def test_a_header_with_a_name_that_is_no_column_tells_no_type(header: tuple[str, ...], tmp_path: Path) -> None:
    """A venue opened is not read as one closed for want of the columns that tell them apart."""
    path = save(tmp_path / "x.xlsx", {"五月": [header, ["2026-05-20", *("x" for _ in header[1:])]]})
    with pytest.raises(BadSheetFile, match="--type"):
        survey(path, None)
    told = fact_class("registry.venue_closed", 1)
    assert [(each.fact, each.name) for each in survey(path, told).columns][:1] == [(told, header[2])]


def test_the_type_that_is_said_is_that_of_the_first_sheet_without_a_title_and_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    book, row = openpyxl.Workbook(), given(unit=VILLAGE)
    for title in ("封面", GIVEN.zh, "一月", "二月", "藏", f"{GIVEN.zh} (2)"):
        page = book.create_sheet(title)
        for cells in [["台账"]] if title == "封面" else [HEADER, row]:
            page.append(cells)
        if title in {"藏", f"{GIVEN.zh} (2)"}:
            page.sheet_state = "hidden"
    book.save(path := tmp_path / "x.xlsx")
    assert [sheet.title for sheet, _ in read(path, GIVEN)] == [GIVEN.zh, "一月"]
    looked = survey(path, GIVEN)
    assert [(each.title, "隐藏" in each.zh) for each in looked.sheets] == [
        ("封面", False), ("二月", False), ("藏", True), (f"{GIVEN.zh} (2)", True),
    ]  # fmt: skip
    assert not looked.assumed
    assert [title for title, _ in survey(path, None).assumed] == ["一月", "二月"]


def test_a_column_called_number_alone_is_no_id_and_ids_stay_what_they_were(tmp_path: Path) -> None:
    plain = one(save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given()]}))
    numbered = save(tmp_path / "y.xlsx", {GIVEN.zh: [["编号", *HEADER], ["1", *given()]]})
    assert [each.name for each in survey(numbered, None).columns] == ["编号"]
    reports = [report_of(*each, SOURCE, {}) for each in (plain, one(numbered))]
    assert {each.id for each in reports if isinstance(each, OutgoingReport)} == {"sheet-f0cc153c49b9fe5f5e7c9c374d4afad242fcae7f"}
    assert one(save(tmp_path / "z.xlsx", {GIVEN.zh: [HEADER, given(id="z-1")]}))[1].id == "z-1"


def test_columns_are_counted_from_the_first_of_the_sheet_wherever_it_begins(tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [[None, *HEADER], [None, *given(evidence="=Z1")], [None, *given(id="z-1")]]})
    (sheet, found), (_, draft) = read(path)
    assert not isinstance(found, Draft)
    assert isinstance(draft, Draft)
    assert [sheet.header[fault.at] for fault in found if fault.at is not None] == ["佐证材料文号"]
    assert {column.zh for at, column in sheet.columns.items() if sheet.header[at] != column.zh} == set()
    write_returned(path, None, {GIVEN.zh: {2: found}}, tmp_path / "back.xlsx")
    page = openpyxl.load_workbook(tmp_path / "back.xlsx")[GIVEN.zh]
    marked = [cell.column for cell in page[2] if cell.fill.fill_type == "solid"]
    assert marked == [2 + HEADER.index("佐证材料文号")]


def test_columns_of_unknown_names_are_named_with_what_may_be_meant_and_twice_the_same_is_refused(tmp_path: Path) -> None:
    names = [{"编号（可不填）": "编号 (可不填)", "指导类别": "指导类型"}.get(name, name) for name in HEADER]
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [[*names, "指导内容", REASON], [*given(id="z-1"), "x", "y"]]})
    looked = survey(path, None)
    assert [(each.fact, each.name) for each in looked.columns] == [(GIVEN, "指导类型"), (GIVEN, "指导内容")]
    assert looked.columns[0].meant == "指导类别"
    with opened(path, None) as sheets:
        assert [column.key for column in next(sheets).columns.values()][-1] == "id"
    with pytest.raises(BadSheetFile, match="日期"):
        survey(save(tmp_path / "y.xlsx", {GIVEN.zh: [[*HEADER, "日期"], [*given(), "2026-05-21"]]}), None)


def test_a_column_that_is_filled_in_below_no_name_is_named_and_an_empty_one_is_not(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[*HEADER, None, "", REASON], given(), [*given(), None, " ", "y"], [*given(), None, "乡镇代办", "y"]]
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [["五月台账"], *rows]})
    (column,) = survey(path, None).columns
    assert (column.name, column.first, column.meant) == ("", cell_name(len(HEADER) + 1, 5), None)
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, given(), [*given(), "乡镇代办"]])
    assert [each.first for each in survey(path, GIVEN).columns] == [cell_name(len(HEADER), 3)], "beyond the last name too"


@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_a_workbook_that_counts_its_days_from_1904_says_so(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{suffix}"
    if suffix == "xlsx":
        book = openpyxl.Workbook()
        book.epoch = CALENDAR_MAC_1904
        page = book.active
        assert page is not None
        page.title = GIVEN.zh
        for cells in (HEADER, given(occurred=44700), given(occurred=date(2026, 5, 20)), given(occurred="'44700", unit="1")):
            page.append(cells)
        book.save(path)
    else:
        save_biff(path, {GIVEN.zh: [HEADER, given(occurred=44700), given(occurred=44700), given(occurred="'44700", unit="1")]})
        raw, mode = path.read_bytes(), struct.pack("<HHH", 0x22, 2, 0)
        assert raw.count(mode) == 1
        path.write_bytes(raw.replace(mode, struct.pack("<HHH", 0x22, 2, 1)))
    first, second, third = [draft for _, draft in read(path)]
    assert isinstance(first, Draft), first
    assert isinstance(second, Draft), second
    assert not isinstance(third, Draft)
    assert (first.occurred, second.occurred) == ("2026-05-20", "2026-05-20")
    assert first.understood == {"day_number"}
    write_returned(path, None, {GIVEN.zh: {4: third}}, tmp_path / "back.xlsx")
    assert openpyxl.load_workbook(tmp_path / "back.xlsx")[GIVEN.zh].cell(2, 1 + HEADER.index("日期")).value.date() == date(2026, 5, 20)  # type: ignore[union-attr]


def test_what_is_read_otherwise_than_it_stands_there_is_said(tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(occurred=46162, unit="330127101", id="ｚ－１"), given()]})
    ways = [draft.understood for _, draft in read(path) if isinstance(draft, Draft)]
    assert ways == [{"day_number", "unit_digits", "full_width"}, frozenset()]


def founders(*numbers: int, wrong: int) -> tuple[list[str], list[Any]]:
    """A registration whose founders stand in these groups, the wrong one without an id."""
    header = ["日期", "统一社会信用代码", "名称", "市场主体类型", "行业代码", "所在单位代码"]
    row: list[Any] = ["2026-05-20", "91330127MA2B1C0D18", "临江竹木", "企业", "C2041", VILLAGE]
    for number in range(1, max(numbers) + 1):
        header += [f"创业者{number}身份证号", f"创业者{number}人员类别"]
        row += [PSEUDONYM[:-1] + str(number) if number in numbers and number != wrong else None, "妇女" if number in numbers else None]
    return header, row


def test_with_a_gap_among_founders_the_cell_that_is_wrong_is_marked_and_called_by_its_title(tmp_path: Path) -> None:
    header, row = founders(2, 3, wrong=3)
    sheet, draft = one(save(tmp_path / "x.xlsx", {REGISTERED.zh: [header, row]}))
    (fault,) = report_of(sheet, draft, SOURCE, {})  # type: ignore[misc]
    assert isinstance(fault, Fault)
    assert (fault.at, fault.zh) == (header.index("创业者3身份证号"), "「创业者3身份证号」不能缺少")


@pytest.mark.parametrize(
    ("reason", "key", "zh"),
    [
        (reasons.future_day("occurred", date(2026, 5, 19)), "occurred", "「日期」晚于今天（2026-05-19）"),
        (reasons.unit_gone(VILLAGE, date(2026, 1, 1), None), "unit", f"所在单位代码：单位 {VILLAGE} 已于 2026-01-01 后撤并"),
        (reasons.unit_unknown([VILLAGE]), "unit", f"所在单位代码：单位尚未列入名册：{VILLAGE}"),
        (reasons.other_county(VILLAGE), "unit", f"所在单位代码：单位 {VILLAGE} 不属于本县"),
        (reasons.not_opened([f"person:{PSEUDONYM}"]), "person", f"身份证号：等待其登记或开办：人员 {PSEUDONYM}"),
        (
            Reason("invalid", "字段 occurred 应为日期，收到 unit；字段 data.person 不能缺少", "two fields"),
            "occurred", "「日期」应为日期，收到 unit；「身份证号」不能缺少",
        ),
        (reasons.conflict(12), "id", "编号（可不填）：该编号已用于另一内容（已记录在第 12 条）；更改请用更正，新事实请用新编号"),
    ],
    ids=lambda each: each.code if isinstance(each, Reason) else "",
)  # fmt: skip
def test_what_the_service_refuses_marks_the_cell_that_it_is_about(reason: Reason, key: str, zh: str, tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(person=ID, id="z-1")]})
    sheet, draft = one(path)
    report = report_of(sheet, draft, SOURCE, {ID: PSEUDONYM})
    assert isinstance(report, OutgoingReport)
    answer = Answer(str(SOURCE), report.id, GIVEN.type, 1, "refused", reason.code, reason.zh, reason.en, None)
    fault = filed(sheet, draft, {ID: PSEUDONYM}).fault(answer)
    assert fault.at is not None
    assert (sheet.columns[fault.at].key, fault.zh) == (key, zh)


def test_what_is_no_id_is_told_with_its_column(tmp_path: Path) -> None:
    sheet, draft = one(save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(person=ID)]}))
    (fault,) = refused_persons(sheet, draft, {ID: Reason("not_an_id", "校验位不符", "has another check character")})
    assert (fault.at, fault.zh) == (HEADER.index("身份证号"), "身份证号：校验位不符")


def test_a_number_of_any_length_is_a_matter_of_the_row(tmp_path: Path) -> None:
    staff = fact_class("registry.staff_reported", 1)
    told = {"occurred": "2026-05-20", "entity": "91330127MA2B1C0D18", "employees": "9" * 40}
    columns = [column for column in columns_of(staff) if column.key in told]
    path = save(tmp_path / "x.xlsx", {staff.zh: [[column.zh for column in columns], [told[column.key] for column in columns]]})
    sheet, draft = one(path)
    (fault,) = report_of(sheet, draft, SOURCE, {})  # type: ignore[misc]
    assert isinstance(fault, Fault)
    assert (fault.at, "用工人数" in fault.zh) == ([column.key for column in columns].index("employees"), True)


def test_a_total_and_a_second_header_have_one_fault_each(tmp_path: Path) -> None:
    total: list[Any] = [None] * len(HEADER)
    total[HEADER.index("日期")], total[HEADER.index("指导类别")] = "合 计", "12 人"
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(), HEADER, total]})
    found = [draft for _, draft in read(path)][1:]
    assert [[fault.zh for fault in each] for each in found if not isinstance(each, Draft)] == [
        ["这一行又是表头，请删去"], ["这一行是合计，不是事实，请删去"],
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_template_that_nobody_filled_in_is_told_as_such(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"{GIVEN.zh}.{suffix}"
    if suffix == "csv":
        path.write_text(",".join(HEADER) + "\n" + "," * (len(HEADER) - 1) + "\n")
    else:
        path.write_bytes(template(GIVEN))
    with pytest.raises(BadSheetFile, match=f"「{GIVEN.zh}」表头下面没有填写任何行 / .*: {GIVEN.zh} has a header and no row "):
        survey(path, None)


def test_of_a_workbook_that_nobody_filled_in_every_sheet_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER], f"{GIVEN.zh} (2)": [HEADER]})
    with pytest.raises(BadSheetFile, match=rf"：「{GIVEN.zh}」表头下面没有填写任何行；「{GIVEN.zh} \(2\)」表头下面没有填写任何行 / "):
        survey(path, None)
    save(path, {GIVEN.zh: [HEADER], f"{GIVEN.zh} (2)": [HEADER, given()]})
    assert survey(path, None).sheets == ()


def test_an_error_and_a_formula_without_a_value_are_named(tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(evidence="=A1&B1", id="#N/A")]})
    found = faults(path)
    assert {HEADER[fault.at] for fault in found if fault.at is not None} == {"佐证材料文号", "编号（可不填）"}
    assert all("没有算出值" in fault.zh for fault in found)


@pytest.mark.parametrize("suffix", ["xls", "et"])
def test_in_an_old_workbook_an_error_is_named_whether_typed_or_computed(suffix: str, tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    book.add_sheet("说明").row(1).set_cell_error(HEADER.index("佐证材料文号"), "#REF!")
    page = book.add_sheet(GIVEN.zh)
    evidence, id_ = HEADER.index("佐证材料文号"), HEADER.index("编号（可不填）")
    for row, cells in enumerate((HEADER, given(), given(), given())):
        for at, cell in enumerate(cells):
            if cell is not None:
                page.write(row, at, cell)
    page.row(2).set_cell_error(evidence, "#REF!")
    page.write(2, id_, xlwt.Formula("1/0"))
    page.write(3, id_, xlwt.Formula('""'))
    book.save(str(tmp_path / f"x.{suffix}"))
    raw, empty = (tmp_path / f"x.{suffix}").read_bytes(), struct.pack("<Q", 0xFFFF000000000003)
    assert raw.count(empty) == 2
    divided = struct.pack("<BBBBHH", 2, 0, 0x07, 0, 0, 0xFFFF)  # [MS-XLS] 2.5.133: the value is #DIV/0!
    (tmp_path / f"x.{suffix}").write_bytes(raw.replace(empty, divided, 1))
    first, second, third = [found for _, found in read(tmp_path / f"x.{suffix}")]
    assert isinstance(first, Draft), first
    assert isinstance(third, Draft), "a text may well be empty"
    assert not isinstance(second, Draft)
    assert {fault.at for fault in second} == {evidence, id_}
    assert all("没有算出值" in fault.zh for fault in second)


def test_in_an_old_workbook_of_many_megabytes_every_error_is_found(tmp_path: Path) -> None:
    """Where its sectors are is then told in sectors of their own."""
    book = xlwt.Workbook()
    page = book.add_sheet("x")
    for row in range(60_000):
        for at in range(9):
            page.write(row, at, row + at / 3)
    page.row(60_000).set_cell_error(8, "#DIV/0!")
    book.save(str(tmp_path / "x.xls"))
    assert (tmp_path / "x.xls").stat().st_size > 8 << 20
    assert Biff(tmp_path / "x.xls").errors("x") == {(60_001, 8)}


def test_an_old_workbook_in_which_millions_of_cells_hold_an_error_is_named(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet(GIVEN.zh)
    records, end = book.get_biff_data(), struct.pack("<HH", 0x000A, 0)
    assert records.endswith(end)
    cells = (struct.pack("<HHHHHBB", 0x0205, 8, at >> 8, at & 0xFF, 0, 0x07, 1) for at in range(1_100_000))
    XlsDoc().save(str(tmp_path / "x.xls"), records.removesuffix(end) + b"".join(cells) + end)
    with pytest.raises(BadSheetFile, match="in too many cells"):
        read(tmp_path / "x.xls")


def test_what_reads_a_workbook_is_given_no_more_than_its_memory_and_its_time(tmp_path: Path) -> None:
    """Also where it reads what the library does not tell."""
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER]})
    with closing(Workbook(path)) as book:
        assert book.sheets
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        (reader,) = (int(each) for each in children if os.fsencode(path) in Path(f"/proc/{each}/cmdline").read_bytes())
        given = [resource.prlimit(reader, what)[0] for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
        assert given == [MEMORY_BYTES_MAX, CPU_SECONDS_MAX]
        used = sum(map(int, Path(f"/proc/{reader}/stat").read_text().rpartition(")")[2].split()[11:13])) // os.sysconf("SC_CLK_TCK")
        resource.prlimit(reader, resource.RLIMIT_CPU, (used + 1, used + 1))
        with pytest.raises(ReaderEnded):
            for _ in range(100_000):
                book.uncomputed(GIVEN.zh)


def ods_row(*cells: tuple[str, str]) -> str:
    """Attributes and text of each cell of a row."""
    filled = "".join(f"<table:table-cell {said}><text:p>{text}</text:p></table:table-cell>" for said, text in cells)
    return f"<table:table-row>{filled}</table:table-row>"


TEXT = 'office:value-type="string"'


@pytest.mark.parametrize(("said", "shown"), [
    (f'table:formula="of:=NA()" {TEXT} office:string-value="" calcext:value-type="error"', "#N/A"),
    (f'table:formula="of:=[.#REF!]" {TEXT} office:string-value=""', "#REF!"),
    (f'table:formula="of:=SUM(" {TEXT}', "Err:508"),
    ('table:formula="of:=[.A1]"', ""),
    (TEXT, "#N/A"),
], ids=["marked", "shown", "of LibreOffice", "not calculated", "typed"])  # fmt: skip
def test_in_an_open_document_an_error_and_a_formula_without_a_value_are_named(said: str, shown: str, tmp_path: Path) -> None:
    lacking = HEADER.index("佐证材料文号")
    good = [(TEXT, str(cell)) if cell is not None else ("", "") for cell in given()]
    empty = f'table:formula="of:=&quot;&quot;" {TEXT} office:string-value=""', ""
    rows = [[*good[:lacking], wrong, *good[lacking + 1 :]] for wrong in (empty, (said, shown))]
    blank = '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2"/></table:table-row>'
    header = ods_row(*((TEXT, name) for name in HEADER))
    other = ods_row(*[(said, shown)] * len(HEADER))
    path = save_open_document(tmp_path / "x.ods", {"可选项": other, GIVEN.zh: header + ods_row(*rows[0]) + blank + ods_row(*rows[1])})
    (sheet, first), (_, second) = read(path)
    assert isinstance(first, Draft), first
    assert not isinstance(second, Draft)
    assert [fault.at for fault in second] == [lacking]
    assert "没有算出值" in second[0].zh
    assert sheet.header == tuple(HEADER)


def test_an_open_document_in_which_too_many_cells_have_no_value_is_named(tmp_path: Path) -> None:
    cell = '<table:table-cell table:formula="of:=[.A1]" table:number-columns-repeated="16384"/>'
    row = f'<table:table-row table:number-rows-repeated="100">{cell}</table:table-row>'
    with pytest.raises(BadSheetFile, match="in too many cells"):
        read(save_open_document(tmp_path / "x.ods", {GIVEN.zh: row}))


def test_an_open_document_with_a_tag_of_any_length_is_named(tmp_path: Path) -> None:
    row = f'<table:table-row table:style-name="{"x" * (24 << 20)}"><table:table-cell/></table:table-row>'
    with pytest.raises(BadSheetFile, match="one of its tags is longer than 16 MiB"):
        read(save_open_document(tmp_path / "x.ods", {GIVEN.zh: row}))


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-32", "klingon", "hex"])
def test_an_open_document_in_an_encoding_that_cannot_be_read_is_named(encoding: str, tmp_path: Path) -> None:
    """It says so in its first line; what follows is plain, so that the library reads it whatever it says."""
    path = save_open_document(tmp_path / "x.ods", {GIVEN.zh: ods_row((TEXT, "x"))}, called=encoding)
    with pytest.raises(BadSheetFile, match=r"cannot be read: (its encoding is not supported|cannot decode)"):
        read(path)


def test_a_table_or_a_comment_inside_a_cell_of_an_open_document_changes_nothing_around_it(tmp_path: Path) -> None:
    lacking, formula = HEADER.index("佐证材料文号"), 'table:formula="of:=NA()"'
    inner = '<table:table table:name="内"><table:table-row><table:table-cell/></table:table-row></table:table>'
    comment = "<office:annotation><text:p>待核</text:p></office:annotation>"
    good = ods_row(*((TEXT, str(cell)) if cell is not None else ("", "") for cell in given()))
    broken = [(TEXT, str(cell)) if cell is not None else ("", "") for cell in given()]
    broken[lacking] = f"{formula} {TEXT}", "#N/A"
    wrong = ods_row(*broken).replace(f"{formula} {TEXT}>", f"{formula} {TEXT}>{comment}")
    rows = ods_row(*((TEXT, name) for name in HEADER)) + good + good + wrong
    content = f"<office:x><table:table table:name='页'>{rows.replace('</text:p>', '</text:p>' + inner, 1)}</table:table></office:x>"
    names = {"office", "table", "text"}
    spaces = "".join(f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in sorted(names))
    assert without_value(BytesIO(content.replace("<office:x>", f"<office:x{spaces}>").encode()), "页") == {(4, lacking)}


@pytest.mark.parametrize(("said", "number"), [("", 46162), ("1899-12-30", 46162), ("1904-01-01", 44700), ("damaged", 46162)])
def test_an_open_document_says_from_which_day_it_counts(said: str, number: int, tmp_path: Path) -> None:
    settings = f'<table:calculation-settings><table:null-date table:date-value="{said}"/></table:calculation-settings>' if said else ""
    cells = [(TEXT, str(cell)) if cell is not None else ("", "") for cell in given()]
    cells[HEADER.index("日期")] = f'office:value-type="float" office:value="{number}"', str(number)
    rows = ods_row(*((TEXT, name) for name in HEADER)) + ods_row(*cells)
    _, draft = one(save_open_document(tmp_path / "x.ods", {GIVEN.zh: rows}, settings))
    assert draft.occurred == "2026-05-20"


@pytest.mark.parametrize("day", ["26-5-20", 46165.5])
def test_a_year_of_two_digits_and_a_fraction_of_a_day_are_told_how_to_write_it(day: object, tmp_path: Path) -> None:
    (fault,) = faults(save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(occurred=day)]}))
    assert "年份写四位" in fault.zh


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_texts_are_read_whatever_parts_their_cells_and_their_header_tells_the_type(encoding: str, delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "五月.txt"
    rows = [["五月台账"], ["日期", "身份证号", "指导类别", "所在单位代码"], ["2026-05-20", PSEUDONYM, "政策咨询", VILLAGE]]
    path.write_text("\n".join(delimiter.join(cells) for cells in rows), encoding=encoding)
    sheet, draft = one(path)
    assert (sheet.fact, draft.occurred, draft.row) == (GIVEN, "2026-05-20", 3)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_title_decides_nothing_about_what_parts_the_cells(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = ["五月;台账,安岭县;教育局\t,,;;", *(delimiter.join(cells) for cells in (HEADER, map(str, given(unit=VILLAGE, evidence="甲"))))]
    path.write_text("\n".join(rows))
    with opened(path, GIVEN) as sheets:
        assert [column.zh for column in next(sheets).columns.values()] == HEADER
    path.write_text("a;b\n1,2\n3,4;5\n")
    assert list(csv_rows(path, lambda _: 0)) == [["a;b"], ["1", "2"], ["3", "4;5"]]


def test_sheets_of_one_title_for_excel_come_back_under_titles_of_their_own(tmp_path: Path) -> None:
    with (tmp_path / "back.xlsx").open("w+b") as file, WorkbookWriter.into(file) as book:
        for title in ("a" * 31, "A" * 31 + "b", "x/y", "x:Y", "x_y"):
            book.sheet(title, [20], [[Said("日期", "header")]])
    assert openpyxl.load_workbook(tmp_path / "back.xlsx").sheetnames == ["a" * 31, "A" * 27 + " (2)", "x_y", "x_Y (2)", "x_y (3)"]


def test_nothing_is_imported_from_where_the_user_stands_and_what_failed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given()]})
    (tmp_path / "selectors.py").write_text("raise RuntimeError('executed')")
    monkeypatch.chdir(tmp_path)
    assert len(read(path)) == 1
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # which is said on purpose, and so obeyed
    with pytest.raises(BadSheetFile, match=r"what reads it failed \(RuntimeError: executed\)"):
        read(path)


def test_what_cannot_be_forgotten_or_is_gone_already_ends_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    back = tmp_path / "back.xlsx"
    left = tmp_path / f".back.xlsx.{'0' * 16}.part"
    left.symlink_to(tmp_path / "nowhere")
    forget_unfinished(back)
    path = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, given(unit="1")]})
    path.chmod(0o600)
    (found,) = [faults(path)]
    real = fcntl.flock

    def another_is_quicker(file: Any, how: int) -> None:
        for each in tmp_path.glob(".back.xlsx.*.part"):
            each.unlink()
        real(file, how)

    with monkeypatch.context() as here:
        here.setattr(fcntl, "flock", another_is_quicker)
        with pytest.raises(FileNotFoundError, match="took it for a leftover"):
            write_returned(path, None, {GIVEN.zh: {2: found}}, back)
    assert sorted(tmp_path.iterdir()) == [path], "nothing was made anew"
    write_returned(path, None, {GIVEN.zh: {2: found}}, back)
    assert back.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_is_said_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"none")
    for path, words in ((tmp_path / "x.xlsx", "不是完好的表格文件"), (tmp_path / "没有.csv", "没有这个文件")):
        with pytest.raises(BadSheetFile) as refused:
            survey(path, None)
        assert words in str(refused.value)
