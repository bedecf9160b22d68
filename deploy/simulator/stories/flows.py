"""What keeps happening, how often in a plan year of a full-size county, and what fills the days up to the number of reports asked for."""

from collections.abc import Callable
from typing import NamedTuple

from deploy.simulator.rates import Season
from deploy.simulator.stories.courses import course, internship
from deploy.simulator.stories.occasions import inspection, judgement, meeting, payment, ruling
from deploy.simulator.stories.offers import project
from deploy.simulator.stories.people import borrowing_first, guided, unhelped
from deploy.simulator.things import Data, Entity, Story
from deploy.simulator.world import World


class Flow(NamedTuple):
    """So many stories a year, in which season of it, and how one begins."""

    per_year: float
    season: Season
    begin: Callable[[World], Story]


def flows(scale: float) -> tuple[Flow, ...]:
    """The flows of a county of this scale. Small counties have small courses."""
    size = max(4, min(28, int(28 * scale**0.5)))
    start_up, other = 620 / size, 1_150 / size

    def other_course(world: World) -> Story:
        return course(world, world.pick(("skill", "skill", "vocational_qualification", "internship")), size)

    return (
        Flow(start_up, "training", lambda world: course(world, "start_up", size)), Flow(other, "training", other_course),
        Flow(880, "guidance", guided), Flow(530, "founding", unhelped), Flow(60, "founding", borrowing_first),
        Flow(75, "guidance", project), Flow(150, "even", internship), Flow(14, "even", meeting), Flow(40, "even", inspection),
        Flow(14, "even", judgement), Flow(260, "even", payment), Flow(26, "even", ruling),
    )  # fmt: skip


def fill(world: World) -> None:
    """Report one more thing today, of the kinds no figure of the plan rises with."""
    rnd = world.rnd
    entity = next((entity for entity in (world.entities.pick() for _ in range(4)) if _stands(world, entity)), None)
    if entity is None:
        _local_event(world)
        return
    way = rnd()
    desk, type = entity.place.desk, "registry.staff_reported"
    data: Data = {"entity": entity.code}
    if way < 0.45:
        data["employees"] = len(entity.staff)
    elif way < 0.70:
        type = "registry.survival_checked"
        data["operating"] = True
    elif way < 0.85:
        type = "registry.entity_followed_up"
        data |= {"need": "无", "outcome": "经营正常"}
    else:
        type, desk = "finance.tax_relief_granted", world.desks.tax
        data |= {**entity.place.fields, "relief": world.key("JM"), "levy": "登记费", "amount_fen": 2_000}
    world.report(desk, type, data, promptly=True)


def _stands(world: World, entity: Entity | None) -> bool:
    return entity is not None and entity.open and entity.known < world.now_us


def _local_event(world: World) -> None:
    """Before there are entities to speak of, a township's campus briefing."""
    place = world.place()
    data = {
        **place.fields, "event": world.key("HD"), "name": "创业政策宣讲", "event_kind": "campus_briefing", "organiser_level": "township",
    }  # fmt: skip
    world.report(place.desk, "registry.campaign_event_held", data, promptly=True)
