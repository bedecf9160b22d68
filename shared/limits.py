"""What is read off the list of users: whoever asks gets it as the file has it now, so that what changes there holds at once."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from shared.contracts.envelope import Source
from shared.users import CountyUsers, DepartmentUser, User, read_users
from shared.write_service.desk import NO_LIMIT, NO_LIMITS, Limit, Limits

Found = TypeVar("Found")


class Listed(Generic[Found]):
    """Something about one county's users, read again whenever the file is another one."""

    def __init__(self, file: Path, county: str, read_off: Callable[[CountyUsers | None], Found]) -> None:
        self._file = file
        self._county = county
        self._read_off = read_off
        self._seen: tuple[int, int] | None = None
        self._found: Found | None = None

    def __call__(self) -> Found:
        """As the file has it now. Raises BadUsers when it cannot be used."""
        seen = _identity(self._file)
        if self._found is None or seen is None or seen != self._seen:
            self._found = self._read_off(read_users(self._file).get(self._county))
            self._seen = seen
        return self._found


class ListedLimits:
    """Which types each department's system may report, and of which units. A system with two keys may what either may."""

    def __init__(self, file: Path | None, county: str) -> None:
        def limits(users: CountyUsers | None) -> Limits:
            listed: dict[str, list[DepartmentUser]] = defaultdict(list)
            for user in users.departments if users is not None else ():
                listed[str(Source(county, user.department, user.system))].append(user)
            found = {source: _limit([user for user in keys if user.reports]) for source, keys in listed.items()}
            return {source: limit for source, limit in found.items() if limit != NO_LIMIT}

        self._listed = Listed(file, county, limits) if file is not None else None

    def __call__(self) -> Limits:
        """The limits as the file has them now; without a file there are none. Raises BadUsers when it cannot be used."""
        return self._listed() if self._listed is not None else NO_LIMITS


def listed_bounds(file: Path | None, county: str) -> Callable[[], frozenset[str]]:
    """The systems that may not report everything, but some types or of some units only. Raises BadUsers when the file cannot be used."""

    def bounded(users: CountyUsers | None) -> frozenset[str]:
        departments = users.departments if users is not None else ()
        return frozenset(str(Source(county, user.department, user.system)) for user in departments if user.units or user.may_report)

    return Listed(file, county, bounded) if file is not None else frozenset


def listed_tokens(file: Path, county: str) -> Listed[dict[str, User]]:
    """Who opens the HTTP door, by the digest of the token."""
    return Listed(file, county, lambda users: users.by_token if users is not None else {})


def _limit(keys: Sequence[DepartmentUser]) -> Limit:
    """What a system may report that has these keys to report with."""
    return Limit(
        types=None if not all(key.may_report for key in keys) else frozenset(type_ for key in keys for type_ in key.may_report),
        units=None if not all(key.units for key in keys) else frozenset(code for key in keys for code in key.units),
    )


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells one state of the file from another: it is always replaced as a whole."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
