"""二(四) 创业环境满意度."""

from services.indicators.catalog.employment import GUIDED, STARTS, TRAINED
from services.indicators.catalog.growth import NEW_ENTITIES
from services.indicators.figures import COUNTY_ONLY, Amount, Indicator, Less, Share, Sum, SurveyShare, Variant
from services.indicators.measures.kinds import Counted, Happened, Holding, Level, Matured, Members
from services.indicators.measures.rows import Predicate, Select, where

LATEST_PUBLIC = Level("latest_survey.public", Select("survey_in_force", where(population="public")), part="survey")


def satisfied_with(question: str) -> SurveyShare:
    """Satisfied over valid answers to a question of the latest closed public survey."""
    answers = Select("answer", where(question=question, service=None))
    satisfied = Select("answer", where(question=question, service=None, satisfied=True))
    name = f"answers.{question}"
    return SurveyShare(Level(f"{name}.satisfied", satisfied, part="survey"), Level(name, answers, part="survey"), LATEST_PUBLIC)


def _satisfied_by(name: str, part: str, *among: Predicate) -> SurveyShare:
    answers = Level(f"answers.{name}", Select("answer", among), part=part)
    satisfied = Level(f"answers.{name}.satisfied", Select("answer", (*among, *where(satisfied=True))), part=part)
    return SurveyShare(satisfied, answers, LATEST_PUBLIC, split=True)


BY_GROUP = _satisfied_by("by_group", "survey_group", *where(question="overall"), Predicate("group", "!=", None))
BY_SERVICE = _satisfied_by("by_service", "survey_service", *where(question="service"), Predicate("service", "!=", None))

_STATED = (Predicate("start_up_cost_fen", "!=", None),)
COST_STATED = Counted("start_up_cost.stated", Select("registration", _STATED))
START_UP_COST = Counted("start_up_cost", Select("registration", _STATED), amount="start_up_cost_fen")
CASES_COMPLETED = Counted("cases.completed", Select("case_completed"))
CASE_DAYS_TOTAL = Counted("cases.days_total", Select("case_completed"), amount="days")

POINTS = Level("policy_points", Select("check"), amount="points")
POINTS_POSSIBLE = Level("policy_points.possible", Select("check"), amount="possible")
NEW_AREA = Level("new_venue_area", Select("venue_growth", where(new=True)), amount="area_m2")
NEW_AREA_ENLARGED = Level("new_venue_area.enlargements", Select("venue_growth", where(new=False)), amount="area_m2")

_PASS = Select("pass")
_OPERATING = Select("operating")
PASSED_COHORT = Matured("success_after_training.cohort", _PASS, 6, unless=_OPERATING)
PASSED_FOUNDED = Matured("success_after_training.founded", _PASS, 6, Happened(Select("founding")), unless=_OPERATING)
_HELP = Select("help")
HELPED_COHORT = Matured("initial_success.cohort", _HELP, 6, unless=_OPERATING)
HELPED_FOUNDED = Matured("initial_success.founded", _HELP, 6, Happened(Select("founding")), unless=_OPERATING)
RECENTLY_HELPED = Matured("activity_employment.cohort", _HELP, 0)
RECENTLY_HELPED_WORKING = Matured("activity_employment.working", _HELP, 0, Holding(Select("working"), "as_of"))
TRAINED_FOUNDED = Members("trained.founded_after", (Select("founding_after_pass"),))

_QUOTE = "创业环境满意度的各项指标达到90%"

ENVIRONMENT = (
    Indicator(
        id="environment_satisfaction",
        zh="创业环境满意度",
        en="Satisfaction with the environment",
        clause="二(四)",
        quote=_QUOTE,
        behaviour="level",
        benchmarked=True,
        variants=(
            Variant(
                "default", satisfied_with("overall"), "ratio",
                "satisfied (4 or 5 of 5) ÷ valid answers of the latest closed public survey",
            ),
            Variant("by_group", BY_GROUP, "ratio", "by respondent group, in the questionnaire's own words", behaviour="shown"),
        ),
    ),
    Indicator(
        id="service_satisfaction",
        zh="创业服务满意率",
        en="Satisfaction with the services",
        clause="二(四)",
        quote=_QUOTE,
        behaviour="level",
        variants=(
            Variant(
                "default", satisfied_with("service"), "ratio",
                "satisfied ÷ valid answers to the service question of the latest closed public survey",
            ),
            Variant("by_service", BY_SERVICE, "ratio", "by the service the respondent names", behaviour="shown"),
        ),
    ),
    Indicator(
        id="start_up_cost",
        zh="小企业平均创业成本",
        en="Average start-up cost",
        clause="二(四)",
        quote="主要指标包括小企业平均创业成本",
        behaviour="shown",
        variants=(
            Variant(
                "default", Share(START_UP_COST, COST_STATED), "fen",
                "mean start-up cost of the entities registered in the year that state one",
                note="未填报创业成本的单位另列数 / entities that state no cost are counted apart",
                incomplete=Less(NEW_ENTITIES, COST_STATED), better="<=",
            ),
            Variant(
                "days", Share(CASE_DAYS_TOTAL, CASES_COMPLETED), "days",
                "mean calendar days from accepted to completed, green-channel cases completed in the year", better="<=",
            ),
            Variant(
                "satisfied_with_cost", satisfied_with("cost"), "ratio",
                "satisfied ÷ valid answers to the cost question of the latest closed public survey", behaviour="level",
            ),
        ),
    ),
    Indicator(
        id="initial_success",
        zh="创业初始成功率",
        en="Initial success",
        clause="二(四)",
        quote=_QUOTE,
        behaviour="level",
        variants=(
            Variant(
                "default", Share(HELPED_FOUNDED, HELPED_COHORT), "ratio",
                "founded within six months of the first help; those already operating left out",
            ),
        ),
    ),
    Indicator(
        id="success_after_training",
        zh="创业培训后创业成功率",
        en="Success after training",
        clause="二(四)",
        quote=_QUOTE,
        behaviour="level",
        variants=(
            Variant(
                "default", Share(PASSED_FOUNDED, PASSED_COHORT), "ratio",
                "founded within six months of the first pass; those already operating left out",
            ),
            Variant(
                "current_period", Share(TRAINED_FOUNDED, TRAINED), "ratio",
                "of those who passed in the year, founded in it on a day after the pass",
            ),
            Variant("over_helped", Share(STARTS, Sum((TRAINED, GUIDED))), "ratio", "successful starts ÷ trained and guided"),
        ),
    ),
    Indicator(
        id="activity_employment",
        zh="创业活动就业率",
        en="Employment after help",
        clause="二(四)",
        quote=_QUOTE,
        behaviour="level",
        variants=(
            Variant(
                "default", Share(RECENTLY_HELPED_WORKING, RECENTLY_HELPED), "ratio",
                "of the persons first helped at most twelve months ago, share employed or operating",
            ),
        ),
    ),
    Indicator(
        id="policy_completeness",
        zh="创业政策、制度完善和落实程度",
        en="Completeness of policies",
        clause="二(四)",
        quote="创业政策、制度完善和落实程度",
        behaviour="level",
        variants=(
            Variant(
                "default", Share(POINTS, POINTS_POSSIBLE), "ratio", "points ÷ points possible, by the latest check of each item",
                units=COUNTY_ONLY,
            ),
            Variant(
                "survey", satisfied_with("policy"), "ratio",
                "satisfied ÷ valid answers to the policy question of the latest closed public survey",
            ),
        ),
    ),
    Indicator(
        id="new_venue_area",
        zh="新建创业孵化基地、创业园面积",
        en="New venue area",
        clause="二(四)",
        quote="新建创业孵化基地、创业园等5000平方米",
        behaviour="line",
        variants=(
            Variant(
                "default", Amount(NEW_AREA), "m2",
                "present area of the incubators, start-up parks and streets opened in the year and still open, nested area once",
            ),
            Variant(
                "with_enlargements", Amount(Sum((NEW_AREA, NEW_AREA_ENLARGED))), "m2",
                "and what older ones gained in the year, less what they lost",
            ),
        ),
    ),
)  # fmt: skip
