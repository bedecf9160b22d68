"""`kaiye simulate`: the reports of a simulated history, to a file."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.common import EXAMPLE_COUNTY, BadInput, CountyOption, said
from deploy.cli.run import read_county


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate_reports)


def simulate_reports(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", dir_okay=False, help="输出文件，每行一条 / where to, one per line")],
    seed: Annotated[int, typer.Option("--seed", help="随机种子 / the same seed gives the same reports")] = 1,
    facts: Annotated[int, typer.Option("--facts", min=0, help="报告数 / number of reports")] = 60_000,
    county: CountyOption = None,
) -> None:
    """把模拟的部门报告写成文件 / Write what simulated departments report: reports, not recorded facts."""
    from deploy.simulator import simulate, write_reports

    known = read_county(county or EXAMPLE_COUNTY)
    try:
        written = write_reports(out, known.code, simulate(known.roster, known.plan, seed, facts))
    except OSError as error:
        raise BadInput(f"无法写入 {out} / {out} cannot be written: {error.strerror}") from error
    said.print(f"{written} 条报告已写入 / reports written to {out}")
