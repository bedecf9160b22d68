"""The second engine's program as it is kept beside the code is what its declarations compile to, and Spark could run it as well."""

import dataclasses

import orjson

from services.indicators.audit.relational.catalogue import catalogue
from services.indicators.audit.relational.compiled import FILE
from services.indicators.catalog import MEASURES


def test_the_kept_program_is_what_compiles_now() -> None:
    assert orjson.loads(FILE.read_bytes())["program"] == dataclasses.asdict(catalogue())


def test_every_query_compiles_for_spark() -> None:
    program = catalogue("pyspark")
    assert program.contributions.keys() == MEASURES.keys()
    assert len(program.relations) == len(catalogue().relations)
