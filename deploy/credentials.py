"""The keys with which the parts of one data folder speak on its bus, and the list of everybody who may.

A new folder, or one from before there were keys, gets its own at its next start: a seed per service, one for the HTTP door, and for whoever
operates it a seed and a token. The token has a last day like every other; another one takes its place before that.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from deploy.data_folder import BadFolder, DataFolder, write_private
from deploy.nats.accounts import ADMINISTRATOR, DOOR
from deploy.nats.keys import new_seed, public_key
from shared.clock import today
from shared.contracts.base import SERVICES
from shared.logs import logger
from shared.tokens import TOKEN_DAYS, digest_of, last_day, new_token, require_token
from shared.users import AdministratorUser, BadUsers, CountyUsers, DepartmentUser, read_users, users_toml

OURS = (*SERVICES, "indicators", DOOR, ADMINISTRATOR)
"""The users whose seeds lie in the folder."""
RENEWED_DAYS: Final = 30
"""So many days before its last one the administrator's token is renewed."""

log = logger(__name__)


class AlreadyListed(Exception):
    """Somebody of this name is on the list; the message says what to do, in Chinese and English."""


class NotListed(Exception):
    """Nobody of this name is on the list; the message says what to do, in Chinese and English."""


class Credentials:
    """The keys of one folder, and the list beside them."""

    def __init__(self, folder: DataFolder, county: str) -> None:
        self._folder = folder
        self._county = county

    def prepare(self) -> dict[str, str]:
        """Our seeds by user, made where they are missing and listed where they are not yet. Raises BadFolder."""
        self._folder.credentials.mkdir(mode=0o700, exist_ok=True)
        seeds = {name: self._seed(name) for name in OURS}
        with self._folder.listing():
            users = self._listed(seeds)
            if not self._folder.departments.exists() or self.users() != users:
                self._write(users)
        return seeds

    @property
    def token(self) -> str:
        """The token of whoever operates the folder. Raises BadFolder."""
        return _read_secret(self._token_file, require_token)

    def keep_token(self) -> str:
        """The token of whoever operates the folder: the one there is, or another where that one is gone or ends before long (or, made when
        the clock was wrong, would hold too long), which is then good for nothing any more. Raises BadFolder.
        """
        listed = self.users().administrator
        if listed is not None and not self._holds(listed):
            with self._folder.listing():
                users = self.users()
                self._write(users.model_copy(update={"administrator": users.administrator and self._with_token(users.administrator)}))
        return self.token

    def add(self, user: DepartmentUser) -> None:
        """List one more. Raises BadFolder, and AlreadyListed when its system of the department is listed."""
        with self._folder.listing():
            users = self.users()
            if any(_same(user.department, user.system, each) for each in users.departments):
                raise AlreadyListed(
                    f"{user.department} 的系统 {user.system} 已在名单中，更换前请先 kaiye department revoke / "
                    f"the system {user.system} of {user.department} is listed already: kaiye department revoke it first"
                )
            self._write(users.model_copy(update={"departments": (*users.departments, user)}))

    def revoke(self, department: str, system: str | None) -> tuple[DepartmentUser, ...]:
        """Take one system of a department off the list, or all of them: those who were on it. Also from a list that cannot be used as
        long as it has them. Raises BadFolder.
        """
        with self._folder.listing():
            users = self.users(to_mend=True)
            gone = tuple(each for each in users.departments if _same(department, system or each.system, each))
            self._write(users.model_copy(update={"departments": tuple(each for each in users.departments if each not in gone)}))
        return gone

    def renew_token(self, department: str, system: str, digest: str, until: date) -> DepartmentUser:
        """Give one system of a department another token: the one it had is good for nothing any more. Key and token hold until that day,
        be it later or sooner than the one they had. Raises BadFolder and NotListed.
        """
        with self._folder.listing():
            users = self.users()
            renewed = tuple(
                each.model_copy(update={"token": digest, "until": until}) if _same(department, system, each) else each
                for each in users.departments
            )
            self._write(users.model_copy(update={"departments": renewed}))
        for user in renewed:
            if _same(department, system, user):
                return user
        raise NotListed(
            f"名单中没有 {department} 的系统 {system}，先用 kaiye department add / "
            f"the system {system} of {department} is not listed: kaiye department add it first"
        )

    def users(self, *, to_mend: bool = False) -> CountyUsers:
        """Everybody who may speak on the bus. Raises BadFolder when the list cannot be used. `to_mend`: see `read_users`."""
        try:
            return read_users(self._folder.departments, to_mend=to_mend)[self._county]
        except BadUsers as error:
            raise BadFolder(str(error)) from error
        except KeyError as error:
            raise BadFolder(f"{self._folder.departments} 没有县 {self._county} / does not list county {self._county}") from error

    def _write(self, users: CountyUsers) -> None:
        write_private(self._folder.departments, users_toml({self._county: users}))

    def _listed(self, seeds: dict[str, str]) -> CountyUsers:
        """The list as it must be: the departments that stand in it, and our own keys."""
        keys = {name: public_key(seed) for name, seed in seeds.items()}
        before = self.users() if self._folder.departments.exists() else None
        listed = before.administrator if before is not None else None
        administrator = AdministratorUser(
            nkey=keys.pop(ADMINISTRATOR), token=None if listed is None else listed.token, until=None if listed is None else listed.until,
            reports_for_all=True,
        )  # fmt: skip
        departments = before.departments if before is not None else ()
        return CountyUsers(**keys, administrator=self._with_token(administrator), departments=departments)

    def _holds(self, administrator: AdministratorUser) -> bool:
        """Whether the list says of the token in the file that it holds for a while yet, but no longer than one made today."""
        if not self._token_file.exists() or digest_of(self.token) != administrator.token or administrator.until is None:
            return False
        return today() + timedelta(days=RENEWED_DAYS) <= administrator.until <= last_day(TOKEN_DAYS)

    def _with_token(self, administrator: AdministratorUser) -> AdministratorUser:
        """With the token in the file, or with another one that the file has from now on. Cut off in between, it is renewed once more."""
        if self._holds(administrator):
            return administrator
        renewed = administrator.model_copy(update={"token": digest_of(token := new_token()), "until": last_day(TOKEN_DAYS)})
        write_private(self._token_file, token + "\n")
        if administrator.token is not None:
            log.warning(
                "管理员的 HTTP 令牌已换发，旧令牌作废 / the administrator's HTTP token is renewed: the one before opens nothing any more",
                file=str(self._token_file), until=str(renewed.until),
            )  # fmt: skip
        return renewed

    @property
    def _token_file(self) -> Path:
        return self._folder.credentials / f"{ADMINISTRATOR}.token"

    def _seed(self, name: str) -> str:
        file = self._folder.credentials / f"{name}.seed"
        if not file.exists():
            write_private(file, new_seed() + "\n")
        return _read_secret(file, public_key)


def _same(department: str, system: str, user: DepartmentUser) -> bool:
    return (user.department, user.system) == (department, system)


def _read_secret(file: Path, check: Callable[[str], object]) -> str:
    try:
        secret = file.read_text().strip()
        check(secret)
    except (OSError, ValueError) as error:
        raise BadFolder(f"{file} 无法使用 / {file} cannot be used: {error}") from error
    return secret
