"""Relations: the dated rows that measures select, by the kind of subject whose history they read."""

from services.indicators.measures.rows import Relation
from services.indicators.relations.cases import CASE_RELATIONS
from services.indicators.relations.duties import DUTY_RELATIONS
from services.indicators.relations.entities import ENTITY_RELATIONS
from services.indicators.relations.entrepreneurs import ENTREPRENEUR_RELATIONS
from services.indicators.relations.funds import FUND_RELATIONS
from services.indicators.relations.loans import LOAN_RELATIONS
from services.indicators.relations.occasions import OCCASION_RELATIONS
from services.indicators.relations.offers import OFFER_RELATIONS
from services.indicators.relations.persons import PERSON_RELATIONS
from services.indicators.relations.statistics import STATISTIC_RELATIONS
from services.indicators.relations.surveys import SURVEY_RELATIONS
from services.indicators.relations.trainings import TRAINING_RELATIONS
from services.indicators.relations.units import UNIT_RELATIONS
from services.indicators.relations.venue_growth import VENUE_GROWTH_RELATIONS
from services.indicators.relations.venues import VENUE_RELATIONS

RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for relation in (
        *PERSON_RELATIONS,
        *ENTITY_RELATIONS,
        *LOAN_RELATIONS,
        *VENUE_RELATIONS,
        *CASE_RELATIONS,
        *SURVEY_RELATIONS,
        *UNIT_RELATIONS,
        *STATISTIC_RELATIONS,
        *VENUE_GROWTH_RELATIONS,
        *TRAINING_RELATIONS,
        *OFFER_RELATIONS,
        *OCCASION_RELATIONS,
        *DUTY_RELATIONS,
        *FUND_RELATIONS,
        *ENTREPRENEUR_RELATIONS,
    )
}
"""Every relation by name."""
