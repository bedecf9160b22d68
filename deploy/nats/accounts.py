"""Who may say and hear what on the bus: one account per county, one NKey user per department's system and per service.

A department publishes only under its own `reported.<county>.<department>.<system>.`, and there only what has the form
`<service>.<event>`: this is what makes the subject proof of identity.
Replies go to an inbox prefix of each user's own, because with the default `_INBOX.>` everybody could read everybody's replies.

    python -m deploy.nats.accounts users.toml > accounts.conf
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.contracts.base import SERVICES
from shared.contracts.common import SYSTEM
from shared.contracts.envelope import Token
from shared.units import unit_kind

PublicKey = Annotated[str, StringConstraints(pattern=r"^U[A-Z2-7]{55}$")]
"""The public half of a user's NKey."""


def _not_the_system(department: str) -> str:
    if department == SYSTEM:
        raise ValueError(f"{SYSTEM} 是系统自身的名称 / {SYSTEM} is the system's own name")
    return department


class DepartmentUser(BaseModel):
    """One system of one department."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    department: Annotated[Token, AfterValidator(_not_the_system)]
    system: Token
    nkey: PublicKey


class CountyUsers(BaseModel):
    """Everybody who speaks on one county's account."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    registry: PublicKey
    training: PublicKey
    finance: PublicKey
    indicators: PublicKey
    departments: tuple[DepartmentUser, ...] = ()


def accounts_conf(counties: Mapping[str, CountyUsers]) -> str:
    """The `accounts` block of a NATS configuration. Raises ValueError when a key of `counties` is not a county's code."""
    accounts = {}
    for code, users in counties.items():
        if unit_kind(code) != "county":
            raise ValueError(f"{code} 不是县级代码 / {code} is not the code of a county")
        accounts[f"C{code}"] = {"jetstream": "enabled", "users": _users(code, users)}
    return f"accounts: {json.dumps(accounts, indent=2)}\n"


def inbox_of(*names: str) -> str:
    """The reply prefix of a user: the setting `KAIYE_NATS_INBOX` of whoever connects as it."""
    return "_INBOX_" + "_".join(names)


def _users(county: str, users: CountyUsers) -> list[dict[str, object]]:
    services = [_service(county, service, getattr(users, service)) for service in (*SERVICES, "indicators")]
    return services + [_department(county, user) for user in users.departments]


def _service(county: str, service: str, nkey: str) -> dict[str, object]:
    """Services share the streams' administration; what they may state as recorded is only their own."""
    indicators = [f"changed.indicators.{county}", "command.indicators.*"]  # whoever holds the service's own key may command it
    own = indicators if service == "indicators" else [f"recorded.{county}.{service}.>", f"answered.{county}.>"]
    heard = ["query.indicators.>", "command.indicators.>"] if service == "indicators" else []
    # A service answers whoever asked it: `allow_responses` lets it publish to that one inbox, once.
    return _user(nkey, [*own, "$JS.API.>", "$JS.ACK.>"], [*heard, f"{inbox_of(service)}.>"], allow_responses=service == "indicators")


def _department(county: str, user: DepartmentUser) -> dict[str, object]:
    """Nothing of the streams' interface: answers come by plain subscription, and a report is sent again until its answer comes."""
    place = f"{county}.{user.department}.{user.system}"
    said = [*(f"reported.{place}.{service}.*" for service in SERVICES), "query.indicators.*"]
    return _user(user.nkey, said, [f"answered.{place}.>", f"{inbox_of(user.department, user.system)}.>"])


def _user(nkey: str, publish: list[str], subscribe: list[str], *, allow_responses: bool = False) -> dict[str, object]:
    permissions: dict[str, object] = {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}}
    if allow_responses:
        permissions["allow_responses"] = True
    return {"nkey": nkey, "permissions": permissions}


def main(arguments: list[str]) -> int:
    """Write the block for the users of a TOML file to stdout."""
    if len(arguments) != 1:
        sys.stderr.write("用法 / usage: python -m deploy.nats.accounts users.toml\n")
        return 2
    try:
        said = tomllib.loads(Path(arguments[0]).read_text("utf-8"))
        counties = {code: CountyUsers.model_validate(users) for code, users in said.items()}
        sys.stdout.write(accounts_conf(counties))
    except (OSError, ValueError, ValidationError) as error:
        sys.stderr.write(f"{arguments[0]} 无法使用 / cannot be used: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
