"""Venues (创业载体): incubators in the parks, start-up parks and streets, internship bases."""

from deploy.simulator.things import Data, Story
from deploy.simulator.world import World

_NAMES = {"incubator": "创业孵化基地", "start_up_park": "创业园", "start_up_street": "创业街", "internship_base": "创业就业见习基地"}


def venues(world: World) -> None:
    """All venues of the county. Those the plan asks for are complete shortly before its year ends, one park's incubator late."""
    year, parks = world.plan_year, world.parks
    outer: dict[str, str] = {}
    for n, (area_m2, opens) in enumerate(((8_500, (-2, 5, 20)), (6_800, (-1, 9, 10)), (5_600, (0, 10, 28)))):
        if parks:
            name = world.key("CY")
            outer[parks[n % len(parks)]] = name
            world.spawn(_venue(world, "start_up_park", name, area_m2, _day(world, year, *opens), {"park": parks[n % len(parks)]}))
    for n, park in enumerate(parks):
        opens = ((-1, 4, 8), (-1, 11, 2), (0, 3, 18), (0, 5, 26), (0, 8, 30), (0, 12, 16))[n % 6]
        area_m2 = (1_450, 900, 1_100, 780, 1_250, 640)[n % 6]
        within = outer.get(park) if n % 2 == 0 else None
        world.spawn(_venue(world, "incubator", world.key("FH"), area_m2, _day(world, year, *opens), {"park": park}, within=within))
    world.spawn(_venue(world, "incubator", world.key("FH"), 1_800, _day(world, year, 0, 6, 12), {"unit": world.townships[0]}, resized=True))
    for n in range(2):
        place = {"unit": world.pick(world.communities or world.townships)}
        opens_day = _day(world, year, n - 1, 7, 5)
        world.spawn(_venue(world, "start_up_street", world.key("JD"), 1_200 + 400 * n, opens_day, place, closed=n == 0))
    for n in range(22):
        if n < 2 or world.keeps():
            opens_day = _day(world, year, -2, 1, 1) + 48 * n
            place = {"unit": world.pick(world.townships)}
            world.spawn(_venue(world, "internship_base", world.key("JD"), 200 + 30 * n, opens_day, place, closed=n in {1, 5}))


def _day(world: World, year: int, years: int, month: int, day: int) -> int:
    return world.day_at(year + years, month, day)


def _venue(
    world: World, kind: str, name: str, area_m2: int, opens: int, place: dict[str, str], *, within: str | None = None,
    resized: bool = False, closed: bool = False,
) -> Story:  # fmt: skip
    yield opens - 100 - int(world.rnd() * 60)
    desk = world.desks.building
    title = f"{_NAMES[kind]}{name[2:]}"
    approved = {**place, "approval": world.key("LX"), "name": title, "venue_kind": kind, "planned_area_m2": area_m2}
    world.report(desk, "registry.venue_project_approved", approved)
    yield opens
    data: Data = {**place, "venue": name, "name": title, "venue_kind": kind, "area_m2": area_m2}
    if within is not None:
        data["within"] = within
    known = world.report(desk, "registry.venue_opened", data)
    yield world.day + 3
    open_now = world.venues.setdefault(kind, [])
    open_now.append(name)
    if resized or world.rnd() < 0.15:
        yield world.between(60, 170)
        world.report(desk, "registry.venue_resized", {"venue": name, "area_m2": area_m2 + 20 * int(5 + world.rnd() * 20)}, after=known)
    if closed:
        yield world.between(250, 420)
        world.report(desk, "registry.venue_closed", {"venue": name}, after=known)
        open_now.remove(name)
