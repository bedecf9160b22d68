"""What people are handed after an evaluation: tables that WPS and Excel read, with a line for each item, document and rectification."""

import csv
from io import StringIO

from deploy.evaluation_documents import documents_of, file_name
from services.indicators.evaluation.evaluation import Evaluation
from shared.contracts.base import Evidence
from tests.indicators.evaluation.support import item, sheet
from tests.indicators.evaluation.test_scoring import ACCEPTED, OVERDUE, evaluated, owing, row
from tests.support.records import PARK, TOWN


def an_evaluation() -> Evaluation:
    text = sheet(item("proportional", 4, zh="=贷款"), item("threshold", 6, id="two", duty="plans"))
    documents = {("plans", TOWN): (Evidence(document="镇〔2025〕1号"), Evidence(document="会议纪要"))}
    return evaluated(text, row(value="250"), duties=owing(ACCEPTED, OVERDUE), shown_=documents)


def lines(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(content.decode("utf-8-sig"))))


def test_each_list_has_its_lines_and_follows_from_the_evaluation_alone() -> None:
    found = {kind: lines(content) for kind, content in documents_of(an_evaluation()).items()}
    scores = found["scoring_sheet"]
    assert scores[1][:8] == ["one", "'=贷款", "四(七)", "创业服务体系", "按比例得分 proportional", "4.00", "2.00", "2.00"]
    assert [line[5:8] for line in scores[2:]] == [["6.00", "0.00", "6.00"], ["10.00", "2.00", "8.00"], ["10.00", "2.00", "8.00"]]
    assert found["evidence_index"][1][4:] == ["loans.default", "", "", "", "", ""]
    assert [[line[5], line[9]] for line in found["evidence_index"][2:]] == [[TOWN, "镇〔2025〕1号；会议纪要"], [PARK, ""]]
    assert [line[:1] + line[3:8] for line in found["rectification_list"][1:]] == [
        ["one", "未完成 missed", "rsj", "人力资源和社会保障局", "2026-01-30", "2.00"],
        ["two", "未完成 missed", PARK, PARK, "2026-01-30", "6.00"],
    ]
    assert documents_of(an_evaluation()) == documents_of(an_evaluation())
    assert file_name(an_evaluation(), "scoring_sheet") == "330127000000_评分表_2025-12-31.csv"
