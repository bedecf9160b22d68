"""三(一), 三(五), 四(一), 五: how the campaign is run. Leading bodies, letters, the county's plan, rehearsals and campaign events.

By when letters are signed and the county's plan is issued, and from when to when rehearsals count, is the county's own plan file's to say:
the `deadline` of the row's target, and the `window` it names. Without a deadline nothing of the year is late; without a window rehearsals
count all through the plan year.
"""

from services.indicators.figures import COUNTY_ONLY, Amount, Indicator, InTime, Variant
from services.indicators.measures.kinds import Counted, UnitsWhere
from services.indicators.measures.rows import Predicate, Select, where

LEADING_BODIES = UnitsWhere("leading_bodies", Select("leading_body"), ("county", "township", "park"))
COUNTY_PLAN = UnitsWhere("county_plan_issued", Select("county_plan"), ("county",), part="day")
SIGNATORIES = Counted("letters_signed", Select("signatory"), part="day_party")
REHEARSALS = Counted("rehearsals", Select("evaluation", where(rehearsal=True)), part="day", window="ever")


def _events(id: str, zh: str, en: str, quote: str, meaning: str, *kinds: str) -> Indicator:
    among = (Predicate("event_kind", "in", kinds),)
    by_county = Counted(id, Select("campaign_event", (*among, *where(organiser_level="county"))))
    by_anyone = Counted(f"{id}.all_levels", Select("campaign_event", among))
    return Indicator(
        id=id, zh=zh, en=en, clause="四(一)", quote=quote, behaviour="line",
        variants=(
            Variant("default", Amount(by_county), "events", f"{meaning} held by the county level", units=COUNTY_ONLY),
            Variant("all_levels", Amount(by_anyone), "events", f"{meaning} held by any level"),
        ),
    )  # fmt: skip


CAMPAIGN = (
    Indicator(
        id="leading_bodies",
        zh="成立领导机构",
        en="Leading bodies established",
        clause="三(一)1",
        quote="各乡镇、园区建立相应的领导机构",
        behaviour="line",
        starts_from_eve=True,
        units=("county", "township", "park"),
        variants=(Variant("default", Amount(LEADING_BODIES), "units", "county, townships and parks that have their leading body"),),
    ),
    Indicator(
        id="letters_signed",
        zh="签订目标责任书",
        en="Responsibility letters signed",
        clause="三(五)1",
        quote="层层签订目标责任书",
        behaviour="deadline",
        units=("county", "township", "park"),
        variants=(
            Variant(
                "default", InTime(SIGNATORIES, distinct=True), "parties",
                "townships, parks and departments that signed by the day the plan file sets, each once",
            ),
        ),
    ),
    _events(
        "media_campaigns", "媒体专题宣传活动", "Media campaigns", "媒体阶段性专题宣传活动不少于3次", "media campaigns", "media_campaign",
    ),
    _events(
        "consultation_days", "创业主题宣传咨询活动", "Consultation days", "创业主题宣传咨询活动不少于3次", "consultation days",
        "consultation_day",
    ),
    _events(
        "contests", "创业先锋评选和创业大赛", "Contests and pioneer selections", "创业先锋评选或创业大赛不少于2次",
        "contests and pioneer selections", "contest", "pioneer_selection",
    ),
    Indicator(
        id="county_plan_issued",
        zh="印发县实施方案",
        en="County plan issued",
        clause="五(一)",
        quote="制定创建工作方案，建立和完善目标管理责任制",
        behaviour="deadline",
        units=COUNTY_ONLY,
        variants=(Variant("default", InTime(COUNTY_PLAN), "units", "the county issued its plan by the day the plan file sets"),),
    ),
    Indicator(
        id="rehearsals",
        zh="模拟考评",
        en="Rehearsals",
        clause="五(三)",
        quote="在全县组织创建工作模拟考评",
        behaviour="line",
        window_by_plan=True,
        units=COUNTY_ONLY,
        variants=(Variant("default", InTime(REHEARSALS), "events", "rehearsals of the evaluation in the window"),),
    ),
)  # fmt: skip
