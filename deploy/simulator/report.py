"""What the simulator hands out: one report as a department's system would send it."""

from datetime import datetime
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
