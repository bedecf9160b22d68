"""The repair desks of a running system, reached as its administrator or as the user whose seed is given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from deploy.credentials import Credentials
from deploy.data_folder import DataFolder, Running
from deploy.nats.accounts import inbox_of
from deploy.nats.keys import public_key
from deploy.reaching import bus
from shared.client.repair import RepairDesks
from shared.contracts.base import SERVICES, Service
from shared.repair import OPERATOR, Asker, KeptReport, ListKept, ShowKept, Whole
from shared.users import DepartmentUser

ADMINISTRATOR: Final = Asker("administrator", *OPERATOR)


class UnknownSeed(Exception):
    """The seed is nobody's on the list of departments; the message says so, in Chinese and English."""


class Listed(NamedTuple):
    """A page over several services, and where the next one begins."""

    reports: list[KeptReport]
    next: str | None


class User(NamedTuple):
    """Somebody on the list of departments, with what the bus asks of it."""

    listed: DepartmentUser
    seed: str
    inbox: str

    @property
    def asker(self) -> Asker:
        """As whom it asks."""
        return Asker(self.listed.role, self.listed.department, self.listed.system)


def user_of(folder: DataFolder, county: str, seed_file: Path) -> User:
    """Whoever a file's seed belongs to. Raises UnknownSeed and BadFolder."""
    try:
        seed = seed_file.read_text("ascii").strip()
        key = public_key(seed)
    except (OSError, ValueError) as error:
        raise UnknownSeed(f"{seed_file} 不是可读的 NKey 种子文件 / {seed_file} is no readable file of an NKey's seed") from error
    for user in Credentials(folder, county).users().departments:
        if user.nkey == key:
            return User(user, seed, inbox_of(user.department, user.system))
    raise UnknownSeed(f"{seed_file} 的密钥不在部门名单中（kaiye department list）/ nobody on the list of departments has this key")


@asynccontextmanager
async def desks(running: Running, user: User | None = None) -> AsyncIterator[RepairDesks]:
    """The desks, asked by the administrator of the folder, or by somebody else. Raises BusUnreachable."""
    if user is None:
        async with bus(running) as nc:
            yield RepairDesks(nc, ADMINISTRATOR)
    else:
        async with bus(running, seed=user.seed, inbox=user.inbox) as nc:
            yield RepairDesks(nc, user.asker)


async def list_kept(asked_of: RepairDesks, services: tuple[Service, ...], asked: ListKept, after: tuple[Service, int] | None) -> Listed:
    """A page over the services, one after the other, of at most `asked.limit` reports."""
    first, number = after or (services[0], 0)
    found: list[KeptReport] = []
    for service in services[services.index(first) :]:
        left = asked.limit - len(found)
        if left == 0:
            return Listed(found, f"{service}:0")
        page = await asked_of.list(service, asked.model_copy(update={"after": number if service == first else 0, "limit": left}))
        found += page.reports
        if page.next is not None:
            return Listed(found, f"{service}:{page.next}")
    return Listed(found, None)


async def find(asked_of: RepairDesks, services: tuple[Service, ...], id: str, source: str | None) -> list[Whole]:
    """Everything that is kept under an id, by whichever service and whichever source."""
    return [whole for service in services for whole in (await asked_of.show(service, ShowKept(id=id, source=source))).reports]


def services_of(service: str | None) -> tuple[Service, ...]:
    """The services asked: one, or all. Raises ValueError for a name that is none's."""
    if service is None:
        return SERVICES
    found = tuple(each for each in SERVICES if each == service)
    if not found:
        raise ValueError(service)
    return found
