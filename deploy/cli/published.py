"""Evaluations published and computed anew: what `kaiye evaluate --publish` and `--reproduce` do."""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import orjson
import typer

from deploy.cli.common import EXIT_DIFFERENCE, BadInput, said
from deploy.cli.plans import read_text_file
from deploy.cli.queries import download
from deploy.data_folder import DataFolder
from deploy.kept_documents import KeptDocuments

if TYPE_CHECKING:
    from services.indicators.audit.published import Finding

_NUMBER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def publish_evaluation(folder: DataFolder, number: str, document: bytes, sheet: str) -> None:
    """Publish what the running system answered. Raises BadInput, and Exit with 1 when the registry does not record it."""
    from deploy import publishing
    from services.indicators.evaluation.plan_file import PLAN_FILE

    running = folder.running()
    evaluation = orjson.loads(document)
    if not _NUMBER.fullmatch(number):
        raise BadInput(f"编号只含字母、数字、_ 和 -，至多 64 个：{number} / a number has letters, digits, _ and -, up to 64: {number}")
    if evaluation["unit"] != evaluation["county"]:
        raise BadInput("只发布全县的考评结果 / only the evaluation of the county as a whole is published")
    plan = read_text_file(running.county_folder / PLAN_FILE).encode()
    if publishing.digest_of(plan) != evaluation["plan"]["digest"]:
        raise BadInput(
            f"{running.county_folder / PLAN_FILE} 在系统启动后改过，重新启动后再发布 / "
            f"{running.county_folder / PLAN_FILE} was changed since the system was started: start it again, then publish"
        )
    answer = asyncio.run(publishing.publish_evaluation(running, folder, number, document, plan, sheet.encode()))
    said.print(f"{number}：{answer.outcome} {answer.code} {answer.zh} / {answer.en}", markup=False)
    if answer.outcome != "recorded":
        raise typer.Exit(EXIT_DIFFERENCE)


def show_reproduced(
    folder: DataFolder, number: str, facts: Path | None, engine: Literal["duckdb", "live"], *, json: bool
) -> None:  # fmt: skip
    """Compute a published evaluation anew, from the running system's facts or those given, and say what came of it.

    Raises BadInput for a number that nobody published, and Exit with 1 when it is not the same bit for bit.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if facts is None:
            facts = Path(scratch) / "facts.jsonl"
            with facts.open("wb") as file:
                asyncio.run(download(folder.running().http_url, {}, file))
        found = _reproduced(folder, number, facts, engine)
    typer.echo(orjson.dumps(found) if json else f"{found.number}：{found.zh} / {found.en}")
    if found.outcome != "same":
        raise typer.Exit(EXIT_DIFFERENCE)


def _reproduced(folder: DataFolder, number: str, facts: Path, engine: Literal["duckdb", "live"]) -> "Finding":
    from services.indicators.audit.published import publications, reproduce
    from services.indicators.audit.records import BadRecords, read_history

    purpose = folder.purpose()
    if purpose is None:
        raise BadInput(f"{folder.path} 不是数据文件夹 / {folder.path} is no data folder")
    try:
        published = {each.number: each for each in publications(read_history(facts, purpose.county).records)}
    except BadRecords as error:
        raise BadInput(f"{facts}：{error}") from error
    if number not in published:
        numbers = "、".join(published) or "—"
        raise BadInput(f"没有发布过 {number}；已发布的有 {numbers} / nothing was published as {number}; published: {numbers}")
    kept = KeptDocuments(folder.published)
    return reproduce(published[number], kept.read, lambda ends: read_history(facts, purpose.county, ends), engine)
