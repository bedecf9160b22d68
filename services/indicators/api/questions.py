"""What may be asked, and what every door answers with: one place, so that HTTP and NATS cannot differ.

Answers are computed from one snapshot without yielding to anything else, or while no page is taken in: figures and positions are of the
same moment.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, to_json

from services.indicators.answers import BadQuestionError, Board, ask, ask_days, board, require_unit
from services.indicators.api.diff import Difference, WantedChanges
from services.indicators.api.duties import Duties, duties
from services.indicators.api.duties import Wanted as DutiesWanted
from services.indicators.api.explain import SUBJECTS_PER_PAGE, SUBJECTS_PER_PAGE_MAX, Explanation
from services.indicators.api.explain import Wanted as ExplainWanted
from services.indicators.api.explainer import At, Explainer
from services.indicators.api.flags import FLAGS_PER_PAGE, FLAGS_PER_PAGE_MAX, Flags, State, Wanted, flags
from services.indicators.api.rebuilds import RebuildCommand, Rebuilding, Rebuilds
from services.indicators.api.tables import Catalogue, Units, catalogue, units
from services.indicators.evaluation.bulletin import Bulletin, bulletin_in_turns
from services.indicators.evaluation.duties import State as DutyState
from services.indicators.evaluation.evaluating import Given, evaluation, read_given
from services.indicators.evaluation.evaluation import Evaluation
from services.indicators.evaluation.plan import System
from services.indicators.evaluation.problems import FileProblems
from services.indicators.evaluation.sheet import SHEET_FILE
from services.indicators.live import Live
from services.indicators.selection import Selection
from shared.contracts.envelope import parse_record
from shared.contracts.exact import LINE, LINE_PATTERN, Day

NOT_FOUND: Final = frozenset({
    "unknown_unit", "unknown_indicator", "unknown_flag_kind", "unknown_flag", "unknown_department", "unknown_variant", "unknown_part",
    "unknown_measure", "unknown_fact_type", "nothing_known",
})  # fmt: skip
"""Codes of questions about what does not exist: HTTP status 404 instead of 400."""
ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
WAIT_SECONDS_MAX: Final = 30.0
"""Nobody waits longer for the answers to reports."""
SHEET_LENGTH_MAX: Final = 200_000
"""In characters; a sheet of 112 items has some 25,000."""
WHY_LENGTH_MAX: Final = 200


class NoQuestion(BaseModel):
    """Nothing to choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BoardQuestion(BaseModel):
    """Which board. What is omitted: the county; known today; as of the known day."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    unit: str | None = Field(
        default=None, description="单位代码，缺省为县 / code of the unit; omitted: the county", examples=["330127000000"]
    )
    as_of: Day | None = Field(default=None, description="截至日，缺省为已知日 / figures as of this day; omitted: the known day")
    known_at: Day | None = Field(default=None, description="已知日，缺省为今日 / as known at the end of this day; omitted: today")


class UnitsQuestion(BoardQuestion):
    """Which units: one and those below it by their codes; omitted: all."""


class FactsQuestion(BoardQuestion):
    """Which records: recorded up to the end of the known day, occurred up to the as-of day, of a unit and those below it; omitted: all."""


class IndicatorQuestion(BoardQuestion):
    """Which rows of a board: those of one indicator."""

    id: str = Field(description="指标 / the indicator", examples=["activity_index"])


class FlagsQuestion(BoardQuestion):
    """Which flags of a unit, and which page of them. What is omitted narrows nothing."""

    kind: str | None = Field(default=None, description="疑点类别 / one kind of flag", examples=["closed_yet_operating"])
    department: str | None = Field(default=None, description="报送部门 / on facts that this department reported", examples=["gsj"])
    state: State | None = Field(default=None, description="状态：待核、属实、排除 / state")
    after: str | None = Field(default=None, description="上一页的 next / the `next` of the page before")
    limit: int = Field(
        default=FLAGS_PER_PAGE, ge=1, le=FLAGS_PER_PAGE_MAX, description="每页条数 / how many on a page", examples=[FLAGS_PER_PAGE]
    )


class DutiesQuestion(BoardQuestion):
    """Which duties of a unit, for the county everyone's. What is omitted narrows nothing."""

    department: str | None = Field(default=None, description="责任部门 / those that this department owes", examples=["rsj"])
    system: System | None = Field(
        default=None, description="体系：组织领导、政策支持、创业培训、创业服务、工作考核 / those of one of the plan's five systems"
    )
    state: DutyState | None = Field(default=None, description="进展：未到期、到期未报、佐证已报、已验收、已退回、逾期验收 / how far it is")
    late: bool | None = Field(
        default=None, description="逾期与否：true 只列逾期的，false 只列其余的 / true: late ones only; false: the others"
    )


class RowQuestion(BoardQuestion):
    """Which reading of an indicator."""

    variant: str = Field(default="default", description="口径，缺省为默认口径 / which variant; omitted: the default", examples=["default"])
    part: str | None = Field(default=None, description="分项，缺省为全部 / one part; omitted: the whole and all its parts")


class ExplainQuestion(RowQuestion):
    """Which row to open, and which of the subjects and facts behind it. What is omitted narrows nothing."""

    measure: str | None = Field(default=None, description="度量 / the subjects of one measure")
    subject: str | None = Field(default=None, description="对象 / one subject", examples=["person:P0123456789ABCDEF"])
    department: str | None = Field(default=None, description="报送部门 / facts reported or amended by this department", examples=["gsj"])
    fact: str | None = Field(default=None, description="事实类型 / facts of one type", examples=["registry.entity_registered"])
    after: str | None = Field(default=None, description="上一页的 next / the `next` of the page before")
    limit: int = Field(
        default=SUBJECTS_PER_PAGE, ge=1, le=SUBJECTS_PER_PAGE_MAX, description="每页对象数 / how many subjects on a page",
        examples=[SUBJECTS_PER_PAGE],
    )  # fmt: skip


_WHY_SCHEMA: Final = WithJsonSchema({"type": "string", "minLength": 1, "maxLength": WHY_LENGTH_MAX, "pattern": LINE_PATTERN})


class Unmasking(BaseModel):
    """Whether persons are shown by their whole pseudonyms, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    unmasked: bool = Field(
        default=False, description="人员代码不脱敏：限创建办和管理员，须说明 why，并先作为花名册导出（registry.roster_exported）记录 / "
        "persons by their whole pseudonyms: for the office and administrators, who say `why`; recorded first as the export of a roster",
    )  # fmt: skip
    why: Annotated[str, StringConstraints(min_length=1, max_length=WHY_LENGTH_MAX), LINE, _WHY_SCHEMA] | None = Field(
        default=None, description="不脱敏的原因，记入登记库，不得含身份证号 / why; recorded; no resident id", examples=["考评验收佐证"]
    )


class ExplainPersonsQuestion(ExplainQuestion, Unmasking):
    """The same over HTTP, where persons are masked unless it says why not."""


class EvaluationQuestion(BoardQuestion):
    """Which evaluation: of which unit and days, by which scoring sheet."""

    sheet: str = Field(
        description=f"考评标准文件的全文（TOML），至多 {SHEET_LENGTH_MAX} 个字符 / "
        f"the whole text of the scoring sheet's file (TOML), at most {SHEET_LENGTH_MAX} characters",
        max_length=SHEET_LENGTH_MAX,
    )  # fmt: skip
    file: str = Field(default=SHEET_FILE, description="文件名 / the name of that file, to say what is wrong in it", max_length=200)
    rehearsal: bool = Field(default=False, description="模拟考评 / whether it is a rehearsal")


_AT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:@([0-9]{4}-[0-9]{2}-[0-9]{2}))?")
_AT_WRITTEN = "YYYY-MM-DD[@YYYY-MM-DD]"


def _at(text: str) -> At:
    found = _AT.fullmatch(text)
    if found is None:
        raise ValueError(_AT_WRITTEN)
    return At(date.fromisoformat(found[1]), date.fromisoformat(found[2]) if found[2] else None)


def _well_written(text: str) -> str:
    _at(text)
    return text


AtText = Annotated[str, AfterValidator(_well_written), WithJsonSchema({"type": "string", "pattern": f"^{_AT.pattern}$"})]
"""An as-of day, with `@` and a known day after it; without one as known today."""


class DiffQuestion(BaseModel):
    """Which two answers to compare, as of which days and as known on which."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    from_: AtText = Field(
        alias="from", description="前一答复：截至日[@已知日] / the first answer: as of this day, as known on that (omitted: today)",
        examples=["2026-03-31@2026-04-10"],
    )  # fmt: skip
    to: AtText = Field(
        description="后一答复：截至日[@已知日] / the second answer: as of this day, as known on that (omitted: today)",
        examples=["2026-06-30@2026-07-10"],
    )  # fmt: skip
    unit: str | None = Field(
        default=None, description="单位代码，缺省为县 / code of the unit; omitted: the county", examples=["330127000000"]
    )
    variant: str = Field(default="default", description="口径，缺省为默认口径 / which variant; omitted: the default", examples=["default"])
    part: str | None = Field(default=None, description="分项，缺省为全部 / one part; omitted: the whole and all its parts")
    after: str | None = Field(default=None, description="上一页的 next / the `next` of the page before")
    limit: int = Field(
        default=SUBJECTS_PER_PAGE, ge=1, le=SUBJECTS_PER_PAGE_MAX, description="每页对象数 / how many subjects on a page",
        examples=[SUBJECTS_PER_PAGE],
    )  # fmt: skip


class DiffPersonsQuestion(DiffQuestion, Unmasking):
    """The same over HTTP, where persons are masked unless it says why not."""


class Problem(BaseModel):
    """Why there is no answer: a code for programs, a sentence for people."""

    model_config = ConfigDict(frozen=True)
    code: str
    zh: str
    en: str


class NotReadyError(BadQuestionError):
    """The store is still being read: nothing can be answered yet."""

    def __init__(self) -> None:
        super().__init__("not_ready", "正在读取指标库，请稍后再试", "the ledger is still being read: try again in a moment")


class Questions:
    """Answers questions from the live figures. Every method raises BadQuestionError when there is no answer."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._rebuilds: Rebuilds | None = None
        self._explainer: Explainer | None = None
        self._plan_digest = ""
        self.ready = False
        """Whether the store has been read."""

    def answer_from(self, live: Live, plan_digest: str, rebuilds: Rebuilds | None = None) -> None:
        """Where answers come from, before the first question; `plan_digest` is the SHA-256 of the plan file they are judged by."""
        self._live = live
        self._plan_digest = plan_digest
        self._rebuilds = rebuilds
        self._explainer = Explainer(live)

    @property
    def live(self) -> Live:
        """The live figures."""
        assert self._live is not None, "the service is not started"
        return self._live

    @property
    def explainer(self) -> Explainer:
        """What opens figures."""
        assert self._explainer is not None, "the service is not started"
        return self._explainer

    def board(self, question: BoardQuestion) -> Board:
        """The board of a unit."""
        return self._board(question, None)

    def indicator(self, question: IndicatorQuestion) -> Board:
        """The rows of one indicator, in the same form as a board."""
        return self._board(question, question.id)

    def units(self, question: UnitsQuestion) -> Units:
        """Every unit listed up to a day, as known on a day; none at all is an answer, but whoever names a unit asks for one that is."""
        self._require_ready()
        snapshot = self.live.snapshot()
        asked = ask_days(snapshot, self.live.today(), question.as_of, question.known_at, question.unit)
        if question.unit is not None:
            require_unit(snapshot, asked)
        return units(snapshot, asked)

    def facts(self, question: FactsQuestion) -> AsyncGenerator[bytes]:
        """The exact bytes of the records asked for, by service and position, as of one moment. Raises at once, not while they are read."""
        self._require_ready()
        snapshot = self.live.snapshot()
        asked = ask_days(snapshot, self.live.today(), question.as_of, question.known_at, question.unit)
        if question.unit is not None:
            require_unit(snapshot, asked)
        if question == FactsQuestion():
            return self.live.store.export()
        return self._selected(Selection(asked))

    async def _selected(self, selection: Selection) -> AsyncGenerator[bytes]:
        async with aclosing(self.live.store.export()) as records:
            async for raw in records:
                if selection.holds(parse_record(raw), self.live.projection.index):
                    yield raw

    def catalogue(self, _: NoQuestion) -> Catalogue:
        """Every indicator with its variants: names, clause, sentence and meaning."""
        return catalogue(self.live.plan)

    async def look_into_flags(self) -> None:
        """Before flags are asked for: until this is done they lag behind the figures. Ask before the next `await`."""
        if self.ready:
            await self.live.look_into_flags()

    def flags(self, question: FlagsQuestion) -> Flags:
        """One page of the flags of a unit."""
        self._require_ready()
        snapshot = self.live.snapshot()
        asked = ask(snapshot, self.live.today(), question.unit, question.as_of, question.known_at)
        wanted = Wanted(question.kind, question.department, question.state, question.after, question.limit)
        return flags(self.live.flags, snapshot, asked, wanted)

    def duties(self, question: DutiesQuestion) -> Duties:
        """The duties of a unit, for the county everyone's."""
        self._require_ready()
        snapshot = self.live.snapshot()
        asked = ask(snapshot, self.live.today(), question.unit, question.as_of, question.known_at)
        return duties(snapshot, asked, DutiesWanted(question.department, question.system, question.state, question.late))

    async def bulletin(self, question: BoardQuestion) -> Bulletin:
        """The bulletin on a unit's progress. Others have their turns between its boards: the county's takes 0.3 s with 20,000 facts.

        Not in a thread: balances are sorted as they are read, and the loop reads them too.
        """
        self._require_ready()
        async with self.live.unmoved() as snapshot:
            asked = ask(snapshot, self.live.today(), question.unit, question.as_of, question.known_at)
            for made in bulletin_in_turns(snapshot, asked, self._plan_digest):
                if made is not None:
                    return made
                await asyncio.sleep(0)
        raise AssertionError("the bulletin comes last")

    def rebuild(self, _: NoQuestion) -> Rebuilding:
        """The rebuild under way, or what became of the last one."""
        return self._ready_rebuilds().status()

    async def command_rebuild(self, command: RebuildCommand) -> Rebuilding:
        """Begin or cancel a rebuild, or forget what has retired."""
        return await self._ready_rebuilds().command(command)

    def _ready_rebuilds(self) -> Rebuilds:
        self._require_ready()
        assert self._rebuilds is not None, "nothing rebuilds here"
        return self._rebuilds

    async def explain(self, id: str, question: ExplainQuestion) -> Explanation:
        """A row of the board opened to the subjects and facts behind it."""
        self._require_ready()
        return await explained(self.explainer, id, question)

    async def evaluation(self, question: EvaluationQuestion) -> Evaluation:
        """The evaluation of a unit by a scoring sheet, which is read aside: meanwhile other questions are answered."""
        self._require_ready()
        given = await asyncio.to_thread(self._given, question)
        snapshot = self.live.snapshot()
        asked = ask(snapshot, self.live.today(), question.unit, question.as_of, question.known_at)
        return evaluation(snapshot, asked, given, self.live.showing())

    def _given(self, question: EvaluationQuestion) -> Given:
        try:
            return read_given(self.live.plan, self._plan_digest, question.sheet, rehearsal=question.rehearsal, file=question.file)
        except FileProblems as error:
            zh, en = ("\n".join(texts) for texts in zip(*((each.text_zh, each.text_en) for each in error.problems), strict=True))
            raise BadQuestionError("bad_sheet", f"{error.file} {zh}", f"{error.file} {en}") from error

    async def diff(self, id: str, question: DiffQuestion) -> Difference:
        """What changed in a row of the board between two answers."""
        self._require_ready()
        return await differing(self.explainer, id, question)

    def _board(self, question: BoardQuestion, only: str | None) -> Board:
        self._require_ready()
        snapshot = self.live.snapshot()
        asked = ask(snapshot, self.live.today(), question.unit, question.as_of, question.known_at)
        return board(snapshot, asked, only)

    def _require_ready(self) -> None:
        if not self.ready:
            raise NotReadyError


async def explained(explainer: Explainer, id: str, question: ExplainQuestion) -> Explanation:
    """A row opened. Raises BadQuestionError."""
    wanted = ExplainWanted(
        variant=question.variant, part=question.part, measure=question.measure, subject=question.subject,
        department=question.department, fact=question.fact, after=question.after, limit=question.limit,
    )  # fmt: skip
    return await explainer.explain(id, wanted, question.unit, question.as_of, question.known_at)


async def differing(explainer: Explainer, id: str, question: DiffQuestion) -> Difference:
    """What changed in a row. Raises BadQuestionError."""
    wanted = WantedChanges(variant=question.variant, part=question.part, after=question.after, limit=question.limit)
    return await explainer.diff(id, wanted, question.unit, _at(question.from_), _at(question.to))


OF_EXPLAINER: Final[Mapping[str, tuple[type[BaseModel], Callable[[Explainer, str, Any], Awaitable[BaseModel]]]]] = {
    "explain": (ExplainQuestion, explained),
    "diff": (DiffQuestion, differing),
}
"""The questions about what is behind a figure: what is asked, and who answers."""


def answer_bytes(answer: BaseModel) -> bytes:
    """An answer's JSON: fields in the order of their declaration, Chinese as it is."""
    return to_json(answer, by_alias=True)


def problem_of(error: BadQuestionError) -> Problem:
    """The answer to a question that has none."""
    return Problem(code=error.code, zh=error.zh, en=error.en)


def unreadable(error: ValidationError) -> Problem:
    """The answer to a question that could not be understood."""
    return describe([dict(each) for each in error.errors()])


NO_OBJECT: Final = Problem(code="bad_question", zh="问题应为 JSON 对象", en="a question is a JSON object")


def describe(errors: "list[dict[str, Any]] | list[ErrorDetails]") -> Problem:
    """What is wrong with a question, field by field."""
    said = [
        _describe(str(each["loc"][-1]) if each["loc"] else "", str(each["type"]), each.get("input"), each.get("ctx") or {})
        for each in errors
    ]
    return Problem(code="bad_question", zh="；".join(zh for zh, _ in said), en="; ".join(en for _, en in said))


def _describe(name: str, kind: str, given: object, about: Mapping[str, Any]) -> tuple[str, str]:
    shown = str(given)[:40]
    if kind == "extra_forbidden":
        return f"没有参数 {name}", f"there is no parameter {name}"
    if kind == "missing":
        return f"缺少参数 {name}", f"the parameter {name} is missing"
    if name in ("from", "to"):
        return f"{name} 应写作 {_AT_WRITTEN}，而不是 {shown}", f"{name} is written {_AT_WRITTEN}, not {shown}"
    if name in ("as_of", "known_at"):
        return f"{name} 应为 YYYY-MM-DD 格式的日期，而不是 {shown}", f"{name} is a day written YYYY-MM-DD, not {shown}"
    if kind == "literal_error":
        words = re.findall("'([^']+)'", str(about["expected"]))
        return f"{name} 应为 {'、'.join(words)} 之一，而不是 {shown}", f"{name} is one of {', '.join(words)}, not {shown}"
    if name == "sheet" and kind == "string_too_long":
        return f"sheet 至多 {SHEET_LENGTH_MAX} 个字符", f"sheet has at most {SHEET_LENGTH_MAX} characters"
    if kind.startswith("bool"):
        return f"{name} 应为 true 或 false，而不是 {shown}", f"{name} is true or false, not {shown}"
    if kind == "value_error":  # the contracts' own words
        en, _, zh = str(about["error"]).partition(" / ")
        return f"{name}：{zh}", f"{name}: {en}"
    if kind == "string_pattern_mismatch" and about["pattern"] != ID_PATTERN:
        return f"{name} 应符合 {about['pattern']}，而不是 {shown}", f"{name} has the form {about['pattern']}, not {shown}"
    if kind == "string_pattern_mismatch":
        return f"{name} 应为 1–64 位字母、数字、下划线或连字符", f"{name} is 1–64 letters, digits, underscores or hyphens"
    if name == "wait":
        return (
            f"wait 应为 0 至 {WAIT_SECONDS_MAX:.0f} 的秒数，而不是 {shown}",
            f"wait is seconds from 0 to {WAIT_SECONDS_MAX:.0f}, not {shown}",
        )
    if name == "limit":
        most = about.get("le", FLAGS_PER_PAGE_MAX)
        return f"limit 应为 1 至 {most} 的整数，而不是 {shown}", f"limit is a whole number from 1 to {most}, not {shown}"
    if not name or kind.startswith(("json", "model")):
        return NO_OBJECT.zh, NO_OBJECT.en
    return f"{name} 应为文本，而不是 {shown}", f"{name} is a text, not {shown}"
