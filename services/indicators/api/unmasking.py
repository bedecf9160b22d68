"""Persons over HTTP: masked for everybody; whole for whoever may and says why, once that is on record as a roster's export."""

from typing import Any, Final
from uuid import uuid4

from fastapi.responses import Response

from services.indicators.api.access import Caller, NotLetIn, not_for_the_role
from services.indicators.api.counter import Counter, unavailable
from services.indicators.api.persons import masked_answer, persons_in
from services.indicators.api.questions import WAIT_SECONDS_MAX, Problem, Unmasking
from services.indicators.api.responses import JSON, Refused
from services.indicators.live import Live
from shared.client.outgoing import outgoing
from shared.contracts.common import OFFICE
from shared.contracts.registry import RosterExported
from shared.days import closing_instant
from shared.users import MAY

NO_REASON: Final = Problem(
    code="no_reason",
    zh="不脱敏须以 why 说明原因，随花名册导出一并记录",
    en="unmasked needs a reason: why=…; it is recorded with the export",
)
NEEDLESS_REASON: Final = Problem(
    code="needless_reason", zh="why 只用于 unmasked=true：脱敏的答复不作记录",
    en="`why` goes with unmasked=true: nothing is recorded of a masked answer",
)  # fmt: skip
ONLY_SOME_MAY: Final[dict[int | str, dict[str, Any]]] = {
    403: {"model": Problem, "description": "该角色不能查看未脱敏的人员代码 / the role may not see whole pseudonyms"}
}
"""What an endpoint answers besides, where persons can be asked for unmasked."""
_SYSTEM: Final = "door"
"""The office's own system, as which the door reports what was seen unmasked."""


def require_may_unmask(asked: Unmasking, caller: Caller, endpoint: str) -> None:
    """Before anything is looked up. Raises Refused."""
    if not asked.unmasked:
        if asked.why is not None:
            raise Refused(400, NEEDLESS_REASON)
        return
    if "unmask" not in MAY[caller.role]:
        raise NotLetIn(403, not_for_the_role(caller.role, "unmask", f"{endpoint}?unmasked=true"))
    if asked.why is None:
        raise Refused(400, NO_REASON)


async def shown(raw: bytes, asked: Unmasking, caller: Caller, counter: Counter, *, unit: str, roster: str, live: Live) -> Response:
    """An answer about a figure as this one sees it: masked, or whole once that is recorded. Raises Refused, and then nothing is shown."""
    if asked.unmasked and (persons := persons_in(raw)):
        assert asked.why is not None, "asked for before"
        await _record(asked.why, caller, counter, unit=unit, roster=roster, persons=len(persons), live=live)
    return Response(raw if asked.unmasked else masked_answer(raw), media_type=JSON)


async def _record(why: str, caller: Caller, counter: Counter, *, unit: str, roster: str, persons: int, live: Live) -> None:
    number = f"DC-{uuid4().hex[:16]}"
    fact = RosterExported(
        unit=unit, export=number, roster=roster, who=caller.name, reason=why, masked=False, persons=persons
    )  # fmt: skip
    source, day = counter.source(OFFICE, _SYSTEM), live.today()
    instant = closing_instant(day) if live.clock.simulated else None  # the registry may have heard of an earlier day only
    report = outgoing(source, fact, id=number, day=day)._replace(instant=instant)
    answers = await counter.report(source, [report], WAIT_SECONDS_MAX)
    answer = answers.get(number)
    if answer is None:
        raise unavailable(Problem(
            code="not_recorded", zh="导出未能及时登记，未显示：请稍后再试",
            en="the export was not recorded in time, nothing is shown: try again"
        ))  # fmt: skip
    if answer.outcome != "recorded":
        raise Refused(400 if answer.outcome == "refused" else 503, Problem(
            code="not_recorded", zh=f"导出未能登记，未显示：{answer.zh}", en=f"the export was not recorded, nothing is shown: {answer.en}"
        ))  # fmt: skip
