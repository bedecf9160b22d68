"""A loan's rows: its disbursements, what was paid in the borrower's stead, and where repayment stands day by day.

Standing follows from three tables: when each instalment is scheduled for which due day (`schedule`), what is credited to each instalment
when (`credits`), and the sums that change what is lent. Only money that names no instalment asks for one step after another: where it
goes depends on what all that came before has left open.
"""

from collections.abc import Mapping

import ibis
from ibis import _
from ibis.expr.types import IntegerValue, Table

from services.indicators.audit.relational.facts import ORDER, Facts, Rows
from services.indicators.audit.relational.program import State
from services.indicators.audit.relational.shape import earliest, first_of, holds, lasting, rows
from shared.contracts.finance import (
    InstalmentDue,
    LoanApplied,
    LoanCompensated,
    LoanDisbursed,
    LoanExtended,
    LoanRepaid,
    LoanSettled,
    LoanWrittenOff,
)

SUMS = ("due_fen", "repaid_fen", "lent_fen", "paid_fen", "borne_fen", "undated", "settled")
"""What changes from day to day: principal fallen due and how much of it is repaid; all that was lent, paid back, and borne by others
(compensated, written off), in fen; the number of undated disbursements, and of settlements.
"""
STANDING = ("due_fen", "repaid_fen", "overdue_fen", "balance_fen", "undated")


def first_disbursements(facts: Facts) -> Table:
    """The first dated disbursement of each loan: lowest day, then lowest tranche."""
    return first_of(_dated(facts), ["loan"], ["day", "tranche"])


def _dated(facts: Facts) -> Table:
    return facts.of(LoanDisbursed).filter(~_.undated)


def _of_loans(facts: Facts, paid: Table, amount_fen: IntegerValue) -> Table:
    """What was paid, where the loan was applied for."""
    applied = facts.of(LoanApplied).select("loan", "unit", "park", "loan_kind", "programme", borrowers=_.borrowers.unique().length())
    found = paid.select("loan", *ORDER, amount_fen=amount_fen).join(applied, "loan")
    return rows(found, "loan", "loan_kind", "borrowers", "programme", "amount_fen")


def _first_disbursement(facts: Facts) -> Table:
    """The first dated disbursement of a loan (首次发放), without its amount."""
    return _of_loans(facts, facts.shared(first_disbursements), ibis.literal(0, "int64"))


def _tranche(facts: Facts) -> Table:
    """Each dated disbursement (发放), with its amount."""
    return _of_loans(facts, _dated(facts), _.amount_fen)


def _undated_disbursement(facts: Facts) -> Table:
    """Each disbursement reported without its date: not counted until it is corrected."""
    return _of_loans(facts, facts.of(LoanDisbursed).filter(_.undated), ibis.literal(0, "int64"))


def _compensation(facts: Facts) -> Table:
    """Each payment of the guarantee fund in the borrower's stead (代偿), with its amount."""
    return _of_loans(facts, facts.of(LoanCompensated), _.amount_fen)


def schedule(facts: Facts) -> Table:
    """From which day (`since`) until which each instalment is scheduled for which `due` day: its own until an extension gives it another,
    and that of the last extension when it is announced only later. `principal_fen` goes with it.
    """
    announced = facts.of(InstalmentDue).select("loan", "number", "principal_fen", announced=_.day, own=_.due)
    extended = facts.of(LoanExtended).select("loan", "due", *ORDER, number=_.instalment)
    turn = ibis.row_number().over(group_by=["loan", "number"], order_by=ORDER)
    following = _.day.lead().over(group_by=["loan", "number"], order_by=ORDER)
    extended = extended.mutate(turn=turn, until=following).select("loan", "number", "due", "turn", "until", since=_.day)
    first = extended.filter(_.turn == 0).select("loan", "number", first=_.since)
    own = announced.left_join(first, ["loan", "number"]).select(
        "loan", "number", "principal_fen", due=_.own, since=_.announced, until=_.first
    )  # fmt: skip
    later = extended.join(announced, ["loan", "number"]).select(
        "loan", "number", "principal_fen", "due", since=ibis.greatest(_.since, _.announced), until=_.until
    )  # fmt: skip
    return lasting(ibis.union(own, later), "since")


def moments(facts: Facts) -> Table:
    """What may credit an instalment, loan by loan in the order in which it is taken in (`place`): repayments after all that is scheduled
    on their day, and the days on which instalments are announced, when money may be in hand. `unnamed_fen`: paid until then, this moment
    included, without naming an instalment.
    """
    announcing = facts.of(InstalmentDue).select(
        "loan", "day", number=ibis.null("int64"), amount_fen=ibis.literal(0, "int64"), phase=0,
        recorded=ibis.null("timestamp(6)"), service=ibis.null("int8"), position=ibis.null("int64"),
    ).distinct()  # fmt: skip
    repaid = facts.of(LoanRepaid).select(
        "loan", "day", number=_.instalment, amount_fen=_.principal_fen, phase=1, recorded=_.recorded, service=_.service, position=_.position
    )  # fmt: skip
    order = ibis.cumulative_window(group_by="loan", order_by=["day", "phase", "recorded", "service", "position"])
    unnamed = ibis.ifelse(_.number.isnull(), _.amount_fen, 0)
    return ibis.union(announcing, repaid).select(
        "loan", "day", "number", "amount_fen", place=ibis.row_number().over(order), unnamed_fen=unnamed.sum().over(order)
    )  # fmt: skip


def credits(facts: Facts) -> Table:
    """What is credited to which instalment on which day, in fen, and at which `place` among the loan's moments: what named it (`named`),
    announced by then or not, and its part of other money, which fills the oldest open instalments; what is left of that stays in hand
    for those announced later.

    The n-th filling of every loan is done at once, so that there are as many steps as the loan with most of them has.
    """
    taken = facts.shared(moments)
    named = taken.filter(_.number.notnull()).select("loan", "number", "day", "place", named=True, amount_fen=_.amount_fen)
    turn = ibis.row_number().over(group_by="loan", order_by="place")
    fillings = taken.filter(_.number.isnull(), _.unnamed_fen > 0).select("loan", "day", "place", "unnamed_fen", turn=turn)
    fillings, scheduled = facts.keep("fillings", fillings), facts.shared(schedule)

    def now(state: State) -> Table:
        return fillings.semi_join(state["filling"], "turn")

    def filled(state: State) -> State:
        return {
            "credited": ibis.union(state["credited"], _filled(now(state), scheduled, state["credited"])),
            "filling": state["filling"].select(turn=_.turn + 1),
        }

    first = fillings.agg(turn=_.turn.min())
    return facts.repeat({"credited": named, "filling": first}, now, filled)["credited"]


def _filled(now: Table, scheduled: Table, credited: Table) -> Table:
    """What one filling of some loans credits to their open instalments, oldest first."""
    before = credited.join(now.select("loan", now=_.place), "loan").filter(_.place < _.now).group_by("loan", "number").agg(
        credited_fen=_.amount_fen.sum(), filled_fen=ibis.ifelse(_.named, 0, _.amount_fen).sum()
    )  # fmt: skip
    there = now.join(scheduled, "loan").filter(holds(_.since, _.until, _.day))
    there = there.left_join(before, ["loan", "number"]).drop("loan_right", "number_right").mutate(
        open_fen=ibis.greatest(_.principal_fen - _.credited_fen.fill_null(0), 0), filled_fen=_.filled_fen.fill_null(0)
    )  # fmt: skip
    oldest_first = ibis.cumulative_window(group_by="loan", order_by=["due", "number"])
    in_hand = _.unnamed_fen - _.filled_fen.sum().over(group_by="loan")
    there = there.mutate(left_fen=in_hand - (_.open_fen.sum().over(oldest_first) - _.open_fen))
    parts = there.mutate(amount_fen=ibis.least(_.open_fen, _.left_fen)).filter(_.amount_fen > 0)
    return parts.select("loan", "number", "day", "place", named=False, amount_fen=_.amount_fen)


def _fallen_due(facts: Facts) -> Table:
    """From when (`since`) until when an instalment is due."""
    return lasting(facts.shared(schedule).mutate(since=ibis.greatest(_.since, _.due)), "since")


def _repaid_of_due(facts: Facts) -> Table:
    """From when until when how much of an instalment that is due is repaid; never more than its principal."""
    instalment = ["loan", "number"]
    daily = facts.shared(credits).group_by(*instalment, "day").agg(amount_fen=_.amount_fen.sum())
    in_order = ibis.cumulative_window(group_by=instalment, order_by="day")
    repaid = daily.select(
        *instalment, credited=_.day, following=_.day.lead().over(group_by=instalment, order_by="day"),
        credited_fen=_.amount_fen.sum().over(in_order),
    )  # fmt: skip
    both = _fallen_due(facts).join(repaid, instalment)
    of_due = both.select(
        "loan", since=ibis.greatest(_.since, _.credited), until=earliest(both.until, both.following),
        repaid_fen=ibis.least(_.credited_fen, _.principal_fen),
    )  # fmt: skip
    return lasting(of_due, "since")


def _changes(facts: Facts) -> Table:
    """By how much each of the sums changes on a day, for each loan."""
    disbursed, repaid, settled = facts.of(LoanDisbursed), facts.of(LoanRepaid), facts.of(LoanSettled)
    borne = (facts.of(LoanCompensated), facts.of(LoanWrittenOff))
    changes = ibis.union(
        *_begun_and_ended(_fallen_due(facts), "due_fen", "principal_fen"),
        *_begun_and_ended(_repaid_of_due(facts), "repaid_fen", "repaid_fen"),
        _change(disbursed, lent_fen=ibis.ifelse(_.undated, 0, _.amount_fen), undated=_.undated.cast("int64")),
        _change(repaid, paid_fen=_.principal_fen),
        *(_change(each, borne_fen=_.amount_fen) for each in borne),
        _change(settled, settled=ibis.literal(1, "int64")),
    )
    return changes.group_by("loan", "day").agg(**{name: changes[name].sum() for name in SUMS})


def _begun_and_ended(spans: Table, name: str, amount: str) -> tuple[Table, Table]:
    begun = _change(spans.mutate(day=_.since), **{name: spans[amount]})
    return begun, _change(spans.filter(_.until.notnull()).mutate(day=_.until), **{name: -spans[amount]})


def _change(table: Table, **changed: IntegerValue) -> Table:
    return table.select("loan", "day", **{name: changed.get(name, ibis.literal(0, "int64")) for name in SUMS})


def _loan_standing(facts: Facts) -> Table:
    """Where repayment stands (还款情况): each stretch of days on which principal due, repaid of it, overdue, outstanding and the number of
    undated disbursements stay the same and are not all nothing. A settled loan owes nothing more.
    """
    changes = _changes(facts)
    so_far = ibis.cumulative_window(group_by="loan", order_by="day")
    sums = {name: changes[name].sum().over(so_far) for name in SUMS}
    sums = changes.select("loan", "day", **sums, **{f"by_{name}": changes[name] for name in SUMS})
    now = _standing({name: sums[name] for name in SUMS})
    before = _standing({name: sums[name] - sums[f"by_{name}"] for name in SUMS})
    # Before its first day a loan stands at nothing: where that day changes nothing, there is nothing to say of it.
    changed = sums.filter(ibis.or_(*(now[name] != before[name] for name in STANDING))).select("loan", "day", **now)
    in_order = ibis.window(group_by="loan", order_by="day")
    owing = changed.mutate(until=_.day.lead().over(in_order)).filter(ibis.or_(*(_[name] != 0 for name in STANDING)))
    applied = facts.of(LoanApplied).select("loan", "unit", "park")
    return rows(owing.join(applied, "loan"), "loan", *STANDING, until="until")


def _standing(sums: Mapping[str, IntegerValue]) -> dict[str, IntegerValue]:
    """Where repayment stands, by the sums so far."""
    owes = sums["settled"] == 0

    def owed(amount_fen: IntegerValue) -> IntegerValue:
        return ibis.ifelse(owes, ibis.greatest(amount_fen, 0), 0)

    return {
        "due_fen": sums["due_fen"], "repaid_fen": sums["repaid_fen"],
        "overdue_fen": owed(sums["due_fen"] - sums["repaid_fen"] - sums["borne_fen"]),
        "balance_fen": owed(sums["lent_fen"] - sums["paid_fen"] - sums["borne_fen"]),
        "undated": ibis.ifelse(owes, sums["undated"], 0),
    }  # fmt: skip


LOAN_ROWS: dict[str, Rows] = {
    "first_disbursement": _first_disbursement,
    "tranche": _tranche,
    "undated_disbursement": _undated_disbursement,
    "compensation": _compensation,
    "loan_standing": _loan_standing,
}
