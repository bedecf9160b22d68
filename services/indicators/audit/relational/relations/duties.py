"""A duty's rows: how far each has come who owes it (任务佐证提交、验收、退回)."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, RECORDED, Facts, Rows
from services.indicators.audit.relational.shape import lasting, ordinal, rows
from shared.contracts.base import Fact
from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyReturned

SAYS: dict[type[Fact], str] = {DutyEvidenced: "evidenced", DutyAccepted: "accepted", DutyReturned: "returned"}


def _duty_standing(facts: Facts) -> Table:
    """How far a duty has come, for each who owes it, since the day it came so far (任务进展).

    Nothing is accepted or returned before it was shown, and what is accepted stays so until it is returned.
    """
    said = ibis.union(
        *(facts.of(type_).select("duty", "unit", "park", "department", *ORDER, said=ibis.literal(says)) for type_, says in SAYS.items())
    ).mutate(party=ibis.coalesce(_.unit, _.park, _.department))
    owed = ["duty", "party"]
    turns = ibis.window(group_by=owed, order_by=ORDER)
    so_far = ibis.window(group_by=owed, order_by=ORDER, following=0)
    ruled = (_.said != "evidenced").cast("int64")
    said = said.mutate(shown=(_.said == "evidenced").cast("int8").max().over(so_far), ruling=ruled.sum().over(so_far))
    said = facts.keep("duties_said", said.filter(_.shown == 1))
    since_ruling = ibis.window(group_by=[*owed, "ruling"])
    ruling = ibis.ifelse(_.said == "evidenced", ibis.null("string"), _.said).max().over(since_ruling)
    said = said.mutate(progress=ibis.ifelse(ruling == "accepted", "accepted", _.said))
    before = facts.keep("duties_progress", said.mutate(before=_.progress.lag().over(turns)))
    changed = before.filter(_.before.isnull() | (_.before != _.progress)).mutate(until=_.day.lead().over(turns))
    standing = _.duty + "|" + _.party + "|" + _.progress + "|" + ordinal(_.day).cast("string")
    return rows(lasting(changed).mutate(standing=standing).drop(*RECORDED), "duty", "standing", until="until")


DUTY_ROWS: dict[str, Rows] = {"duty_standing": _duty_standing}
