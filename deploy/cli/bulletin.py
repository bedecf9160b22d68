"""`kaiye bulletin`: the bulletin (通报) on a unit's progress, from the running system or from recorded facts."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.board import ask
from deploy.cli.common import BadInput, DataOption, JsonOption, said
from deploy.cli.given_facts import FactsOption, PlanOption, opened_given, read_days, recomputed, require_facts
from deploy.cli.published import publish_bulletin, require_number, show_bulletin_reproduced
from deploy.cli.queries import AsOfOption, KnownAtOption, UnitOption
from deploy.cli.recompute import EngineOption
from deploy.cli.whole_file import whole_file
from deploy.data_folder import DEFAULT_FOLDER, DataFolder

if TYPE_CHECKING:
    from services.indicators.audit.recompute import Engine
    from services.indicators.evaluation.bulletin import Bulletin


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bulletin")(bulletin)


def bulletin(
    unit: UnitOption = None, as_of: AsOfOption = None, known_at: KnownAtOption = None,
    facts: FactsOption = None, plan: PlanOption = None, engine: EngineOption = "duckdb",
    out: Annotated[Path | None, typer.Option(
        "--out", metavar="FILE", dir_okay=False, help="写入文件，缺省为标准输出 / to a file; omitted: to stdout",
    )] = None,
    publish: Annotated[str | None, typer.Option(
        "--publish", metavar="NUMBER", help="以此编号发布并留存，一个编号只发布一次 / publish it under this number, once; it is kept",
    )] = None,
    reproduce: Annotated[str | None, typer.Option(
        "--reproduce", metavar="NUMBER",
        help="重新生成已发布的通报并逐字节比较，不同的以 1 退出 / make a published one anew; exits with 1 if a bit differs",
    )] = None,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """进展情况通报（Markdown），未完成、落后的在前，县的另列各乡镇、园区 / The bulletin on progress, in Chinese. What is missed or behind
    comes first, then what is unknown, every target by the plan's clauses, for the county each township and park. The same inputs give the
    same bytes, from a running system as from its recorded facts.
    Exits with 1 where a published one comes out otherwise, and where the registry refuses to publish one.
    """
    if reproduce is not None:
        if any(option is not None for option in (unit, as_of, known_at, plan, out, publish)):
            raise BadInput(
                "--reproduce 用的是当时留存的文件和发布记录，只可加 --facts、--engine、--json / --reproduce goes by what was kept and "
                "recorded: give nothing with it but --facts, --engine and --json"
            )
        show_bulletin_reproduced(DataFolder(data), reproduce, facts, engine, json=json)
        return
    require_facts(facts, plan)
    if publish is not None:
        require_number(publish)
        if facts is not None:
            raise BadInput("只能发布运行中系统的通报 / only what the running system answers can be published: not with --facts")
    found = _answered(data, unit, as_of, known_at) if facts is None else _recomputed(facts, plan, engine, unit, as_of, known_at)
    if out is not None:
        with whole_file(out) as partial:
            partial.write_text(found.text, "utf-8", newline="\n")
        said.print(f"通报已写入 / the bulletin is written to {out}", markup=False)
    if publish is not None:
        publish_bulletin(DataFolder(data), publish, found)
    if json:
        from services.indicators.api.questions import answer_bytes

        typer.echo(answer_bytes(found))
    elif out is None:
        typer.echo(found.text, nl=False)


def _answered(data: Path, unit: str | None, as_of: str | None, known_at: str | None) -> "Bulletin":
    """What the running system answers. Raises BadInput, Unreachable."""
    from services.indicators.evaluation.bulletin import Bulletin

    asked = {"unit": unit, "as_of": as_of, "known_at": known_at}
    return Bulletin.model_validate_json(asyncio.run(ask(DataFolder(data).running(), "/bulletin", asked)))


def _recomputed(
    facts: Path, plan: Path | None, engine: "Engine", unit: str | None, as_of: str | None, known_at: str | None
) -> "Bulletin":  # fmt: skip
    """The same from recorded facts. Raises BadInput, FileProblems."""
    from services.indicators.answers import BadQuestionError
    from services.indicators.evaluation.bulletin import bulletin as made

    days = read_days(as_of, known_at)
    with opened_given(facts, plan) as given:
        snapshot, question = recomputed(given, engine, unit, days)
        try:
            return made(snapshot, question, given.plan_digest)
        except BadQuestionError as error:
            raise BadInput(str(error), error.code) from error
