"""As whom somebody reports to a bus on another machine, by nothing but a seed and what is reported."""

from pathlib import Path

import nkeys
import pytest

from deploy.nats.accounts import inbox_of
from deploy.nats.keys import new_seed
from deploy.seeds import UnknownSeed, stranger
from shared.contracts.common import OFFICE, SYSTEM
from shared.contracts.envelope import Source
from shared.users import Role

COUNTY = "330127000000"


@pytest.mark.parametrize(("department", "role"), [(OFFICE, "office"), ("zhen01", "department")])
def test_the_office_reports_as_the_office_and_a_department_as_one(tmp_path: Path, department: str, role: Role) -> None:
    user = stranger(Source(COUNTY, department, "web"), _file(tmp_path, new_seed()))
    assert (user.asker.department, user.listed.role, user.listed.reports) == (department, role, True)


def test_nobody_reports_as_the_system_itself_or_with_the_seed_of_no_user(tmp_path: Path) -> None:
    account = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_ACCOUNT).decode()
    for department, seed in ((SYSTEM, new_seed()), ("zhen01", account)):
        with pytest.raises(UnknownSeed, match=f"不能以此种子报送 .* / nobody reports as /{COUNTY}/{department}/web with this seed"):
            stranger(Source(COUNTY, department, "web"), _file(tmp_path, seed))


def test_the_reply_prefix_of_the_environment_goes_with_the_seed_there_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(COUNTY, "zhen01", "web")
    monkeypatch.setenv("KAIYE_NATS_NKEY_SEED", new_seed())
    assert stranger(source, None).inbox == inbox_of("zhen01", "web")
    monkeypatch.setenv("KAIYE_NATS_INBOX", "_INBOX_other")
    assert stranger(source, None).inbox == "_INBOX_other"
    assert stranger(source, _file(tmp_path, new_seed())).inbox == inbox_of("zhen01", "web")


def _file(folder: Path, seed: str) -> Path:
    file = folder / "own.seed"
    file.write_text(f"{seed}\n")
    return file
