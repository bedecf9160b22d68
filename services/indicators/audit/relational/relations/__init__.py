"""The relations of the catalogue, each as a table of rows that follows from the facts in force."""

from services.indicators.audit.relational.facts import Rows
from services.indicators.audit.relational.relations.cases import CASE_ROWS
from services.indicators.audit.relational.relations.duties import DUTY_ROWS
from services.indicators.audit.relational.relations.entities import ENTITY_ROWS
from services.indicators.audit.relational.relations.funds import FUND_ROWS
from services.indicators.audit.relational.relations.helps import HELP_ROWS
from services.indicators.audit.relational.relations.jobs import JOB_ROWS
from services.indicators.audit.relational.relations.loans import LOAN_ROWS
from services.indicators.audit.relational.relations.occasions import OCCASION_ROWS
from services.indicators.audit.relational.relations.offers import OFFER_ROWS
from services.indicators.audit.relational.relations.statistics import STATISTIC_ROWS
from services.indicators.audit.relational.relations.surveys import SURVEY_ROWS
from services.indicators.audit.relational.relations.trainings import TRAINING_ROWS
from services.indicators.audit.relational.relations.units import UNIT_ROWS
from services.indicators.audit.relational.relations.venue_growth import VENUE_GROWTH_ROWS
from services.indicators.audit.relational.relations.venues import VENUE_ROWS

RELATIONAL: dict[str, Rows] = {
    **HELP_ROWS, **ENTITY_ROWS, **JOB_ROWS, **LOAN_ROWS, **CASE_ROWS, **OFFER_ROWS, **OCCASION_ROWS, **UNIT_ROWS, **DUTY_ROWS,
    **STATISTIC_ROWS, **VENUE_ROWS, **VENUE_GROWTH_ROWS, **FUND_ROWS, **SURVEY_ROWS, **TRAINING_ROWS,
}  # fmt: skip
"""How each relation's rows follow, by its name."""
