"""Records come to the same tables, all at once or some now and others later."""

import random

import duckdb

from services.indicators.audit.duck import take_in
from services.indicators.audit.recompute import batch
from services.indicators.audit.records import check_history
from shared.contracts.base import SERVICES
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import example_county
from tests.indicators.simulated import simulated


def test_what_comes_later_leads_to_the_same_tables() -> None:
    county, by = example_county(), random.Random(5)
    records = check_history(in_order(simulated(5, 3000, county)), county.code).readable
    waiting = {service: [record for record in records if record.service == service] for service in SERVICES}
    with duckdb.connect() as at_once, duckdb.connect() as in_parts:
        take_in(at_once, [batch(records)])
        while any(waiting.values()):
            arriving = []
            for service, those in waiting.items():
                some = by.choice((0, 1, 800))
                arriving += those[:some]
                waiting[service] = those[some:]
            if arriving:
                take_in(in_parts, [batch(arriving)])
        tables = [name for (name,) in at_once.execute("SELECT table_name FROM duckdb_tables()").fetchall() if name != "record"]
        for name in tables:
            whole, grown = (each.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for each in (at_once, in_parts))
            assert whole == grown, name
