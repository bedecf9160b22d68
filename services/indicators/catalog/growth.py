"""二(三) 创业活动对企业成长的贡献率."""

from services.indicators.figures import Amount, Indicator, Less, Share, SinceStart, Variant
from services.indicators.measures.kinds import Counted, Holding, Matured
from services.indicators.measures.rows import Predicate, Select, where

_ENTERPRISES = where(entity_kind="enterprise")
_BUSINESSES = where(entity_kind="individual_business")
NEW_ENTERPRISES = Counted("new_enterprises", Select("registration", _ENTERPRISES))
NEW_ENTERPRISES_EVER = Counted("new_enterprises.ever", Select("registration", _ENTERPRISES), part="year", window="ever")
NEW_BUSINESSES = Counted("new_individual_businesses", Select("registration", _BUSINESSES))
NEW_BUSINESSES_EVER = Counted("new_individual_businesses.ever", Select("registration", _BUSINESSES), part="year", window="ever")

_OUT = Select("state", where(out=True))
_IN_COUNTY = Select("state", where(out=False))
_NOT_CLOSED = (Predicate("state", "in", ("operating", "suspended")),)
_ALIVE = Select("state", _NOT_CLOSED)
_ALIVE_IN_COUNTY = Select("state", (*_NOT_CLOSED, *where(out=False)))
_SIGN = Select("sign_of_life")
_SIGN_OPERATING = Select("sign_of_life", where(operating=True))


def _cohort(name: str, start: Select, outcome: Holding | None, *, months: int = 12) -> Matured:
    return Matured(name, start, months, outcome, left=_OUT, member="entity", part="year")


_REGISTERED_ENTERPRISE = Select("registration", _ENTERPRISES)
_REGISTERED = Select("registration")
COHORT = _cohort("survival_1y.cohort", _REGISTERED_ENTERPRISE, None)
ALIVE = _cohort("survival_1y.alive", _REGISTERED_ENTERPRISE, Holding(_ALIVE))
COHORT_ALL = _cohort("survival_1y.with_businesses.cohort", _REGISTERED, None)
ALIVE_ALL = _cohort("survival_1y.with_businesses.alive", _REGISTERED, Holding(_ALIVE))
CHECKED = _cohort("survival_1y.operating.checked", _REGISTERED_ENTERPRISE, Holding(_SIGN))
CHECKED_OPERATING = _cohort("survival_1y.operating.operating", _REGISTERED_ENTERPRISE, Holding(_SIGN_OPERATING))
PRESENT = _cohort("survival_1y.snapshot.present", _REGISTERED_ENTERPRISE, Holding(_IN_COUNTY, "as_of"))
PRESENT_ALIVE = _cohort("survival_1y.snapshot.alive", _REGISTERED_ENTERPRISE, Holding(_ALIVE_IN_COUNTY, "as_of"))

GROWTH = (
    Indicator(
        id="new_enterprises",
        zh="新增创业企业",
        en="New enterprises",
        clause="二(三)",
        quote="平均每年新增创业企业130户",
        behaviour="line",
        variants=(
            Variant("default", Amount(NEW_ENTERPRISES), "entities", "enterprises registered in the year"),
            Variant(
                "yearly_average", SinceStart(NEW_ENTERPRISES_EVER), "entities",
                "registered since 1 January of the plan year ÷ plan years begun", window="two_years",
            ),
        ),
    ),
    Indicator(
        id="new_individual_businesses",
        zh="新增个体工商户",
        en="New individual businesses",
        clause="二(三)",
        quote="新增个体工商户900户以上",
        behaviour="line",
        variants=(
            Variant("default", Amount(NEW_BUSINESSES), "entities", "individual businesses registered in the year"),
            Variant(
                "yearly_average", SinceStart(NEW_BUSINESSES_EVER), "entities",
                "registered since 1 January of the plan year ÷ plan years begun", window="two_years",
            ),
        ),
    ),
    Indicator(
        id="survival_1y",
        zh="创业企业存活率（存活1年以上）",
        en="One-year survival",
        clause="二(三)",
        quote="创业企业存活率（存活1年以上）达到80%以上",
        behaviour="level",
        benchmarked=True,
        variants=(
            Variant(
                "default", Share(ALIVE, COHORT, parts=COHORT), "ratio",
                "enterprises not deregistered or revoked at the end of their first anniversary",
            ),
            Variant("with_businesses", Share(ALIVE_ALL, COHORT_ALL, parts=COHORT_ALL), "ratio", "individual businesses as well"),
            Variant(
                "operating", Share(CHECKED_OPERATING, CHECKED, parts=COHORT), "ratio",
                "the last check or staff report in the six months up to the anniversary says operating",
                note="六个月内没有核查或用工报告的不明，另列数 / "
                "those without a check or report in six months are unknown and counted apart",
                incomplete=Less(COHORT, CHECKED),
            ),
            Variant("snapshot", Share(PRESENT_ALIVE, PRESENT, parts=PRESENT), "ratio", "alive on the effective day"),
        ),
    ),
)  # fmt: skip
