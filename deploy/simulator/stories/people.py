"""How people come to start a business: they are trained, guided, matched with a project or take a loan, and some of them found."""

from deploy.simulator.stories.entities import register
from deploy.simulator.stories.loans import personal_loan
from deploy.simulator.things import Data, Person, Place, Story
from deploy.simulator.world import World

FOUNDING_AFTER_TRAINING = 0.68
FOUNDING_AFTER_GUIDANCE = 0.20
FOUNDING_AFTER_MATCH = 0.35
FOUNDING_DAYS_MEAN = 42.0
CASE_SHARE = 0.3
"""Of the foundings, those through the green channel."""
_GUIDANCE_KINDS = ("policy", "information", "law", "technology", "finance", "project")
_NEEDS = (("场地", "推荐入驻孵化基地"), ("资金", "介绍小额担保贷款"), ("项目", "推荐创业项目"), ("证照", "指导办理登记"))


def guide(world: World, person: Person, place: Place) -> None:
    """One session of guidance, by the employment bureau or the township."""
    data: Data = {
        **place.fields, "person": person.id, "categories": person.categories, "guidance_kind": world.pick(_GUIDANCE_KINDS),
    }  # fmt: skip
    if "youth" in person.categories and world.rnd() < 0.3:
        data["programme"] = "ybc"
        desk = world.desks.youth
    else:
        desk = world.desks.employment if world.rnd() < 0.5 else place.desk
    world.report(desk, "training.guidance_given", data)
    world.helped.add(person)


def guided(world: World) -> Story:
    """Somebody comes for guidance, some of them twice, some of them found."""
    rnd = world.rnd
    known = world.people.pick() if rnd() < 0.08 else None
    person, place = known or world.person(), world.place()
    world.people.add(person)
    guide(world, person, place)
    if rnd() < 0.12:
        yield world.between(5, 60)
        guide(world, person, place)
    if rnd() < 0.06:
        yield world.between(20, 90)
        need, outcome = world.pick(_NEEDS)
        data = {**place.fields, "person": person.id, "need": need, "outcome": outcome}
        world.report(place.desk, "registry.person_followed_up", data)
    if rnd() < FOUNDING_AFTER_GUIDANCE:
        yield world.soon(FOUNDING_DAYS_MEAN)
        yield from founding(world, person, place, helped=True)
    elif known is None:
        world.jobless.add(person.id)


def trained(world: World, person: Person, place: Place) -> Story:
    """What follows a pass in start-up training."""
    rnd = world.rnd
    world.helped.add(person)
    world.people.add(person)
    yield world.soon(12)
    if rnd() < 0.22:
        guide(world, person, place)
    if rnd() < FOUNDING_AFTER_TRAINING:
        yield world.soon(FOUNDING_DAYS_MEAN)
        yield from founding(world, person, place, helped=True)
    else:
        world.jobless.add(person.id)


def matched(world: World, project: str, after: int) -> Story:
    """Somebody takes up a project from the database."""
    person, place = world.person(), world.place()
    world.report(world.desks.employment, "registry.project_matched", {**place.fields, "project": project, "person": person.id}, after=after)
    world.helped.add(person)
    if world.rnd() < FOUNDING_AFTER_MATCH:
        yield world.soon(FOUNDING_DAYS_MEAN)
        yield from founding(world, person, place, helped=True)


def borrowing_first(world: World) -> Story:
    """Somebody takes a loan before founding."""
    person, place = world.person(), world.place()
    world.spawn(personal_loan(world, [person], place, None))
    if world.rnd() < 0.4:
        yield world.between(50, 120)
        yield from founding(world, person, place, helped=True)


def unhelped(world: World) -> Story:
    """Somebody founds without any help; now and then it is not the first time."""
    known = world.people.pick() if world.rnd() < 0.05 else None
    yield from founding(world, known or world.person(), world.place(), helped=False)


def founding(world: World, person: Person, place: Place, *, helped: bool) -> Story:
    """A person founds, alone or with others, some through the green channel."""
    rnd = world.rnd
    founders = [person]
    while rnd() < 0.11:
        founders.append(world.person())
    case: str | None = None
    if rnd() < CASE_SHARE:
        case = world.key("LS")
        promised = world.between(3, 12)
        accepted: Data = {**place.fields, "case": case, "promised": world.date_of(promised)}
        known = world.report(world.desks.market, "registry.green_channel_case_accepted", accepted)
        yield world.between(1, promised - world.day) if rnd() < 0.93 else promised + 1 + int(rnd() * 20)
        if rnd() < 0.985:
            world.report(world.desks.market, "registry.green_channel_case_completed", {"case": case}, after=known)
    register(world, founders, place, helped=helped, case=case)
