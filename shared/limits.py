"""What is read off the list of users: whoever asks gets it as the file has it now, so that what changes there holds at once."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

from shared.clock import today
from shared.contracts.envelope import Source
from shared.users import CountyUsers, DepartmentUser, User, read_users
from shared.write_service.desk import NO_LIMIT, NO_LIMITS, Limit, Limits

Found = TypeVar("Found")


class Listed(Generic[Found]):
    """Something about one county's users on a day, read again whenever the file is another one, and on another day."""

    def __init__(self, file: Path, county: str, read_off: Callable[[CountyUsers | None, date], Found]) -> None:
        self._file = file
        self._county = county
        self._read_off = read_off
        self._seen: tuple[date, int, int] | None = None
        self._found: Found | None = None

    def __call__(self) -> Found:
        """As the file has it now. Raises BadUsers when it cannot be used."""
        day = today()
        seen = _identity(self._file, day)
        if self._found is None or seen is None or seen != self._seen:
            self._found = self._read_off(read_users(self._file).get(self._county), day)
            self._seen = seen
        return self._found


class ListedLimits:
    """Which types each department's system may report, and of which units. A system with two keys may what either may, by itself."""

    def __init__(self, file: Path | None, county: str) -> None:
        def limits(users: CountyUsers | None, day: date) -> Limits:
            found: dict[str, list[Limit]] = defaultdict(list)
            for source, key in _keys(users, county, day):
                found[source] += [_limit(key)] if key.reports else []
            return {source: tuple(allowed) for source, allowed in found.items() if NO_LIMIT not in allowed}

        self._listed = Listed(file, county, limits) if file is not None else None

    def __call__(self) -> Limits:
        """The limits as the file has them now; without a file there are none. Raises BadUsers when it cannot be used."""
        return self._listed() if self._listed is not None else NO_LIMITS


def listed_bounds(file: Path | None, county: str) -> Callable[[], frozenset[str]]:
    """The systems that may not report everything, but some types or of some units only. Raises BadUsers when the file cannot be used."""

    def bounded(users: CountyUsers | None, day: date) -> frozenset[str]:
        return frozenset(source for source, key in _keys(users, county, day) if _limit(key) != NO_LIMIT)

    return Listed(file, county, bounded) if file is not None else frozenset


def listed_tokens(file: Path, county: str) -> Listed[dict[str, User]]:
    """Who opens the HTTP door, by the digest of the token."""
    return Listed(file, county, lambda users, _: users.by_token if users is not None else {})


def _keys(users: CountyUsers | None, county: str, day: date) -> Iterator[tuple[str, DepartmentUser]]:
    """The keys that hold on a day, by their systems. Of a system that has none any more, those that lapsed last: what it reported with them
    may still be undecided.
    """
    listed: dict[str, list[DepartmentUser]] = defaultdict(list)
    for user in users.departments if users is not None else ():
        listed[str(Source(county, user.department, user.system))].append(user)
    for source, keys in listed.items():
        holding = [key for key in keys if key.valid_on(day)]
        last = max((key.until for key in keys if key.until is not None), default=None)
        for key in holding or [key for key in keys if key.until == last]:
            yield source, key


def _limit(key: DepartmentUser) -> Limit:
    """What may be reported with a key."""
    return Limit(
        types=frozenset(key.may_report) if key.may_report else None, units=frozenset(key.units) if key.units else None
    )  # fmt: skip


def _identity(file: Path, day: date) -> tuple[date, int, int] | None:
    """What tells one state of the file on a day from another: it is always replaced as a whole."""
    try:
        found = file.stat()
    except OSError:
        return None
    return day, found.st_ino, found.st_mtime_ns
