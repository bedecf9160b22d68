"""The command line `kaiye`. Each module holds a group of commands and says `register(app)`; `GROUPS` lists them all.

stdout carries only results; logs, progress and errors go to stderr, in Chinese and English. Exit codes: 0 ok, 1 a difference was found,
2 bad input, 3 the system cannot be reached (70: a bug in kaiye itself, with its traceback; 130: interrupted).
"""

import os
import sys
import traceback
from typing import TextIO

import typer

from deploy.cli import (
    audit,
    bulletin,
    departments,
    diff,
    doctor,
    evaluate,
    evidence,
    explain,
    flags,
    persons,
    plans,
    queries,
    rebuild,
    recompute,
    repairs,
    reports,
    roster,
    run,
    sheets,
    simulate,
    spreadsheets,
)
from deploy.cli.common import (
    EXIT_BAD_INPUT,
    EXIT_BUG,
    EXIT_DIFFERENCE,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNREACHABLE,
    BadInput,
    Unreachable,
    said,
)  # fmt: skip
from deploy.cli.usage import Commands, NobodyReads, NoSpace, usage_text
from deploy.data_folder import BadFolder, BeingAdopted, NothingRuns
from deploy.processes import PartFailed
from shared.logs import configure_logs

GROUPS = (
    run, departments, roster, reports, repairs, spreadsheets, persons, queries, flags, explain, diff, recompute, rebuild, evidence, plans,
    sheets, evaluate, bulletin, simulate, doctor, audit,
)  # fmt: skip


def make_app() -> typer.Typer:
    """The command line with every group of commands."""
    app = typer.Typer(
        name="kaiye", cls=Commands,
        help="开业：创业型城市创建工作的指标与考评 / how a county becomes an entrepreneurial city, in live figures",
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    )  # fmt: skip
    for group in GROUPS:
        group.register(app)
    return app


def main() -> None:
    """Run one command and exit with its code."""
    configure_logs("WARNING")
    try:
        code = make_app()(prog_name="kaiye", standalone_mode=False) or EXIT_OK
    except typer.TyperException as error:
        _tell(usage_text(error))
        code = EXIT_BAD_INPUT
    except (typer.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except NobodyReads:  # whoever reads has seen enough; there is nothing left to flush at the end either
        _drop(sys.stdout)
        code = EXIT_OK
    except NoSpace as error:
        _drop(sys.stdout)  # what is left of it would fail once more at the end
        _tell(f"错误 / error: {error}")
        code = EXIT_BAD_INPUT
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not exit with 1, which means a difference
        code = _exit_code(error)
        _tell("".join(traceback.format_exception(error)) if code == EXIT_BUG else f"错误 / error: {error}")
    sys.exit(code)


def _tell(what: str) -> None:
    """Say on stderr how it ended. Where nobody reads that any more, the exit code alone says it."""
    try:
        said.out(what.rstrip(), highlight=False)
    except BrokenPipeError:
        _drop(sys.stderr)


def _drop(output: TextIO) -> None:
    """What is left to be written goes nowhere: at the end nothing fails of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())


def _exit_code(error: Exception) -> int:
    # Imported here because a command loads only what it needs: a question to the running system must not load its services.
    from deploy.reaching import DatabaseUnreachable
    from deploy.reports import NobodyAnswers
    from services.indicators.evaluation.problems import FileProblems
    from shared.bus import BusUnreachable
    from shared.client.forbidden import BusForbids
    from shared.client.outbox import OutboxError
    from shared.relay import AdoptionRefused

    match error:
        case BadInput() | BadFolder() | FileProblems() | OutboxError() | BusForbids():
            return EXIT_BAD_INPUT
        case (
            Unreachable() | NothingRuns() | BeingAdopted() | PartFailed() | BusUnreachable() | DatabaseUnreachable() | NobodyAnswers()
        ):  # fmt: skip
            return EXIT_UNREACHABLE
        case AdoptionRefused():
            return EXIT_DIFFERENCE
        case _:
            return EXIT_BUG
