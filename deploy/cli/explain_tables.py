"""A figure opened as text for people: what it means, the measures it is read from, the subjects that count and their facts. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from rich.table import Table
from rich.text import Text

from deploy.cli.tables import DUTY_COLUMNS, DUTY_ORDER, STATUS, TYPES_ZH, Cell, Column, Json, duty_sections, fitted
from services.indicators.evaluation.display import NOTHING, measure_words, number_text
from services.indicators.relations.duties import read_standing
from services.indicators.words import part_zh

ROLES: Final = {
    "numerator": "分子", "denominator": "分母", "pending": "未验收", "cohort": "队列", "chooses": "据以选取", "left_out": "未能计入",
    "benchmark": "全国平均",
}  # fmt: skip
FACT_STATES: Final = {
    "in_force": ("有效", "green"), "voided": ("作废", "red"), "rival": ("重复报告，不计", "yellow"), "superseded": ("已被取代", "dim"),
}  # fmt: skip
AMENDED: Final = {"void": "作废", "correction": "更正"}
SUBJECTS_ZH: Final = {
    "person": "人", "entity": "经营主体", "loan": "贷款", "venue": "场地", "case": "办件", "unit": "单位", "surveys": "调查",
    "answer": "答卷", "statistic": "统计", "benchmark": "全国平均", "occasion": "事项", "voucher": "资金凭证", "internship": "见习",
    "green_channel": "绿色通道", "platform": "服务平台", "policy": "政策", "project": "项目", "rectification": "整改",
    "association": "协会", "checklist_item": "考核项", "duty": "任务",
}  # fmt: skip
MEASURE_COLUMNS: Final = (
    Column("度量", "measure"), Column("作用", "use", wraps=True), Column("账本", "ledger", right=True),
    Column("对象合计", "counted", right=True), Column("对象数", "subjects", right=True), Column("单位", "unit"), Column("截至", "as of"),
    Column("部分", "parts", wraps=True),
)  # fmt: skip
MEASURE_ORDER: Final = (0, 2, 3, 1, 4, 5, 6, 7)
SUBJECT_COLUMNS: Final = (
    Column("对象", "subject"), Column("数额", "amount", right=True), Column("计入", "counts", wraps=True),
    Column("事实", "fact", wraps=True),
    Column("发生", "occurred"), Column("记录", "known"), Column("报送", "reported by"), Column("编号", "id"),
    Column("位置", "position"), Column("状态", "state", wraps=True), Column("佐证", "evidence", wraps=True),
    Column("作废与更正", "amendments", wraps=True),
)  # fmt: skip
SUBJECT_ORDER: Final = (0, 1, 3, 4, 9, 7, 6, 11, 10, 5, 2, 8)
PARTS_SHOWN: Final = 3
MILLIONTHS: Final = " ×10⁻⁶"
"""National averages are amounts of millionths: 182,000 ×10⁻⁶ is 18.2 %."""
CHANGES: Final = {"came": ("新计入", "green"), "left": ("不再计入", "red"), "changed": ("改变", "yellow")}
REASONS: Final = {"day": "日期推移", "facts": "新知事实", "input": "另一项输入改变"}
CHANGED_MEASURE_COLUMNS: Final = (
    Column("度量", "measure"), Column("作用", "use", wraps=True), Column("前", "before", right=True), Column("后", "after", right=True),
    Column("新计入", "came", right=True), Column("不再计入", "left", right=True), Column("改变", "changed", right=True),
    Column("单位", "unit"), Column("截至", "as of", wraps=True),
)  # fmt: skip
CHANGED_MEASURE_ORDER: Final = (0, 2, 3, 4, 5, 6, 1, 7, 8)
CHANGE_COLUMNS: Final = (
    Column("对象", "subject"), Column("改变", "change"), Column("数额", "amount", right=True), Column("前", "before", wraps=True),
    Column("后", "after", wraps=True), Column("原因", "reason", wraps=True), *SUBJECT_COLUMNS[3:],
)  # fmt: skip
CHANGE_ORDER: Final = (0, 1, 2, 5, 6, 7, 12, 9, 14, 10, 8, 3, 4, 13, 11)


def meaning(said: Json) -> Iterator[str]:
    """What an indicator's row means, line by line."""
    variant = "" if said["variant"] == "default" else f" · {said['variant_zh']} {said['variant']}"
    part = "" if said["part"] is None else f" · {part_zh(said['part']) or ''} {said['part']}".rstrip()
    yield f"{said['zh']} {said['id']}{variant}{part}"
    yield f"{said['clause']} “{said['quote']}”"
    first, *others = said["formula"].split("；")
    yield f"公式 formula: {first}"
    yield from (f"  {each}" for each in others)
    yield f"口径 reading: {said['meaning_zh']} / {said['meaning']}"


def days(answer: Json) -> Iterator[str]:
    """Which unit, as of which day, as known on which."""
    final = " · 已定案 final" if answer["final"] else ""
    yield f"单位 unit {answer['unit']} · 截至 {answer['as_of']} as of · 已知 {answer['known_at']} known at{final}"


def figures(rows: list[Json]) -> Iterator[str]:
    """The figures of a row and of its parts."""
    for row in rows:
        multiple = row["unit_of_measure"] == "ratio" and row["value"] is not None and float(row["value"]) > 1
        value = number_text(row["value"], row["unit_of_measure"], multiple=multiple)
        measured = "" if row["value"] is None else f" {measure_words(row['unit_of_measure'], multiple=multiple)}".rstrip()
        of = "" if row["denominator"] is None else f"{row['numerator']} ÷ {row['denominator']} = "
        part = "" if row["part"] is None else f"{part_zh(row['part']) or row['part']}: "
        on = f"（截至 as of {row['effective_as_of']}）" if row["effective_as_of"] else ""
        word, _ = STATUS[row["status"]]
        yield f"  {part}{of}{value}{measured}{on} {word} {row['status']}"


def measures_table(explanation: Json, *, width: int | None = None) -> Table:
    """The measures that a figure is read from, each with what its subjects come to beside what the ledger has."""
    rows = [
        (
            Text(measure["measure"], style="" if measure["agrees"] else "bold red"), "、".join(map(_use, measure["uses"])),
            _amount(measure["of"], measure["amount"]), _amount(measure["of"], measure["counted"]), f"{measure['subjects']:,}",
            measure["unit"], measure["day"], _parts(measure),
        )
        for measure in explanation["measures"]
    ]  # fmt: skip
    word = "相符 agree" if explanation["agrees"] else "不符 do not agree"
    return fitted(
        MEASURE_COLUMNS, MEASURE_ORDER, [rows], width, title="度量 measures", caption=f"账本与对象合计 ledger and subjects: {word}"
    )


def measure_meanings(answer: Json) -> Iterator[str]:
    """What each of the measures counts, a line per measure."""
    yield "含义 meaning"
    yield from dict.fromkeys(f"  {measure['measure']}: {measure['words']}" for measure in answer["measures"])


def owed_table(explanation: Json, limit: int | None = None, *, width: int | None = None) -> Table:
    """The duties that a figure is about, as the plan file has them: the first `limit` of them, None for all."""
    duties = explanation["duties"]
    shown = duties[:limit]
    left = len(duties) - len(shown)
    more = f"另有 {left} 项，见 kaiye duties / {left} more: kaiye duties" if left else None
    title = f"到期任务 duties · 共 {len(duties)} in all"
    return fitted(DUTY_COLUMNS, DUTY_ORDER, duty_sections(shown), width, title=title, caption=more)


def subjects_table(explanation: Json, *, width: int | None = None) -> Table:
    """The subjects that count, measure by measure, each with its facts line by line."""
    sections: dict[tuple[str, str], list[tuple[Cell, ...]]] = {}
    for subject in explanation["subjects"]:
        sections.setdefault((subject["measure"], subject["at"]), []).extend(_subject_rows(subject))
    title = f"对象与事实 subjects and facts · {_shown(explanation, 'subjects')}"
    return fitted(SUBJECT_COLUMNS, SUBJECT_ORDER, list(sections.values()), width, title=title, caption=None)


def _subject_rows(subject: Json) -> Iterator[tuple[Cell, ...]]:
    name = Text(f"{SUBJECTS_ZH[subject['kind']]} {subject['subject']}", style="bold")
    counting = "\n".join(dict.fromkeys(counting_text(subject["kind"], each) for each in subject["counting"]))
    for number, fact in enumerate(subject["facts"] or [None]):
        first = (name, _amount(subject["kind"], subject["amount"]), counting) if number == 0 else ("", "", "")
        yield (*first, *(fact_cells(fact) if fact else ("",) * (len(SUBJECT_COLUMNS) - 3)))


def changed_measures_table(difference: Json, *, width: int | None = None) -> Table:
    """The measures of a figure before and after."""
    rows = [
        (
            Text(measure["measure"], style="" if measure["agrees"] else "bold red"), "、".join(map(_use, measure["uses"])),
            *(_amount(measure["of"], measure[of]) for of in ("before", "after")),
            *(f"{measure[of]:,}" for of in ("came", "left", "changed")),
            measure["unit"], " → ".join(measure[day] or NOTHING for day in ("day_before", "day_after")),
        )
        for measure in difference["measures"]
    ]  # fmt: skip
    return fitted(CHANGED_MEASURE_COLUMNS, CHANGED_MEASURE_ORDER, [rows], width, title="度量 measures", caption=_agreement(difference))


def changes_table(difference: Json, *, width: int | None = None) -> Table:
    """The subjects that count otherwise, measure by measure, with why and the facts that did it line by line."""
    sections: dict[tuple[str, str], list[tuple[Cell, ...]]] = {}
    for change in difference["changes"]:
        sections.setdefault((change["measure"], change["at"]), []).extend(_change_rows(change))
    title = f"改变的对象与事实 changes and facts · {_shown(difference, 'changes')}"
    return fitted(CHANGE_COLUMNS, CHANGE_ORDER, list(sections.values()), width, title=title, caption=None)


def _change_rows(change: Json) -> Iterator[tuple[Cell, ...]]:
    amounts = " → ".join(_amount(change["kind"], change[amount]) for amount in ("amount_before", "amount_after"))
    first: tuple[Cell, ...] = (
        Text(f"{SUBJECTS_ZH[change['kind']]} {change['subject']}", style="bold"), _word(CHANGES, change["change"]), amounts,
        *("\n".join(dict.fromkeys(counting_text(change["kind"], each) for each in change[of])) for of in ("before", "after")),
        "\n".join(f"{REASONS[reason]} {reason}" for reason in change["reasons"]),
    )  # fmt: skip
    for number, fact in enumerate(change["facts"] or [None]):
        rest: tuple[Cell, ...] = fact_cells(fact) if fact else ("",) * (len(CHANGE_COLUMNS) - len(first))
        yield (*(first if number == 0 else ("",) * len(first)), *rest)


def _amount(kind: str, amount: int) -> str:
    """What subjects of a kind come to."""
    return f"{amount:,}{MILLIONTHS if kind == 'benchmark' else ''}"


def _word(words: Mapping[str, tuple[str, str]], name: str) -> Text:
    word, style = words[name]
    return Text(f"{word} {name}", style=style)


def _agreement(answer: Json) -> str:
    return f"账本与对象合计 ledger and subjects: {'相符 agree' if answer['agrees'] else '不符 do not agree'}"


def _shown(answer: Json, listed: str) -> str:
    more = f"；下一页 next page: --after '{answer['next']}'" if answer["next"] else ""
    return f"{len(answer[listed])} / {answer['total']}{more}"


def part_text(kind: str, part: str) -> str:
    """A part of a measure of such subjects; how far a duty has come says since which day, which is written as one."""
    return "|".join(map(str, read_standing(part))) if kind == "duty" else part


def counting_text(kind: str, counting: Json) -> str:
    """As what a subject of a kind counts, in short."""
    part = f"{part_text(kind, counting['part'])} " if counting["part"] is not None else ""
    place = "、".join(code for code in (counting["unit"], counting["park"]) if code)
    since = f" 自 {counting['since']}" if "since" in counting else ""
    amount = f" × {_amount(kind, counting['amount'])}" if counting["amount"] != 1 else ""
    return f"{part}{place or '全县'}{since}{amount}"


def fact_cells(fact: Json) -> tuple[Cell, ...]:
    """The cells of a fact: what, when, by whom, and what became of it."""
    word, style = FACT_STATES[fact["state"]]
    instead = f"，计 {fact['instead']['service']} {fact['instead']['position']}" if fact["instead"] else ""
    return (
        TYPES_ZH[fact["type"]], fact["occurred"], fact["known"], fact["department"], fact["id"], f"{fact['service']} {fact['position']}",
        Text(f"{word}{instead}", style=style), "\n".join(each["document"] for each in fact["evidence"]),
        "\n".join(map(amendment_text, fact["amendments"])),
    )  # fmt: skip


def amendment_text(amendment: Json) -> str:
    """A void or a correction in short: what, when, by whom and why."""
    department = amendment["source"].split("/")[2]
    return f"{AMENDED[amendment['what']]} {amendment['known']} {department} {amendment['id']}：{amendment['reason']}"


def _use(use: Json) -> str:
    return f"{'−' if use['sign'] < 0 else ''}{ROLES[use['role']]} {use['role']}"


def _parts(measure: Json) -> str:
    parts = measure["parts"]
    if parts is None:
        return ""
    if measure["of"] == "duty":
        parts = [part_text("duty", part) for part in parts]
    more = f" … {len(parts)}" if len(parts) > PARTS_SHOWN else ""
    return f"{'、'.join(parts[:PARTS_SHOWN])}{more}"
