"""二(四) 创业环境满意度."""

from services.indicators.catalog.employment import GUIDED, STARTS, TRAINED
from services.indicators.figures import Indicator, Share, Sum, SurveyShare, Variant
from services.indicators.measures.kinds import Happened, Level, Matured, Members
from services.indicators.measures.rows import Select, where

ANSWERS = Level("answers.overall", Select("answer", where(question="overall", service=None)), part="survey")
SATISFIED = Level("answers.overall.satisfied", Select("answer", where(question="overall", service=None, satisfied=True)), part="survey")
LATEST_PUBLIC = Level("latest_survey.public", Select("survey_in_force", where(population="public")), part="survey")

_PASS = Select("pass")
_OPERATING = Select("operating")
PASSED_COHORT = Matured("success_after_training.cohort", _PASS, 6, unless=_OPERATING)
PASSED_FOUNDED = Matured("success_after_training.founded", _PASS, 6, Happened(Select("founding")), unless=_OPERATING)
TRAINED_FOUNDED = Members("trained.founded_after", (Select("founding_after_pass"),))

ENVIRONMENT = (
    Indicator(
        id="environment_satisfaction",
        zh="创业环境满意度",
        en="Satisfaction with the environment",
        clause="二(四)",
        quote="创业环境满意度的各项指标达到90%",
        behaviour="level",
        benchmarked=True,
        variants=(
            Variant(
                "default", SurveyShare(SATISFIED, ANSWERS, LATEST_PUBLIC), "ratio",
                "satisfied (4 or 5 of 5) ÷ valid answers of the latest closed public survey",
            ),
        ),
    ),
    Indicator(
        id="success_after_training",
        zh="创业培训后创业成功率",
        en="Success after training",
        clause="二(四)",
        quote="创业环境满意度的各项指标达到90%",
        behaviour="level",
        variants=(
            Variant(
                "default", Share(PASSED_FOUNDED, PASSED_COHORT), "ratio",
                "founded within six months of the first pass; those already operating left out",
            ),
            Variant(
                "current_period", Share(TRAINED_FOUNDED, TRAINED), "ratio", "of those who passed in the year, founded in it afterwards",
            ),
            Variant("over_helped", Share(STARTS, Sum((TRAINED, GUIDED))), "ratio", "successful starts ÷ trained and guided"),
        ),
    ),
)  # fmt: skip
