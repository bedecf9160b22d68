"""What people are handed after an evaluation, as tables for WPS and Excel: scoring sheet, evidence index, rectification list. Pure.

They follow from the evaluation alone: the same evaluation gives the same bytes.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from typing import Final, Literal

from deploy.cli.explain_file import BOM, cell
from deploy.cli.tables import DUTY_STATES
from services.indicators.evaluation.evaluation import Evaluation
from services.indicators.evaluation.rule_words import OUTCOMES, RULES

Kind = Literal["scoring_sheet", "evidence_index", "rectification_list"]
Row = tuple[str | None, ...]
NAMES: Final[Mapping[Kind, str]] = {"scoring_sheet": "评分表", "evidence_index": "佐证材料目录", "rectification_list": "整改清单"}
STATES: Final = {"missed": "未完成 missed", "behind": "落后 behind", "unknown": "不明 unknown"}


def documents_of(evaluation: Evaluation) -> dict[Kind, bytes]:
    """Each of them, by its kind."""
    return {kind: _table(lines(evaluation)) for kind, lines in _LINES.items()}


def file_name(evaluation: Evaluation, kind: Kind) -> str:
    """单位_报表_期间."""
    return f"{evaluation.unit}_{NAMES[kind]}_{evaluation.as_of}.csv"


def _table(rows: Iterable[Row]) -> bytes:
    file = StringIO(newline="")
    file.write(BOM)
    csv.writer(file).writerows([cell(value) for value in row] for row in rows)
    return file.getvalue().encode()


def _scoring_sheet(evaluation: Evaluation) -> Iterator[Row]:
    yield (
        "项目 item", "名称 name", "条款 clause", "体系 system", "计分 rule", "分值 points", "得分 score", "失分 lost", "结果 outcome",
        "理由 reason", "reason",
    )  # fmt: skip
    names = {system.system: system.name for system in evaluation.systems}
    for item in evaluation.items:
        outcome = f"{OUTCOMES[item.outcome].zh} {OUTCOMES[item.outcome].en}"
        yield (
            item.id, item.zh, item.clause, names[item.system], f"{RULES[item.rule].zh} {item.rule}", item.points, item.score, item.lost,
            outcome, item.reason_zh, item.reason_en,
        )  # fmt: skip
    for system in evaluation.systems:
        yield None, system.name, None, None, "小计 subtotal", system.points, system.score, system.lost, None, None, None
    yield None, "合计 total", None, None, None, evaluation.points, evaluation.score, evaluation.lost, evaluation.verdict, None, None


def _evidence_index(evaluation: Evaluation) -> Iterator[Row]:
    yield (
        "体系 system", "项目 item", "名称 name", "应有佐证 wanted", "指标或任务 figure or duty", "责任 owed by", "名称 name", "进展 state",
        "自 since", "佐证材料 documents",
    )  # fmt: skip
    for system in evaluation.evidence:
        for item in system.items:
            about = ".".join(part for part in (item.indicator, item.variant, item.part, item.duty) if part is not None)
            line: Row = (system.name, item.item, item.zh, item.wanted, about)
            if not item.shown:
                yield (*line, None, None, None, None, None)
            for each in item.shown:
                documents = "；".join(each_.document for each_ in each.references)
                state = f"{DUTY_STATES[each.state][0]} {each.state}"
                yield (*line, each.party, each.name, state, None if each.since is None else str(each.since), documents)


def _rectification_list(evaluation: Evaluation) -> Iterator[Row]:
    yield (
        "项目 item", "名称 name", "条款 clause", "状态 state", "责任 by whom", "名称 name", "期限 by", "失分 lost", "现状 as it stands",
        "as it stands",
    )  # fmt: skip
    for each in evaluation.rectifications:
        yield (
            each.item, each.zh, each.clause, STATES[each.state], each.party, each.name, str(each.by), each.lost, each.reason_zh,
            each.reason_en,
        )  # fmt: skip


_LINES: Final[Mapping[Kind, Callable[[Evaluation], Iterator[Row]]]] = {
    "scoring_sheet": _scoring_sheet, "evidence_index": _evidence_index, "rectification_list": _rectification_list,
}  # fmt: skip
