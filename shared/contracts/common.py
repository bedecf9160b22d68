"""What every write service records besides its own facts: voids, corrections and the closing of a day.

These are about *records*, not about things, so they are no `Fact`: each service has its own wire type for them
(`registry.fact_voided`, `finance.day_closed`, …) and the same shape. History is never edited: a void or a correction is one more record.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.base import LongText, Service
from shared.contracts.envelope import SOURCE_PATTERN, EventId, Source
from shared.contracts.exact import Day, Whole

SYSTEM = "kaiye"
"""The department under which a write service records on its own account."""
OFFICE = "chuangjianban"
"""创建办, the leading group's office: it may void and correct what any department reported."""


class FactVoided(BaseModel):
    """作废: the fact that (source, id) names never held. Final: it also ends every correction of that fact, earlier or later.

    Reported by the department that reported the original, or by the office. What depended on it stays recorded and counts for nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: ClassVar[str] = "fact_voided"
    zh: ClassVar[str] = "作废"
    example: ClassVar[dict[str, Any]] = {"source": "/330127000000/employment/hr", "id": "r-000123", "reason": "重复录入，原件不存在"}

    source: Annotated[str, StringConstraints(pattern=SOURCE_PATTERN.pattern)]
    """The source of the original, `/county/department/system`."""
    id: EventId
    """The event id of the original."""
    reason: LongText


class FactCorrected(BaseModel):
    """更正: the fact that (source, id) names reads as given here, day and data. The whole new fact, never a difference.

    Its type and the thing it is about stay (void and report anew to change those). Among several corrections the last one recorded
    holds. Reported by the department that reported the original, or by the office.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: ClassVar[str] = "fact_corrected"
    zh: ClassVar[str] = "更正"
    example: ClassVar[dict[str, Any]] = {
        "source": "/330127000000/employment/hr",
        "id": "r-000123",
        "reason": "结业日期录错",
        "occurred": "2010-05-20",
        "version": 1,
        "data": {"unit": "330127101003", "course": "C2010-07", "person": "P0123456789ABCDEF", "passed": True},
    }

    source: Annotated[str, StringConstraints(pattern=SOURCE_PATTERN.pattern)]
    """The source of the original, `/county/department/system`."""
    id: EventId
    """The event id of the original."""
    reason: LongText
    occurred: Day
    """The day on which the fact held, as now known."""
    version: Annotated[Whole, Field(ge=1, le=999)] = 1
    """The version of the fact's type that `data` is written in (the version of the correction itself stands in its own wire type)."""
    data: dict[str, Any]
    """The whole payload of the fact as now known."""


class DayClosed(BaseModel):
    """日结: this service records nothing more on that day (known day, Asia/Shanghai). Recorded by the service itself, never reported.

    A known day is final once all services have closed it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: ClassVar[str] = "day_closed"
    zh: ClassVar[str] = "日结"
    example: ClassVar[dict[str, Any]] = {"day": "2010-03-01"}

    day: Day


CommonFact = FactVoided | FactCorrected | DayClosed
COMMON_FACTS: tuple[type[CommonFact], ...] = (FactVoided, FactCorrected, DayClosed)
_BY_NAME = {shape.name: shape for shape in COMMON_FACTS}
COMMON_VERSION = 1
"""The wire version of all three, and the only one there will be. A reader that could not read a void would go on counting what does not
hold, and one that could not read a closed day would call nothing final: an older release could not go on beside a newer one, as it can with
facts. So what is added to them may be left out, and is passed over where it is unknown (`read_common`); the fact that a correction states
has a version of its own. A new meaning is a new type beside these three.
"""


def common_type(shape: type[CommonFact], service: Service) -> str:
    """The type under which a service records this shape, such as `registry.fact_voided`."""
    return f"{service}.{shape.name}"


def common_class(type: str) -> type[CommonFact] | None:
    """The shape a type names, or None when the type is one of the service's own facts."""
    return _BY_NAME.get(type.partition(".")[2])


def read_common(type: str, version: int, data: Mapping[str, Any]) -> CommonFact:
    """Read a recorded void, correction or closed day; fields unknown here are passed over. Raises LookupError for another type or
    version, pydantic's ValidationError when the payload does not fit.
    """
    shape = common_class(type)
    if shape is None or version != COMMON_VERSION:
        raise LookupError(f"no contract has the type {type}.v{version} / 没有这种类型：{type}.v{version}")
    return shape.model_validate(data, extra="ignore")


def day_closed_id(day: date) -> str:
    """The event id of a closed day: one per service and day."""
    return f"day-{day.isoformat()}"


def system_source(county: str, service: Service) -> Source:
    """The source of what a write service records on its own account: `/<county>/kaiye/<service>`."""
    return Source(county, SYSTEM, service)
