"""Facts about the three funds: guarantees for small loans, graduates' start-ups, support of start-ups (plan 三(二)3, 四(七), 四(八))."""

from typing import Literal, Self

from pydantic import model_validator

from shared.contracts.base import EntityCode, Fact, FundId, PersonId, Placed, Text
from shared.contracts.finance.amounts import Amount

Origin = Literal["county_budget", "higher_budget", "bank", "enterprise", "donation", "other"]
"""资金来源: 县级财政, 上级财政, 银行, 企业, 社会捐助, 其他."""


class GuaranteeFundContributed(Fact):
    """担保基金注入: money is put into the guarantee fund for small loans (小额贷款担保基金, plan 四(七))."""

    type = "finance.guarantee_fund_contributed"
    about = "fund"
    natural_key = ("fund", "voucher")
    zh = "担保基金注入"
    example = {"fund": "guarantee", "voucher": "CZ-2010-0112", "origin": "county_budget", "amount_fen": 100000000}

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
    example = {"fund": "guarantee", "voucher": "CZ-2010-0731", "origin": "bank", "amount_fen": 20000000}

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
    example = {"fund": "graduate", "voucher": "CZ-2010-0120", "origin": "donation", "amount_fen": 30000000}

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
        "unit": "330127101003", "fund": "graduate", "voucher": "FF-2010-0009", "person": "P0123456789ABCDEF", "amount_fen": 2000000,
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
    example = {"fund": "support", "voucher": "CZ-2010-0131", "origin": "higher_budget", "amount_fen": 50000000}

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
        "unit": "330127101003", "park": "330127401000", "fund": "support", "voucher": "BF-2010-0044", "entity": "91330127MA2B1C0D18",
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
