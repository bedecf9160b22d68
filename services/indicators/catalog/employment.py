"""二(二) 创业活动对就业的贡献率."""

from services.indicators.figures import Amount, Indicator, Share, Sum, Variant
from services.indicators.measures.kinds import Counted, Level, Members
from services.indicators.measures.rows import Select, where

TRAINED = Members("trained", (Select("pass"),))
PASSES = Counted("passes", Select("pass"))
GUIDED = Members("guided", (Select("guidance"),))
GUIDANCE_SESSIONS = Counted("guidance_sessions", Select("guidance"))
TRAINED_OR_GUIDED = Members("trained_or_guided", (Select("pass"), Select("guidance")))
_FIRST_WITH_HELP = Select("founding", where(first=True, helped=True))
STARTS = Members("successful_starts", (_FIRST_WITH_HELP,))
FOUNDERS = Members("founders", (Select("founding"),))
STARTS_OPERATING = Members("successful_starts.operating", (_FIRST_WITH_HELP,), meanwhile=Select("operating"))
JOBS = Members("jobs", (Select("job"),))
JOBS_HELPED = Members("jobs.helped", (Select("job", where(helped=True)),))
JOBS_GROSS = Members("jobs.gross", (Select("job_gross"),))
HEAD_COUNTS = Level("head_counts", Select("head_count"), amount="employees")
HEAD_COUNTS_HELPED = Level("head_counts.helped", Select("head_count", where(helped=True)), amount="employees")
HEAD_COUNT_PEAKS = Level("head_counts.gross", Select("head_count_peak"), amount="employees")
NEW_ENTITIES = Counted("new_entities", Select("registration"))
JOBS_BROUGHT_HELPED = Sum((JOBS_HELPED, HEAD_COUNTS_HELPED))
JOBS_BROUGHT = Sum((JOBS, HEAD_COUNTS))
NOT_DEDUPLICATED = "只报人数的单位按最近一次用工报告计，未去重 / entities with head-counts only are not de-duplicated"

EMPLOYMENT = (
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
                "anyone employed there on any day of the year; greatest head-counts",
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
