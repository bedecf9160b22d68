"""Who speaks on a county's bus and at its HTTP door: its services, its administrator, and the systems of its departments.

One file says it, `departments.toml`: a table per county, which the bus's configuration is generated from and the HTTP door reads. It holds
public keys and the digests of tokens, no secret.
"""

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, ValidationInfo, model_validator

from shared.contracts import FACTS
from shared.contracts.base import SERVICES
from shared.contracts.common import OFFICE, SYSTEM, FactCorrected, FactVoided, common_type
from shared.contracts.envelope import Token
from shared.tokens import TokenDigest
from shared.units import unit_kind

PublicKey = Annotated[str, StringConstraints(pattern=r"^U[A-Z2-7]{55}$")]
"""The public half of a user's NKey."""


Role = Literal["department", "office", "evaluator", "administrator"]
"""What somebody is to the county's system."""
Act = Literal["ask", "facts", "unmask", "report", "repair", "command", "operate"]
"""What somebody does: asks for figures, and for what waits or was refused; takes the recorded facts byte for byte, pseudonyms and all; has
persons shown by their whole pseudonyms, for a reason that is recorded; reports, and has resident ids exchanged for it; deals with what
waits or was refused; commands the indicators service; commands the registry about persons, looks into the streams and hears
everybody's answers.
"""
MAY: Final[Mapping[Role, frozenset[Act]]] = {
    "department": frozenset({"ask", "report", "repair"}),
    "office": frozenset({"ask", "facts", "unmask", "report", "repair", "command"}),
    "evaluator": frozenset({"ask", "facts"}),
    "administrator": frozenset({"ask", "facts", "unmask", "repair", "command", "operate"}),
}
"""Who may do what, on the bus and over HTTP alike."""
REPORTABLE: Final = frozenset(fact.type for fact in FACTS) | {
    common_type(amendment, service) for amendment in (FactVoided, FactCorrected) for service in SERVICES
}
"""Every type that may be reported."""
OFFICE_TYPES: Final = frozenset(fact.type for fact in FACTS if fact.by_office)
"""Those of them that nobody but the office may report."""


_TO_MEND: Final[Mapping[str, Any]] = {"to_mend": True}
"""Read to be mended: see `read_users`."""


class BadUsers(Exception):
    """The file of users cannot be used; the message says why, in Chinese and English."""


def _not_the_system(department: str) -> str:
    if department == SYSTEM:
        raise ValueError(f"{SYSTEM} 是系统自身的名称 / {SYSTEM} is the system's own name")
    return department


def _reportable(type: str) -> str:
    if type not in REPORTABLE:
        raise ValueError(
            f"没有可报送的事实类型 {type}，见 deploy/reference/events.md / "
            f"no fact type {type} can be reported: see deploy/reference/events.md"
        )
    return type


def _unit(code: str) -> str:
    unit_kind(code)
    return code


class DepartmentUser(BaseModel):
    """One system of one department, or of whoever else may ask."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    department: Annotated[Token, AfterValidator(_not_the_system)]
    system: Token
    nkey: PublicKey
    token: TokenDigest | None = None
    """The SHA-256 of what it opens the HTTP door with; None: nothing."""
    role: Role = "department"
    may_report: tuple[Annotated[str, AfterValidator(_reportable)], ...] = ()
    """The types it may report, voids and corrections among them; none named: all."""
    units: tuple[Annotated[str, AfterValidator(_unit)], ...] = ()
    """The units whose facts it may report, with those below them; none named: all."""
    until: date | None = None
    """The last day on which it is let in, in Asia/Shanghai."""

    @property
    def reports(self) -> bool:
        """Whether it may report at all."""
        return "report" in MAY[self.role]

    @model_validator(mode="after")
    def _fits_its_role(self, info: ValidationInfo) -> "DepartmentUser":
        if info.context is _TO_MEND:
            return self
        if self.role == "office" and self.department != OFFICE:
            raise ValueError(f"创建办的代码为 {OFFICE} / the office is called {OFFICE}")
        if self.department == OFFICE and self.role != "office":
            raise ValueError(
                f"{OFFICE} 是创建办的代码，可作废任何部门的事实，其角色须为 office，现为 {self.role}；"
                f"名单中已有的请 kaiye department revoke {OFFICE} --system {self.system} / "
                f"{OFFICE} is the office, which may void every department's facts: its role has to be office, not {self.role}; "
                f"where the list of users has it already: kaiye department revoke {OFFICE} --system {self.system}"
            )
        if (self.may_report or self.units) and not self.reports:
            raise ValueError(
                f"角色 {self.role} 不报送事实，不能限定类型或单位 / the role {self.role} reports nothing: leave out types and units"
            )
        return self

    def valid_on(self, day: date) -> bool:
        """Whether it is let in on a day."""
        return self.until is None or day <= self.until


class AdministratorUser(BaseModel):
    """Whoever operates the county's system: asks, commands, and looks into the streams."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    nkey: PublicKey
    token: TokenDigest | None = None
    """The SHA-256 of what it opens the HTTP door with; None: nothing."""
    until: date | None = None
    """The last day on which the token opens the HTTP door, in Asia/Shanghai. The key has none: the system itself is operated by it."""
    reports_for_all: bool = False
    """Whether it may report in every department's name on the bus: on one machine, where the operator sends the files of departments that
    have no system of their own, and a demonstration plays all of them. Nowhere else, and not over HTTP.
    """

    @property
    def role(self) -> Role:
        """What it is."""
        return "administrator"

    def valid_on(self, day: date) -> bool:
        """Whether its token lets it in on a day."""
        return self.until is None or day <= self.until


User = DepartmentUser | AdministratorUser
"""Somebody with a role."""


class CountyUsers(BaseModel):
    """Everybody who speaks on one county's account."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    registry: PublicKey
    training: PublicKey
    finance: PublicKey
    indicators: PublicKey
    door: PublicKey | None = None
    """As whom the HTTP door of the indicators service passes on what departments report there."""
    administrator: AdministratorUser | None = None
    departments: tuple[DepartmentUser, ...] = ()

    @property
    def by_token(self) -> dict[str, User]:
        """Everybody who has a token, by its digest."""
        everybody: tuple[User, ...] = (*((self.administrator,) if self.administrator is not None else ()), *self.departments)
        return {user.token: user for user in everybody if user.token is not None}


def read_users(file: Path, *, to_mend: bool = False) -> dict[str, CountyUsers]:
    """The users of a file, by county. Raises BadUsers when it cannot be used. `to_mend`: whoever does not fit the role is read all the
    same, to be taken out; nobody is let in by such a list.
    """
    try:
        said = tomllib.loads(file.read_text("utf-8"))
        users = {code: CountyUsers.model_validate(each, context=_TO_MEND if to_mend else None) for code, each in said.items()}
        for code in users:
            if unit_kind(code) != "county":
                raise ValueError(f"{code} 不是县级代码 / {code} is not the code of a county")
    except OSError as error:
        raise BadUsers(f"{file} 无法读取 / {file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        wrong = [_wrong(each["loc"], each["type"], each["msg"]) for each in error.errors()]
        zh, en = ("；".join(halves) for halves in zip(*wrong, strict=True))
        raise BadUsers(f"{file} 无法使用：{zh} / {file} cannot be used: {en}") from error
    except ValueError as error:
        raise BadUsers(f"{file} 无法使用 / {file} cannot be used: {error}") from error
    return users


def _wrong(place: tuple[int | str, ...], kind: str, message: str) -> tuple[str, str]:
    """What is wrong with a value, in Chinese and in English: our own sentence where there is one."""
    if kind == "value_error":
        zh, _, en = message.removeprefix("Value error, ").partition(" / ")
        return zh, en or zh
    where = ".".join(map(str, place))
    return f"{where} 的值有误", f"{where}: {message}"


def users_toml(counties: Mapping[str, CountyUsers]) -> str:
    """The text of the file: `read_users` reads the same users from it."""
    lines = ["# 用户：只有公钥与令牌摘要，没有秘密 / who may speak: public keys and digests of tokens, no secret. Written by kaiye."]
    for code, users in counties.items():
        said = users.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        departments = said.pop("departments", [])
        lines += ["", f'["{code}"]', *(_line(key, value) for key, value in said.items())]
        for department in departments:
            lines += ["", f'[["{code}".departments]]', *(_line(key, value) for key, value in department.items())]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    return f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    """A value as TOML writes it: strings, lists and truth as JSON does, a table in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(_line(key, each) for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
