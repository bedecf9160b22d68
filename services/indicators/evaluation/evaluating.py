"""The evaluation of one moment: what a snapshot answers, scored by a sheet. The live figures and recomputed ones are asked alike."""

from collections.abc import Iterable
from typing import NamedTuple

from services.indicators.answers import BEING_REBUILT, BadQuestionError, Question, Snapshot, board
from services.indicators.api.duties import Wanted, duties
from services.indicators.catalog import TODAY, Release
from services.indicators.evaluation.county import file_digest
from services.indicators.evaluation.evaluation import Evaluation
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.scoring import Inputs, evaluate
from services.indicators.evaluation.sheet import SHEET_FILE, Sheet
from services.indicators.evaluation.sheet_file import checked_sheet
from services.indicators.evaluation.shown import shown
from services.indicators.history import Chain


class Given(NamedTuple):
    """What is given beside the figures: the sheet, the digests of its file and of the plan file, and whether it is a rehearsal."""

    plan_digest: str
    sheet: Sheet
    sheet_digest: str
    rehearsal: bool


def read_given(
    plan: Plan, plan_digest: str, sheet: str, *, rehearsal: bool, file: str = SHEET_FILE, release: Release = TODAY
) -> Given:  # fmt: skip
    """The same from the content of a sheet's file and its name. Raises FileProblems for a sheet that does not go with the plan, and the
    rows of the release.
    """
    return Given(plan_digest, checked_sheet(sheet, plan, release.judged, file), file_digest(sheet), rehearsal)


def evaluation(snapshot: Snapshot, question: Question, given: Given, chains: Iterable[Chain]) -> Evaluation:
    """The evaluation of a unit at the end of a day, as known on a day; `chains` are those by which duties were shown.

    Raises BadQuestionError while figures are being rebuilt: nobody is evaluated by half.
    """
    if snapshot.being_rebuilt:
        raise BadQuestionError("being_rebuilt", *BEING_REBUILT)
    inputs = Inputs(
        board=board(snapshot, question), duties=duties(snapshot, question, Wanted()).duties, plan=snapshot.plan,
        plan_digest=given.plan_digest, sheet=given.sheet, sheet_digest=given.sheet_digest, rehearsal=given.rehearsal,
        shown=shown(chains, question.as_of, question.known_at, snapshot.positions["registry"]),
        release=snapshot.release,
    )  # fmt: skip
    return evaluate(inputs)
