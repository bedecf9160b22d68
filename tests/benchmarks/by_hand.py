"""Five measures as an analyst would write them in SQL for DuckDB, over the same tables of facts: what the second engine is compared with.

Each query gives `code`, `part` and `amount` at the end of a day, as known on a day, from facts in force: known by then, not superseded, not
voided, the first report of each.
"""

from collections.abc import Mapping


def _in_force(service: int, table: str, key: str) -> str:
    return (
        f"SELECT t.* FROM {table} t SEMI JOIN (SELECT min(position) AS position FROM {table} t WHERE {_stands(service)} GROUP BY {key}) f "
        f"USING (position) WHERE {_stands(service)}"
    )


def _stands(service: int) -> str:
    return (
        f"t.known <= $known AND t.position NOT IN (SELECT position FROM void WHERE service = {service} AND known <= $known) AND "
        f"(t.position, t.revision) NOT IN (SELECT (position, revision) FROM superseded WHERE service = {service} AND known <= $known)"
    )


_REGISTERED = (
    "registered AS (SELECT entity, entity_kind, occurred AS day, unit, park, position FROM "
    f"({_in_force(0, 'registry_entity_registered', 'entity')}))"
)
_COURSES = f"course AS (SELECT course FROM ({_in_force(1, 'training_course_opened', 'course')}) WHERE course_kind = 'start_up')"
_AT = "JOIN counts_at c ON c.at_unit IS NOT DISTINCT FROM f.unit AND c.at_park IS NOT DISTINCT FROM f.park"
_IN_YEAR = "day BETWEEN date_trunc('year', $as_of::DATE) AND $as_of"

BY_HAND: Mapping[str, str] = {
    "trained": (
        f"WITH {_COURSES}, found AS (SELECT DISTINCT person, unit, park FROM (SELECT occurred AS day, * FROM "
        f"({_in_force(1, 'training_trainee_completed', 'course, person')})) SEMI JOIN course USING (course) WHERE passed AND {_IN_YEAR}) "
        f"SELECT code, NULL AS part, count(DISTINCT person) AS amount FROM found f {_AT} GROUP BY code"
    ),
    "guidance_sessions": (
        "WITH found AS (SELECT unit, park, count(*) AS amount FROM (SELECT occurred AS day, * FROM "
        f"({_in_force(1, 'training_guidance_given', 'person, occurred, guidance_kind')})) WHERE {_IN_YEAR} GROUP BY ALL) "
        f"SELECT code, NULL AS part, sum(f.amount) AS amount FROM found f {_AT} GROUP BY code"
    ),
    "new_enterprises": (
        f"WITH {_REGISTERED}, found AS (SELECT unit, park, count(*) AS amount FROM registered WHERE entity_kind = 'enterprise' AND "
        f"{_IN_YEAR} GROUP BY ALL) SELECT code, NULL AS part, sum(f.amount) AS amount FROM found f {_AT} GROUP BY code"
    ),
    "loans.amount": (
        f"WITH applied AS ({_in_force(2, 'finance_loan_applied', 'loan')}), paid AS "
        f"({_in_force(2, 'finance_loan_disbursed', 'loan, tranche')}), found AS (SELECT a.unit, a.park, sum(p.amount_fen) AS amount "
        f"FROM (SELECT occurred AS day, * FROM paid) p JOIN applied a USING (loan) WHERE loan_kind = 'personal' AND NOT undated AND "
        f"{_IN_YEAR} GROUP BY ALL) SELECT code, NULL AS part, sum(f.amount) AS amount FROM found f {_AT} GROUP BY code"
    ),
    "survival_1y.cohort": (
        f"WITH {_REGISTERED}, moved AS (SELECT entity, occurred AS day, out_of_county FROM "
        f"({_in_force(0, 'registry_entity_moved', 'entity, occurred')})), cohort AS (SELECT *, (day + INTERVAL 12 MONTH)::DATE AS due "
        "FROM registered WHERE entity_kind = 'enterprise'), "
        "gone AS (SELECT entity, max_by(out_of_county, m.day) AS out FROM cohort c JOIN moved m USING (entity) "
        "WHERE m.day BETWEEN c.day AND c.due - 1 GROUP BY entity), "
        "found AS (SELECT unit, park, year(day)::VARCHAR AS part, count(*) AS amount FROM cohort ANTI JOIN "
        "(SELECT entity FROM gone WHERE out) USING (entity) WHERE due <= $as_of AND (due + INTERVAL 12 MONTH)::DATE > $as_of GROUP BY ALL) "
        f"SELECT code, part, sum(f.amount) AS amount FROM found f {_AT} GROUP BY code, part"
    ),
}  # fmt: skip
