"""The settings of the registry service: those of every service, and its own."""

from pathlib import Path

from pydantic import Field

from shared.identification import IDS_MAX
from shared.settings import Settings


class RegistrySettings(Settings):
    """Read from the environment like every service's: where the keys of persons' links are, and how much one asker may ask."""

    person_keys: Path | None = Field(
        default=None,
        description="人员代码密钥文件，首次使用时生成，须另行备份，缺省不受理身份证号换取 / file of the keys of persons' links, made at "
        "first use, to be backed up apart from the database; omitted: resident ids are not exchanged",
    )
    identify_per_minute: int = Field(
        default=30_000, ge=IDS_MAX,
        description="每个报送系统每分钟可换取的身份证号数 / resident ids that one department's system may have exchanged in a minute",
    )  # fmt: skip
    identify_per_day: int = Field(
        default=300_000, ge=IDS_MAX,
        description="每个报送系统每日可换取的身份证号数，防止逐号试遍 / resident ids that one department's system may have exchanged "
        "in a day, so that nobody tries out all there are",
    )  # fmt: skip
