"""二(二) 创业活动对就业的贡献率."""

from services.indicators.catalog.growth import NEW_ENTITIES
from services.indicators.figures import Amount, Indicator, Share, StatisticShare, Sum, Variant
from services.indicators.measures.kinds import Counted, Level, Members, Published
from services.indicators.measures.rows import Select, where

TRAINED = Members("trained", (Select("pass"),))
ENROLLED = Members("enrolled", (Select("enrolment"),))
COMPLETED = Members("completed", (Select("training", where(stage="completed", course_kind="start_up")),))
PASSES = Counted("passes", Select("pass"))
GUIDED = Members("guided", (Select("guidance"),))
GUIDANCE_SESSIONS = Counted("guidance_sessions", Select("guidance"))
TRAINED_OR_GUIDED = Members("trained_or_guided", (Select("pass"), Select("guidance")))
_FIRST_WITH_HELP = Select("founding", where(first=True, helped=True))
STARTS = Members("successful_starts", (_FIRST_WITH_HELP,))
FOUNDERS = Members("founders", (Select("founding"),))
NEW_ENTREPRENEURS = Members("new_entrepreneurs", (Select("new_entrepreneur"),))
NEW_EMPLOYMENT = Published("new_employment", Select("statistic", where(series="new_employment")))
STARTS_OPERATING = Members("successful_starts.operating", (_FIRST_WITH_HELP,), meanwhile=Select("operating"))
JOBS = Members("jobs", (Select("job"),))
JOBS_HELPED = Members("jobs.helped", (Select("job", where(helped=True)),))
JOBS_GROSS = Members("jobs.gross", (Select("job_gross"),))
HEAD_COUNTS = Level("head_counts", Select("head_count"), amount="employees")
HEAD_COUNTS_HELPED = Level("head_counts.helped", Select("head_count", where(helped=True)), amount="employees")
HEAD_COUNT_PEAKS = Level("head_counts.gross", Select("head_count_peak"), amount="employees")
JOBS_BROUGHT_HELPED = Sum((JOBS_HELPED, HEAD_COUNTS_HELPED))
JOBS_BROUGHT = Sum((JOBS, HEAD_COUNTS))
CONTRIBUTED = Sum((NEW_ENTREPRENEURS, JOBS, HEAD_COUNTS))
CONTRIBUTED_GROSS = Sum((FOUNDERS, JOBS_GROSS, HEAD_COUNT_PEAKS))
NOT_DEDUPLICATED = "只报人数的单位按最近一次用工报告计，未去重 / entities with head-counts only are not de-duplicated"

_SPLIT_QUOTE = "创业培训和指导1500人（其中：按照1：2的比例，创业培训500人，创业指导1000人）"

EMPLOYMENT = (
    Indicator(
        id="employment_contribution",
        zh="创业活动对就业的贡献率",
        en="Contribution to employment",
        clause="二(二)",
        quote="是指辖区内新增创业人数及其带动就业人数之和，占全部新增就业人数的比例",
        behaviour="level",
        benchmarked=True,
        variants=(
            Variant(
                "default", StatisticShare(CONTRIBUTED, NEW_EMPLOYMENT, cumulative=True), "ratio",
                "persons who founded in the year and operated nothing the day before, plus jobs brought, ÷ newly employed; "
                "all up to the end of the period the statistic covers",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNTS,
            ),
            Variant(
                "gross", StatisticShare(CONTRIBUTED_GROSS, NEW_EMPLOYMENT, cumulative=True), "ratio",
                "all founders of the year plus anyone employed on any day of it",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNT_PEAKS,
            ),
        ),
    ),
    Indicator(
        id="trained_and_guided",
        zh="创业培训和指导人数",
        en="Persons trained and guided",
        clause="二(二)",
        quote="创业培训和指导1500人",
        behaviour="line",
        variants=(
            Variant("default", Amount(Sum((TRAINED, GUIDED))), "persons", "distinct persons trained plus distinct persons guided"),
            Variant("union", Amount(TRAINED_OR_GUIDED), "persons", "distinct over both"),
            Variant("person_times", Amount(Sum((PASSES, GUIDANCE_SESSIONS))), "person_times", "passes plus sessions"),
        ),
    ),
    Indicator(
        id="trained",
        zh="创业培训人数",
        en="Persons trained",
        clause="二(二)",
        quote=_SPLIT_QUOTE,
        behaviour="line",
        variants=(
            Variant("default", Amount(TRAINED), "persons", "distinct persons who passed start-up training"),
            Variant("enrolled", Amount(ENROLLED), "persons", "distinct persons enrolled in start-up training"),
            Variant("completed", Amount(COMPLETED), "persons", "distinct persons who completed start-up training, with a pass or without"),
            Variant("person_times", Amount(PASSES), "person_times", "passes, one for each person and course"),
        ),
    ),
    Indicator(
        id="guided",
        zh="创业指导人数",
        en="Persons guided",
        clause="二(二)",
        quote=_SPLIT_QUOTE,
        behaviour="line",
        variants=(
            Variant("default", Amount(GUIDED), "persons", "distinct persons given start-up guidance"),
            Variant("person_times", Amount(GUIDANCE_SESSIONS), "person_times", "sessions of guidance"),
        ),
    ),
    Indicator(
        id="training_guidance_ratio",
        zh="创业指导与创业培训人数之比",
        en="Guided for each trained",
        clause="二(二)",
        quote=_SPLIT_QUOTE,
        behaviour="shown",
        variants=(Variant("default", Share(GUIDED, TRAINED), "ratio", "persons guided ÷ persons trained; the plan splits 1 : 2"),),
    ),
    Indicator(
        id="successful_starts",
        zh="成功创业人数",
        en="Successful starts",
        clause="二(二)",
        quote="帮助成功创业500人",
        behaviour="line",
        variants=(
            Variant(
                "default", Amount(STARTS), "persons",
                "distinct persons whose first ever founding lies in the year, with help on or before that day",
            ),
            Variant(
                "all_founders", Amount(FOUNDERS), "persons", "all who founded in the year, with or without help, first founding or not",
            ),
            Variant("operating", Amount(STARTS_OPERATING), "persons", "still operating"),
        ),
    ),
    Indicator(
        id="jobs_brought",
        zh="创业带动就业人数",
        en="Jobs brought",
        clause="二(二)",
        quote="创业带动就业3000人",
        behaviour="line",
        variants=(
            Variant(
                "default", Amount(JOBS_BROUGHT), "jobs", "open employments in entities registered in the year, founders excluded",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNTS,
            ),
            Variant(
                "gross", Amount(Sum((JOBS_GROSS, HEAD_COUNT_PEAKS))), "jobs",
                "anyone employed there on any day of the year; greatest head-counts, where the entity was when it reported them",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNT_PEAKS,
            ),
            Variant(
                "helped", Amount(JOBS_BROUGHT_HELPED), "jobs", "only entities founded by successful starts",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNTS_HELPED,
            ),
        ),
    ),
    Indicator(
        id="job_multiplier",
        zh="创业带动就业率",
        en="Job multiplier",
        clause="二(二)",
        quote="创业带动就业率达到1:6",
        behaviour="level",
        variants=(
            Variant(
                "default", Share(JOBS_BROUGHT_HELPED, STARTS), "ratio",
                "jobs in entities founded by successful starts ÷ successful starts",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNTS_HELPED,
            ),
            Variant(
                "all_jobs", Share(JOBS_BROUGHT, STARTS), "ratio", "all jobs brought ÷ successful starts",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNTS,
            ),
            Variant(
                "per_entity", Share(JOBS_BROUGHT, NEW_ENTITIES), "ratio", "all jobs brought ÷ all new entities",
                note=NOT_DEDUPLICATED, noted_for=HEAD_COUNTS,
            ),
        ),
    ),
)  # fmt: skip
