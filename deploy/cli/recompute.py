"""`kaiye recompute`: the board of one unit computed anew from recorded facts, with nothing running."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deploy.cli.board import show
from deploy.cli.bundles import held_by_bundle
from deploy.cli.common import BadInput, JsonOption, refused, said
from deploy.cli.heads import read_heads
from deploy.cli.plans import read_plan_file
from deploy.cli.queries import AsOfOption, UnitOption
from deploy.cli.tables import board_table

if TYPE_CHECKING:
    from services.indicators.audit.folded import Recorded
    from services.indicators.audit.records import End, History
    from services.indicators.evaluation.plan import Plan


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
    from services.indicators.answers import BadQuestionError, ask, board
    from services.indicators.api.questions import answer_bytes
    from services.indicators.api.tables import catalogue
    from services.indicators.audit.recompute import recompute as computed_anew

    asked_as_of, asked_known = read_day(as_of, "--as-of"), read_day(known_at, "--known-at")
    held = held_by_bundle(facts)
    if held is not None and any((plan, positions, heads)):
        raise BadInput(
            "证据包自带方案和结尾，不用 --plan、--positions、--heads / a bundle brings its own plan and ends: leave those options out"
        )
    chosen = _plan(plan) if held is None else held.plan
    with opened_facts(facts, chosen.county, _ends(positions, heads)) if held is None else nullcontext(held.history) as history:
        last = history.last_known_day if held is None else held.known_at
        known = asked_known or last
        day = asked_as_of or (held.as_of if held is not None and asked_known is None else None)
        if known > last:
            raise BadInput(f"已知日 {known} 晚于最后一条记录的日期 {last} / known-at {known} lies after the day of the last record, {last}")
        if day is not None and day > known:
            raise BadInput(f"截至日 {day} 晚于已知日 {known} / as-of {day} lies after known-at {known}")
        snapshot = computed_anew(history, chosen, engine)(known)
        try:
            question = ask(snapshot, last, unit, day, known)
        except BadQuestionError as error:
            raise refused(error.code, error.zh, error.en) from error
        answer = board(snapshot, question)
    if json:
        typer.echo(answer_bytes(answer))
        return
    name = snapshot.trees.at(known.toordinal()).units[question.unit].name
    shown, told = answer.model_dump(mode="json", by_alias=True), catalogue(chosen).model_dump(mode="json", by_alias=True)
    show(lambda width: board_table(shown, told, name, width=width))


def _plan(plan: Path | None) -> "Plan":
    if plan is None:
        raise BadInput(
            "缺少 --plan：请给出该县的方案文件或其文件夹，示例县为 deploy/counties/example / "
            "--plan is missing: give the county's plan file or its folder, deploy/counties/example for the example county"
        )
    return read_plan_file(plan)


@contextmanager
def opened_facts(facts: Path, county: str, ends: "dict[str, End] | None" = None) -> "Iterator[Recorded]":
    """What is recorded, checked: in a file or an archive, up to the ends where some are given. Where these have hashes, the records are
    vouched for and nothing else is: the sets of an archive must say what its records do. Raises BadInput.
    """
    from services.indicators.audit.archive.index import BadArchive
    from services.indicators.audit.archive.reader import is_of_these_contracts, opened_archive
    from services.indicators.audit.records import BadRecords, check_history, read_history

    vouched = ends is not None and any(end.hash for end in ends.values())
    try:
        if not facts.is_dir():
            history = read_history(facts, county, ends)
            if not all(ends and service in ends and ends[service].hash for service in history.positions):
                _say_where_it_ends(history)
            yield history
            return
        with opened_archive(facts, county, ends) as archive:
            if is_of_these_contracts(archive) and not (vouched and archive.unreadable):
                if vouched:
                    archive.check_derivation()
                yield archive
                return
            said.print(
                "归档由另一版本的 kaiye 写成，改从原始记录读取，较慢 / "
                "another release of kaiye wrote the archive: the records themselves are read, which takes longer"
            )
            yield check_history(archive.raws(), county)
    except (BadRecords, BadArchive) as error:
        raise BadInput(f"{facts}：{error}") from error
    except OSError as error:
        raise BadInput(f"无法读取 {facts} / {facts} cannot be read: {error.strerror}") from error


def _say_where_it_ends(history: "History") -> None:
    """A file of records cannot say that nothing was cut off at its end: whoever knows the positions and hashes can compare."""
    said.print("没有结尾凭据（见 --heads），记录到此为止：/ nothing vouches for the end (see --heads); the records go up to:")
    for service, position in history.positions.items():
        said.print(f"  {service} {position} {history.hashes[service]}")


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


def read_day(text: str | None, option: str) -> date | None:
    """The day that an option gives. Raises BadInput."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{option} 应写作 YYYY-MM-DD：{text} / {option} is written YYYY-MM-DD: {text}") from error
