"""A deterministic simulator of a county's departments: what they would report over four years, right and wrong.

`simulate` tells the story of a county as reports, `unit_reports` lists its units first, `write_reports` writes reports to a file.
Everything is drawn from one seed; nothing here reads a clock.
"""

from deploy.simulator.file import write_reports
from deploy.simulator.report import RosterUnit, SimulatedReport
from deploy.simulator.simulation import LISTED, simulate, unit_reports

__all__ = ["LISTED", "RosterUnit", "SimulatedReport", "simulate", "unit_reports", "write_reports"]
