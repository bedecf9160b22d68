"""The keys with which the parts of one data folder speak on its bus, and the list of everybody who may.

A new folder, or one from before there were keys, gets its own at its next start: a seed per service, one for the HTTP door, and for whoever
operates it a seed and a token.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from deploy.data_folder import BadFolder, DataFolder, write_private
from deploy.nats.accounts import ADMINISTRATOR, DOOR
from deploy.nats.keys import new_seed, public_key
from shared.contracts.base import SERVICES
from shared.tokens import digest_of, new_token, require_token
from shared.users import AdministratorUser, BadUsers, CountyUsers, DepartmentUser, read_users, users_toml

OURS = (*SERVICES, "indicators", DOOR, ADMINISTRATOR)
"""The users whose seeds lie in the folder."""


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
        """The token of whoever operates the folder, made where it is missing. Raises BadFolder."""
        file = self._folder.credentials / f"{ADMINISTRATOR}.token"
        if not file.exists():
            write_private(file, new_token() + "\n")
        return _read_secret(file, require_token)

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
        administrator = AdministratorUser(nkey=keys.pop(ADMINISTRATOR), token=digest_of(self.token), reports_for_all=True)
        departments = self.users().departments if self._folder.departments.exists() else ()
        return CountyUsers(**keys, administrator=administrator, departments=departments)

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
