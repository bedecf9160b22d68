"""三(二)3, 四(四), 四(六)–(八): internship bases, associations and money: the three funds, subsidies and tax relief."""

from typing import get_args

from services.indicators.figures import COUNTY_ONLY, Amount, ByUnit, Indicator, Less, Share, Split, Variant
from services.indicators.measures.kinds import Counted, Level, Members
from services.indicators.measures.rows import Select, where
from shared.contracts.finance import Origin, SubsidyKind

INTERNSHIP_BASES = Level("internship_bases", Select("venue", where(venue_kind="internship_base")))
INTERNSHIPS = Counted("internships.completed", Select("internship_completed"))
RETAINED = Counted("internships.retained", Select("internship_completed", where(retained=True)))
ASSOCIATIONS = Level("associations", Select("association"))
MEMBERS = Level("associations.members", Select("association_member"))


def _ever(name: str, relation: str, **among: str) -> Counted:
    return Counted(name, Select(relation, where(**among)), amount="amount_fen", window="ever")


def _in_year(name: str, relation: str, **among: str) -> Counted:
    return Counted(name, Select(relation, where(**among)), amount="amount_fen")


def _guarantee(suffix: str, **among: str) -> Amount:
    contributed = _ever(f"guarantee_fund.contributed{suffix}", "guarantee_contributed", **among)
    return Amount(Less(contributed, _ever(f"guarantee_fund.withdrawn{suffix}", "guarantee_withdrawn", **among)))


GUARANTEE_FUND = Split(
    tuple((origin, _guarantee(f".{origin}", origin=origin)) for origin in get_args(Origin)), whole=_guarantee(""),
)  # fmt: skip
GRADUATE_RAISED = _in_year("graduate_fund.raised", "graduate_raised")
GRADUATE_BALANCE = Less(_ever("graduate_fund.raised.ever", "graduate_raised"), _ever("graduate_fund.granted.ever", "graduate_granted"))
SUPPORT_RAISED = _in_year("support_fund.raised", "support_raised")
SUPPORT_PAID = _in_year("support_fund.paid", "support_paid")
TAX_RELIEF = _in_year("tax_relief", "tax_relief")
SUBSIDIES = Split(
    tuple((kind, Amount(_in_year(f"subsidies.{kind}", "subsidy", subsidy_kind=kind))) for kind in get_args(SubsidyKind)),
    whole=Amount(_in_year("subsidies", "subsidy")),
)  # fmt: skip
SUBSIDISED = Split(
    tuple(
        (kind, Amount(Members(f"subsidised.{kind}", (Select("subsidised", where(subsidy_kind=kind)),))))
        for kind in get_args(SubsidyKind)
    ),
    whole=Amount(Members("subsidised", (Select("subsidised"),))),
)  # fmt: skip

RESOURCES = (
    Indicator(
        id="support_fund",
        zh="创业扶持资金",
        en="Support fund",
        clause="三(二)3",
        quote="加大资金投入力度，筹集更多的创业扶持资金",
        behaviour="shown",
        variants=(
            Variant("default", Amount(SUPPORT_RAISED), "fen", "raised in the year", units=COUNTY_ONLY),
            Variant("paid", Amount(SUPPORT_PAID), "fen", "paid in the year"),
        ),
    ),
    Indicator(
        id="tax_relief",
        zh="税费减免",
        en="Tax relief",
        clause="三(二)3",
        quote="认真落实税费减免、创业补贴和贷款贴息政策",
        behaviour="shown",
        variants=(Variant("default", Amount(TAX_RELIEF), "fen", "taxes and fees reduced or waived in the year"),),
    ),
    Indicator(
        id="subsidies",
        zh="补贴",
        en="Subsidies",
        clause="三(三)4",
        quote="享受一次性职业培训补贴和创业培训补贴",
        behaviour="shown",
        variants=(
            Variant("default", SUBSIDIES, "fen", "paid in the year, and by kind: training, start-up, interest"),
            Variant("persons", SUBSIDISED, "persons", "distinct persons they were paid for, and by kind"),
        ),
    ),
    Indicator(
        id="internship_bases",
        zh="创业见习基地",
        en="Internship bases",
        clause="四(四)",
        quote="发展20家经营较为成熟、社会责任感较强的企业、机构作为创业见习基地",
        behaviour="line",
        starts_from_eve=True,
        variants=(
            Variant("default", Amount(INTERNSHIP_BASES), "venues", "open internship bases"),
            Variant(
                "retention", Share(RETAINED, INTERNSHIPS), "ratio", "kept on ÷ internships completed in the year", behaviour="shown",
            ),
        ),
    ),
    Indicator(
        id="associations",
        zh="创业者协会",
        en="Founders' associations",
        clause="四(六)",
        quote="鼓励乡镇及有关部门建立创业者协会、创业者联谊会等创业者自律服务组织",
        behaviour="shown",
        variants=(
            Variant("default", Amount(ASSOCIATIONS), "associations", "existing associations"),
            Variant("by_township", ByUnit(ASSOCIATIONS, "township"), "associations", "of each township", units=COUNTY_ONLY),
            Variant("members", Amount(MEMBERS), "members", "members, persons and entities, of existing associations"),
        ),
    ),
    Indicator(
        id="guarantee_fund",
        zh="小额贷款担保基金",
        en="Guarantee fund",
        clause="四(七)",
        quote="多渠道筹集小额贷款担保基金",
        behaviour="shown",
        units=COUNTY_ONLY,
        variants=(Variant("default", GUARANTEE_FUND, "fen", "contributed less withdrawn, and by source"),),
    ),
    Indicator(
        id="graduate_fund",
        zh="高校毕业生创业基金",
        en="Graduate fund",
        clause="四(八)",
        quote="筹集100万元作为高校毕业生创业基金",
        behaviour="line",
        units=COUNTY_ONLY,
        variants=(
            Variant("default", Amount(GRADUATE_RAISED), "fen", "raised in the year; grants do not reduce it"),
            Variant("balance", Amount(GRADUATE_BALANCE), "fen", "raised less granted, ever", behaviour="shown"),
        ),
    ),
)  # fmt: skip
