"""The repair desks of a running system, reached as its administrator or as the user whose seed is given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from deploy.data_folder import Running
from deploy.seeds import User, bus_as
from shared.client.repair import RepairDesks
from shared.contracts.base import SERVICES, Service
from shared.repair import OPERATOR, Asker, KeptReport, ListKept, ShowKept, Whole

ADMINISTRATOR: Final = Asker("administrator", *OPERATOR)


class Listed(NamedTuple):
    """A page over several services, and where the next one begins."""

    reports: list[KeptReport]
    next: str | None


@asynccontextmanager
async def desks(running: Running, user: User | None = None) -> AsyncIterator[RepairDesks]:
    """The desks, asked by the administrator of the folder, or by somebody else. Raises BusUnreachable."""
    async with bus_as(running, user) as nc:
        yield RepairDesks(nc, ADMINISTRATOR if user is None else user.asker)


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
