"""Every indicator and variant has an example counted by hand, and both the live fold and the oracle come to the same."""

from datetime import date

import pytest

from deploy.worked_examples import EXAMPLES
from deploy.worked_examples.example import PLACES, Answer, Example, parse
from services.indicators.catalog import CATALOG
from shared.contracts.base import service_of
from tests.indicators.comparing import Asked, differences, live, numbers_in, oracle_of, plan_of, rows_read
from tests.support.records import Records

LATEST = date(2030, 12, 31)


def recorded(example: Example) -> Records:
    """The example's facts, each service's in the order of their days."""
    records = Records({code: place.urban_rural_class for code, place in PLACES.items()})
    for given in sorted(example.given, key=lambda given: (service_of(given.fact), given.on)):
        records.add(given.on, given.fact)
    return records


def asked(example: Example, answer: Answer) -> Asked:
    return Asked(answer.unit, example.as_of(answer), LATEST)


def test_every_indicator_and_variant_has_a_worked_example() -> None:
    declared = {(indicator.id, variant.name) for indicator in CATALOG for variant in indicator.variants}
    assert declared - {(example.indicator, answer.variant) for example in EXAMPLES for answer in example.then} == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.indicator)
async def test_the_live_figures_and_the_oracle_come_to_what_was_counted_by_hand(example: Example) -> None:
    records, plan = recorded(example), plan_of(example.year, date(example.year, 3, 15), example.duties)
    service = await live(plan, [list(records)])
    oracle = oracle_of(plan, records.json)
    for answer in example.then:
        question, key = asked(example, answer), (example.indicator, answer.variant, answer.part)
        rows = rows_read(service.snapshot(), question)
        assert rows is not None
        assert (numbers_in(rows[key]), rows[key]["incomplete"]) == (parse(answer.is_), answer.incomplete), answer
        figure = oracle.figures(unit=question.unit, as_of=question.as_of, known_at=LATEST, year=example.year)[key]
        assert (figure.numerator, figure.denominator, figure.value) == parse(answer.is_), answer
        assert figure.incomplete == answer.incomplete, answer
        assert differences(service.snapshot(), oracle, question) == []
        assert differences(service.snapshot(), oracle, question, by_board=True) == []
