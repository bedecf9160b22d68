"""What the simulator hands out, one report as a department's system would send it, and what it needs to know of a county."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from deploy.simulator.rates import Dirt


class SimulatedReport(NamedTuple):
    """One report and when it is sent.

    `department` and `system` are where it comes from (the subject's tokens); `type` is `service.event`; `raw` is what goes on the
    bus, well-formed or not; `instant` is in UTC. `dirt` says what is wrong with it: the services never see it, tests and counts do.
    """

    department: str
    system: str
    id: str
    type: str
    raw: bytes
    instant: datetime
    dirt: Dirt = "clean"


class RosterUnit(Protocol):
    """A unit as a county's roster lists it."""

    @property
    def code(self) -> str:
        """统计用区划代码, 12 digits."""

    @property
    def name(self) -> str:
        """名称."""

    @property
    def urban_rural_class(self) -> str | None:
        """城乡分类代码, 3 digits; 1xx is urban."""


class PlanDepartment(Protocol):
    """A department (成员单位) as a county's plan file names it."""

    @property
    def code(self) -> str:
        """As it stands in subjects and sources."""

    @property
    def letter(self) -> bool:
        """Whether it signs a responsibility letter (目标责任书)."""


class PlanDuty(Protocol):
    """A duty (工作任务) as a county's plan file names it: departments owe it, or units do."""

    @property
    def id(self) -> str:
        """As evidence names it."""

    @property
    def owing_departments(self) -> Sequence[str]:
        """The departments that owe it, each for itself; none where units do."""

    @property
    def units(self) -> str | None:
        """The group of units that owe it, each for itself."""

    @property
    def due(self) -> date:
        """The day by which it is to be accepted."""


class CountyPlan(Protocol):
    """What the simulator reads in a county's plan file."""

    @property
    def year(self) -> int:
        """The plan year Y."""

    @property
    def departments(self) -> Sequence[PlanDepartment]:
        """成员单位."""

    @property
    def duties(self) -> Sequence[PlanDuty]:
        """工作任务."""
