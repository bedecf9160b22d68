"""`kaiye explain`: a figure opened to the subjects and facts behind it, on the running system or on a file of recorded facts."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, TextIO

import orjson
import typer

from deploy.cli import explain_tables
from deploy.cli.answering import Ask, answered, answering, answering_as_then, printing
from deploy.cli.board import Parameters, show, show_lines
from deploy.cli.common import BadInput, DataOption, JsonOption, said
from deploy.cli.explain_file import begin_table, write_lines, write_table
from deploy.cli.given_facts import FactsOption, PlanOption
from deploy.cli.queries import AsOfOption, UnitOption
from deploy.cli.tables import Json
from deploy.cli.whole_file import whole_file
from deploy.data_folder import DEFAULT_FOLDER, DataFolder

EXPORTED_AT_ONCE: Final = "1000"

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="指标，如 activity_index / the indicator")]
VariantOption = Annotated[
    str | None, typer.Option("--variant", metavar="V", help="口径，缺省为默认口径 / which variant; omitted: the default")
]
PartOption = Annotated[
    str | None, typer.Option("--part", metavar="P", help="分项，缺省为全部 / one part; omitted: the whole and its parts")
]
LimitOption = Annotated[str | None, typer.Option("--limit", metavar="N", help="每页条数，缺省 100 / how many on a page; omitted: 100")]
AfterOption = Annotated[str | None, typer.Option("--after", metavar="PLACE", help="上一页的 next / the `next` of the page before")]
KnownAtOption = Annotated[
    str | None,
    typer.Option(
        "--known-at", metavar="YYYY-MM-DD",
        help="已知日，缺省为今日（文件为最后一条记录之日） / as known on this day; omitted: today, for a file the day of its last record",
    ),
]  # fmt: skip
ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export", metavar="FILE", dir_okay=False,
        help="全部对象和事实写入文件：.csv 供表格软件，.jsonl 每行一个对象 / all subjects and facts to a file: .csv for spreadsheets, "
        ".jsonl with one subject per line",
    ),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    id: IdArgument,
    variant: VariantOption = None, part: PartOption = None, unit: UnitOption = None, as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    measure: Annotated[str | None, typer.Option("--measure", metavar="M", help="只看一个度量 / the subjects of one measure")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="S", help="只看一个对象，如 person:P… / one subject, such as person:P…")
    ] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="D", help="只看该部门报送的事实 / facts that this department reported")
    ] = None,
    fact: Annotated[str | None, typer.Option("--fact", metavar="TYPE", help="只看一类事实 / facts of one type")] = None,
    limit: LimitOption = None, after: AfterOption = None, export: ExportOption = None,
    unmasked: Annotated[
        bool,
        typer.Option("--unmasked", help="文件中人员代码不脱敏，须 --why，先登记 / whole pseudonyms in the file; needs --why"),
    ] = False,
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help="不脱敏的原因，记入登记库 / why; recorded; not with --facts")
    ] = None,
    json: JsonOption = False,
    facts: FactsOption = None, plan: PlanOption = None, data: DataOption = DEFAULT_FOLDER,
) -> int:  # fmt: skip
    """一个数值由什么构成：公式、分子分母、度量、对象、事实 / What a figure consists of: formula, numerator and denominator, measures, of
    each the subjects that count, of each subject the facts, who reported them and on what evidence. Exits with 1 when the
    subjects of a measure do not come to the ledger's figure.
    """
    asked = {
        "unit": unit, "as_of": as_of, "known_at": known_at, "variant": variant, "part": part, "measure": measure, "subject": subject,
        "department": department, "fact": fact, "after": after, "limit": limit,
    }  # fmt: skip
    _require_reason(export, why, unmasked=unmasked, recorded=facts is None)
    who = answering("explain", id, data, facts, plan, (known_at,))
    if export is not None:
        whole = Whole(data, why) if unmasked and facts is None else None
        as_then = partial(answering_as_then, "explain", id, data)
        return answered(who, partial(_export, asked=asked, file=export, as_then=as_then, unmasked=unmasked, whole=whole))
    return answered(who, printing(asked, partial(_show, chosen=any((measure, subject, department, fact)), limit=limit), json=json))


def _show(found: Json, *, chosen: bool, limit: str | None) -> None:
    show_lines((*explain_tables.meaning(found), *explain_tables.days(found), *explain_tables.figures(found["rows"])))
    if found["measures"]:
        typer.echo()
        show(lambda width: explain_tables.measures_table(found, width=width))
        show_lines(explain_tables.measure_meanings(found))
    if found["duties"]:
        typer.echo()
        duties_max = None if limit is None else int(Decimal(limit))
        show(lambda width: explain_tables.owed_table(found, duties_max, width=width))
    if found["subjects"]:
        typer.echo()
        show(lambda width: explain_tables.subjects_table(found, width=width))
    elif chosen:
        said.print("没有符合所选的对象或事实 / no subject or fact is as chosen")


AsThen = Callable[[dict[str, Any]], AbstractAsyncContextManager[Ask]]
"""Who answers as it was answered at the moment of an earlier answer."""


class Whole(NamedTuple):
    """Whole pseudonyms leave a running system: where that is recorded, and why it is."""

    data: Path
    why: str | None

    async def recorded(self, answer: Json, persons: int) -> None:
        """Raises BadInput where it is refused, Unreachable."""
        from deploy.cli.persons import on_behalf, recorded_export

        running = DataFolder(self.data).running()
        number, _ = await recorded_export(running, answer, on_behalf(running), self.why, persons)
        said.print(f"{persons} 人未脱敏，登记为 {number} / {persons} persons unmasked, recorded as {number}", markup=False)


def _require_reason(export: Path | None, why: str | None, *, unmasked: bool, recorded: bool) -> None:
    """Raises BadInput."""
    if unmasked and export is None:
        raise BadInput("--unmasked 只用于 --export / --unmasked goes with --export")
    if why is not None and not (unmasked and recorded):
        raise BadInput(
            "--why 只用于 --unmasked，且不与 --facts 同用：文件的持有者已有全部事实，无处登记 / "
            "--why goes with --unmasked and not with --facts: whoever has the file has every fact, and there is nowhere to record it"
        )
    if unmasked and recorded and why is None:
        raise BadInput("不脱敏须以 --why 说明原因 / --unmasked needs a reason: --why")


async def _export(
    of: Ask, asked: Parameters, file: Path, as_then: AsThen, *, unmasked: bool, whole: Whole | None
) -> dict[str, Any]:  # fmt: skip
    """Write every subject to a file that only its owner reads. The last page of them."""
    from services.indicators.api.persons import persons_in

    if file.suffix not in _WRITERS:
        raise BadInput(f"{file} 的后缀应为 .csv 或 .jsonl / {file} should end in .csv or .jsonl")
    begin, write = _WRITERS[file.suffix]
    with whole_file(file, mode=0o600) as partial:
        subjects, persons = 0, set[str]()
        with partial.open("w", encoding="utf-8", newline="") as opened:
            begin(opened)
            async for page in pages(of, asked, as_then, unmasked=unmasked, recorded=whole is not None):
                write(opened, page["subjects"])
                subjects += len(page["subjects"])
                persons |= persons_in(orjson.dumps(page["subjects"]))
        if whole is not None:
            await whole.recorded(page, len(persons))
    said.print(f"{subjects} 个对象已写入 / subjects written to {file}", markup=False)
    return page


_WRITERS: Final[dict[str, tuple[Callable[[TextIO], None], Callable[[TextIO, list[Json]], None]]]] = {
    ".csv": (begin_table, write_table), ".jsonl": (lambda _: None, write_lines),
}  # fmt: skip
"""How a file of such a name begins, and goes on."""


async def pages(
    of: Ask, asked: Parameters, as_then: AsThen, *, unmasked: bool = False, recorded: bool = True
) -> AsyncIterator[dict[str, Any]]:  # fmt: skip
    """The pages of an answer, all of the moment of the first: the later ones are asked for as of its days, and where more was recorded
    meanwhile, that could have become known on its known day, of the facts up to its positions; also where that took the last person of a
    page out. Persons are masked, or not: a running system masks them, so the whole pseudonyms follow from the `recorded` facts up to there.
    """
    from services.indicators.api.persons import UNKNOWN_PLACE, masked_answer

    def read(raw: bytes) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(raw if unmasked else masked_answer(raw))
        return found

    async def after(place: str) -> dict[str, Any] | None:
        """None: what stood there counts no more."""
        try:
            return read(await of({**asked, "after": place}))
        except BadInput as error:
            if error.code != UNKNOWN_PLACE or first["final"] or as_of_then:
                raise
            return None

    asked = {**asked, "limit": asked["limit"] or EXPORTED_AT_ONCE}
    page = first = read(await of(asked))
    asked |= {"as_of": first["as_of"], "known_at": first["known_at"]}
    as_of_then = unmasked and recorded
    async with AsyncExitStack() as opened:
        if as_of_then:
            of = await opened.enter_async_context(as_then(first))
            page = read(await of(asked))
        yield page
        while page["next"] is not None:
            following = await after(page["next"])
            if following is None or (not first["final"] and following["positions"] != first["positions"]):
                said.print("导出期间又有新记录，其余各页按第一页时的事实得出 / more was recorded meanwhile: the pages that follow are made "
                           "of the facts of the first page's moment")  # fmt: skip
                of, as_of_then = await opened.enter_async_context(as_then(first)), True
                continue
            page = following
            yield page
