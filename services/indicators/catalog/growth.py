"""二(三) 创业活动对企业成长的贡献率."""

from services.indicators.figures import Amount, Indicator, Less, OverStart, Share, SinceStart, Variant
from services.indicators.measures.kinds import Counted, Holding, Level, Matured, Published
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


_REGISTERED_ENTERPRISE = Select("registration", _ENTERPRISES)
_REGISTERED = Select("registration")

EXISTING_SERIES = Published("enterprises_existing", Select("statistic", where(series="enterprises_existing")))
EXISTING_ENTERPRISES = Level("enterprises_existing.facts", Select("state", (*_NOT_CLOSED, *where(out=False), *_ENTERPRISES)))
EXISTING_ENTITIES = Level("entities_existing.facts", Select("state", (*_NOT_CLOSED, *where(out=False))))
NEW_ENTITIES = Counted("new_entities", _REGISTERED)
NEW_ENTERPRISES_HELPED = Counted("new_enterprises.helped", Select("registration_helped", _ENTERPRISES))


def _survival(years: int, zh: str, en: str, quote: str, *, benchmarked: bool = False) -> Indicator:
    id, months = f"survival_{years}y", 12 * years

    def cohort(name: str, start: Select, outcome: Holding | None = None) -> Matured:
        return Matured(f"{id}.{name}", start, months, outcome, left=_OUT, member="entity", part="year")

    enterprises = cohort("cohort", _REGISTERED_ENTERPRISE)
    entities = cohort("with_businesses.cohort", _REGISTERED)
    checked = cohort("operating.checked", _REGISTERED_ENTERPRISE, Holding(_SIGN))
    present = cohort("snapshot.present", _REGISTERED_ENTERPRISE, Holding(_IN_COUNTY, "as_of"))
    alive = cohort("alive", _REGISTERED_ENTERPRISE, Holding(_ALIVE))
    entities_alive = cohort("with_businesses.alive", _REGISTERED, Holding(_ALIVE))
    said_operating = cohort("operating.operating", _REGISTERED_ENTERPRISE, Holding(_SIGN_OPERATING))
    still_alive = cohort("snapshot.alive", _REGISTERED_ENTERPRISE, Holding(_ALIVE_IN_COUNTY, "as_of"))
    due = "their first anniversary" if years == 1 else f"the day {years} years after registration"
    return Indicator(
        id=id, zh=zh, en=en, clause="二(三)", quote=quote, behaviour="level", benchmarked=benchmarked,
        variants=(
            Variant(
                "default", Share(alive, enterprises, parts=enterprises), "ratio",
                f"enterprises not deregistered or revoked at the end of {due}",
            ),
            Variant("with_businesses", Share(entities_alive, entities, parts=entities), "ratio", "individual businesses as well"),
            Variant(
                "operating", Share(said_operating, checked, parts=enterprises), "ratio",
                "the last check or staff report in the six months up to the anniversary says operating; a report of no employees, among "
                "whom founders are not counted, says nothing",
                note="六个月内没有核查或有员工的用工报告的不明，另列数 / "
                "those without a check or a report of employees in six months are unknown and counted apart",
                incomplete=Less(enterprises, checked),
            ),
            Variant("snapshot", Share(still_alive, present, parts=present), "ratio", "alive on the effective day"),
        ),
    )  # fmt: skip


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
        id="enterprise_growth",
        zh="创业企业增长率",
        en="Enterprise growth",
        clause="二(三)",
        quote="主要反映通过创业活动促进的创业企业增长率，创业企业1-3年存活率",
        behaviour="level",
        benchmarked=True,
        variants=(
            Variant(
                "default", OverStart(NEW_ENTERPRISES, EXISTING_ENTERPRISES, EXISTING_SERIES), "ratio",
                "enterprises registered in the year ÷ enterprises existing at the end of the year before, as published, else by the facts",
            ),
            Variant(
                "with_businesses", OverStart(NEW_ENTITIES, EXISTING_ENTITIES), "ratio",
                "individual businesses as well, above and below; what existed follows from the facts",
            ),
            Variant(
                "helped", OverStart(NEW_ENTERPRISES_HELPED, EXISTING_ENTERPRISES, EXISTING_SERIES), "ratio",
                "only enterprises with a founder helped on or before the registration",
            ),
        ),
    ),
    _survival(
        1, "创业企业存活率（存活1年以上）", "One-year survival", "创业企业存活率（存活1年以上）达到80%以上", benchmarked=True,
    ),
    _survival(2, "创业企业存活率（存活2年以上）", "Two-year survival", "创业企业1-3年存活率"),
    _survival(3, "创业企业存活率（存活3年以上）", "Three-year survival", "创业企业1-3年存活率"),
)  # fmt: skip
