"""The settings of the indicators service: those of every service, and its own."""

from ipaddress import ip_address
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared.settings import Settings


class IndicatorsSettings(Settings):
    """Read from the environment like every service's: where the county's plan is, where and how the archive is
    written, and who is let in over HTTP.
    """

    county_folder: Path = Field(description="县文件夹，内有方案与名册 / the county's folder: its plan file and its roster")
    archive: Path | None = Field(
        default=None, description="归档文件夹，缺省不写归档 / folder of the archive of recorded facts (Parquet); omitted: none is written"
    )
    archive_seconds: float = Field(
        default=60.0, gt=0, description="归档等待 / how long records wait for others before they are written to the archive together"
    )
    insecure: bool = Field(
        default=False,
        description="不要求令牌即可查询，只能监听本机地址；否则须给出 KAIYE_DEPARTMENTS / no token is needed to ask for figures: only "
        "on a loopback address; otherwise KAIYE_DEPARTMENTS must say who has one",
    )  # fmt: skip
    door_nkey_seed: str | None = Field(
        default=None, repr=False,
        description="HTTP 上报送的转发用户的 NKey 种子，缺省用本服务自己的用户 / seed of the user (`door`) as whom "
        "what departments report over HTTP is passed on; omitted: the service's own user",
    )  # fmt: skip
    door_inbox: str = Field(
        default="_INBOX", pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        description="转发用户的应答主题前缀 / prefix of that user's reply subjects",
    )  # fmt: skip

    @model_validator(mode="after")
    def _nobody_is_let_in_by_mistake(self) -> Self:
        if self.http_port and self.insecure and not _is_loopback(self.http_host):
            raise ValueError(
                f"KAIYE_INSECURE 只能用于本机地址，不能用于 {self.http_host} / is for loopback addresses, not for {self.http_host}"
            )
        if self.http_port and not self.insecure and self.departments is None:
            raise ValueError(
                "HTTP 须有 KAIYE_DEPARTMENTS（谁有令牌），试用可设 KAIYE_INSECURE=true / "
                "HTTP needs KAIYE_DEPARTMENTS, which says who has a token; KAIYE_INSECURE=true is for trials"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
