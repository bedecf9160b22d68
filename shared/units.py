"""Units: county, townships, parks, communities and villages, and where each stands by its code.

A code is the 12-digit statistical division code (统计用区划代码): six digits and `000000` for a county, nine digits and `000`
for a township (乡镇) or a park (园区, 400–599 in positions 7–9), `001–199` in positions 10–12 for a community (社区) and
`200–399` for an administrative village (行政村). A unit's parents therefore follow from its code alone.
"""

from functools import cache
from typing import Final, Literal

UnitKind = Literal["county", "township", "park", "community", "village"]
UNIT_KINDS: tuple[UnitKind, ...] = ("county", "township", "park", "community", "village")
CODE_DIGITS: Final = 12


@cache
def unit_kind(code: str) -> UnitKind:
    """What kind of unit a code names. Raises ValueError when it is not a division code of a county or below."""
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        raise ValueError(f"a unit code has 12 digits: {code} / 单位代码应为12位数字：{code}")
    township, village = int(code[6:9]), int(code[9:])
    if not township:
        if village:
            raise ValueError(
                f"no unit has a village part without a township part: {code} / 第 7 至 9 位没有乡镇，后三位却有村级单位：{code}"
            )
        return "county"
    if not village:
        return "park" if 400 <= township <= 599 else "township"
    if village <= 199:
        return "community"
    if village <= 399:
        return "village"
    raise ValueError(f"positions 10–12 name neither a community nor a village: {code} / 第 10 至 12 位既不是社区也不是行政村：{code}")


@cache
def county_of(code: str) -> str:
    """The county a unit lies in."""
    return code[:6] + "000000"


@cache
def lineage(code: str) -> tuple[str, ...]:
    """A unit with all units above it, lowest first: village, township, county."""
    chain = (code, code[:9] + "000", county_of(code))
    return tuple(dict.fromkeys(chain))
