"""Recorded facts that are answered from with nothing running: those of an export, an archive or an evidence bundle, and the days asked."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from deploy.cli.common import BadInput, refused, said, written_day
from deploy.cli.plans import plan_path, read_plan_file, read_text_file

if TYPE_CHECKING:
    from services.indicators.answers import Question, Snapshot
    from services.indicators.audit.folded import Recorded
    from services.indicators.audit.recompute import Engine
    from services.indicators.audit.records import Ends, History
    from services.indicators.evaluation.plan import Plan


FactsOption = Annotated[
    Path | None,
    typer.Option(
        "--facts", metavar="FACTS", exists=True,
        help="不问运行中的系统：kaiye facts --export 的文件或归档文件夹，须同时给出 --plan；或自带方案的证据包 / "
        "with nothing running: what kaiye facts --export wrote, or the folder of an archive, with --plan; or an evidence bundle",
    ),
]  # fmt: skip
PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", metavar="PLAN", exists=True, help="方案文件或县文件夹 / a plan file, or the county's folder that holds it"),
]


class Days(NamedTuple):
    """The days that were asked for; None where one was omitted."""

    as_of: date | None
    known_at: date | None


def read_days(as_of: str | None, known_at: str | None) -> Days:
    """The days that the options give. Raises BadInput."""
    return Days(read_day(as_of, "--as-of"), read_day(known_at, "--known-at"))


def read_day(text: str | None, option: str) -> date | None:
    """The day that an option gives. Raises BadInput."""
    return None if text is None else written_day(text, option)


@dataclass(frozen=True, slots=True)
class GivenFacts:
    """What is answered from, with the SHA-256 of the plan file. `last`: the last day as known on which there is an answer. `as_of`: the
    day that a bundle's own answers are as of, None where the facts come with no answers.
    """

    history: "Recorded"
    plan: "Plan"
    plan_digest: str
    last: date
    as_of: date | None = None

    def days(self, asked: Days) -> tuple[date | None, date]:
        """As of which day (None: the known day) and as known on which. Raises BadInput where there is no answer."""
        known = asked.known_at or self.last
        as_of = asked.as_of or (self.as_of if asked.known_at is None else None)
        self.require_known(known)
        if as_of is not None and as_of > known:
            raise BadInput(f"截至日 {as_of} 晚于已知日 {known} / as-of {as_of} lies after known-at {known}")
        return as_of, known

    def require_known(self, known: date) -> None:
        """Raises BadInput for a day before the first or beyond the last as known on which there is an answer."""
        if known < self.history.first_known_day:
            first = self.history.first_known_day
            raise BadInput(
                f"已知日 {known} 早于第一条事实的记录日期 {first}，那时一无所知 / known-at {known} lies before the day "
                f"on which the first fact was recorded, {first}: nothing was known then"
            )
        if known > self.last:
            raise BadInput(
                f"已知日 {known} 晚于最后一条记录的日期 {self.last} / known-at {known} lies after the day of the last record, {self.last}"
                if self.as_of is None else
                f"已知日 {known} 晚于证据包的已知日 {self.last} / known-at {known} lies after that of the bundle, {self.last}"
            )  # fmt: skip


def recomputed(given: GivenFacts, engine: "Engine", unit: str | None, asked: Days) -> "tuple[Snapshot, Question]":
    """What an engine makes of the facts as known on the day asked for, and the question with its days filled in. Raises BadInput."""
    from services.indicators.answers import BadQuestionError, ask
    from services.indicators.audit.recompute import recompute

    as_of, known = given.days(asked)
    snapshot = recompute(given.history, given.plan, engine)(known)
    try:
        return snapshot, ask(snapshot, given.last, unit, as_of, known)
    except BadQuestionError as error:
        raise refused(error.code, error.zh, error.en, of_facts=True) from error


def require_facts(facts: Path | None, plan: Path | None) -> None:
    """Raises BadInput for a plan that is given without facts."""
    if plan is not None and facts is None:
        raise BadInput(
            "--plan 只与 --facts 同用：运行中的系统按它自己的方案作答 / --plan goes with --facts only: a running system has its own plan"
        )


@contextmanager
def opened_given(facts: Path, plan: Path | None, ends: "Ends | None" = None) -> Iterator[GivenFacts]:
    """What to answer from: a bundle's own facts, plan and days; else the facts of a file or an archive, up to the ends where some are
    given, and the plan of a file. Raises BadInput, FileProblems.
    """
    held = held_by_bundle(facts)
    if held is not None:
        if plan is not None or ends:
            raise BadInput(
                "证据包自带方案和结尾，不用 --plan、--positions、--heads / a bundle brings its own plan and ends: leave those options out"
            )
        yield held
        return
    if plan is None:
        raise BadInput(
            "缺少 --plan：请给出该县的方案文件或其文件夹，示例县为 deploy/counties/example；只有证据包自带方案 / --plan is missing: "
            "give the county's plan file or its folder, deploy/counties/example for the example county; only a bundle brings its own"
        )
    from services.indicators.evaluation.county import file_digest

    chosen, digest = read_plan_file(plan), file_digest(read_text_file(plan_path(plan)))
    with opened_facts(facts, chosen.county, ends) as history:
        yield GivenFacts(history, chosen, digest, history.last_known_day)


def held_by_bundle(folder: Path) -> GivenFacts | None:
    """The facts and the plan of a bundle, once its bytes and its definitions have been checked; None where the path is no bundle.

    Raises BadInput.
    """
    from services.indicators.audit.bundle import check_integrity, read_bundle
    from services.indicators.audit.evidence import history_of, plan_of, require_definitions
    from services.indicators.audit.manifest import DEFINITIONS, MANIFEST, PLAN, SIGNATURE, Altered, BundleUnusable

    if not any((folder / name).exists() for name in (MANIFEST, SIGNATURE, DEFINITIONS)):
        return None
    try:
        bundle = check_integrity(read_bundle(folder))
        require_definitions(bundle)
        digest = sha256(bundle.files[PLAN]).hexdigest()
        held = GivenFacts(history_of(bundle), plan_of(bundle), digest, bundle.manifest.known_at, bundle.manifest.as_of)
    except (Altered, BundleUnusable) as error:
        raise BadInput(f"{folder}：{error}") from error
    said.print(
        "证据包按自带公钥核对，未钉定：由谁签名，见 kaiye evidence verify --key / the bundle was checked with its enclosed key, unpinned: "
        "kaiye evidence verify --key tells who signed it"
    )
    return held


@contextmanager
def opened_facts(facts: Path, county: str, ends: "Ends | None" = None) -> "Iterator[Recorded]":
    """What is recorded, checked: in a file or an archive, up to the ends where some are given. The sets of an archive, which answers come
    from, must say what its records do. Raises BadInput.
    """
    from services.indicators.audit.archive.index import BadArchive
    from services.indicators.audit.records import BadRecords

    with ExitStack() as opened:
        try:
            try:
                history = _opened(opened, facts, county, ends)
            except OSError as error:
                raise BadInput(f"无法读取 {facts} / {facts} cannot be read: {error.strerror}") from error
            yield history
        except (BadRecords, BadArchive) as error:
            raise BadInput(f"{facts}：{error}") from error


def _opened(opened: ExitStack, facts: Path, county: str, ends: "Ends | None") -> "Recorded":
    """The records, open for as long as `opened` is. Raises BadRecords, BadArchive, OSError."""
    from services.indicators.audit.archive.reader import is_of_these_contracts, opened_archive
    from services.indicators.audit.records import check_history, read_history

    if not facts.is_dir():
        history = read_history(facts, county, ends)
        if not all(ends and service in ends and ends[service].hash for service in history.positions):
            _say_where_it_ends(history, "（见 --heads）" if ends is not None else "", " (see --heads)" if ends is not None else "")
        return history
    archive = opened.enter_context(opened_archive(facts, county, ends))
    vouched = ends is not None and any(end.hash for end in ends.values())
    if is_of_these_contracts(archive) and not (vouched and archive.unreadable):
        archive.check_derivation()
        return archive
    said.print(
        "归档由另一版本的 kaiye 写成，改从原始记录读取，较慢 / "
        "another release of kaiye wrote the archive: the records themselves are read, which takes longer"
    )
    return check_history(archive.raws(), county)


def _say_where_it_ends(history: "History", option_zh: str, option_en: str) -> None:
    """A file of records cannot say that nothing was cut off at its end: whoever knows the positions and hashes can compare."""
    said.print(f"没有结尾凭据{option_zh}，记录到此为止：/ nothing vouches for the end{option_en}; the records go up to:")
    for service, position in history.positions.items():
        said.print(f"  {service} {position} {history.hashes[service]}")
