"""`kaiye doctor`: does every service's stream hold what its database holds, and what to do where it does not."""

import dataclasses
from contextlib import AsyncExitStack
from typing import Annotated, Any

import orjson
import typer

from deploy.cli.common import EXIT_DIFFERENCE, DataOption, JsonOption, run_until_stopped, said
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running
from services.finance.rules import RULES as FINANCE
from services.registry.rules import RULES as REGISTRY
from services.training.rules import RULES as TRAINING
from shared.bus import connect
from shared.clock import Clock, SimulatedClock, WallClock
from shared.event_store.postgres import PostgresStore
from shared.relay import Healthy, Relay, RelayFinding, StoreBehind, adopt, describe
from shared.rules import Rules
from shared.settings import Settings
from shared.write_service.handler import WriteService

RULES: tuple[Rules[Any], ...] = (REGISTRY, TRAINING, FINANCE)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    data: DataOption = DEFAULT_FOLDER,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="数据库恢复自较旧备份时，从记录流取回其余记录 / take back from the stream what an older backup lacks"),
    ] = False,
    json: JsonOption = False,
) -> None:
    """核对各服务的数据库与记录流 / Compare each service's database with its stream. Exits with 1 while something is wrong."""
    running = DataFolder(data).running()
    findings: list[RelayFinding] = []
    run_until_stopped(_examine(running, adopt, findings))
    for finding in findings:
        zh, en = describe(finding)
        if json:
            body = {**dataclasses.asdict(finding), "zh": zh, "en": en}
            typer.echo(orjson.dumps(body).decode())
        else:
            typer.echo(f"{zh}\n  {en}")
    if not all(isinstance(finding, Healthy) for finding in findings):
        raise typer.Exit(EXIT_DIFFERENCE)


async def _examine(running: Running, adopting: bool, findings: list[RelayFinding]) -> None:
    settings = Settings(county=running.county, nats_url=running.nats_url, database_url="")
    async with AsyncExitStack() as opened:
        nc = await connect(settings, name="kaiye-doctor")
        opened.push_async_callback(nc.close)
        for rules in RULES:
            store = await PostgresStore.open(running.databases[rules.service], rules.service, running.county)
            opened.push_async_callback(store.close)
            relay = Relay(nc, store, county=running.county, service=rules.service)
            finding = await relay.check()
            if adopting and isinstance(finding, StoreBehind):
                head = await store.head()
                clock: Clock = WallClock() if head.simulated is None else SimulatedClock(head.simulated)
                service = WriteService(rules, store, running.county, clock)
                adopted = await adopt(nc, store, service.append_adopted, county=running.county, service=rules.service)
                said.print(
                    f"{rules.service}：已取回第 {adopted.first}–{adopted.last} 条 / records {adopted.first} to {adopted.last} taken back",
                    markup=False,
                )
                finding = await relay.check()
            findings.append(finding)
