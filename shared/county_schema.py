"""The name of the PostgreSQL schema that holds one county: on its own, because a service needs it and not the migrations beside it."""

from shared.units import unit_kind


def county_schema(county: str) -> str:
    """`c` and the county's code. Raises ValueError when the code is not that of a county."""
    if unit_kind(county) != "county":
        raise ValueError(f"{county} is not the code of a county / {county} 不是县级代码")
    return f"c{county}"
