"""What the payloads of training and finance hold apart: readable reports, and those that cannot be."""

import pytest
from pydantic import ValidationError

from shared.contracts import parse_fact

WEI, LAN, UNIT = "P0123456789ABCDEF", "P0123456789ABCDEG", "330127101003"
LOAN = {"unit": UNIT, "loan": "L", "loan_kind": "personal", "borrowers": [WEI], "amount_fen": 1}
ANSWER = {"survey": "S", "respondent": WEI}
RATING = {"code": UNIT, "lending_fen": 0}


@pytest.mark.parametrize(
    ("type_name", "data", "sentence"),
    [
        ("finance.loan_applied", {**LOAN, "borrowers": [WEI, WEI]}, "named twice"),
        ("finance.loan_applied", {**LOAN, "amount_fen": 0}, "greater than or equal to 1"),
        ("finance.loan_applied", {**LOAN, "loan_kind": "student"}, "'personal' or 'enterprise'"),
        ("finance.loan_applied", {**LOAN, "entity": "92330127MA2KX0022J"}, "check character"),
        ("finance.loan_disbursed", {"loan": "L", "tranche": 0, "amount_fen": 1}, "greater than or equal to 1"),
        ("finance.loan_repaid", {"loan": "L", "amount_fen": 1}, "receipt"),
        ("finance.instalment_due", {"loan": "L", "number": 1, "due": "2010-02-30", "principal_fen": 1}, "due"),
        (
            "finance.support_fund_paid", {"unit": UNIT, "fund": "F", "voucher": "1", "amount_fen": 1},
            "person or entity is required",
        ),
        ("finance.tax_relief_granted", {"unit": UNIT, "relief": "R", "levy": "营业税", "amount_fen": 1}, "person or entity is required"),
        (
            "finance.subsidy_paid", {"unit": UNIT, "payment": "B", "subsidy_kind": "training", "persons": [], "amount_fen": 1},
            "at least 1 item",
        ),
        (
            "finance.subsidy_paid", {"unit": UNIT, "payment": "B", "subsidy_kind": "training", "persons": [WEI, WEI], "amount_fen": 1},
            "named twice",
        ),
        ("finance.credit_community_rated", {**RATING, "recovery_rate": "1.01"}, "less than or equal to 1"),
        ("finance.credit_community_rated", {**RATING, "recovery_rate": "0.9", "unit": UNIT}, "by `code` alone"),
        ("finance.credit_rating_lapsed", {"code": "33012710100"}, "code"),
        ("training.survey_answered", {**ANSWER, "scores": []}, "at least 1 item"),
        ("training.survey_answered", {**ANSWER, "scores": [{"question": "cost", "score": 6}]}, "less than or equal to 5"),
        ("training.survey_answered", {**ANSWER, "scores": [{"question": "cost", "score": 3}] * 2}, "answered twice"),
        (
            "training.survey_answered", {**ANSWER, "scores": [{"question": "cost", "service": "贷款", "score": 3}]},
            "only the service question",
        ),
        ("training.trainee_enrolled", {"course": "C", "person": WEI}, "unit or park is required"),
        ("training.trainee_enrolled", {"unit": UNIT, "course": "C", "person": "330127198001011234"}, "person"),
        ("training.trainee_enrolled", {"unit": "330127401000", "course": "C", "person": WEI}, "is a park"),
        ("training.trainee_enrolled", {"park": UNIT, "course": "C", "person": WEI}, "is a community"),
        ("training.guidance_given", {"unit": UNIT, "person": WEI, "guidance_kind": "law", "categories": ["rich"]}, "categories"),
    ],
)  # fmt: skip
def test_a_payload_that_cannot_be_is_unreadable(type_name: str, data: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        parse_fact(type_name, 1, data)


@pytest.mark.parametrize(
    ("type_name", "data"),
    [
        ("finance.loan_applied", {**LOAN, "borrowers": [WEI, LAN], "programme": "ybc"}),
        ("finance.loan_applied", {**LOAN, "loan_kind": "enterprise", "borrowers": [], "entity": "330127600012345"}),
        ("finance.credit_community_rated", {**RATING, "recovery_rate": 0.95}),
        ("finance.credit_community_rated", {**RATING, "recovery_rate": "1"}),
        (
            "training.survey_answered",
            {**ANSWER, "scores": [{"question": "service", "score": 3}, {"question": "service", "service": "贷款", "score": 4}]},
        ),
        ("training.trainee_enrolled", {"unit": UNIT, "park": "330127401000", "course": "C", "person": WEI}),
        ("training.trainee_enrolled", {"park": "330127401000", "course": "C", "person": WEI}),
    ],
)  # fmt: skip
def test_an_unusual_payload_is_readable(type_name: str, data: dict[str, object]) -> None:
    assert parse_fact(type_name, 1, data).type == type_name
