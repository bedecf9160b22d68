"""An evaluation as tables for people: sums by system, every item with its reason, and what is to be put right. Pure: JSON in, table out."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from deploy.cli.tables import Cell, Column, Json, fitted
from services.indicators.evaluation.display import number_text
from services.indicators.evaluation.rule_words import OUTCOMES, RULES
from services.indicators.evaluation.rules import Outcome

VERDICTS: Final = {"passed": "达标 passed", "not_passed": "未达标 not passed", "vetoed": "一票否决 vetoed", "undecided": "未定 undecided"}
STYLES: Final = {"full": "green", "part": "yellow", "none": "bold red", "unknown": "magenta", "not_due": "dim", "not_applicable": "dim"}
STATES: Final = {"missed": ("未完成", "bold red"), "behind": ("落后", "yellow"), "unknown": ("不明", "magenta")}
SYSTEM_COLUMNS: Final = (
    Column("体系", "system"), Column("得分", "score", right=True), Column("可得", "attainable", right=True),
    Column("失分", "lost", right=True), Column("未到期", "not due", right=True), Column("不适用", "not applicable", right=True),
    Column("加分", "bonus", right=True), Column("分值", "points", right=True),
)  # fmt: skip
SYSTEM_ORDER: Final = (0, 1, 2, 3, 4, 6, 7, 5)
ITEM_COLUMNS: Final = (
    Column("项目", "item", wraps=True, widest=44), Column("得分", "score", right=True), Column("分值", "points", right=True),
    Column("结果", "outcome"), Column("理由", "reason", wraps=True, widest=60),
    Column("计分 · 依据", "rule · basis", wraps=True, widest=30), Column("条款", "clause"),
)  # fmt: skip
ITEM_ORDER: Final = (0, 1, 2, 3, 4, 5, 6)
RECTIFICATION_COLUMNS: Final = (
    Column("整改事项", "to be put right", wraps=True, widest=44), Column("状态", "state"),
    Column("责任", "by whom", wraps=True, widest=30), Column("期限", "by"), Column("失分", "lost", right=True),
    Column("现状", "as it stands", wraps=True, widest=60),
)  # fmt: skip
RECTIFICATION_ORDER: Final = (0, 2, 3, 1, 4, 5)


def systems_table(evaluation: Json, *, width: int | None = None) -> Table:
    """The sums by system and in all, with the verdict above them."""
    rows = [_sums(system["name"], system) for system in evaluation["systems"]]
    total = [_sums("合计 total", evaluation)]
    kind = "模拟考评 rehearsal" if evaluation["rehearsal"] else "考评 evaluation"
    title = (
        f"{evaluation['sheet']['name']} · {kind} · {evaluation['unit']}\n"
        f"截至 {evaluation['as_of']} as of · 已知 {evaluation['known_at']} known at{' · 已定案 final' if evaluation['final'] else ''}\n"
        f"{VERDICTS[evaluation['verdict']]}：{_share(evaluation['share'])}，达标线 pass share {_share(evaluation['pass_share'])}"
    )
    vetoes = "、".join(evaluation["vetoes"])
    return fitted(
        SYSTEM_COLUMNS, SYSTEM_ORDER, [rows, total], width, title=title, caption=f"一票否决 vetoed by: {vetoes}" if vetoes else None
    )


def items_table(evaluation: Json, *, width: int | None = None) -> Table:
    """Every item, system by system."""
    sections: dict[str, list[tuple[Cell, ...]]] = {}
    for item in evaluation["items"]:
        sections.setdefault(item["system"], []).append((
            _item(item, item["id"]), item["score"], item["points"] or "", _outcome(item["outcome"]), _reason(item),
            Text(f"{RULES[item['rule']].zh} {item['rule']}") + Text(f"\n{_basis(item)}".rstrip(), style="dim"), item["clause"],
        ))  # fmt: skip
    return fitted(ITEM_COLUMNS, ITEM_ORDER, list(sections.values()), width, title="评分表 scoring sheet", caption=None)


def opening(evaluation: Json, options: Sequence[str]) -> str:
    """How to open a score to what is behind it, from where the evaluation came from."""
    days = ("--unit", evaluation["unit"], "--as-of", evaluation["as_of"], "--known-at", evaluation["known_at"])
    return (
        "打开一项得分，ID 为其依据，任务见 kaiye duties / to open a score, ID being its basis, for a duty kaiye duties: "
        f"kaiye explain ID {shlex.join((*days, *options))}"
    )


def rectifications_table(evaluation: Json, *, width: int | None = None) -> Table:
    """What has to be put right, by whom and by when."""
    rows = list(_rectifications(evaluation))
    title = f"整改清单 rectifications · 共 {len(rows)} in all"
    return fitted(RECTIFICATION_COLUMNS, RECTIFICATION_ORDER, [rows], width, title=title, caption=None)


def _rectifications(evaluation: Json) -> Iterator[tuple[Cell, ...]]:
    for each in evaluation["rectifications"]:
        word, style = STATES[each["state"]]
        yield (
            _item(each, each["item"]), Text(f"{word} {each['state']}", style=style), f"{each['name']} {each['party']}", each["by"],
            each["lost"], _reason(each),
        )  # fmt: skip


def _basis(item: Json) -> str:
    """What an item is scored by: its indicator with the options of `kaiye explain`, or its duty."""
    if item["figure"] is None:
        return "" if item["duty"] is None else f"任务 duty {item['duty']['duty']}"
    figure = item["figure"]
    variant = "" if figure["variant"] == "default" else f" --variant {figure['variant']}"
    part = "" if figure["part"] is None else f" --part {figure['part']}"
    return f"{figure['indicator']}{variant}{part}"


def _item(of: Json, id: str) -> Text:
    return Text(of["zh"]) + Text(f" {of['en']}") + Text(f" {id}", style="dim")


def _reason(of: Json) -> Text:
    """Why, in both languages, the second below the first."""
    return Text(of["reason_zh"]) + Text(f"\n{of['reason_en']}", style="dim")


def _sums(name: str, of: Json) -> tuple[Cell, ...]:
    keys = ("score", "attainable", "lost", "not_due", "not_applicable", "bonus", "points")
    return name, *(of[key] for key in keys)


def _outcome(outcome: Outcome) -> Text:
    return Text(f"{OUTCOMES[outcome].zh} {OUTCOMES[outcome].en}", style=STYLES[outcome])


def _share(share: str | None) -> str:
    return number_text(share, "ratio")
