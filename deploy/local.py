"""A whole county on one machine: the servers and the four services, in one folder, under one supervisor.

Start-up order: NATS and PostgreSQL, then the databases' migrations, then the three write services, then indicators, which follows
them. Stopping goes the other way round. Logs of every part are in the folder's `logs/`.
"""

import asyncio
import http.client
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from deploy.county_bus import CountyBus
from deploy.credentials import Credentials
from deploy.data_folder import BadFolder, DataFolder, Ports, Purpose, Running
from deploy.databases import give_databases
from deploy.embedded import HOST, EmbeddedPostgres, free_port, lasting_port, require_free
from deploy.nats.accounts import DOOR, inbox_of
from deploy.processes import STOP_SECONDS_MAX, Part, PartFailed
from deploy.supervisor import supervised
from shared.contracts.base import SERVICES
from shared.logs import logger
from shared.migrate import NewerThanCode, Which, migrate
from shared.tasks import end

INDICATORS = "indicators"
REGISTRY = "registry"
SCHEMAS: Mapping[str, tuple[Which, ...]] = {INDICATORS: ("indicators",), REGISTRY: ("write", "persons")}
"""What a service's database is built of, where it is not only the store of a write service."""
HEALTH_SECONDS_MAX = 2.0
PORT_LOOK_SECONDS = 0.1
LAPSE_SECONDS = 30.0
"""How often it looks whether somebody's last day is over, and whether the administrator's token is to be renewed."""
HANDED_ON = frozenset({"KAIYE_OTLP_ENDPOINT", "KAIYE_LOG_FORMAT"})
"""Settings of ours that the services get too: how they are watched, which is the same wherever their data lies."""

log = logger(__name__)

T = TypeVar("T")


class ServiceProcess(Part):
    """One service, `python -m services.<name>`, told everything by its environment; it serves once its HTTP port says so."""

    start_seconds_max = 600.0  # reading the ledger takes as long as it is large

    def __init__(self, name: str, settings: Mapping[str, str], log: Path) -> None:
        super().__init__(log)
        self.name = name
        self._settings = settings

    def command(self) -> Sequence[str]:
        """The same interpreter as ours."""
        return (sys.executable, "-m", f"services.{self.name}")

    def environment(self) -> Mapping[str, str]:
        """Ours without any setting meant for another system, and the service's settings. How services are watched is handed on."""
        inherited = {key: value for key, value in os.environ.items() if key in HANDED_ON or not key.startswith("KAIYE_")}
        return {**inherited, "PYTHONUNBUFFERED": "1", **self._settings}

    def accepts(self) -> bool:
        """`/health` answers, even with bad news: an unhealthy service runs, and tells why. Only a ledger still being read is not ready."""
        connection = http.client.HTTPConnection(HOST, int(self._settings["KAIYE_HTTP_PORT"]), timeout=HEALTH_SECONDS_MAX)
        try:
            connection.request("GET", "/health")
            said = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return bool(said.get("ready", True))


@asynccontextmanager
async def local_system(
    folder: DataFolder, purpose: Purpose, *, http_port: int | None = None, nats_port: int | None = None, insecure: bool = False,
    log_level: str = "INFO",
) -> AsyncIterator[Running]:  # fmt: skip
    """Everything running on the folder for as long as the block lasts.

    `http_port` is where the figures are served, `nats_port` where the bus is; None for those of the last start, 0 for another one that
    is free. They are kept for the next start. With `insecure` nobody on this machine needs a key, or a token to ask for figures.
    Raises BadFolder when the folder does not fit the purpose or is in use, PartFailed when a port is taken or something does not come up.
    A new folder has its purpose for life once everything came up, and not before: whoever is refused may come back with something else
    in mind.
    """
    with folder.locked(), ExitStack() as unless_it_comes_up:
        folder.require_fit(purpose)
        ports = await ports_for(folder.ports(), nats_port, http_port)
        if folder.purpose() is None:
            unless_it_comes_up.callback(folder.abandon)
        folder.dedicate(purpose)
        credentials = Credentials(folder, purpose.county)
        seeds = credentials.prepare()
        bus = CountyBus(folder.nats, folder.log("nats"), county=purpose.county, users=credentials.users, insecure=insecure, port=ports.nats)
        database = EmbeddedPostgres(folder.postgres, log=folder.log("postgres"))
        async with supervised() as supervisor:
            await supervisor.start([bus, database])
            running = Running(
                pid=os.getpid(), county=purpose.county, county_folder=purpose.county_folder,
                simulated_clock=purpose.demonstration is not None, nats_url=bus.address, nats_seeds=seeds, insecure=insecure,
                databases={name: database.address_of(name) for name in (*SERVICES, INDICATORS)},
                http_url=f"http://{HOST}:{ports.http}", http_token=credentials.token,
            )  # fmt: skip
            await give_databases(database.address, running.databases)
            await _migrate(running)
            http = {name: free_port() for name in SERVICES} | {INDICATORS: ports.http}
            parts = {
                name: ServiceProcess(name, service_settings(folder, running, name, port, log_level), folder.log(name))
                for name, port in http.items()
            }
            await supervisor.start([parts[name] for name in SERVICES])
            await supervisor.start([parts[INDICATORS]])
            folder.keep_ports(ports)
            folder.say_running(running)
            unless_it_comes_up.pop_all()
            keeping = asyncio.create_task(keep_credentials(bus, credentials, folder, running))
            try:
                yield running
            finally:
                folder.say_stopped()
                await end([keeping])


async def ports_for(last: Ports | None, nats: int | None, http: int | None) -> Ports:
    """Where to be reached: the ports asked for, else those of the last start; 0, or none yet, takes others. Raises PartFailed when one is
    taken: whoever was told of the last ones looks for the system there, so nothing else is chosen unasked.
    """
    for port in (nats, http):
        if port:
            require_free(port)
    if last is not None:
        deadline = time.monotonic() + STOP_SECONDS_MAX
        nats = await _last(last.nats, "--nats-port", deadline) if nats is None else nats
        http = await _last(last.http, "--http-port", deadline) if http is None else http
    nats = nats or _another_than(http)
    http = http or _another_than(nats)
    if nats == http:
        raise PartFailed(f"消息总线与网页不能同用端口 {nats} / bus and page cannot have the same port {nats}")
    return Ports(nats=nats, http=http)


def _another_than(taken: int | None) -> int:
    """A port for this and later starts that is not the other one."""
    while (port := lasting_port()) == taken:
        pass
    return port


async def _last(port: int, option: str, deadline: float) -> int:
    """A port of the last start, once whatever was killed has let go of it. Raises PartFailed when it has not by the deadline."""
    waiting = False
    while True:
        try:
            require_free(port)
        except PartFailed as error:
            if time.monotonic() > deadline:
                raise PartFailed(
                    f"上次启动所用的端口 {port} 已被占用，请待其空出，或用 {option} 指定另一端口（0 为自动），并告知使用旧地址的部门 / "
                    f"port {port} of the last start is already taken: wait until it is free, or name another one with {option} "
                    "(0 takes a free one), and tell it to the departments that use the old address"
                ) from error
            if not waiting:
                log.warning("上次启动所用的端口被占用，等待其空出 / a port of the last start is taken: waiting until it is free", port=port)
            waiting = True
            await asyncio.sleep(PORT_LOOK_SECONDS)
        else:
            return port


async def keep_credentials(bus: CountyBus, credentials: Credentials, folder: DataFolder, running: Running) -> None:
    """Let the bus know when somebody's last day is over, and our own commands which token is the administrator's now. What cannot be done
    is told in the log and tried again; neither waits for the other.
    """
    while True:
        await asyncio.sleep(LAPSE_SECONDS)
        await _tried(bus.renew_accounts, "用户名单未更新 / the list of users is not renewed")
        running = (
            await _tried(partial(_keep_token, credentials, folder, running), "管理员令牌未更新 / the administrator's token is not kept")
            or running
        )


def _keep_token(credentials: Credentials, folder: DataFolder, running: Running) -> Running:
    """What runs, with the token of whoever operates the folder, which our own commands read there."""
    token = credentials.keep_token()
    if token != running.http_token:
        running = running.model_copy(update={"http_token": token})
        folder.say_running(running)
    return running


async def _tried(duty: Callable[[], T], left_undone: str) -> T | None:
    """What doing a duty gives; None where it cannot be done now: the log tells, with the traceback if that is none of what may happen."""
    try:
        return await asyncio.to_thread(duty)
    except (BadFolder, PartFailed, OSError) as error:
        log.error(left_undone, error=str(error))
    except Exception:
        log.exception(left_undone)
    return None


def service_settings(folder: DataFolder, running: Running, name: str, http_port: int, log_level: str = "INFO") -> dict[str, str]:
    """The environment variables of one service on this machine: see `shared/settings.py` for what each means."""
    seeds, own = running.nats_seeds, {}
    if seeds:
        own = {"KAIYE_NATS_NKEY_SEED": seeds[name], "KAIYE_NATS_INBOX": inbox_of(name)}
    if name == REGISTRY:
        own["KAIYE_PERSON_KEYS"] = str(folder.person_keys)
    if name == INDICATORS:
        own |= {"KAIYE_ARCHIVE": str(folder.archive), "KAIYE_INSECURE": "true" if running.insecure else "false"}
        if seeds:
            own |= {"KAIYE_DOOR_NKEY_SEED": seeds[DOOR], "KAIYE_DOOR_INBOX": inbox_of(DOOR)}
    return {
        **own,
        "KAIYE_COUNTY": running.county,
        "KAIYE_COUNTY_FOLDER": str(running.county_folder),
        "KAIYE_DEPARTMENTS": str(folder.departments),
        "KAIYE_NATS_URL": running.nats_url,
        "KAIYE_DATABASE_URL": running.databases[name],
        "KAIYE_SIMULATED_CLOCK": "true" if running.simulated_clock else "false",
        "KAIYE_HTTP_HOST": HOST,
        "KAIYE_HTTP_PORT": str(http_port),
        "KAIYE_LOG_LEVEL": log_level,
    }


async def _migrate(running: Running) -> None:
    for name, dsn in running.databases.items():
        try:
            for which in SCHEMAS.get(name, ("write",)):
                await migrate(dsn, running.county, which)
        except NewerThanCode as error:
            raise BadFolder(str(error)) from error
