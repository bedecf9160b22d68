"""An entity from its registration to its end: hires, checks, moves, suspensions, tenancies, and what its founders are paid."""

from collections.abc import Generator
from math import log

from deploy.simulator.rates import CLAIMED_TWICE_SHARE, CLOSED_YET_OPERATING_SHARE, PAID_TWICE_SHARE, RESTORED_SHARE
from deploy.simulator.stories.loans import enterprise_loan, personal_loan
from deploy.simulator.things import NEVER, Data, Entity, Person, Place, Story
from deploy.simulator.world import World

ENTERPRISE_SHARE = 0.142
SURVIVAL_1Y = {True: 0.81, False: 0.79}
"""Share alive after one year: enterprises, individual businesses."""
ENDING_SHARE = 0.88
"""Of all closures, those that are an end (deregistered or revoked) and not a suspension."""
_CLOSING_DAYS_MEAN = {enterprise: -365 * ENDING_SHARE / log(alive) for enterprise, alive in SURVIVAL_1Y.items()}
JOBS_MEAN = {(True, True): 20.0, (True, False): 4.5, (False, True): 7.0, (False, False): 1.1}
"""Persons hired, by (enterprise, founded by somebody who was helped)."""
HIRING_DAYS_MEAN = 13.0
STAYING_DAYS_MEAN = 800.0
HELPED_HIRED_SHARE = 0.08
"""Of the hires, those of somebody who was trained or guided and did not found."""
HIRED_AGAIN_SHARE = 0.25
"""Of the hires, those of somebody who had a job here before."""
_TOLD_LOCALLY = {"registry.staff_reported", "registry.survival_checked", "registry.entity_followed_up"}
_TOLD_BY_LABOUR = {"registry.employment_started", "registry.employment_ended"}
_INDUSTRIES = ("F5211", "F5219", "H6210", "H6220", "O8051", "C1371", "C2041", "A0141", "A0311", "G5430", "I6510", "L7299", "C1310", "P8391")
_TRADES = ("百货", "餐饮", "农产品", "竹木", "食品", "服装", "汽修", "电子商务", "养殖", "家政", "建材", "物流", "软件", "手工艺")
_LEVIES = ("增值税", "所得税", "城市维护建设税", "登记费")
_NEEDS = (("流动资金", "已转小额担保贷款"), ("场地", "推荐入驻孵化基地"), ("用工", "推荐求职人员"), ("无", "经营正常"))


def register(world: World, founders: list[Person], place: Place, *, helped: bool, case: str | None = None) -> None:
    """Register an entity today; its life goes on by itself. `helped` says whether a founder had help before: then it hires more."""
    rnd = world.rnd
    enterprise = rnd() < ENTERPRISE_SHARE
    renumbered = world.year < world.plan_year and rnd() < 0.03
    code = world.codes.registration_number() if renumbered else world.codes.unified(enterprise=enterprise)
    trade = int(rnd() * len(_TRADES))
    data: Data = {
        **place.fields, "entity": code, "name": f"安{_TRADES[trade]}{'有限公司' if enterprise else '经营部'}{world.number('entity')}号",
        "entity_kind": "enterprise" if enterprise else "individual_business",
        "founders": [{"person": person.id, "categories": person.categories} for person in founders], "industry": _INDUSTRIES[trade],
    }  # fmt: skip
    if rnd() < 0.7:
        data["start_up_cost_fen"] = int((400_000 + rnd() * 4_000_000) * (5 if enterprise else 1))
    if case is not None:
        data["case"] = case
    entity = Entity(code, enterprise, place, founders, world.report(world.desks.market, "registry.entity_registered", data))
    world.entities.add(entity)
    for founder in founders:
        world.people.add(founder)
    _fund(world, entity, helped=helped)
    if renumbered:
        world.spawn(_code_replaced(world, entity))
    if helped and rnd() < 0.14:
        world.spawn(_tenancy(world, entity))
    world.spawn(_life(world, entity, world.count(world.random.expovariate(1 / JOBS_MEAN[enterprise, helped]))))


def _life(world: World, entity: Entity, hires: int) -> Story:
    rnd = world.rnd
    manner = rnd()
    counts_only, lists_persons = manner < 0.10, 0.10 <= manner < 0.17
    lasting = _CLOSING_DAYS_MEAN[entity.enterprise]
    closing = world.after(lasting, world.evenly("enterprise" if entity.enterprise else "business"))
    checking = world.between(290, 364) if rnd() < 0.6 else world.between(655, 729)
    moving = world.soon(9_000)
    following = world.soon(120) if rnd() < 0.4 else NEVER
    staffing = world.between(20, 60) if counts_only or lists_persons else world.between(100, 250) if rnd() < 0.2 else NEVER
    staff = entity.staff
    while True:
        by_facts = not (counts_only or lists_persons)
        hiring = world.soon(HIRING_DAYS_MEAN) if hires else NEVER
        leaving = world.soon(STAYING_DAYS_MEAN / len(staff)) if staff else NEVER
        day = min(hiring, leaving, closing, checking, moving, following, staffing)
        yield day
        if day == closing:
            reopened = yield from _closing(world, entity, by_facts=by_facts)
            if not reopened:
                return
            closing = world.soon(lasting)
        elif day == hiring:
            hires -= 1
            _hire(world, entity, by_facts=by_facts)
        elif day == leaving:
            gone = staff.pop(int(rnd() * len(staff)))
            world.seekers.add(gone)
            if by_facts:
                _tell(world, entity, "registry.employment_ended", person=gone)
            if rnd() < 0.85:
                hires += 1
        elif day == checking:
            _tell(world, entity, "registry.survival_checked", operating=rnd() < 0.97)
            checking += 365 + int(rnd() * 30)
        elif day == following:
            need, outcome = world.pick(_NEEDS)
            _tell(world, entity, "registry.entity_followed_up", need=need, outcome=outcome)
            following = NEVER
        elif day == staffing:
            persons = {"persons": sorted(staff)} if lists_persons else {}
            _tell(world, entity, "registry.staff_reported", employees=len(staff), **persons)
            staffing = world.between(60, 120) if not by_facts else NEVER
        elif day == moving:
            if rnd() < 0.2:
                _tell(world, entity, "registry.entity_moved", out_of_county=True)
                entity.open = False
                return
            entity.place = world.place()
            _tell(world, entity, "registry.entity_moved", **entity.place.fields)
            moving = world.soon(9_000)


def _hire(world: World, entity: Entity, *, by_facts: bool) -> None:
    """Somebody begins to work here: mostly new to us, often after another job, sometimes while another entity claims the job too."""
    person = _hired(world, entity)
    if person in entity.staff:
        return
    entity.staff.append(person)
    if by_facts:
        _tell(world, entity, "registry.employment_started", person=person)


def _hired(world: World, entity: Entity) -> str:
    chance = world.rnd()
    if chance < HIRED_AGAIN_SHARE and (seeker := world.seekers.take()) is not None:
        return seeker
    if chance > 1 - CLAIMED_TWICE_SHARE:
        other = world.entities.pick()
        if other is not None and other is not entity and other.staff:
            return world.pick(other.staff)
    elif chance > 1 - CLAIMED_TWICE_SHARE - HELPED_HIRED_SHARE and (jobless := world.jobless.take()) is not None:
        return jobless
    return world.person().id


def _closing(world: World, entity: Entity, *, by_facts: bool) -> Generator[int, None, bool]:
    """The entity closes; the story's value says whether it operates again."""
    rnd = world.rnd
    way = rnd()
    if way > ENDING_SHARE:
        _tell(world, entity, "registry.entity_suspended")
        yield world.between(40, 200)
        if rnd() < 0.6:
            _tell(world, entity, "registry.entity_restored")
            return True
    entity.open = False
    known = _tell(world, entity, "registry.entity_licence_revoked" if way < 0.11 else "registry.entity_deregistered")
    if by_facts and rnd() < 0.7:
        for person in entity.staff:
            world.report(world.desks.labour, "registry.employment_ended", {"entity": entity.code, "person": person}, after=known)
    for person in entity.staff:
        world.seekers.add(person)
    entity.staff.clear()
    if rnd() < CLOSED_YET_OPERATING_SHARE:
        yield world.between(5, 40)
        _tell(world, entity, "registry.survival_checked", operating=True)
        world.flag("after_its_end")
    if rnd() < RESTORED_SHARE:
        yield world.between(10, 90)
        _tell(world, entity, "registry.entity_restored")
        entity.open = True
        return True
    return False


def _fund(world: World, entity: Entity, *, helped: bool) -> None:
    """What founders ask for once they are registered: a loan, a subsidy, tax relief."""
    rnd = world.rnd
    if entity.enterprise and rnd() < 0.3:
        world.spawn(enterprise_loan(world, entity))
    if rnd() < (0.56 if helped else 0.34):
        world.spawn(personal_loan(world, entity.founders, entity.place, entity))
    if rnd() < 0.2 and entity.founders:
        world.spawn(_start_up_subsidy(world, entity))
    if rnd() < 0.25:
        world.spawn(_tax_relief(world, entity))


def _start_up_subsidy(world: World, entity: Entity) -> Story:
    for _ in range(2 if world.rnd() < PAID_TWICE_SHARE else 1):
        yield world.between(40, 120)
        data = {
            **entity.place.fields, "payment": world.key("BT"), "subsidy_kind": "start_up", "persons": [entity.founders[0].id],
            "one_off": True, "amount_fen": 500_000,
        }  # fmt: skip
        world.report(world.desks.labour, "finance.subsidy_paid", data)


def _tax_relief(world: World, entity: Entity) -> Story:
    yield world.between(30, 150)
    if entity.open:
        data = {
            **entity.place.fields, "relief": world.key("JM"), "entity": entity.code, "levy": world.pick(_LEVIES),
            "amount_fen": 10_000 * int(5 + world.rnd() * 90),
        }  # fmt: skip
        world.report(world.desks.tax, "finance.tax_relief_granted", data)


def _code_replaced(world: World, entity: Entity) -> Story:
    yield world.between(60, 500)
    new_code = world.codes.unified(enterprise=entity.enterprise)
    _tell(world, entity, "registry.entity_code_replaced", new_code=new_code)
    if world.rnd() < 0.8:
        entity.code = new_code


def _tenancy(world: World, entity: Entity) -> Story:
    """The entity takes rooms in an incubator or a start-up park, and leaves them when it closes or has grown."""
    yield world.between(1, 60)
    venues = world.venues.get("incubator", []) + world.venues.get("start_up_park", [])
    if not venues or not entity.open:
        return
    venue = world.pick(venues)
    known = world.report(entity.place.desk, "registry.tenant_admitted", {"venue": venue, "entity": entity.code}, after=entity.known)
    yield world.soon(300)
    world.report(entity.place.desk, "registry.tenant_left", {"venue": venue, "entity": entity.code}, after=known)


def _tell(world: World, entity: Entity, type: str, **data: object) -> int:
    """Report a fact about this entity, after its registration, by the desk that keeps such facts."""
    desk = entity.place.desk if type in _TOLD_LOCALLY else world.desks.labour if type in _TOLD_BY_LABOUR else world.desks.market
    return world.report(desk, type, {"entity": entity.code, **data}, after=entity.known)
