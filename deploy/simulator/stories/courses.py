"""Courses of the training institutions and internships at the bases."""

from deploy.simulator.rates import OVERLAPPING_SHARE, TRAINEE_MET_SHARE
from deploy.simulator.stories.people import trained
from deploy.simulator.things import Person, Place, Story
from deploy.simulator.world import World

_PROGRAMMES = ("care", "local_industry", "return_home", "job_change")
_NAMES = {"start_up": "创业培训班", "internship": "创业见习班", "vocational_qualification": "职业资格培训班", "skill": "技能培训班"}


def course(world: World, course_kind: str, size: int) -> Story:
    """One course from its opening to its end, and what becomes of those who pass."""
    rnd = world.rnd
    number = int(rnd() * len(world.desks.institutions))
    desk, name = world.desks.institutions[number], world.key("KC")
    opened = {
        "unit": world.township(), "course": name, "name": f"{_NAMES[course_kind]}{name[2:]}", "course_kind": course_kind,
        "institution": f"第{number + 1}培训机构",
    }  # fmt: skip
    if rnd() < 0.6:
        opened["programme"] = world.pick(_PROGRAMMES)
    known = world.report(desk, "training.course_opened", opened)
    trainees: list[tuple[Person, Place, int]] = []
    for share in (0.4, 0.3, 0.3):
        yield world.between(1, 3)
        for _ in range(world.count(size * share)):
            person, place = _trainee(world, name), world.place()
            world.trainees.append((person, name))
            data = {**place.fields, "course": name, "person": person.id, "categories": person.categories}
            trainees.append((person, place, world.report(desk, "training.trainee_enrolled", data, after=known)))
    yield world.between(8, 25)
    passed: list[tuple[Person, Place]] = []
    for person, place, enrolled in trainees:
        way = rnd()
        if way < 0.04:
            world.report(desk, "training.trainee_withdrew", {"course": name, "person": person.id}, after=enrolled)
        elif way < 0.97:
            passes = rnd() < 0.96
            done = {**place.fields, "course": name, "person": person.id, "passed": passes}
            world.report(desk, "training.trainee_completed", done, after=enrolled)
            if passes:
                passed.append((person, place))
    world.report(desk, "training.course_closed", {"course": name}, after=known)
    if course_kind == "start_up":
        for person, place in passed:
            world.spawn(trained(world, person, place))
    if passed:
        yield world.between(20, 50)
        _pay_subsidy(world, opened["unit"], opened["institution"], [person.id for person, _ in passed])


def _trainee(world: World, course: str) -> Person:
    """Mostly somebody new; now and then somebody who is in another course just now, or was met before."""
    chance = world.rnd()
    if chance < OVERLAPPING_SHARE and world.trainees:
        person, other = world.pick(world.trainees)
        if other != course:
            return person
    met = world.people.pick() if chance > 1 - TRAINEE_MET_SHARE else None
    return met or world.person()


def _pay_subsidy(world: World, unit: str, institution: str, persons: list[str]) -> None:
    data = {
        "unit": unit, "payment": world.key("BT"), "subsidy_kind": "training", "persons": list(dict.fromkeys(persons)),
        "institution": institution, "one_off": True, "amount_fen": 80_000 * len(persons),
    }  # fmt: skip
    world.report(world.desks.labour, "finance.subsidy_paid", data)


def internship(world: World) -> Story:
    """Somebody learns at an internship base for some months."""
    bases = world.venues.get("internship_base")
    if not bases:
        return
    person, place, name = world.person(), world.place(), world.key("JX")
    started = {**place.fields, "internship": name, "person": person.id, "categories": person.categories, "venue": world.pick(bases)}
    known = world.report(world.desks.education, "training.internship_started", started)
    yield world.between(60, 180)
    if world.rnd() < 0.9:
        done = {"internship": name, "retained": world.rnd() < 0.4}
        world.report(world.desks.education, "training.internship_completed", done, after=known)
