"""Facts of the finance service: loans, funds, subsidies, tax relief and credit communities (plan 三(二)2–3, 三(三)4, 四(七), 四(八))."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.base import AnyUnitCode, EntityCode, Fact, Fen, FundId, LoanId, OccasionId, PersonId, Placed, Text

Amount = Annotated[int, Field(ge=1, le=10**15)]
"""An amount that moved, in integer fen (分): never zero."""
Number = Annotated[int, Field(ge=1, le=600)]
"""A running number within one loan: of a tranche, of an instalment."""
Origin = Literal["county_budget", "higher_budget", "bank", "enterprise", "donation", "other"]
"""资金来源: 县级财政, 上级财政, 银行, 企业, 社会捐助, 其他."""
SubsidyKind = Literal["training", "start_up", "interest"]
"""培训补贴, 创业补贴, 贷款贴息 (plan 三(二)3, 三(三)4)."""


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
        "unit": "990101001001", "loan": "L2009-00017", "loan_kind": "personal", "borrowers": ["P0123456789ABCDEF"],
        "entity": "92990101MA0000002Y", "amount_fen": 5000000,
    }  # fmt: skip

    loan: LoanId
    loan_kind: Literal["personal", "enterprise"]
    borrowers: Annotated[tuple[PersonId, ...], Field(max_length=50)] = ()
    entity: EntityCode | None = None
    """The business the loan is for, once it has a code."""
    amount_fen: Amount
    programme: Literal["ybc"] | None = None
    """中国青年创业国际计划, when the loan belongs to it."""

    @model_validator(mode="after")
    def _each_borrower_once(self) -> Self:
        if len(set(self.borrowers)) < len(self.borrowers):
            raise ValueError("a borrower is named twice / 借款人重复")
        return self


class LoanApproved(Fact):
    """贷款批准: the loan is granted, up to this amount."""

    type = "finance.loan_approved"
    about = "loan"
    natural_key = ("loan",)
    zh = "贷款批准"
    example = {"loan": "L2009-00017", "amount_fen": 5000000}

    loan: LoanId
    amount_fen: Amount


class LoanDeclined(Fact):
    """贷款不予批准: the application is turned down."""

    type = "finance.loan_declined"
    about = "loan"
    natural_key = ("loan",)
    zh = "贷款不予批准"
    example = {"loan": "L2009-00018"}

    loan: LoanId


class LoanDisbursed(Fact):
    """贷款发放: one tranche is paid out. The first one makes the loan count."""

    type = "finance.loan_disbursed"
    about = "loan"
    natural_key = ("loan", "tranche")
    zh = "贷款发放"
    example = {"loan": "L2009-00017", "tranche": 1, "amount_fen": 5000000, "evidence": [{"document": "借款借据 09-0417"}]}

    loan: LoanId
    tranche: Number
    amount_fen: Amount
    undated: bool = False
    """The bank gave no day: `occurred` is then the day of the report, and the tranche is not counted until a correction dates it."""


class InstalmentDue(Fact):
    """还款计划: one instalment of the schedule. `due` may lie in the future; the fact's own day is the day the schedule was agreed."""

    type = "finance.instalment_due"
    about = "loan"
    natural_key = ("loan", "number")
    zh = "分期还款计划"
    example = {"loan": "L2009-00017", "number": 1, "due": "2010-04-20", "principal_fen": 2500000}

    loan: LoanId
    number: Number
    due: date
    principal_fen: Amount


class LoanRepaid(Fact):
    """还款: principal is paid back (interest apart). Without an instalment it pays the oldest open one."""

    type = "finance.loan_repaid"
    about = "loan"
    natural_key = ("loan", "receipt")
    zh = "贷款还款"
    example = {"loan": "L2009-00017", "receipt": "HK-2010-0311", "amount_fen": 2500000, "instalment": 1}

    loan: LoanId
    receipt: Text
    """The number of the receipt (还款凭证号): what tells two payments of one day apart."""
    amount_fen: Amount
    instalment: Number | None = None


class LoanOverdue(Fact):
    """逾期: the bank reports an instalment as overdue."""

    type = "finance.loan_overdue"
    about = "loan"
    natural_key = ("loan", "instalment")
    zh = "贷款逾期"
    example = {"loan": "L2009-00017", "instalment": 1}

    loan: LoanId
    instalment: Number


class LoanExtended(Fact):
    """展期: an instalment falls due on another day."""

    type = "finance.loan_extended"
    about = "loan"
    natural_key = ("loan", "instalment", "due")
    zh = "贷款展期"
    example = {"loan": "L2009-00017", "instalment": 1, "due": "2010-10-20"}

    loan: LoanId
    instalment: Number
    due: date
    """The new day on which the instalment falls due."""


class LoanCompensated(Fact):
    """代偿: the guarantee fund pays principal for the borrower. It is not repayment."""

    type = "finance.loan_compensated"
    about = "loan"
    natural_key = ("loan", "occurred")
    zh = "贷款代偿"
    example = {"loan": "L2009-00017", "amount_fen": 2500000}

    loan: LoanId
    amount_fen: Amount


class LoanWrittenOff(Fact):
    """核销: principal is given up as lost."""

    type = "finance.loan_written_off"
    about = "loan"
    natural_key = ("loan", "occurred")
    zh = "贷款核销"
    example = {"loan": "L2009-00017", "amount_fen": 1000000}

    loan: LoanId
    amount_fen: Amount


class LoanSettled(Fact):
    """结清: the borrower owes nothing more. Whatever contradicts it later is flagged; this state wins."""

    type = "finance.loan_settled"
    about = "loan"
    natural_key = ("loan",)
    zh = "贷款结清"
    example = {"loan": "L2009-00017"}

    loan: LoanId


class GuaranteeFundContributed(Fact):
    """担保基金注入: money is put into the guarantee fund for small loans (小额贷款担保基金, plan 四(七))."""

    type = "finance.guarantee_fund_contributed"
    about = "fund"
    natural_key = ("fund", "voucher")
    zh = "担保基金注入"
    example = {"fund": "guarantee", "voucher": "CZ-2009-0112", "origin": "county_budget", "amount_fen": 100000000}

    fund: FundId
    voucher: Text
    """The number of the payment voucher (凭证号)."""
    origin: Origin
    amount_fen: Amount


class GuaranteeFundWithdrawn(Fact):
    """担保基金退出: a contributor takes money out of the guarantee fund again. Compensations are not withdrawals."""

    type = "finance.guarantee_fund_withdrawn"
    about = "fund"
    natural_key = ("fund", "voucher")
    zh = "担保基金退出"
    example = {"fund": "guarantee", "voucher": "CZ-2009-0731", "origin": "bank", "amount_fen": 20000000}

    fund: FundId
    voucher: Text
    origin: Origin
    amount_fen: Amount


class GraduateFundRaised(Fact):
    """高校毕业生创业基金筹集: money comes into the start-up fund for graduates (plan 四(八))."""

    type = "finance.graduate_fund_raised"
    about = "fund"
    natural_key = ("fund", "voucher")
    zh = "高校毕业生创业基金筹集"
    example = {"fund": "graduate", "voucher": "CZ-2009-0120", "origin": "donation", "amount_fen": 30000000}

    fund: FundId
    voucher: Text
    origin: Origin
    amount_fen: Amount


class GraduateFundGranted(Placed):
    """高校毕业生创业基金发放: the fund grants money to a graduate who starts up. What was raised is not reduced by it."""

    type = "finance.graduate_fund_granted"
    about = "fund"
    natural_key = ("fund", "voucher")
    zh = "高校毕业生创业基金发放"
    example = {
        "unit": "990101001001", "fund": "graduate", "voucher": "FF-2009-0009", "person": "P0123456789ABCDEF", "amount_fen": 2000000,
    }  # fmt: skip

    fund: FundId
    voucher: Text
    person: PersonId
    entity: EntityCode | None = None
    amount_fen: Amount


class SupportFundRaised(Fact):
    """创业扶持资金筹集: money is made available to support start-ups (plan 三(二)3)."""

    type = "finance.support_fund_raised"
    about = "fund"
    natural_key = ("fund", "voucher")
    zh = "创业扶持资金筹集"
    example = {"fund": "support", "voucher": "CZ-2009-0131", "origin": "higher_budget", "amount_fen": 50000000}

    fund: FundId
    voucher: Text
    origin: Origin
    amount_fen: Amount


class SupportFundPaid(Placed):
    """创业扶持资金拨付: support is paid to a person, an entity, or a person for an entity."""

    type = "finance.support_fund_paid"
    about = "fund"
    natural_key = ("fund", "voucher")
    zh = "创业扶持资金拨付"
    example = {
        "unit": "990101001001", "park": "990101401000", "fund": "support", "voucher": "BF-2009-0044", "entity": "91990101MA0000001Y",
        "amount_fen": 3000000,
    }  # fmt: skip

    fund: FundId
    voucher: Text
    person: PersonId | None = None
    entity: EntityCode | None = None
    amount_fen: Amount

    @model_validator(mode="after")
    def _someone_is_paid(self) -> Self:
        if self.person is None and self.entity is None:
            raise ValueError("person or entity is required / 必须填写个人或单位")
        return self


class SubsidyPaid(Placed):
    """补贴拨付: one payment of a training, start-up or interest subsidy.

    `persons` are those it is paid for. Without an institution they are the payees themselves; with one, it is paid on their
    account to the institution (培训机构).
    """

    type = "finance.subsidy_paid"
    about = "payment"
    natural_key = ("payment",)
    zh = "补贴拨付"
    example = {
        "unit": "990101001000", "payment": "BT-2009-0105", "subsidy_kind": "training", "persons": ["P0123456789ABCDEF"],
        "institution": "县就业训练中心", "one_off": True, "amount_fen": 80000,
    }  # fmt: skip

    payment: OccasionId
    """The number of the payment (拨付凭证号)."""
    subsidy_kind: SubsidyKind
    persons: Annotated[tuple[PersonId, ...], Field(min_length=1, max_length=2000)]
    institution: Text | None = None
    one_off: bool = False
    """一次性: a person may be paid this kind of subsidy only once; a second payment is flagged."""
    amount_fen: Amount

    @model_validator(mode="after")
    def _each_person_once(self) -> Self:
        if len(set(self.persons)) < len(self.persons):
            raise ValueError("a person is named twice / 人员重复")
        return self


class TaxReliefGranted(Placed):
    """税费减免: a tax or fee is reduced or waived for an entity or a person (plan 三(二)3)."""

    type = "finance.tax_relief_granted"
    about = "relief"
    natural_key = ("relief",)
    zh = "税费减免"
    example = {
        "unit": "990101001001", "relief": "JM-2009-0077", "entity": "92990101MA0000002Y", "levy": "营业税", "amount_fen": 96000,
    }  # fmt: skip

    relief: OccasionId
    """The number of the decision (减免决定书号)."""
    person: PersonId | None = None
    entity: EntityCode | None = None
    levy: Text
    """The tax or fee (税费种)."""
    amount_fen: Amount

    @model_validator(mode="after")
    def _someone_is_relieved(self) -> Self:
        if self.person is None and self.entity is None:
            raise ValueError("person or entity is required / 必须填写个人或单位")
        return self


class CreditCommunityRated(Fact):
    """信用社区评定: a community or village is rated by its lending and recovery; a rating holds for 12 months (plan 四(七))."""

    type = "finance.credit_community_rated"
    about = "code"
    natural_key = ("code", "occurred")
    zh = "信用社区评定"
    example = {"code": "990101001001", "lending_fen": 38000000, "recovery_rate": "0.972"}

    code: AnyUnitCode
    lending_fen: Fen
    recovery_rate: Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)]
    """Share of the principal due that was repaid, 0 to 1."""


class CreditRatingLapsed(Fact):
    """信用社区资格终止: the rating is taken back before its 12 months are over."""

    type = "finance.credit_rating_lapsed"
    about = "code"
    natural_key = ("code", "occurred")
    zh = "信用社区资格终止"
    example = {"code": "990101001001"}

    code: AnyUnitCode


FinanceFact = (
    LoanApplied | LoanApproved | LoanDeclined | LoanDisbursed | InstalmentDue | LoanRepaid | LoanOverdue | LoanExtended | LoanCompensated
    | LoanWrittenOff | LoanSettled | GuaranteeFundContributed | GuaranteeFundWithdrawn | GraduateFundRaised | GraduateFundGranted
    | SupportFundRaised | SupportFundPaid | SubsidyPaid | TaxReliefGranted | CreditCommunityRated | CreditRatingLapsed
)  # fmt: skip
FINANCE_FACTS: tuple[type[FinanceFact], ...] = (
    LoanApplied, LoanApproved, LoanDeclined, LoanDisbursed, InstalmentDue, LoanRepaid, LoanOverdue, LoanExtended, LoanCompensated,
    LoanWrittenOff, LoanSettled, GuaranteeFundContributed, GuaranteeFundWithdrawn, GraduateFundRaised, GraduateFundGranted,
    SupportFundRaised, SupportFundPaid, SubsidyPaid, TaxReliefGranted, CreditCommunityRated, CreditRatingLapsed,
)  # fmt: skip
