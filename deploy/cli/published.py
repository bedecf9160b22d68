"""Evaluations and bulletins published and computed anew: what `--publish` and `--reproduce` of `kaiye evaluate` and `bulletin` do."""

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
import typer

from deploy.cli.common import EXIT_DIFFERENCE, BadInput, said
from deploy.cli.given_facts import held_by_bundle, opened_facts
from deploy.cli.plans import read_text_file
from deploy.cli.queries import download
from deploy.data_folder import DataFolder, Running
from deploy.kept_documents import KeptDocuments

if TYPE_CHECKING:
    from services.indicators.audit.folded import Recorded
    from services.indicators.audit.published import Finding, KeptFiles, UpTo
    from services.indicators.audit.recompute import Engine
    from services.indicators.audit.records import Ends, History
    from services.indicators.evaluation.bulletin import Bulletin
    from shared.answers import Answer
    from shared.contracts.envelope import Record

    Reproducing = Callable[[KeptFiles, UpTo, Engine], Finding]

_NUMBER: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def publish_evaluation(folder: DataFolder, number: str, document: bytes, sheet: str) -> None:
    """Publish what the running system answered, and the documents that people are handed after it, each under a number of its own.

    Raises BadInput, and Exit with 1 when the registry does not record it.
    """
    from deploy import publishing

    running = folder.running()
    evaluation = orjson.loads(document)
    require_number(number)
    if evaluation["unit"] != evaluation["county"]:
        raise BadInput("只发布全县的考评结果 / only the evaluation of the county as a whole is published")
    plan = _plan_of(running, evaluation["plan"]["digest"])
    answers = asyncio.run(publishing.publish_with_documents(running, folder, number, document, plan, sheet.encode()))
    for each, answer in answers:
        _say_answer(each, answer)


def publish_bulletin(folder: DataFolder, number: str, bulletin: "Bulletin") -> None:
    """Publish what the running system answered. Raises BadInput, and Exit with 1 when the registry does not record it."""
    from deploy import publishing

    running = folder.running()
    require_number(number)
    plan = _plan_of(running, bulletin.plan.digest)
    answer = asyncio.run(publishing.publish_bulletin(running, folder, number, bulletin, plan))
    _say_answer(number, answer)


def require_number(number: str) -> None:
    """Raises BadInput for what cannot be the number of something published."""
    if not _NUMBER.fullmatch(number):
        raise BadInput(f"编号只含字母、数字、_ 和 -，至多 40 个：{number} / a number has letters, digits, _ and -, up to 40: {number}")


def _plan_of(running: Running, digest: str) -> bytes:
    """The plan file by which the running system judged. Raises BadInput when it is another one now."""
    from deploy.publishing import digest_of
    from services.indicators.evaluation.plan_file import PLAN_FILE

    file = running.county_folder / PLAN_FILE
    plan = read_text_file(file).encode()
    if digest_of(plan) != digest:
        raise BadInput(
            f"{file} 在系统启动后改过，重新启动后再发布 / {file} was changed since the system was started: start it again, then publish"
        )
    return plan


def _say_answer(number: str, answer: "Answer") -> None:
    """Exits with 1 where it was not recorded, as when the number stands for something else already: the same figures published once more
    are other bytes, for publishing them was recorded too.
    """
    from shared.write_service.reasons import CONFLICT

    why = "" if answer.outcome == "recorded" else f" ({answer.outcome}: {answer.code})"
    said.print(f"{number}：{answer.zh} / {answer.en}{why}", markup=False)
    if answer.code == CONFLICT:
        said.print(
            f"如 {number} 是此前发布的，重新计算用 --reproduce {number}；再发布请换编号 / if it was published as {number} before, "
            f"--reproduce {number} computes it anew; another number publishes this",
            markup=False,
        )
    if answer.outcome != "recorded":
        raise typer.Exit(EXIT_DIFFERENCE)


def write_documents(folder: Path, document: bytes) -> None:
    """Write the documents that people are handed after an evaluation into a folder. Raises BadInput."""
    from deploy.evaluation_documents import documents_of, file_name
    from services.indicators.evaluation.evaluation import Evaluation

    evaluation = Evaluation.model_validate_json(document)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind, content in documents_of(evaluation).items():
            (folder / file_name(evaluation, kind)).write_bytes(content)
    except OSError as error:
        raise BadInput(f"无法写入 {folder} / {folder} cannot be written: {error.strerror}") from error


def show_reproduced(folder: DataFolder, number: str, facts: Path | None, engine: "Engine", *, json: bool) -> None:
    """Compute a published evaluation anew, from the running system's facts or those given, and say what came of it.

    Raises BadInput for a number that nobody published, and Exit with 1 when it is not the same bit for bit.
    """
    from services.indicators.audit.published import publications, reproduce

    def published(records: "Iterable[Record]") -> "dict[str, Reproducing]":
        return {each.number: partial(reproduce, each) for each in publications(records)}

    _show(folder, number, facts, engine, published, "item", json=json)


def show_bulletin_reproduced(folder: DataFolder, number: str, facts: Path | None, engine: "Engine", *, json: bool) -> None:
    """The same for a published bulletin. Raises BadInput, and Exit with 1 when it is not the same bit for bit."""
    from services.indicators.audit.published_bulletins import published_bulletins, reproduce_bulletin

    def published(records: "Iterable[Record]") -> "dict[str, Reproducing]":
        return {each.number: partial(reproduce_bulletin, each) for each in published_bulletins(records)}

    _show(folder, number, facts, engine, published, "line", json=json)


def _show(
    folder: DataFolder, number: str, facts: Path | None, engine: "Engine",
    publications: "Callable[[Iterable[Record]], dict[str, Reproducing]]", where: str, *, json: bool,
) -> None:  # fmt: skip
    """`where`: what is told of the place of a difference."""
    from services.indicators.audit.records import History, up_to

    county = _county(folder)
    with ExitStack() as opened:
        recorded = opened.enter_context(_downloaded(folder, county) if facts is None else _held(facts, county))
        published = publications(recorded.records)
        if number not in published:
            numbers = "、".join(published) or "—"
            raise BadInput(f"没有发布过 {number}；已发布的有 {numbers} / nothing was published as {number}; published: {numbers}")

        def ended(ends: "Ends") -> "Recorded":
            if isinstance(recorded, History):
                return up_to(recorded, ends)
            return opened.enter_context(opened_facts(recorded.folder, county, dict(ends)))

        found = published[number](KeptDocuments(folder.published).read, ended, engine)
    as_json = {name: getattr(found, name) for name in ("number", "outcome", "zh", "en", where)}
    typer.echo(orjson.dumps(as_json) if json else f"{found.number}：{found.zh} / {found.en}")
    if found.outcome != "same":
        raise typer.Exit(EXIT_DIFFERENCE)


@contextmanager
def _held(facts: Path, county: str) -> "Iterator[Recorded]":
    """What is recorded in a file, an archive or a bundle. Raises BadInput."""
    bundle = held_by_bundle(facts)
    if bundle is None:
        with opened_facts(facts, county) as recorded:
            yield recorded
        return
    if bundle.plan.county != county:
        raise BadInput(f"{facts} 属于 {bundle.plan.county}，数据文件夹是 {county} 的 / {facts} is of {bundle.plan.county}, not of {county}")
    yield bundle.history


@contextmanager
def _downloaded(folder: DataFolder, county: str) -> "Iterator[History]":
    """What the running system has recorded. Raises BadInput."""
    from services.indicators.audit.records import BadRecords, read_history

    with tempfile.TemporaryDirectory() as aside:
        file = Path(aside) / "facts.jsonl"
        with file.open("wb") as lines:
            asyncio.run(download(folder.running(), {}, lines))
        try:
            history = read_history(file, county)
        except BadRecords as error:
            raise BadInput(str(error)) from error
    yield history


def _county(folder: DataFolder) -> str:
    purpose = folder.purpose()
    if purpose is None:
        raise BadInput(f"{folder.path} 不是数据文件夹 / {folder.path} is no data folder")
    return purpose.county
