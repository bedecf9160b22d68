"""Whoever speaks on the bus of a running system with a seed of their own, instead of its administrator."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from nats.aio.client import Client
from pydantic import ValidationError

from deploy.credentials import Credentials
from deploy.data_folder import DataFolder, Running
from deploy.nats.accounts import inbox_of
from deploy.nats.keys import public_key
from deploy.reaching import bus
from shared.client import OutgoingReport, ReportForbidden, ReportingClient
from shared.contracts.common import OFFICE
from shared.contracts.envelope import Source
from shared.repair import Asker
from shared.users import DepartmentUser

SEED_VARIABLE: Final = "KAIYE_NATS_NKEY_SEED"
INBOX_VARIABLE: Final = "KAIYE_NATS_INBOX"


class UnknownSeed(Exception):
    """The seed is none, or nobody's on the list of departments; the message says so, in Chinese and English."""


class User(NamedTuple):
    """Somebody on the list of departments, with what the bus asks of it."""

    listed: DepartmentUser
    seed: str
    inbox: str

    @property
    def asker(self) -> Asker:
        """As whom it asks."""
        return Asker(self.listed.role, self.listed.department, self.listed.system)

    def source(self, county: str) -> Source:
        """As whom it reports."""
        return Source(county, self.listed.department, self.listed.system)


def user_of(folder: DataFolder, county: str, seed_file: Path) -> User:
    """Whoever a file's seed belongs to. Raises UnknownSeed and BadFolder."""
    seed, key = _read(seed_file)
    for user in Credentials(folder, county).users().departments:
        if user.nkey == key:
            return User(user, seed, inbox_of(user.department, user.system))
    raise UnknownSeed(f"{seed_file} 的密钥不在部门名单中（kaiye department list）/ nobody on the list of departments has this key")


def stranger(source: Source, seed_file: Path | None) -> User:
    """Whoever reports as this source where no list says whose a seed is: the bus there does. Without a file the seed is that of the
    environment (`KAIYE_NATS_NKEY_SEED`), and with it goes the reply prefix there (`KAIYE_NATS_INBOX`), where it was issued with another one
    than usual. Raises UnknownSeed.
    """
    inbox = inbox_of(source.department, source.system)
    if seed_file is None:
        inbox = os.environ.get(INBOX_VARIABLE) or inbox
        seed = os.environ.get(SEED_VARIABLE, "").strip()
        try:
            key = public_key(seed)
        except ValueError as error:
            raise UnknownSeed(f"{SEED_VARIABLE} 不是 NKey 种子 / {SEED_VARIABLE} is no NKey's seed") from error
    else:
        seed, key = _read(seed_file)
    try:
        listed = DepartmentUser(
            department=source.department, system=source.system, nkey=key, role="office" if source.department == OFFICE else "department"
        )
    except ValidationError as error:
        raise UnknownSeed(
            f"不能以此种子报送 {source} 的事实：种子须属于用户（SU…），部门不能是系统自身 / "
            f"nobody reports as {source} with this seed: it has to be a user's (SU…), and the department not the system itself"
        ) from error
    return User(listed, seed, inbox)


def _read(seed_file: Path) -> tuple[str, str]:
    """A seed and its public key. Raises UnknownSeed."""
    try:
        seed = seed_file.read_text("ascii").strip()
        return seed, public_key(seed)
    except (OSError, ValueError) as error:
        raise UnknownSeed(f"{seed_file} 不是可读的 NKey 种子文件 / {seed_file} is no readable file of an NKey's seed") from error


@asynccontextmanager
async def bus_as(running: Running, user: User | None) -> AsyncIterator[Client]:
    """A connection to the bus as a user, or as the administrator. Raises BusUnreachable."""
    async with bus(running) if user is None else bus(running, seed=user.seed, inbox=user.inbox) as nc:
        yield nc


@asynccontextmanager
async def reporting_as(
    running: Running, user: User | None, outbox: Path | None = None, *, keep_answers: bool = False,
    on_forbidden: Callable[[OutgoingReport, ReportForbidden], None] | None = None,
) -> AsyncIterator[ReportingClient]:  # fmt: skip
    """A client that reports as a user, or, in whosever names, as the administrator. Raises BusUnreachable and OutboxError."""
    own = (None, None) if user is None else (user.listed.department, user.listed.system)
    async with (
        bus_as(running, user) as nc,
        ReportingClient(
            nc, county=running.county, department=own[0], system=own[1], outbox=outbox, keep_answers=keep_answers, on_forbidden=on_forbidden
        ) as client,
    ):
        yield client
