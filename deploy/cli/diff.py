"""`kaiye diff`: what changed in a figure between two answers, and which facts did it."""

from datetime import date
from typing import Annotated

import typer

from deploy.cli import explain_tables
from deploy.cli.answering import answered, answering, printing
from deploy.cli.board import show, show_lines
from deploy.cli.common import BadInput, DataOption, JsonOption
from deploy.cli.explain import AfterOption, IdArgument, LimitOption, PartOption, VariantOption
from deploy.cli.given_facts import FactsOption, PlanOption
from deploy.cli.queries import UnitOption
from deploy.cli.tables import Json
from deploy.data_folder import DEFAULT_FOLDER

AT = "DATE[@KNOWN]"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diff")(diff)


def diff(
    id: IdArgument,
    from_: Annotated[
        str, typer.Option("--from", metavar=AT, help="前一答复：截至日[@已知日，缺省为今日] / the first answer; omitted: known today")
    ],
    to: Annotated[
        str, typer.Option("--to", metavar=AT, help="后一答复：截至日[@已知日，缺省为今日] / the second answer; omitted: known today")
    ],
    unit: UnitOption = None, variant: VariantOption = None, part: PartOption = None, limit: LimitOption = None, after: AfterOption = None,
    json: JsonOption = False, facts: FactsOption = None, plan: PlanOption = None, data: DataOption = DEFAULT_FOLDER,
) -> int:  # fmt: skip
    """一个数值在两次答复之间为何改变 / What changed in a figure between two answers: of each measure the subjects that came, left or count
    otherwise, and why: by facts that became known meanwhile, or as the day passed. Exits with 1 when the subjects of a measure do not
    come to the ledger's figure.
    """
    asked = {"from": from_, "to": to, "unit": unit, "variant": variant, "part": part, "limit": limit, "after": after}
    known = (_known_day(from_, "--from"), _known_day(to, "--to"))
    return answered(answering("diff", id, data, facts, plan, known), printing(asked, _show, json=json))


def _known_day(at: str, option: str) -> str | None:
    """The known day of an answer's days, None where it is not given. Raises BadInput when they are not written as they should be."""
    days = at.split("@")
    try:
        well_written = len(days) <= 2 and all(date.fromisoformat(day).isoformat() == day for day in days)
    except ValueError:
        well_written = False
    if not well_written:
        raise BadInput(f"{option} 应写作 YYYY-MM-DD[@YYYY-MM-DD]，而不是 {at} / {option} is written YYYY-MM-DD[@YYYY-MM-DD], not {at}")
    return days[1] if len(days) > 1 else None


def _show(found: Json) -> None:
    show_lines(explain_tables.meaning(found))
    for answer in (found["before"], found["after"]):
        show_lines((*explain_tables.days({**answer, "unit": found["unit"]}), *explain_tables.figures(answer["rows"])))
    if found["measures"]:
        typer.echo()
        show(lambda width: explain_tables.changed_measures_table(found, width=width))
        show_lines(explain_tables.measure_meanings(found))
    if found["changes"]:
        typer.echo()
        show(lambda width: explain_tables.changes_table(found, width=width))
