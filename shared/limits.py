"""Which units each department's system may report of, read off the list of users: what changes in the file holds from the next batch on."""

from pathlib import Path

from shared.contracts.envelope import Source
from shared.users import read_users
from shared.write_service.desk import NO_LIMITS, Limits


class ListedLimits:
    """The limits of one county's users, read again whenever the file is another one."""

    def __init__(self, file: Path | None, county: str) -> None:
        self._file = file
        self._county = county
        self._seen: tuple[int, int] | None = None
        self._limits = NO_LIMITS

    def __call__(self) -> Limits:
        """The limits as the file has them now; without a file there are none. Raises BadUsers when it cannot be used."""
        if self._file is None:
            return NO_LIMITS
        seen = _identity(self._file)
        if seen is None or seen != self._seen:
            users = read_users(self._file).get(self._county)
            departments = users.departments if users is not None else ()
            self._limits = {
                str(Source(self._county, user.department, user.system)): frozenset(user.units) for user in departments if user.units
            }
            self._seen = seen
        return self._limits


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells one state of the file from another: it is always replaced as a whole."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
