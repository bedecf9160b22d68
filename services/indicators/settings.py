"""The settings of the indicators service: those of every service, and its own."""

from pathlib import Path

from pydantic import Field

from shared.settings import Settings


class IndicatorsSettings(Settings):
    """Read from the environment like every service's: where the county's plan is, and where and how the archive is written."""

    county_folder: Path = Field(description="县文件夹，内有方案与名册 / the county's folder: its plan file and its roster")
    archive: Path | None = Field(
        default=None, description="归档文件夹，缺省不写归档 / folder of the archive of recorded facts (Parquet); omitted: none is written"
    )
    archive_seconds: float = Field(
        default=60.0, gt=0, description="归档等待 / how long records wait for others before they are written to the archive together"
    )
