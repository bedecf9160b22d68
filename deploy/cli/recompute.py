"""`kaiye recompute`: the board of one unit computed anew from recorded facts, with nothing running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deploy.cli.board import show
from deploy.cli.common import BadInput, JsonOption
from deploy.cli.given_facts import opened_given, read_days, recomputed
from deploy.cli.heads import read_heads
from deploy.cli.queries import AsOfOption, UnitOption
from deploy.cli.tables import board_table

if TYPE_CHECKING:
    from services.indicators.audit.records import End


EngineOption = Annotated[
    Literal["duckdb", "live"],
    typer.Option("--engine", help="关系式引擎，或内存中的实时折算 / relational expressions, or the live fold in memory"),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recompute")(recompute)


def recompute(
    facts: Annotated[
        Path,
        typer.Argument(
            metavar="FACTS",
            help="已记录的事实：kaiye facts --export 的文件（每行一条，可为 gzip，- 为标准输入），或归档、证据包的文件夹 / recorded facts: "
            "what kaiye facts --export wrote (one per line, plain or gzip, - for stdin), or the folder of an archive or an evidence bundle",
        ),
    ],
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", metavar="PLAN", exists=True,
            help="方案文件或县文件夹；证据包自带 / a plan file, or the county's folder that holds it; a bundle brings its own",
        ),
    ] = None,
    unit: UnitOption = None,
    as_of: AsOfOption = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            "--known-at", metavar="YYYY-MM-DD",
            help="已知日，缺省为最后一条记录的日期，证据包为其已知日 / as known on this day; omitted: the last record's, a bundle's own",
        ),
    ] = None,
    positions: Annotated[
        str | None,
        typer.Option(
            "--positions", metavar="registry=N,training=N,finance=N",
            help="只算到各服务的这些位置，未列的服务算到底 / as of exactly these positions; a service left out goes to its end",
        ),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            "--heads", metavar="FILE", exists=True, dir_okay=False,
            help="各服务应到的位置与哈希：kaiye facts --heads 的文件 / up to where each service must go, and the hash there: "
            "what kaiye facts --heads wrote",
        ),
    ] = None,
    engine: EngineOption = "duckdb",
    json: JsonOption = False,
) -> None:  # fmt: skip
    """从已记录的事实重算一个单位的全部指标，不需要运行中的系统 / The board of one unit, computed anew from recorded facts with nothing
    running: the same JSON as `kaiye board`.
    """
    from services.indicators.answers import board
    from services.indicators.api.questions import answer_bytes
    from services.indicators.api.tables import catalogue

    asked = read_days(as_of, known_at)
    with opened_given(facts, plan, _ends(positions, heads)) as given:
        snapshot, question = recomputed(given, engine, unit, asked)
        answer = board(snapshot, question)
    if json:
        typer.echo(answer_bytes(answer))
        return
    name = snapshot.trees.at(question.known_at.toordinal()).units[question.unit].name
    shown, told = answer.model_dump(mode="json", by_alias=True), catalogue(snapshot.plan).model_dump(mode="json", by_alias=True)
    show(lambda width: board_table(shown, told, name, width=width))


def _ends(positions: str | None, heads: Path | None) -> "dict[str, End]":
    """Up to where each service is to go. Raises BadInput."""
    from services.indicators.audit.records import End
    from shared.contracts.base import SERVICES

    if positions is not None and heads is not None:
        raise BadInput("--positions 与 --heads 只能给一个 / give --positions or --heads, not both")
    if heads is not None:
        return read_heads(heads)
    found: dict[str, End] = {}
    for part in positions.split(",") if positions else ():
        service, equals, position = part.strip().partition("=")
        if service not in SERVICES or not equals or not position.isdecimal() or service in found:
            raise BadInput(
                f"--positions 应写作 registry=N,training=N,finance=N：{positions} / "
                f"--positions is written registry=N,training=N,finance=N: {positions}"
            )
        found[service] = End(int(position))
    return found
