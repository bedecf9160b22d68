"""The settings of the indicators service: those of every service, and where its county's plan is."""

from pathlib import Path

from pydantic import Field

from shared.settings import Settings


class IndicatorsSettings(Settings):
    """Read from the environment like every service's: `KAIYE_COUNTY_FOLDER` is the one variable more."""

    county_folder: Path = Field(description="县文件夹，内有方案与名册 / the county's folder: its plan file and its roster")
