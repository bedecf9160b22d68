"""三, 六: work shown without a number in the plan."""

from services.indicators.catalog.creation import existing
from services.indicators.figures import COUNTY_ONLY, Amount, Indicator, PartShares, PartsHeld, Share, Split, Sum, Variant
from services.indicators.measures.kinds import Counted, Holding, Level, Matured
from services.indicators.measures.rows import Select, where
from shared.units import UnitKind

_STAGES = ("enrolled", "completed", "passed")
TRAININGS = Split(
    tuple((stage, Amount(Counted(f"trainings.{stage}", Select("training", where(stage=stage, counted=True))))) for stage in _STAGES),
    beside=Counted("trainings.split", Select("training"), part="split"),
)

POLICIES = PartsHeld(Level("policies", Select("policy", where(issuer_kind="county")), part="policy_kind"))
"""A policy counts for the unit that issued it only and does not roll up: a township's does not give the county one of that kind."""

_LEVELS: tuple[tuple[str, tuple[UnitKind, ...]], ...] = (
    ("county", ("county",)), ("township", ("township", "park")), ("community_or_village", ("community", "village")),
)  # fmt: skip


def _platforms(aspect: str | None) -> Split:
    has = where() if aspect is None else where(**{aspect: True})
    suffix = "" if aspect is None else f".{aspect}"
    return Split(tuple(
        (level, Share(
            PartsHeld(Level(f"platforms.{level}{suffix}", Select("platform", (*where(level=level), *has)), part="at"), kinds),
            existing(*kinds),
        ))
        for level, kinds in _LEVELS
    ))  # fmt: skip


def _projects(*, high_tech: bool) -> Split:
    among, suffix = (where(high_tech=True), ".high_tech") if high_tech else ((), "")
    return Split(tuple(
        (stage, Amount(Counted(f"projects.{stage}{suffix}", Select("project", (*where(stage=stage), *among)))))
        for stage in ("collected", "displayed", "matched")
    ))  # fmt: skip


YOUNG = Matured("follow_up.young", Select("registration"), 0, member="entity")
YOUNG_FOLLOWED_UP = Matured("follow_up.followed_up", Select("registration"), 0, Holding(Select("followed_up"), "as_of"), member="entity")

MEETING_KINDS = ("leading_group", "joint_conference", "office", "mobilisation", "other")
MEETINGS = Split(
    tuple((kind, Amount(Counted(f"meetings.{kind}", Select("meeting", where(meeting_kind=kind))))) for kind in MEETING_KINDS),
    whole=Amount(Counted("meetings", Select("meeting"))),
)
INSPECTIONS = Counted("inspections", Select("inspection"))
RECTIFIED = Level("rectifications.closed", Select("rectification", where(closed=True)))
UNRECTIFIED = Level("rectifications.open", Select("rectification", where(closed=False)))
_REPORTING: tuple[UnitKind, ...] = ("township", "park")
REPORTING = PartsHeld(Counted("progress_reports.units", Select("progress_report"), part="code"), _REPORTING)
REPORTED = PartsHeld(Counted("progress_reports", Select("progress_report"), part="period_code", window="ever"), _REPORTING)
COMMENDATIONS = Counted("commendations", Select("judgement", where(praise=True)))
CRITICISMS = Counted("commendations.criticisms", Select("judgement", where(praise=False)))

WORK = (
    Indicator(
        id="meetings",
        zh="会议",
        en="Meetings",
        clause="三(一)2",
        quote="建立创建领导小组会议制度，及时研究解决创建工作中的重大问题",
        behaviour="shown",
        variants=(Variant("default", MEETINGS, "events", "held in the year, and by kind"),),
    ),
    Indicator(
        id="policies",
        zh="出台创业政策",
        en="Policies in force",
        clause="三(二)",
        quote="建立和完善准入条件宽松、管理简单方便、融资渠道畅通、措施全面的政策优惠体系",
        behaviour="line",
        starts_from_eve=True,
        units=COUNTY_ONLY,
        variants=(
            Variant(
                "default", Amount(POLICIES), "kinds",
                "kinds with a policy in force, of five: market access, finance, tax and fees, venues, green channel; a policy counts for "
                "the unit that issued it only: a township's or a park's is none of the county's",
            ),
        ),
    ),
    Indicator(
        id="trainings",
        zh="各类培训",
        en="Trainings",
        clause="三(三)1",
        quote="统筹开展创业培训、创业见习、职业资格培训、技能培训等创业就业培训服务",
        behaviour="shown",
        variants=(
            Variant(
                "default", TRAININGS, "person_times",
                "person-times enrolled, completed and passed in the year; then each by kind, programme and category: "
                "a person of two categories is in both",
            ),
        ),
    ),
    Indicator(
        id="platforms",
        zh="公共就业服务平台",
        en="Service platforms",
        clause="三(四)1",
        quote="建立和完善县、乡镇、社区（村）三级公共就业服务平台，配备专职工作人员，实现信息联网",
        behaviour="shown",
        units=COUNTY_ONLY,
        variants=(
            Variant("default", _platforms(None), "ratio", "units with a platform ÷ units, by level"),
            Variant("staffed", _platforms("staffed"), "ratio", "with full-time staff"),
            Variant("networked", _platforms("networked"), "ratio", "on the network"),
            Variant("budgeted", _platforms("budgeted"), "ratio", "paid for by the budget"),
            Variant("guidance_window", _platforms("guidance_window"), "ratio", "with a window for start-up guidance"),
        ),
    ),
    Indicator(
        id="projects",
        zh="创业项目",
        en="Start-up projects",
        clause="三(四)3",
        quote="广泛征集创业项目和创业金点子，建立创业项目数据库",
        behaviour="shown",
        variants=(
            Variant("default", _projects(high_tech=False), "projects", "collected, displayed and matched in the year"),
            Variant("high_tech", _projects(high_tech=True), "projects", "high-tech ones"),
        ),
    ),
    Indicator(
        id="follow_up",
        zh="创业跟踪服务率",
        en="Followed up",
        clause="三(四)3",
        quote="设立创业指导服务窗口，加强创业跟踪服务",
        behaviour="shown",
        variants=(
            Variant(
                "default", Share(YOUNG_FOLLOWED_UP, YOUNG), "ratio", "entities under one year old that were followed up ÷ such entities",
            ),
        ),
    ),
    Indicator(
        id="inspections",
        zh="督查",
        en="Inspections",
        clause="三(五)2",
        quote="定期督查，及时通报，兑现奖惩",
        behaviour="shown",
        variants=(Variant("default", Amount(INSPECTIONS), "events", "held in the year"),),
    ),
    Indicator(
        id="progress_reports",
        zh="进展情况汇报",
        en="Progress reports",
        clause="六(一)",
        quote="定期汇报本区域创建工作进展情况",
        behaviour="shown",
        units=("county", "township", "park"),
        variants=(
            Variant(
                "default", PartShares(Share(REPORTING, existing(*_REPORTING)), REPORTED), "ratio",
                "townships and parks that reported in the year ÷ townships and parks, and by period, whenever they reported on it; "
                "a report made after the new year counts in the next plan year",
            ),
        ),
    ),
    Indicator(
        id="rectifications_closed",
        zh="整改完成率",
        en="Rectifications closed",
        clause="六(四)",
        quote="督促各有关部门对存在的问题及时处理整改",
        behaviour="shown",
        variants=(
            Variant("default", Share(RECTIFIED, Sum((RECTIFIED, UNRECTIFIED))), "ratio", "closed ÷ those due in the year so far"),
        ),
    ),
    Indicator(
        id="commendations",
        zh="表彰奖励",
        en="Commendations",
        clause="六(四)",
        quote="对在创建活动中措施得力、成效显著的单位和个人给予表彰奖励",
        behaviour="shown",
        variants=(
            Variant("default", Amount(COMMENDATIONS), "events", "commendations issued in the year"),
            Variant("criticisms", Amount(CRITICISMS), "events", "criticisms issued in the year (通报批评)"),
        ),
    ),
)  # fmt: skip
