"""Facts about single payments and decisions: subsidies and tax relief (plan 三(二)3, 三(三)4)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.base import EntityCode, OccasionId, PersonId, Placed, Text
from shared.contracts.exact import Flag, as_set
from shared.contracts.finance.amounts import Amount

SubsidyKind = Literal["training", "start_up", "interest"]
"""培训补贴, 创业补贴, 贷款贴息 (plan 三(二)3, 三(三)4)."""


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
        "unit": "330127101000", "payment": "BT-2010-0105", "subsidy_kind": "training", "persons": ["P0123456789ABCDEF"],
        "institution": "县就业训练中心", "one_off": True, "amount_fen": 80000,
    }  # fmt: skip

    payment: OccasionId
    """The number of the payment (拨付凭证号)."""
    subsidy_kind: SubsidyKind
    persons: Annotated[tuple[PersonId, ...], Field(min_length=1, max_length=2000), as_set("人员", "person")]
    institution: Text | None = None
    one_off: Flag = False
    """一次性: a person may be paid this kind of subsidy only once; a second payment is flagged."""
    amount_fen: Amount


class TaxReliefGranted(Placed):
    """税费减免: a tax or fee is reduced or waived for an entity or a person (plan 三(二)3)."""

    type = "finance.tax_relief_granted"
    about = "relief"
    natural_key = ("relief",)
    zh = "税费减免"
    example = {
        "unit": "330127101003", "relief": "JM-2010-0077", "entity": "92330127MA2KX0022K", "levy": "营业税", "amount_fen": 96000,
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
