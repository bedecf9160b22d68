"""A small guaranteed loan (小额担保贷款): applied for, paid out, paid back, and what happens when it is not."""

from deploy.simulator.rates import CHARGED_OFF_AFTER_SETTLED_SHARE, LOAN_WITHOUT_ENTITY_SHARE, UNDATED_SHARE
from deploy.simulator.things import Data, Entity, Person, Place, Story
from deploy.simulator.world import World

_YUAN_10_000 = 1_000_000
DECLINED_SHARE = 0.07
DEFAULTING_SHARE = 0.05
CO_BORROWER_SHARE = 0.08


def personal_loan(world: World, borrowers: list[Person], place: Place, entity: Entity | None) -> Story:
    """A personal start-up loan, 2 to 10 万元, for an entity or before there is one."""
    rnd = world.rnd
    yield world.soon(20)
    people = [person.id for person in borrowers]
    if rnd() < CO_BORROWER_SHARE:
        people.append(world.person().id)
    data: Data = {
        **place.fields, "loan": world.key("DK"), "loan_kind": "personal", "borrowers": people,
        "amount_fen": (2 + int(rnd() * 9)) * _YUAN_10_000,
    }  # fmt: skip
    names_entity = entity is not None and rnd() >= LOAN_WITHOUT_ENTITY_SHARE
    if entity is not None and names_entity:
        data["entity"] = entity.code
    if rnd() < 0.03:
        data["programme"] = "ybc"
    for person in borrowers:
        world.helped.add(person)
    known = world.report(world.desks.bank, "finance.loan_applied", data)
    if not names_entity:
        world.flag("loan_without_entity")
    world.spawn(_loan(world, data["loan"], data["amount_fen"], known))


def enterprise_loan(world: World, entity: Entity) -> Story:
    """A loan to an enterprise, 20 to 200 万元."""
    yield world.soon(60)
    amount_fen = (2 + int(world.rnd() * 19)) * 10 * _YUAN_10_000
    data: Data = {
        **entity.place.fields, "loan": world.key("QD"), "loan_kind": "enterprise", "borrowers": [], "entity": entity.code,
        "amount_fen": amount_fen,
    }  # fmt: skip
    known = world.report(world.desks.bank, "finance.loan_applied", data)
    world.spawn(_loan(world, data["loan"], data["amount_fen"], known))


def _loan(world: World, loan: str, amount_fen: int, known: int) -> Story:
    rnd, bank = world.rnd, world.desks.bank
    yield world.between(4, 18)
    if rnd() < DECLINED_SHARE:
        world.report(bank, "finance.loan_declined", {"loan": loan}, after=known)
        return
    if rnd() < 0.1:
        amount_fen = max(_YUAN_10_000, amount_fen // 2)
    known = world.report(bank, "finance.loan_approved", {"loan": loan, "amount_fen": amount_fen}, after=known)
    yield world.between(2, 12)
    tranches = [amount_fen] if rnd() < 0.9 else [amount_fen // 2, amount_fen - amount_fen // 2]
    known = _disburse(world, loan, 1, tranches[0], known)
    start = world.day
    count, every = world.pick(((2, 183), (4, 91), (4, 183), (8, 91)))
    share_fen = amount_fen // count
    due = [start + every * (n + 1) for n in range(count)]
    owed = [share_fen] * (count - 1) + [amount_fen - share_fen * (count - 1)]
    for n in range(count):
        schedule = {"loan": loan, "number": n + 1, "due": world.date_of(due[n]), "principal_fen": owed[n]}
        world.report(bank, "finance.instalment_due", schedule, after=known)
    if len(tranches) > 1:
        yield world.between(40, 80)
        known = _disburse(world, loan, 2, tranches[1], known)
    world.spawn(_pay_back(world, loan, due, owed, known))


def _disburse(world: World, loan: str, tranche: int, amount_fen: int, after: int) -> int:
    data = {"loan": loan, "tranche": tranche, "amount_fen": amount_fen}
    if world.rnd() < UNDATED_SHARE:
        return world.report_undated(world.desks.bank, "finance.loan_disbursed", data, after)
    return world.report(world.desks.bank, "finance.loan_disbursed", data, after=after)


def _pay_back(world: World, loan: str, due: list[int], owed: list[int], known: int) -> Story:
    rnd, bank = world.rnd, world.desks.bank
    defaults_from = int(rnd() * len(due)) if rnd() < DEFAULTING_SHARE else len(due)
    for n in range(len(due)):
        day, number = due[n], n + 1
        if n >= defaults_from:
            yield from _default(world, loan, number, day, owed[n], known)
            continue
        if rnd() < 0.015:
            yield day - int(5 + rnd() * 20)
            day += 180 if number == len(due) else 60
            extended = {"loan": loan, "instalment": number, "due": world.date_of(day)}
            known = world.report(bank, "finance.loan_extended", extended, after=known)
        late = rnd() < 0.09
        if late:
            yield day + 10
            if rnd() < 0.6:
                world.report(bank, "finance.loan_overdue", {"loan": loan, "instalment": number}, after=known)
            yield world.between(3, 60)
        else:
            yield day - int(rnd() * 12)
        receipt: Data = {"loan": loan, "receipt": world.key("HK"), "amount_fen": owed[n]}
        if rnd() < 0.7:
            receipt["instalment"] = number
        known = world.report(bank, "finance.loan_repaid", receipt, after=known)
    if defaults_from == len(due):
        yield world.between(1, 10)
        known = world.report(bank, "finance.loan_settled", {"loan": loan}, after=known)
        if rnd() < CHARGED_OFF_AFTER_SETTLED_SHARE:
            yield world.between(30, 200)
            world.report(bank, "finance.loan_written_off", {"loan": loan, "amount_fen": owed[-1]}, after=known)
            world.flag("after_loan_settled")


def _default(world: World, loan: str, number: int, day: int, principal_fen: int, known: int) -> Story:
    """An instalment nobody pays: the guarantee fund compensates the bank, sometimes it is written off."""
    rnd, bank = world.rnd, world.desks.bank
    yield day + 15
    world.report(bank, "finance.loan_overdue", {"loan": loan, "instalment": number}, after=known)
    yield world.between(60, 110)
    way = rnd()
    if way < 0.6:
        world.report(bank, "finance.loan_compensated", {"loan": loan, "amount_fen": principal_fen}, after=known)
    elif way < 0.8:
        world.report(bank, "finance.loan_written_off", {"loan": loan, "amount_fen": principal_fen}, after=known)
