"""The settings of a service, read from the environment: `KAIYE_COUNTY`, `KAIYE_NATS_URL`, …

Credentials are never shown: their fields are left out of `repr`, and no log line prints settings.
"""

import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.units import unit_kind


def _county(code: str) -> str:
    if unit_kind(code) != "county":
        raise ValueError(f"{code} is not the code of a county / {code} 不是县级代码")
    return code


CountyCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$"), AfterValidator(_county)]
"""统计用区划代码 of a county: six digits and `000000`."""


class Settings(BaseSettings):
    """What a service needs to know to run. Every field is an environment variable named `KAIYE_` and the field in capitals.

    Raises pydantic's ValidationError when one is missing or unreadable.
    """

    model_config = SettingsConfigDict(env_prefix="KAIYE_", frozen=True, extra="ignore")

    county: CountyCode = Field(description="县代码 / the county served (12 digits)")
    nats_url: str = Field(
        default="nats://127.0.0.1:4222", repr=False,
        description="消息总线地址，可用逗号分隔多个 / addresses of the bus, several separated by commas; may hold user and password",
    )  # fmt: skip
    nats_nkey_seed: str | None = Field(default=None, repr=False, description="NKey 种子 / the seed of this user's NKey")
    nats_credentials: Path | None = Field(default=None, description="凭据文件 / a credentials file (JWT and NKey), instead of a seed")
    nats_certificates: Path | None = Field(default=None, description="CA 证书 / certificates of the authority that signed the bus's own")
    nats_inbox: str = Field(
        default="_INBOX", pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        description="本用户的应答主题前缀 / prefix of this user's reply subjects; grant each user only its own",
    )  # fmt: skip
    nats_replicas: int = Field(default=1, ge=1, le=5, description="流的副本数 / copies the bus keeps of each stream")
    nats_connect_seconds_max: float = Field(default=30.0, gt=0, description="首次连接等待上限 / how long to wait for the first connection")
    database_url: str = Field(
        repr=False, description="PostgreSQL 地址 / where the service's truth is kept: postgresql://user:password@host/db"
    )
    departments: Path | None = Field(
        default=None, description="用户名单，缺省不限定单位 / list of users, as `kaiye department` writes it: which units each may "
        "report of (omitted: all), and whose token opens the HTTP door",
    )  # fmt: skip
    simulated_clock: bool = Field(
        default=False, description="模拟时钟，仅限演示数据夹 / time is what reports say it is: only for a demonstration folder, for life"
    )
    http_host: str = Field(default="127.0.0.1", description="监听地址 / address of /health and /metrics")
    http_port: int = Field(default=0, ge=0, le=65535, description="监听端口，0 为关闭 / port of /health and /metrics; 0: none")
    otlp_endpoint: str | None = Field(
        default=None, pattern=r"^https?://[^/]+/?$",
        description="OpenTelemetry 收集器地址（OTLP/HTTP），如 http://127.0.0.1:4318，缺省不发送链路追踪 / "
        "address of an OpenTelemetry collector for traces by OTLP/HTTP; omitted: none are sent",
    )  # fmt: skip
    batch_size: int = Field(default=500, ge=1, le=5000, description="每批报告数上限 / reports decided in one commit, at most")
    batch_wait_seconds: float = Field(default=0.05, gt=0, le=5, description="凑批等待 / how long a batch that is not full is waited for")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="日志级别 / least severe log line shown")
    log_format: Literal["text", "json"] = Field(default="text", description="日志格式 / log lines for people or for programs, on stderr")

    @field_validator("nats_certificates")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        try:
            if file is not None:
                ssl.create_default_context(cafile=file)
        except ssl.SSLError as error:
            raise ValueError(f"{file} holds no certificate in PEM / {file} 中没有 PEM 格式的证书") from error
        except OSError as error:
            raise ValueError(f"{file} cannot be read: {error.strerror} / {file} 无法读取") from error
        return file

    @property
    def nats_servers(self) -> list[str]:
        """The addresses of the bus one by one."""
        return [address.strip() for address in self.nats_url.split(",") if address.strip()]
