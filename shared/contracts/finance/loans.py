"""Facts about small guaranteed loans (小额担保贷款), from application to settlement (plan 三(二)2, 四(七))."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import EntityCode, Fact, Fen, LoanId, PersonId, Placed, Text
from shared.contracts.exact import Day, Flag, Whole, as_set
from shared.contracts.finance.amounts import Amount
from shared.contracts.versions import Earlier, Renamed

Number = Annotated[Whole, Field(ge=1, le=600)]
"""A running number within one loan: of a tranche, of an instalment."""


class LoanApplied(Placed):
    """贷款申请: a small guaranteed loan (小额担保贷款) is applied for. Unit and park say where it counts.

    A personal start-up loan names its borrowers, each co-borrower too; a loan to an enterprise names the entity.
    """

    type = "finance.loan_applied"
    about = "loan"
    opens = True
    natural_key = ("loan",)
    zh = "贷款申请"
    example = {
        "unit": "330127101003", "loan": "L2010-00017", "loan_kind": "personal", "borrowers": ["P0123456789ABCDEF"],
        "entity": "92330127MA2KX0022K", "amount_fen": 5000000,
    }  # fmt: skip

    loan: LoanId
    loan_kind: Literal["personal", "enterprise"]
    borrowers: Annotated[tuple[PersonId, ...], Field(max_length=50), as_set("借款人", "borrower")] = ()
    entity: EntityCode | None = None
    """The business the loan is for, once it has a code."""
    amount_fen: Amount
    programme: Literal["ybc"] | None = None
    """中国青年创业国际计划, when the loan belongs to it."""


class LoanApproved(Fact):
    """贷款批准: the loan is granted, up to this amount."""

    type = "finance.loan_approved"
    about = "loan"
    natural_key = ("loan",)
    zh = "贷款批准"
    example = {"loan": "L2010-00017", "amount_fen": 5000000}

    loan: LoanId
    amount_fen: Amount


class LoanDeclined(Fact):
    """贷款不予批准: the application is turned down."""

    type = "finance.loan_declined"
    about = "loan"
    natural_key = ("loan",)
    zh = "贷款不予批准"
    example = {"loan": "L2010-00018"}

    loan: LoanId


class LoanDisbursed(Fact):
    """贷款发放: one tranche is paid out. The first one makes the loan count."""

    type = "finance.loan_disbursed"
    about = "loan"
    natural_key = ("loan", "tranche")
    zh = "贷款发放"
    example = {"loan": "L2010-00017", "tranche": 1, "amount_fen": 5000000, "evidence": [{"document": "借款借据 10-0417"}]}

    loan: LoanId
    tranche: Number
    amount_fen: Amount
    undated: Flag = False
    """The bank gave no day: `occurred` is then the day of the report, and the tranche is not counted until a correction dates it."""


class InstalmentDue(Fact):
    """还款计划: one instalment of the schedule. `due` may lie in the future; the fact's own day is the day the schedule was agreed."""

    type = "finance.instalment_due"
    about = "loan"
    natural_key = ("loan", "number")
    zh = "分期还款计划"
    example = {"loan": "L2010-00017", "number": 1, "due": "2011-04-20", "principal_fen": 2500000}

    loan: LoanId
    number: Number
    due: Day
    principal_fen: Amount


class LoanRepaidV1(Fact):
    """还款: principal is paid back (interest apart). Without an instalment it pays the oldest open one."""

    type = "finance.loan_repaid"
    about = "loan"
    natural_key = ("loan", "receipt")
    zh = "贷款还款"
    example = {"loan": "L2010-00017", "receipt": "HK-2011-0311", "amount_fen": 2500000, "instalment": 1}

    loan: LoanId
    receipt: Text
    """The number of the receipt (还款凭证号): what tells two payments of one day apart."""
    amount_fen: Amount
    instalment: Number | None = None


class LoanRepaid(Fact):
    """还款: principal is paid back. Without an instalment it pays the oldest open one.

    A payment most often holds interest too, and a receipt states the two apart: `principal_fen` is what counts as repaid, `interest_fen`
    what an interest subsidy (贷款贴息) is checked against.
    """

    type = "finance.loan_repaid"
    version = 2
    earlier = (Earlier(LoanRepaidV1, (Renamed("amount_fen", "principal_fen"),)),)
    about = "loan"
    natural_key = ("loan", "receipt")
    zh = "贷款还款"
    example = {
        "loan": "L2010-00017", "receipt": "HK-2011-0311", "principal_fen": 2500000, "interest_fen": 73750, "instalment": 1,
    }  # fmt: skip

    loan: LoanId
    receipt: Text
    """The number of the receipt (还款凭证号): what tells two payments of one day apart."""
    principal_fen: Amount
    """The principal in it (归还本金), without interest."""
    interest_fen: Fen | None = None
    """The interest paid with it (利息), where the bank states it; no part of what is repaid."""
    instalment: Number | None = None


class LoanOverdue(Fact):
    """逾期: the bank reports an instalment as overdue."""

    type = "finance.loan_overdue"
    about = "loan"
    natural_key = ("loan", "instalment")
    zh = "贷款逾期"
    example = {"loan": "L2010-00017", "instalment": 1}

    loan: LoanId
    instalment: Number


class LoanExtended(Fact):
    """展期: an instalment falls due on another day."""

    type = "finance.loan_extended"
    about = "loan"
    natural_key = ("loan", "instalment", "due")
    zh = "贷款展期"
    example = {"loan": "L2010-00017", "instalment": 1, "due": "2011-10-20"}

    loan: LoanId
    instalment: Number
    due: Day
    """The new day on which the instalment falls due."""


class LoanCompensated(Fact):
    """代偿: the guarantee fund pays principal for the borrower. It is not repayment."""

    type = "finance.loan_compensated"
    about = "loan"
    natural_key = ("loan", "occurred")
    zh = "贷款代偿"
    example = {"loan": "L2010-00017", "amount_fen": 2500000}

    loan: LoanId
    amount_fen: Amount


class LoanWrittenOff(Fact):
    """核销: principal is given up as lost."""

    type = "finance.loan_written_off"
    about = "loan"
    natural_key = ("loan", "occurred")
    zh = "贷款核销"
    example = {"loan": "L2010-00017", "amount_fen": 1000000}

    loan: LoanId
    amount_fen: Amount


class LoanSettled(Fact):
    """结清: the borrower owes nothing more. Whatever contradicts it later is flagged; this state wins."""

    type = "finance.loan_settled"
    about = "loan"
    natural_key = ("loan",)
    zh = "贷款结清"
    example = {"loan": "L2010-00017"}

    loan: LoanId
